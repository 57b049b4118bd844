// The entries of a page walk as switches. AND and OR over the levels happen here; what the result allows is data.
function render({ model, el }) {
  const levels = model.get("levels"), bits = model.get("switches"), extra = model.get("leaf"), sizes = model.get("sizes"), controls = model.get("controls");
  const table = model.get("outcomes"), codes = model.get("codes"), types = model.get("types"), accesses = model.get("accesses"), anchor = model.get("anchor"), start = model.get("value");
  const own = (1 << bits.length) - 1, full = (1 << bits.length + extra.length) - 1, keys = controls.map(c => c[0]);
  let entries = [], control = keys[0], cur = [0, 0];
  const text = () => entries.map(e => e.toString(16)).join(".") + (control === keys[0] ? "" : "." + control);
  const parse = s => {
    const parts = s.split("."), key = keys.includes(parts.at(-1)) ? parts.pop() : keys[0], found = parts.map(p => (/^[0-9a-f]{1,2}$/i.test(p) ? parseInt(p, 16) : -1));
    const ok = sizes.some(([n]) => n === found.length) && found.every((e, i) => e >= 0 && e <= (i === found.length - 1 ? full : own));
    return ok ? { entries: found, control: key } : null;
  };
  const pick = (name, options, onchange) => {
    const id = uid(), select = h("select", { id, onchange }, ...options.map(([v, t]) => h("option", { value: v, textContent: t })));
    return [h("div", { className: "pw-field" }, h("label", { htmlFor: id, textContent: name }), select), select];
  };
  const [sizeField, size] = pick("Page", sizes, () => {
    const n = Number(size.value), was = entries.at(-1), above = entries.slice(0, -1).map(e => e & own);
    while (above.length < n - 1) above.push(was & own);
    entries = [...above.slice(0, n - 1), was];
    set();
  });
  const [controlField, mode] = pick("CPU", controls, () => { control = mode.value; set(); });
  const grid = h("div", { className: "pw-grid", aria: { role: "group", label: "entries of the walk, arrow keys move" } });
  const rights = h("ul", { className: "pw-list" }), head = h("p", { className: "pw-head" }), status = h("div", { className: "pw-out", aria: { role: "status" } }, head, rights);
  const body = h("tbody"), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const caption = h("caption", { textContent: "What each access gives" });
  const result = h("div", { className: "scroll", tabIndex: 0, aria: { role: "region", label: "what each access gives" } },
    h("table", {}, caption, h("thead", {}, h("tr", {}, h("td"), ...accesses.map(a => h("th", { scope: "col", textContent: a })))), body));
  let rows = [];
  // the entry that maps the page is the last one; its extra switches choose the memory type
  function build() {
    rows = [];
    grid.replaceChildren(...entries.map((_, i) => {
      const last = i === entries.length - 1, all = last ? [...bits, ...extra] : bits;
      rows[i] = all.map((s, j) => h("button", { type: "button", className: "pw-bit" + (j >= bits.length ? " pw-type" : ""), tabIndex: -1, title: s.title, textContent: s.name,
        aria: { label: `${levels[i]} ${s.name}` }, onclick() { focusBit(i, j, false); entries[i] ^= 1 << j; set(); } }));
      return h("div", { className: "pw-row" }, h("span", { className: "pw-level", textContent: levels[i] }), h("span", { className: "pw-bits" }, ...rows[i]));
    }));
    cur = [Math.min(cur[0], rows.length - 1), 0];
    rows[cur[0]][0].tabIndex = 0;
  }
  function focusBit(i, j, move = true) {
    const r = (i + rows.length) % rows.length, c = Math.min((j + rows[r].length) % rows[r].length, rows[r].length - 1);
    for (const b of rows.flat()) b.tabIndex = -1;
    cur = [r, c];
    rows[r][c].tabIndex = 0;
    if (move) rows[r][c].focus();
  }
  grid.onkeydown = e => {
    const [i, j] = cur, to = { ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1], ArrowUp: [i - 1, Math.min(j, bits.length - 1)], ArrowDown: [i + 1, j], Home: [i, 0], End: [i, rows[i].length - 1] }[e.key];
    if (to) { e.preventDefault(); focusBit(...to); }
  };
  const list = at => at.map(i => levels[i]).join(", ");
  function paint() {
    if (rows.length !== entries.length) build();
    size.value = entries.length;
    mode.value = control;
    // the first switch says whether the walk goes on
    const stop = entries.findIndex(e => !(e & 1));
    let combined = 0;
    const lines = bits.map((s, j) => {
      const at = entries.map((e, i) => [(e >> j) & 1, i]), on = at.filter(([b]) => b).map(([, i]) => i), off = at.filter(([b]) => !b).map(([, i]) => i);
      const set = s.combine === "and" ? !off.length : on.length > 0;
      combined |= set << j;
      return s.words.length && h("li", {}, h("b", { textContent: s.name + " " }), s.words[Number(set)] + (s.combine === "and" && !set ? `: clear in ${list(off)}` : s.combine === "or" && set ? `: set in ${list(on)}` : ""));
    }).filter(Boolean);
    const slot = entries.at(-1) >> bits.length, told = table[control][combined];
    head.textContent = stop >= 0 ? `The walk ends at the ${levels[stop]}: it is not present. No right is looked at.` : "The page is present. Together, the entries say:";
    rights.replaceChildren(...(stop >= 0 ? [] : [...lines, h("li", {}, h("b", { textContent: `Memory type ${slot} ` }), types.map(([when, names]) => `${names[slot]} (${when})`).join("; "))]));
    rows.forEach((row, i) => row.forEach((b, j) => { b.setAttribute("aria-pressed", String(!!((entries[i] >> j) & 1))); b.classList.toggle("pw-unread", stop >= 0 && i > stop); }));
    body.replaceChildren(...["kernel", "user"].map((who, r) => h("tr", {}, h("th", { scope: "row", textContent: who }), ...accesses.map((_, c) => {
      const code = told[r * accesses.length + c];
      return h("td", { data: { tone: code < 0 ? "good" : "bad" } }, ...(code < 0 ? ["allowed"] : [`#PF 0x${code.toString(16)}`, h("small", { textContent: codes[code] || "no bit set" })]));
    }))));
  }
  function set(link = true) {
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    paint();
    if (link) { note.textContent = ""; fragment.set(model, anchor, text()); }
  }
  const take = s => { const p = parse(s); if (p) ({ entries, control } = p); return !!p; };
  const root = h("div", { className: "rsn-w pw" }, h("div", { className: "pw-bar" }, sizeField, controlField), grid, note, status, result);
  el.append(root);
  take(start);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const ok = take(s);
    if (!ok) take(start);
    set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} is not a walk; this is the default. It takes two to four entries in hex, such as ${start}.`;
  });
  const outside = () => { if (model.get("value") !== text() && take(model.get("value"))) paint(); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
