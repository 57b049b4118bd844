// Mask, read shadow and operand, a column for each named bit. One tab stop; arrows move, Space and Enter flip.
function render({ model, el }) {
  const writes = model.get("writes"), layouts = model.get("fields"), presets = model.get("presets"), anchor = model.get("anchor");
  const ALL = (1n << 64n) - 1n, PARTS = ["mask", "shadow", "real", "operand"], ROWS = ["mask", "shadow", "operand"];
  const LABEL = { mask: "Guest/host mask", shadow: "Read shadow", real: "The real register", operand: "Operand" };
  const root = h("div", { className: "rsn-w mr" }), grid = h("div", { className: "mr-bits" }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const head = h("p", { className: "mr-head" }), lines = h("dl", { className: "mr-lines" }), out = h("div", { className: "mr-out", aria: { role: "status" } }, head, lines);
  const hex = v => "0x" + v.toString(16), bitOf = (v, i) => Number((v >> BigInt(i)) & 1n);
  let W, S = {}, cols = [], at = [0, 0];

  // the same rules as syslab/layouts/cr_mask.py
  const source = () => (W.operand === undefined ? S.operand : BigInt(W.operand));
  const tries = () => BigInt(W.looks) & ~(BigInt(W.sets) & ~source()) & ALL;
  const refused = () => (source() ^ S.shadow) & S.mask & tries();
  const after = () => { const own = tries() & ~S.mask; return (S.real & ~own) | (source() & own); };
  const reads = real => (real & ~S.mask & ALL) | (S.shadow & S.mask);
  const text = () => [W.key, ...PARTS.map(p => S[p].toString(16))].join(".");

  function parse(s) {
    const parts = s.split("."), w = writes.find(x => x.key === parts[0]);
    if (!w || parts.length !== 5 || !parts.slice(1).every(p => /^[0-9a-f]{1,16}$/i.test(p))) return false;
    W = w;
    PARTS.forEach((p, i) => (S[p] = BigInt("0x" + parts[i + 1])));
    return true;
  }
  const fields = {}, words = h("div", { className: "mr-words" }, ...PARTS.map(p => {
    const id = uid();
    fields[p] = h("input", { id, type: "text", className: "bf-in", spellcheck: false, autocomplete: "off", onchange() { take(p); }, onkeydown(e) { if (e.key === "Enter") { e.preventDefault(); take(p); } } });
    return h("span", { className: "bf-field" }, h("label", { htmlFor: id, textContent: LABEL[p] }), fields[p]);
  }));
  function take(p) {
    const r = read({ name: LABEL[p], width: 64, readers: [], accepts: "hex, binary, decimal" }, fields[p].value);
    if (r.error) { fields[p].setAttribute("aria-invalid", "true"); note.textContent = r.error; return; }
    S[p] = r.value; set();
  }
  const pickId = uid(), pick = h("select", { id: pickId, onchange() { W = writes[pick.value]; build(); set(); } }, ...writes.map((w, i) => h("option", { value: i, textContent: w.name })));
  const buttons = h("div", { className: "bf-presets" }, ...presets.map(([label, v]) => h("button", { type: "button", textContent: label, data: { v }, onclick() { parse(v); build(); set(); } })));

  function focusAt(c, r, move = true) {
    cols[at[0]]?.keys[at[1]] && (cols[at[0]].keys[at[1]].tabIndex = -1);
    at = [(c + cols.length) % cols.length, (r + ROWS.length) % ROWS.length];
    const b = cols[at[0]].keys[at[1]];
    b.tabIndex = 0;
    if (move) b.focus();
  }
  grid.onkeydown = e => {
    const [c, r] = at, to = { ArrowLeft: [c - 1, r], ArrowRight: [c + 1, r], ArrowUp: [c, r - 1], ArrowDown: [c, r + 1], Home: [0, r], End: [cols.length - 1, r] }[e.key];
    if (to) { e.preventDefault(); focusAt(...to); }
  };
  function build() {
    const L = layouts[W.layout];
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", `${L.name}: mask, shadow and operand of each named bit, arrow keys move`);
    cols = L.fields.toReversed().map(([bit, name, title], c) => {
      const keys = ROWS.map((row, r) => h("button", { type: "button", tabIndex: -1, className: "mr-key", data: { row, bit }, aria: { label: `${LABEL[row]}, bit ${bit} ${name}` },
        onclick() { focusAt(c, r, false); if (row === "operand" && W.operand !== undefined) return; S[row] ^= 1n << BigInt(bit); set(); } },
        h("span", { textContent: row }), h("b", {})));
      const sign = h("span", { className: "mr-sign" });
      return { bit, keys, sign, box: h("div", { className: "mr-col", title }, h("span", { className: "mr-name", textContent: name }), h("span", { className: "mr-n", textContent: bit }), ...keys, sign) };
    });
    grid.replaceChildren(...cols.map(c => c.box));
    at = [0, 0];
    cols[0].keys[0].tabIndex = 0;
  }
  const names = bits => {
    const known = layouts[W.layout].fields.filter(([b]) => bitOf(bits, b)), rest = known.reduce((v, [b]) => v & ~(1n << BigInt(b)), bits);
    return [...known.map(([, name]) => name), ...(rest ? [`unnamed bits ${hex(rest)}`] : [])].join(", ");
  };
  function paint() {
    const bad = refused(), fixed = W.operand !== undefined;
    pick.value = writes.indexOf(W);
    for (const p of PARTS) { fields[p].value = hex(p === "operand" ? source() : S[p]); fields[p].removeAttribute("aria-invalid"); }
    fields.operand.disabled = fixed;
    for (const { bit, keys, sign, box } of cols) {
      const host = bitOf(S.mask, bit), wrong = bitOf(bad, bit), tried = bitOf(tries(), bit);
      ROWS.forEach((row, r) => {
        const v = bitOf(row === "operand" ? source() : S[row], bit);
        keys[r].setAttribute("aria-pressed", String(!!v));
        keys[r].lastChild.textContent = v;
        keys[r].classList.toggle("mr-off", (row === "operand" && !tried) || (row === "shadow" && !host));
      });
      box.dataset.sign = wrong ? "bad" : host ? "host" : "guest";
      sign.textContent = wrong ? "exit" : host ? "host’s" : "guest’s";
    }
    head.textContent = bad ? `${W.name} leaves the guest: ${names(bad)} would not match the shadow.` : `${W.name} stays in the guest.`;
    head.dataset.tone = bad ? "bad" : "good";
    const before = reads(S.real), row = (a, b) => [h("dt", { textContent: a }), h("dd", { textContent: b })];
    lines.replaceChildren(...row("Guest reads before", hex(before)),
      ...(bad ? row("Now", "the hypervisor decides what the write does") : [...row("Real register after", hex(after())), ...row("Guest reads after", hex(reads(after())))]));
    for (const b of buttons.children) b.setAttribute("aria-pressed", String(b.dataset.v === text()));
  }
  function set(link = true) {
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    paint();
    if (link) { note.textContent = ""; fragment.set(model, anchor, text()); }
  }
  root.append(h("div", { className: "bf-field bf-pick" }, h("label", { htmlFor: pickId, textContent: "Instruction" }), pick), buttons, grid, words, note, out);
  el.append(root);
  const start = model.get("value");
  parse(start); build(); paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const ok = parse(s);
    if (!ok) parse(start);
    build(); set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} is no state of this register; this is the default. It takes an instruction (${writes.map(w => w.key).join(", ")}), then ${PARTS.join(", ")} in hex, with dots between.`;
  });
  const outside = () => { if (model.get("value") !== text() && parse(model.get("value"))) { build(); paint(); } };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
