// Two words of one layout side by side, for many words and several machines: which has what, and a search over all fields.
// Outcomes come by number: of a flag, has-it-first + 2 * has-it-second; of a wider field, 4 the same, 5 another, 6 nothing left.
function render({ model, el }) {
  const [machines, names, sides, outcomes, titles, packed, anchor] = ["machines", "names", "sides", "outcomes", "titles", "packed", "anchor"].map(k => model.get(k));
  const make = ([name, bit, title, width = 1, show = "d", values = {}]) => ({ name, bit, title, width, show, values, bits: width > 1 ? `${bit + width - 1}:${bit}` : `${bit}` });
  const layouts = {}, raw = { width: 32, note: "", fields: [make(["whole word", 0, "this book has no layout for it", 32, "x"])] };
  for (const [key, given] of Object.entries(packed))
    layouts[key] = Object.fromEntries(Object.entries(packed[given] ?? given).map(([w, [width, note, ...fields]]) => [w, { width, note, fields: fields.map(make) }]));
  for (const m of machines) m.by = new Map(m.rows.map(([k, a, b]) => [k, [a, b].map(v => (v === 0 ? names.map(() => 0) : v))]));
  const layoutOf = (key, w) => layouts[key]?.[w] ?? raw;
  const place = (key, w, f) => `${key} ${w.toUpperCase()} ${f.width > 1 ? "bits" : "bit"} ${f.bits}`;

  // every field of word w of a machine's two answers, reserved bits that are set included
  function pairs(m, key, w) {
    const i = names.indexOf(w), [a, b] = (m.by.get(key) ?? [null, null]).map(v => BigInt(v?.[i] ?? 0)), L = layoutOf(key, w);
    if (L === raw && !(a | b)) return [];
    const odd = reservedBits(L, a | b).map(n => make([`bit ${n}`, n, "not known to this book"]));
    return [...L.fields, ...odd].map(f => {
      const x = own(f, a), y = own(f, b);
      return { f, x, y, o: f.width > 1 ? (x === y ? 4 : y ? 5 : 6) : Number(x) + 2 * Number(y) };
    });
  }
  const text = (f, n) => (f.width > 1 ? fieldText(f, n) : n ? "■" : "□");
  const says = ({ f, x, y, o }) => `${sides[0]} ${text(f, x)}, ${sides[1]} ${text(f, y)}: ${outcomes[o][0]}`;

  let M = 0, key, chosen;
  const T = (tag, className, textContent) => h(tag, { className, textContent });
  const P = (className, role) => h("p", role ? { className, aria: { role } } : { className });
  const note = P("bf-note", "status"), line = P("cb-line"), count = P("cb-count", "status"), found = h("ul", { className: "cb-found" }), panel = h("div", { className: "cb-words" }), legend = h("ul", { className: "cb-legend" });
  const pick = h("select", { onchange() { M = Number(pick.value); fill(); go(key); } }, ...machines.map((m, i) => h("option", { value: i, textContent: m.label })));
  const only = h("input", { type: "checkbox", checked: true, onchange: () => fill() });
  const list = h("select", { size: 14, className: "cb-list", onchange() { chosen = null; go(list.value); } });
  const find = h("input", { type: "search", className: "bf-in", spellcheck: false, autocomplete: "off", oninput: search,
    onkeydown(e) { if (e.key === "Enter") { e.preventDefault(); found.querySelector("button")?.click(); } } });

  function fill() {
    const m = machines[M], shown = m.rows.filter(([k, , , marks]) => !only.checked || k === key || marks);
    list.replaceChildren(...shown.map(([k, , , marks]) => h("option", { value: k, textContent: [k, marks, titles[k]].filter(Boolean).join("  ") })));
    list.value = key;
    line.textContent = m.line;
    pick.value = M;
    legend.replaceChildren(...outcomes.flatMap(([label, sign], o) => (m.totals[o] ? [h("li", { data: { o } }, T("span", "cb-s", sign), `${label} `, T("b", "", m.totals[o]))] : [])));
  }

  function word(w) {
    const m = machines[M], i = names.indexOf(w), answers = m.by.get(key), L = layoutOf(key, w), all = pairs(m, key, w), W = w.toUpperCase(), buttons = [], say = P("cb-say", "status");
    const state = Object.fromEntries(all.flatMap(p => Array.from({ length: p.f.width }, (_, n) => [p.f.bit + n, p.o])));
    const cells = v => h("span", { className: "cb-bits", aria: { hidden: true } }, ...Array.from({ length: L.width }, (_, n) => {
      const bit = L.width - 1 - n;
      return h("i", { className: v !== undefined && (BigInt(v) >> BigInt(bit)) & 1n ? "on" : "", data: { o: state[bit] ?? 0 } });
    }));
    const box = h("section", { className: "cb-word", aria: { label: W }, data: { w } }, T("h4", "", W), h("div", { className: "cb-rows" }, ...sides.flatMap((side, s) => {
      const v = answers[s]?.[i];
      return [T("span", "", side), T("code", "", v === undefined ? "no entry" : pad(L, BigInt(v))), cells(v)];
    })));
    const group = (o, part) => part.length && box.append(h("div", { className: "cb-group", data: { o }, aria: { role: "group", label: `${W} ${outcomes[o][0]}` } }, h("span", { className: "cb-head" }, T("span", "cb-s", outcomes[o][1]), `${outcomes[o][0]} ${part.length}`),
      ...part.map(p => {
        const b = h("button", { type: "button", className: "cb-f", tabIndex: -1, data: { name: p.f.name }, onclick: () => choose(w, p.f) }, T("b", "", p.f.name), T("span", "cb-n", p.f.bits),
          o > 3 ? T("span", "cb-v", (o > 4 ? text(p.f, p.x) + " → " : "") + text(p.f, p.y)) : null);
        buttons.push(b);
        return b;
      })));
    for (const o of [1, 2, 5, 6, 3, 4, 0]) group(o, all.filter(p => p.o === o));
    if (L.note && all.length) box.append(T("p", "cb-note", L.note));
    const stop = i => buttons.forEach((b, j) => (b.tabIndex = i === j ? 0 : -1)); // one tab stop a word
    stop(0);
    box.onkeydown = e => {
      const n = buttons.length, at = buttons.indexOf(e.target), to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: n - 1 }[e.key];
      if (to !== undefined && at >= 0) { e.preventDefault(); stop((to + n) % n); buttons[(to + n) % n].focus(); }
    };
    box.append(say);
    box.mark = f => {
      buttons.forEach((b, i) => { const on = b.dataset.name === f?.name; b.setAttribute("aria-current", on); if (on) stop(i); });
      if (f) say.replaceChildren(T("b", "", f.name), `: ${f.title}. ${place(key, w, f)}.`, ...who(key, w, f));
      else say.replaceChildren();
    };
    return box;
  }
  const now = (m, k, w, f) => { const p = m.by.has(k) && pairs(m, k, w).find(p => p.f.name === f.name); return p ? says(p) : "– no such entry"; };
  const who = (k, w, f) => machines.map(m => T("span", "cb-who", `${m.label}: ${now(m, k, w, f)}`));
  const mark = (c, f) => [...panel.children].find(b => b.dataset.w === c?.w)?.mark?.(f);
  function choose(w, f) { mark(chosen, null); chosen = { w, f }; mark(chosen, f); }

  function go(k, link = true) {
    const m = machines[M];
    note.textContent = m.by.has(k) ? "" : `${m.label} has no entry ${k}.`;
    if (!m.by.has(k)) k = m.rows[0][0];
    key = k;
    if (list.value !== k) fill();
    const answers = m.by.get(k), gone = sides.filter((_, s) => !answers[s]);
    panel.replaceChildren(T("h3", "", k + (titles[k] ? ": " + titles[k] : "")), ...(gone.length ? [T("p", "cb-note", `No such entry: ${gone.join(", ")}. It counts as zeros.`)] : []), ...names.map(word));
    if (chosen) mark(chosen, chosen.f);
    const s = k + (M ? "." + m.key : "");
    if (model.get("value") !== s) { model.set("value", s); model.save_changes(); }
    if (link) fragment.set(model, anchor, s);
  }
  // "7.0" or "7.0.machine"; false where that is nothing here
  function take(s) {
    const at = s.lastIndexOf("."), who = machines.findIndex(m => m.key === s.slice(at + 1)), i = Math.max(who, 0), k = (who < 0 ? s : s.slice(0, at)).toLowerCase().replace(/^0x/, "");
    const hit = [k, k + ".0"].find(k => machines[i].by.has(k));
    if (!hit) return false;
    M = i; chosen = null; key = hit; fill(); go(hit, false);
    return true;
  }

  const norm = s => s.toLowerCase().replace(/[^0-9a-z]/g, "");
  const index = Object.keys(layouts).flatMap(k => Object.entries(layouts[k]).flatMap(([w, L]) => L.fields.map(f => ({ k, w, f, n: norm(f.name) })))).filter(({ k }) => machines.some(m => m.by.has(k)));
  function search() {
    const typed = find.value.trim().toLowerCase(), q = norm(typed);
    const rank = ({ f, n }) => (n === q ? 0 : n.startsWith(q) ? 1 : n.includes(q) ? 2 : q.length > 2 && f.title.toLowerCase().includes(typed) ? 3 : 9);
    const hits = q ? index.map(x => [rank(x), x]).filter(([n]) => n < 9).sort((a, b) => a[0] - b[0]) : [];
    found.replaceChildren(...hits.slice(0, 6).map(([, { k, w, f }]) => h("li", {}, h("button", { type: "button", onclick() { chosen = { w, f }; if (!machines[M].by.has(k)) M = machines.findIndex(m => m.by.has(k)); go(k); fill(); panel.querySelector(".cb-say:not(:empty)")?.scrollIntoView({ block: "nearest" }); } },
      T("b", "", f.name), ` ${place(k, w, f)}`, ...who(k, w, f)))));
    count.textContent = !q ? "" : hits.length ? `${hits.length > 6 ? `6 of ${hits.length}. ` : ""}Enter opens the first.` : `No field here has “${typed.slice(0, 40)}” in its name or meaning.`;
  }

  const label = (text, e) => h("label", { className: "cb-field" }, T("span", "", text), e);
  const root = h("div", { className: "rsn-w cb" }, h("div", { className: "cb-bar" }, label("Machine", pick), label("Find a field", find)), line, count, found, legend, note,
    h("div", { className: "cb-body" }, h("div", {}, label("Entry", list), h("label", { className: "cb-only" }, only, " only where they differ")), panel));
  el.append(root);
  take(model.get("value"));
  const unwatch = fragment.watch([anchor], { scrollIntoView: () => root.scrollIntoView() }, (_, s) => take(s) ||
    (note.textContent = `The link’s #${anchor}=${s} names no entry here; this is the default. It takes an entry, such as ${machines[0].rows[0][0]}, and a machine: ${machines.map(m => m.key).join(", ")}.`));
  const outside = () => { const s = model.get("value"); if (s !== key + (M ? "." + machines[M].key : "")) take(s); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
