// One question, one answer: a field to type in or a list to choose from, and a reply that says why.
function render({ model, el }) {
  const id = uid(), choices = model.get("choices"), key = "quiz:" + model.get("anchor"), root = h("form", { className: "rsn-w qz" });
  const reply = h("p", { className: "qz-reply", aria: { role: "status" } });
  const norm = s => { const t = String(s).trim().toLowerCase().replaceAll("_", ""); try { return BigInt(t).toString(); } catch { return t.replace(/\s+/g, " "); } };
  const say = (kind, text) => { reply.dataset.kind = kind; reply.textContent = text; };
  function check(answer) {
    model.set("answer", answer); model.save_changes();
    if (!answer.trim()) return say("none", "Type an answer first.");
    const right = model.get("accepts").some(a => norm(a) === norm(answer));
    if (right) memory.set(key, answer);
    const near = Object.entries(model.get("near")).find(([a]) => norm(a) === norm(answer));
    say(right ? "yes" : "no", right ? "Yes. " + model.get("why") : "Not quite. " + (near?.[1] ?? model.get("hint")));
  }
  let input;
  if (choices.length) {
    const name = uid();
    root.append(h("fieldset", {}, h("legend", { textContent: model.get("question") }), ...choices.map(c =>
      h("label", { className: "qz-choice" }, h("input", { type: "radio", name, value: c, onchange: () => check(c) }), h("span", { textContent: c })))));
  } else {
    input = h("input", { id, type: "text", className: "bf-in", spellcheck: false, autocomplete: "off" });
    root.append(h("label", { htmlFor: id, className: "qz-q", textContent: model.get("question") }),
      h("div", { className: "qz-row" }, input, h("button", { type: "submit", className: "qz-go", textContent: "Check" })));
  }
  root.onsubmit = e => { e.preventDefault(); if (input) check(input.value); };
  root.append(reply);
  el.append(root);
  const before = memory.get(key);
  if (before !== null) say("done", "You solved this one before.");
  const anchor = model.get("anchor");
  return fragment.watch([anchor], root, (_, s) => say("none", `The link’s #${anchor}=${s.slice(0, 60)} answers nothing. ${choices.length ? "Choose" : "Type"} an answer here.`));
}
export default { render };
