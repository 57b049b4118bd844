// CPUID leaf by leaf: a machine, a leaf, its four registers in words; and a search for a field over all leaves.
function render({ model, el }) {
  const machines = model.get("machines"), titles = model.get("titles"), anchor = model.get("anchor"), NAMES = ["eax", "ebx", "ecx", "edx"], layouts = {};
  for (const [leaf, registers] of Object.entries(model.get("registers"))) for (const [r, [note, ...fields]] of Object.entries(registers))
    (layouts[leaf] ??= {})[r] = { width: 32, note, fields: fields.map(([name, bit, title, width = 1, show = "d", values = {}, since = "", flags = "", kernel = ""]) =>
      ({ name, bit, title, width, show, values, since, flags, kernel, bits: width > 1 ? `${bit + width - 1}:${bit}` : `${bit}` })) };
  const keyOf = row => `${row[0].toString(16)}.${row[1]}`;
  for (const m of machines) m.byKey = new Map(m.rows.map(row => [keyOf(row), row]));
  const layoutOf = key => layouts[key] ?? layouts[key.replace(/\.\d+$/, ".n")] ?? {};
  const titleOf = key => titles[key.split(".")[0]] ?? "";
  const place = (key, r, f) => `${key} ${r.toUpperCase()} ${f.width > 1 ? "bits" : "bit"} ${f.bits}`;
  // what a machine has in field f: a shape and words
  const now = (m, key, r, f) => {
    const row = m.byKey.get(key);
    if (!row) return "– leaf not answered";
    const n = own(f, BigInt(row[2 + NAMES.indexOf(r)]));
    return f.width > 1 ? fieldText(f, n) : n ? "■ set" : "□ clear";
  };

  let M = 0, key, chosen;
  const P = (className, role) => h("p", role ? { className, aria: { role } } : { className });
  const note = P("bf-note", "status"), line = P("lb-line"), count = P("lb-count", "status"), found = h("ul", { className: "lb-found" }), panel = h("div", { className: "lb-regs" });
  const pick = h("select", { onchange() { M = Number(pick.value); fill(); go(key); } }, ...machines.map((m, i) => h("option", { value: i, textContent: m.label })));
  const list = h("select", { size: 16, className: "lb-list", onchange() { chosen = null; go(list.value); } });
  const find = h("input", { type: "search", className: "bf-in", spellcheck: false, autocomplete: "off", oninput: search,
    onkeydown(e) { if (e.key === "Enter") { e.preventDefault(); found.querySelector("button")?.click(); } } });

  function fill() {
    const kinds = {};
    for (const row of machines[M].rows) {
      const k = keyOf(row), zero = !row.slice(2).some(Boolean), kind = { 0: "basic", 0x4000: "hypervisor", 0x8000: "extended" }[row[0] >>> 16] ?? "other";
      (kinds[kind] ??= []).push(h("option", { value: k, className: zero ? "lb-zero" : "", textContent: [k, titleOf(k), zero && "(zeros)"].filter(Boolean).join("  ") }));
    }
    list.replaceChildren(...Object.entries(kinds).map(([label, options]) => h("optgroup", { label }, ...options)));
    line.textContent = machines[M].line;
    pick.value = M;
  }

  function register(r, value) {
    const L = layoutOf(key)[r], name = r.toUpperCase(), buttons = [];
    const box = h("section", { className: "lb-reg", aria: { label: name }, data: { r } },
      h("h4", {}, name + " ", h("code", { textContent: value === undefined ? "not answered" : "0x" + value.toString(16).padStart(8, "0") })));
    const raw = (text, className = "lb-raw") => box.append(h("p", { className, textContent: text }));
    if (!L) { if (value) raw("No layout here: this is the raw answer."); return box; }
    const v = BigInt(value ?? 0), wide = L.fields.filter(f => f.width > 1), flags = L.fields.filter(f => f.width === 1), say = P("lb-say", "status");
    const bits = f => h("span", { className: "lb-n", textContent: f.bits });
    const group = (word, fields, draw = f => [f.name + " ", bits(f)]) => fields.length && box.append(h("div", { className: "lb-group", data: { word }, aria: { role: "group", label: `${name} ${word}` } },
      ...(word === "fields" ? [] : [h("span", { className: "lb-word", textContent: `${word} ${fields.length}` })]), ...fields.map(f => {
        const b = h("button", { type: "button", className: "lb-f", tabIndex: -1, data: { name: f.name }, onclick: () => choose(r, f) }, ...draw(f));
        buttons.push(b);
        return b;
      })));
    if (value === undefined) group("unknown", L.fields);
    else {
      group("fields", wide, f => [bits(f), " ", h("b", { textContent: f.name }), " ", h("span", { className: "lb-now", textContent: fieldText(f, own(f, v)) }), " ", h("span", { className: "lb-title", textContent: f.title })]);
      group("set", flags.filter(f => own(f, v)));
      group("clear", flags.filter(f => !own(f, v)));
      const odd = reservedBits(L, v);
      if (odd.length) raw(`Set, but not known to this book: ${odd.length > 1 ? "bits" : "bit"} ${odd.join(", ")}.`, "lb-odd");
    }
    if (L.note && value) raw(L.note);
    // one tab stop a register
    const stop = i => buttons.forEach((b, j) => (b.tabIndex = i === j ? 0 : -1));
    stop(0);
    box.onkeydown = e => {
      const n = buttons.length, at = buttons.indexOf(e.target), to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: n - 1 }[e.key];
      if (to !== undefined && at >= 0) { e.preventDefault(); stop((to + n) % n); buttons[(to + n) % n].focus(); }
    };
    box.append(say);
    box.mark = f => {
      buttons.forEach((b, i) => { const on = b.dataset.name === f?.name; b.setAttribute("aria-current", on); if (on) stop(i); });
      if (!f) return say.replaceChildren();
      const linux = f.kernel ? ` Linux ${f.flags ? `calls it ${f.flags.replaceAll(" ", ", ")}` : "knows it but hides it from /proc/cpuinfo"}. First kernel read here: ${f.kernel}.` : "";
      say.replaceChildren(h("b", { textContent: f.name }), `: ${f.title}. Leaf ${place(key, r, f)}.${f.since ? ` First: ${f.since}.` : ""}${linux}`,
        ...machines.map(m => h("span", { className: "lb-who", textContent: `${m.label}: ${now(m, key, r, f)}` })));
    };
    return box;
  }

  const mark = (c, f) => [...panel.children].find(b => b.dataset.r === c?.r)?.mark?.(f);
  function choose(r, f) { mark(chosen, null); chosen = { r, f }; mark(chosen, f); }

  function go(k, link = true, text = "") {
    const m = machines[M], row = m.byKey.get(k), L = layoutOf(k);
    if (!row) text = `${m.label} does not answer leaf ${k}: a program has to take every feature in it as absent.`;
    if (!row && !Object.keys(L).length) return go(keyOf(m.rows[0]), link, text);
    key = k;
    list.value = k;
    note.textContent = text;
    panel.replaceChildren(h("h3", { textContent: `Leaf ${k}${titleOf(k) && ": " + titleOf(k)}` }), ...NAMES.flatMap((r, i) => (row || L[r] ? [register(r, row?.[2 + i])] : [])));
    if (chosen) mark(chosen, chosen.f);
    const s = k + (M ? "." + m.key : "");
    if (model.get("value") !== s) { model.set("value", s); model.save_changes(); }
    if (link && row) fragment.set(model, anchor, s);
  }
  // "7.0" or "7.0.host"; false where that is no leaf of a machine here
  function take(s) {
    const [, leaf, sub = "0", who] = /^(?:0x)?([0-9a-f]{1,8})(?:\.(\d{1,2}))?(?:\.([a-z][a-z0-9-]*))?$/i.exec(s) ?? [], i = who ? machines.findIndex(m => m.key === who) : 0;
    const k = leaf && `${parseInt(leaf, 16).toString(16)}.${Number(sub)}`;
    if (!machines[i]?.byKey.has(k)) return false;
    M = i; chosen = null; fill(); go(k, false);
    return true;
  }

  const norm = s => s.toLowerCase().replace(/[^0-9a-z]/g, "");
  const index = Object.entries(layouts).flatMap(([leaf, registers]) => Object.entries(registers).flatMap(([r, L]) => L.fields.map(f => ({ leaf, r, f, names: [f.name, ...f.flags.split(" ")].map(norm) }))));
  function search() {
    const typed = find.value.trim().toLowerCase(), q = norm(typed);
    const rank = ({ f, names }) => (names.includes(q) ? 0 : names.some(n => n.startsWith(q)) ? 1 : names.some(n => n.includes(q)) ? 2 : q.length > 2 && f.title.toLowerCase().includes(typed) ? 3 : 9);
    const hits = q ? index.map(x => [rank(x), x]).filter(([n]) => n < 9).sort((a, b) => a[0] - b[0]) : [];
    found.replaceChildren(...hits.slice(0, 8).map(([, { leaf, r, f }]) => {
      const k = leaf.replace("n", 0);
      return h("li", {}, h("button", { type: "button", onclick() { chosen = { r, f }; go(k); panel.querySelector(".lb-say:not(:empty)")?.scrollIntoView({ block: "nearest" }); } },
        h("b", { textContent: f.name }), ` ${place(leaf, r, f)}`, ...machines.map(m => h("span", { className: "lb-has", textContent: ` ${machines[1] ? m.key + ": " : ""}${now(m, k, r, f)}` }))));
    }));
    count.textContent = !q ? "" : hits.length ? `${hits.length > 8 ? `8 of ${hits.length}. ` : ""}Enter opens the first.` : `No field here has “${typed.slice(0, 40)}” in its name or meaning.`;
  }

  const label = (text, e) => h("label", { className: "lb-field" }, h("span", { textContent: text }), e);
  const root = h("div", { className: "rsn-w lb" }, h("div", { className: "lb-bar" }, label("Machine", pick), label("Find a feature", find)), line, count, found, note,
    h("div", { className: "lb-body" }, label("Leaf and subleaf", list), panel));
  el.append(root);
  take(model.get("value"));
  const unwatch = fragment.watch([anchor], { scrollIntoView: () => root.scrollIntoView() }, (_, s) => take(s) ||
    (note.textContent = `The link’s #${anchor}=${s} names no leaf here; this is the default. It takes a leaf and subleaf, such as ${keyOf(machines[0].rows[0])}, and a machine: ${machines.map(m => m.key).join(", ")}.`));
  const outside = () => { const s = model.get("value"); if (s !== key + (M ? "." + machines[M].key : "")) take(s); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
