// A flow from top to bottom: inputs above, the path they take marked, ends beside the decisions that lead to them.
function render({ model, el }) {
  const inputs = model.get("inputs"), nodes = model.get("nodes"), measured = model.get("measured"), anchor = model.get("anchor");
  const start = model.get("value"), state = [...start], groups = [];
  const root = h("div", { className: "rsn-w fl" }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const said = h("p", { className: "fl-said", aria: { role: "status" } });
  const code = text => text.split("`").map((t, i) => (i % 2 ? h("code", { textContent: t }) : t));
  const plain = text => text.replaceAll("`", "");
  // which way node n goes: {answer, end} or {answer, to}
  const way = n => {
    const N = nodes[n], answer = N.answers[N.asks.map(i => state[i]).join("|")];
    return answer in N.ends ? { answer, end: N.ends[answer] } : { answer, to: n + 1 + (N.skips[answer] ?? 0) };
  };
  const bar = h("div", { className: "fl-in" });
  inputs.forEach((d, i) => {
    const name = uid();
    groups[i] = d.options.map(([value]) => h("input", { type: "radio", name, value, onchange() { state[i] = value; set(); } }));
    bar.append(h("fieldset", { className: "fl-dim" }, h("legend", {}, ...code(d.label)),
      h("div", { className: "fl-opts" }, ...d.options.map(([, label], j) => h("label", {}, groups[i][j], h("span", { textContent: label }))))));
  });
  const rows = nodes.map((N, n) => {
    const onward = [...new Set(Object.values(N.answers))].filter(a => a && !(a in N.ends));
    const downs = onward.map(a => h("span", { className: "fl-down", data: { answer: a }, textContent: a + (N.skips[a] ? " ⇣" : " ↓") }));
    const ends = Object.entries(N.ends).map(([a, e]) => h("div", { className: "fl-exit", data: { answer: a, tone: e.tone } },
      h("span", { className: "fl-answer", textContent: a + " →" }),
      h("p", { className: "fl-end" }, h("b", {}, ...code(e.title)), ...(e.text ? [" ", ...code(e.text)] : []))));
    const mark = h("span", { className: "fl-said" });
    const row = h("li", { className: "fl-node" + (N.asks.length ? " fl-ask" : "") },
      h("div", { className: "fl-box" }, mark, h("p", { className: "fl-title" }, ...code(N.title)), ...(N.text ? [h("p", { className: "fl-text" }, ...code(N.text))] : []),
        ...(downs.length ? [h("p", { className: "fl-downs" }, ...downs)] : [])),
      ...(ends.length ? [h("div", { className: "fl-exits" }, ...ends)] : []));
    return { row, downs, ends, mark };
  });
  const list = h("ol", { className: "fl-path" }, ...rows.map(r => r.row)), found = h("p", { className: "fl-found" });
  function paint() {
    const taken = new Map(), used = new Set();
    let n = 0, last;
    while (n < nodes.length) {
      last = way(n);
      taken.set(n, last);
      nodes[n].asks.forEach(i => used.add(i));
      if (last.end) break;
      n = last.to;
    }
    rows.forEach((r, i) => {
      const here = taken.get(i);
      r.row.classList.toggle("fl-on", !!here);
      r.row.classList.toggle("fl-by", !here && i < n);
      r.row.classList.toggle("fl-last", i === n);
      r.mark.textContent = here ? "" : i < n ? "Skipped: " : "Not reached: ";
      [...r.downs, ...r.ends].forEach(e => e.classList.toggle("fl-on", !!here && e.dataset.answer === here.answer));
    });
    inputs.forEach((d, i) => {
      groups[i].forEach(input => (input.checked = input.value === state[i]));
      groups[i][0].closest("fieldset").classList.toggle("fl-idle", !used.has(i));
    });
    const text = measured[state.join("|")];
    found.textContent = text ? "Measured: " + text : "These inputs together were not tried.";
    return plain(`${last.end.title}. ${last.end.text} ${text ? found.textContent : ""}`);
  }
  function set(link = true) {
    if (String(model.get("value")) !== String(state)) { model.set("value", [...state]); model.save_changes(); }
    said.textContent = paint();
    if (link) { note.textContent = ""; fragment.set(model, anchor, state.join(".")); }
  }
  root.append(bar, note, list, ...(Object.keys(measured).length ? [found] : []), said);
  el.append(root);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const parts = s.split("."), ok = parts.length === inputs.length && inputs.every((d, i) => d.options.some(([v]) => v === parts[i]));
    (ok ? parts : start).forEach((p, i) => (state[i] = p));
    set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} names no path here; this is the default. It takes ${inputs.map(d => d.options.map(([v]) => v).join("|")).join(".")}`;
  });
  const outside = () => { const v = model.get("value"); if (String(v) !== String(state)) { v.forEach((p, i) => (state[i] = p)); said.textContent = paint(); } };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
