// A register made of toggle buttons. One tab stop; arrows, Home and End move, Space and Enter flip.
function render({ model, el }) {
  const layouts = model.get("layouts"), root = h("div", { className: "rsn-w bf" });
  let L, v, buttons, cur;
  const grid = h("div", { className: "bf-bits" }), say = h("p", { className: "bf-say" }), warn = h("p", { className: "bf-warn" });
  const out = h("div", { className: "bf-out", aria: { role: "status" } }, say, warn);
  const inputId = uid(), field = h("input", { className: "bf-in", id: inputId, spellcheck: false, autocomplete: "off", type: "text" });
  const how = h("span", { className: "bf-how" }), presets = h("div", { className: "bf-presets" });
  const rows = h("tbody"), region = h("div", { className: "scroll", tabIndex: 0, aria: { role: "region" } }, h("table", {}, h("thead", {}, h("tr", {},
      ...["Bits", "Name", "Now", "Meaning", "Since"].map(t => h("th", { scope: "col", textContent: t })))), rows));
  const table = h("details", { className: "bf-all" }, h("summary", { textContent: "Every field" }), region);

  const focusBit = (i, f = true) => { buttons[cur].tabIndex = -1; cur = ((i % L.width) + L.width) % L.width; buttons[cur].tabIndex = 0; if (f) buttons[cur].focus(); };
  grid.onkeydown = e => {
    const cols = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const to = { ArrowLeft: cur + 1, ArrowRight: cur - 1, ArrowUp: cur + cols, ArrowDown: cur - cols, Home: L.width - 1, End: 0 }[e.key];
    if (to !== undefined) { e.preventDefault(); focusBit(to); }
  };

  function build(index) {
    L = layouts[index];
    const byBit = i => L.fields.find(f => i >= f.bit && i < f.bit + f.width);
    region.setAttribute("aria-label", `fields of the ${L.name}`);
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", `${L.name}, ${L.width} bits, arrow keys move`);
    buttons = [];
    for (let i = L.width - 1; i >= 0; i--) {
      const f = byBit(i), top = f && i === f.bit + f.width - 1, name = f ? (f.width > 1 ? `${f.name} bit ${i - f.bit}` : f.name) : "reserved";
      const b = h("button", { type: "button", tabIndex: -1, title: f ? f.title : "reserved", data: { bit: i },
        className: "bf-bit" + (f ? "" : " bf-rsv") + ((i >> 2) & 1 ? " bf-odd" : "") + (f && f.width > 1 ? " bf-wide" : ""),
        aria: { label: `bit ${i}, ${name}` }, onclick() { focusBit(i, false); set(v ^ (1n << BigInt(i)), ""); } },
        h("span", { className: "bf-n", textContent: i }), h("span", { className: "bf-key" }),
        h("span", { className: "bf-name", textContent: top ? f.name : "" }));
      buttons[i] = b;
    }
    grid.replaceChildren(...buttons.toReversed());
    cur = Math.max(0, ...L.fields.map(f => f.bit).filter(b => b < 8));
    buttons[cur].tabIndex = 0;
    presets.replaceChildren(...L.examples.map(([t, n]) => h("button", { type: "button", textContent: t, data: { v: n }, onclick: () => set(BigInt(n), "") })));
    rows.replaceChildren(...L.fields.toReversed().map(f => h("tr", {}, h("td", { className: "num", textContent: f.width > 1 ? `${f.bit + f.width - 1}:${f.bit}` : f.bit }),
      h("td", {}, h("b", { textContent: f.name })), h("td", { className: "bf-now" }), h("td", { textContent: f.title }), h("td", { textContent: f.since }))));
  }
  function paint() {
    buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(!!((v >> BigInt(i)) & 1n))));
    field.value = pad(L, v);
    field.removeAttribute("aria-invalid");
    say.textContent = sentence(L, v);
    const bad = L.impossible.filter(c => holds(c, v)).map(c => c[2]);
    warn.textContent = bad.length ? "No machine should report this. " + bad.join(" ") : "";
    warn.hidden = !bad.length;
    for (const p of presets.children) p.setAttribute("aria-pressed", String(BigInt(p.dataset.v) === v));
    [...rows.children].forEach((r, i) => { const f = L.fields.at(-1 - i), n = own(f, v); r.children[2].textContent = f.width > 1 || f.values[n.toString()] ? fieldText(f, n) : n.toString(); r.classList.toggle("bf-set", !!n); });
  }
  function set(n, note, link = true) {
    v = n; how.textContent = note;
    const s = pad(L, v);
    if (model.get("value") !== s) { model.set("value", s); model.save_changes(); }
    paint();
    if (link) fragment.set(model, L.anchor, "0x" + v.toString(16), layouts.map(l => l.anchor));
  }
  // the last good state stays; the reason is said
  function refuse(error, text) { field.value = text; field.setAttribute("aria-invalid", "true"); how.textContent = error; }
  function take(text) { const r = read(L, text); r.error ? refuse(r.error, text) : set(r.value, /^(hex|binary|decimal)$/.test(r.how) && pad(L, r.value) === text.trim() ? "" : `read as ${r.how}`); }
  field.onchange = () => take(field.value);
  field.onkeydown = e => { if (e.key === "Enter") { e.preventDefault(); take(field.value); } };
  field.onpaste = e => { const text = e.clipboardData?.getData("text"); if (text && (field.value === pad(L, v) || /\s/.test(text))) { e.preventDefault(); take(text); } };

  const choose = i => {
    if (layouts[i] !== L) { build(i); v = BigInt(L.start); }
    if (select) select.value = i;
    if (model.get("selected") !== i) { model.set("selected", i); model.save_changes(); }
  };
  const selectId = uid(), select = layouts.length > 1 ? h("select", { id: selectId, onchange() { choose(Number(select.value)); set(v, ""); } },
    ...layouts.map((l, i) => h("option", { value: i, textContent: l.name }))) : null;
  const label = (t, id) => h("label", { htmlFor: id, textContent: t });
  root.append(...(select ? [h("div", { className: "bf-field bf-pick" }, label(model.get("menu"), selectId), select)] : []), grid,
    h("div", { className: "bf-bar" }, h("span", { className: "bf-field" }, label(model.get("prompt"), inputId), field), presets),
    h("p", { className: "bf-note", aria: { live: "polite" } }, how), out, table);
  el.append(root);

  choose(Math.min(model.get("selected"), layouts.length - 1));
  v = BigInt(model.get("value"));
  paint();
  const unwatch = fragment.watch(layouts.map(l => l.anchor), root, (key, s) => {
    choose(layouts.findIndex(l => l.anchor === key));
    const r = read(L, s);
    if (r.error) set(BigInt(L.start), `The link’s #${key}=${s.slice(0, 60)} could not be read (${r.error}). This is the default.`, false);
    else set(r.value, "", false);
  });
  const outside = () => { const n = BigInt(model.get("value")); if (n !== v) set(n, "", false); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
