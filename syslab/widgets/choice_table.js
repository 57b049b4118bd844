// Inputs -> recorded outcome: a group of radio buttons for each input, one outcome below.
function render({ model, el }) {
  const dims = model.get("dimensions"), outcomes = model.get("outcomes"), anchor = model.get("anchor"), root = h("div", { className: "rsn-w ct" + (dims.length > 4 ? " ct-many" : "") });
  const start = model.get("value"), state = [...start], groups = [];
  const head = h("p", { className: "ct-head" }), body = h("ul", { className: "ct-body" }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const key = () => state.join("|"), has = s => s.join("|") in outcomes;
  function paint() {
    const o = outcomes[key()];
    head.textContent = o ? o.title : model.get("missing");
    head.dataset.tone = o?.tone ?? "none";
    body.replaceChildren(...(o?.lines ?? []).map(([name, text, href]) => h("li", {}, h("b", { textContent: name + " " }), href ? h("a", { href, textContent: text }) : text)));
    dims.forEach((d, i) => d.options.forEach(([value], j) => {
      const input = groups[i][j];
      input.checked = state[i] === value;
      input.parentElement.classList.toggle("ct-void", !has(state.with(i, value)));
    }));
  }
  function set(link = true) {
    if (String(model.get("value")) !== String(state)) { model.set("value", [...state]); model.save_changes(); }
    paint();
    if (link) { note.textContent = ""; fragment.set(model, anchor, state.join(".")); }
  }
  dims.forEach((d, i) => {
    const name = uid();
    groups[i] = d.options.map(([value]) => h("input", { type: "radio", name, value, onchange() { state[i] = value; set(); } }));
    root.append(h("fieldset", { className: "ct-dim" }, h("legend", { textContent: d.label }),
      h("div", { className: "ct-opts" }, ...d.options.map(([, label], j) => h("label", {}, groups[i][j], h("span", { textContent: label }))))));
  });
  root.append(note, h("div", { className: "ct-out", aria: { role: "status" } }, head, body));
  el.append(root);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const parts = s.split("."), ok = parts.length === dims.length && dims.every((d, i) => d.options.some(([v]) => v === parts[i]));
    (ok ? parts : start).forEach((p, i) => (state[i] = p));
    set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} names no row here; this is the default. It takes ${dims.map(d => d.label.toLowerCase()).join(".")}.`;
  });
  const outside = () => { const n = model.get("value"); if (String(n) !== String(state)) { n.forEach((p, i) => (state[i] = p)); paint(); } };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
