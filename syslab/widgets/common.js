// Shared by all widgets: Python puts this text in front of each one's own module (syslab/widgets/base.py).
const h = (tag, props = {}, ...kids) => {
  const { data, aria, ...rest } = props, e = Object.assign(document.createElement(tag), rest);
  for (const [k, v] of Object.entries(data ?? {})) e.dataset[k] = v;
  for (const [k, v] of Object.entries(aria ?? {})) e.setAttribute(k === "role" ? k : "aria-" + k, v);
  e.append(...kids.filter(k => k != null));
  return e;
};
let serial = 0;
const uid = () => `rsn-${++serial}-${Math.random().toString(36).slice(2, 7)}`;

// ── layouts: the same arithmetic as syslab/layouts/core.py, on BigInt because registers have 64 bits ──
const holds = (c, v) => (v & BigInt(c[0])) === BigInt(c[1]);
const own = (f, v) => (v >> BigInt(f.bit)) & ((1n << BigInt(f.width)) - 1n);
const pad = (L, v) => "0x" + v.toString(16).padStart(Math.ceil(L.width / 4), "0");
const fieldText = (f, n) => {
  const named = f.values[n.toString()];
  if (named !== undefined) return named;
  if (f.show === "x") return "0x" + n.toString(16);
  if (f.show === "s") return Array.from({ length: Math.ceil(f.width / 8) }, (_, i) => Number((n >> BigInt(8 * i)) & 255n))
    .map(c => (c >= 32 && c < 127 ? String.fromCharCode(c) : ".")).join("");
  return n.toString();
};
const claimed = L => L.fields.reduce((m, f) => m | (((1n << BigInt(f.width)) - 1n) << BigInt(f.bit)), 0n);
const reservedBits = (L, v) => { const m = v & ~claimed(L); return Array.from({ length: L.width }, (_, i) => i).filter(i => (m >> BigInt(i)) & 1n); };
const sentence = (L, v) => {
  let text;
  if (L.clauses.length) text = L.clauses.map(cases => cases.find(c => holds(c, v))?.[2] ?? "").join("");
  else {
    const flags = L.fields.filter(f => f.width === 1 && own(f, v)).map(f => f.name);
    const wide = L.fields.filter(f => f.width > 1).map(f => `${f.name} = ${fieldText(f, own(f, v))}`);
    text = ([...(flags.length ? [`Set: ${flags.join(", ")}`] : []), ...wide].join("; ") || "Nothing is set") + ".";
  }
  const norm = s => s.toLowerCase().replace(/[^0-9a-z]/g, "");
  text = text.replace(/\{([^}]+)\}/g, (_, name) => { const f = L.fields.find(f => norm(f.name) === norm(name)); return fieldText(f, own(f, v)); });
  const odd = reservedBits(L, v);
  return odd.length ? `${text} Reserved ${odd.length > 1 ? "bits" : "bit"} set: ${odd.join(", ")}.` : text;
};
const PLAIN = [["^\\s*0x([0-9a-f_]+)\\s*$", 16, "hex"], ["^\\s*0b([01_]+)\\s*$", 2, "binary"], ["^\\s*([0-9][0-9_]*)\\s*$", 10, "decimal"]];
const toBig = (digits, base) => BigInt((base === 16 ? "0x" : base === 2 ? "0b" : "") + digits);
// as plain() in syslab/layouts/reading.py: one kind of space, one end of a line, nothing that has no width
const plainText = text => text.replace(/[\v\f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ").replace(/[\r\x85\u2028\u2029]/g, "\n").replace(/[\xad\u200b-\u200d\u2060\ufeff]/g, "");
const visible = text => text.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replace(/(?! )[\p{C}\p{Z}]/gu, c => "\\u" + c.codePointAt().toString(16).padStart(4, "0"));
// {value, how} or {error}: what layout L makes of text somebody typed or pasted
const read = (L, text) => {
  const what = `${L.name} (${L.width} bits)`;
  if (text.length > 65536) return { error: `${what}: ${text.length} characters are too many to read` };
  text = plainText(text);
  for (const [pattern, base, label] of [...L.readers, ...PLAIN]) {
    const m = new RegExp(pattern, "i").exec(text);
    if (!m) continue;
    if (!base) return { error: `${what}: ${label}` };
    const all = m[1].replaceAll("_", ""), digits = all.replace(/^0+(?=.)/, "");
    if (!all) continue;
    if (digits.length > 64) return { error: `${what}: a number of ${digits.length} digits does not fit` };
    const value = toBig(digits, base);
    if (value >> BigInt(L.width)) {
      return { error: `${L.name} is ${L.width} bits wide; 0x${value.toString(16)} does not fit` };
    }
    return { value, how: label };
  }
  const shown = text.trim().slice(0, 60);
  return { error: `${what}: ${shown ? `cannot read “${visible(shown)}”` : "nothing to read"}; accepted: ${L.accepts}` };
};

// ── state in the address bar: #pfec=0x15&wait=0x100 ──
const fragment = {
  pairs: () => location.hash.slice(1).split("&").filter(p => p.includes("=")).map(p => [p.slice(0, p.indexOf("=")), p.slice(p.indexOf("=") + 1)]),
  get: key => { const s = fragment.pairs().find(([k]) => k === key)?.[1]; try { return s && decodeURIComponent(s); } catch { return s; } },
  // only the hosted page owns its address bar; in JupyterLab it is the application's. `mine`: keys that this one replaces
  set(model, key, value, mine = [key]) {
    if (!model.hosted || !key) return;
    const rest = fragment.pairs().filter(([k]) => !mine.includes(k));
    try { history.replaceState(null, "", "#" + [...rest, [key, encodeURIComponent(value)]].map(p => p.join("=")).join("&")); } catch { /* sandboxed page */ }
  },
  // calls back now and on every change of the fragment; returns the clean-up
  watch(keys, el, use) {
    const show = () => requestAnimationFrame(() => el.scrollIntoView({ block: "center" }));
    const look = () => {
      for (const key of keys) {
        const s = fragment.get(key);
        if (s === undefined) continue;
        use(key, s);
        document.readyState === "loading" ? addEventListener("DOMContentLoaded", show, { once: true }) : show();
      }
    };
    // following a link to what the address bar says already is no hashchange
    const again = e => { if (e.target.closest?.("a[href]")?.hash === location.hash) look(); };
    look();
    addEventListener("hashchange", look);
    document.addEventListener("click", again);
    return () => { removeEventListener("hashchange", look); document.removeEventListener("click", again); };
  },
};
// what the reader solved stays solved, where the browser lets a page remember
const memory = {
  get: key => { try { return localStorage.getItem("rsn:" + key); } catch { return null; } },
  set: (key, v) => { try { localStorage.setItem("rsn:" + key, v); } catch { /* private window, file: page */ } },
};
