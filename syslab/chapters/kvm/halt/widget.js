/**
 * A flow from top to bottom: inputs above, the path they take marked, ends beside the decisions that lead to them.
 * What was measured with the same inputs stands below.
 */
import { connect, element, noteLine, radioGroup, rejected, withCode, withoutCode } from "../../../widgets/frame.js";

/** @typedef {{ title: string, text: string, tone: string }} End */

/**
 * @typedef {object} FlowNode
 * @property {string} title
 * @property {string} text
 * @property {number[]} asks  the inputs it looks at
 * @property {Record<string, string>} answers  by their values, with | between them
 * @property {Record<string, End>} ends  the answers that end the flow
 * @property {Record<string, number>} skips  how many nodes an answer passes by
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {{ label: string, options: [value: string, label: string][] }[]} inputs
 * @property {FlowNode[]} nodes
 * @property {Record<string, string>} measured  by the inputs' values, with | between them
 * @property {string[]} value  one of each input
 */

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const inputs = model.get("inputs");
  const nodes = model.get("nodes");
  const measured = model.get("measured");
  const start = model.get("value");
  let chosen = [...start];

  const note = noteLine();
  const said = element("p", { className: "fl-said", aria: { role: "status" } });
  const groups = inputs.map(({ label, options }, index) =>
    radioGroup({
      prefix: "fl",
      row: "fl-opts",
      legend: withCode(label),
      options,
      pick(value) {
        chosen[index] = value;
        changed();
      },
    }),
  );

  /** @param {FlowNode} node */
  function drawNode(node) {
    const onward = [...new Set(Object.values(node.answers))].filter((answer) => answer && !(answer in node.ends));
    const downs = onward.map((answer) =>
      element("span", {
        className: "fl-down",
        data: { answer },
        textContent: answer + (node.skips[answer] ? " ⇣" : " ↓"),
      }),
    );
    const ends = Object.entries(node.ends).map(([answer, end]) =>
      element(
        "div",
        { className: "fl-exit", data: { answer, tone: end.tone } },
        element("span", { className: "fl-answer", textContent: `${answer} →` }),
        element(
          "p",
          { className: "fl-end" },
          element("b", {}, ...withCode(end.title)),
          ...(end.text ? [" ", ...withCode(end.text)] : []),
        ),
      ),
    );
    const mark = element("span", { className: "fl-said" });
    const row = element(
      "li",
      { className: node.asks.length ? "fl-node fl-ask" : "fl-node" },
      element(
        "div",
        { className: "fl-box" },
        mark,
        element("p", { className: "fl-title" }, ...withCode(node.title)),
        node.text ? element("p", { className: "fl-text" }, ...withCode(node.text)) : null,
        downs.length ? element("p", { className: "fl-downs" }, ...downs) : null,
      ),
      ends.length ? element("div", { className: "fl-exits" }, ...ends) : null,
    );
    return { row, branches: [...downs, ...ends], mark };
  }
  const rows = nodes.map(drawNode);
  const found = element("p", { className: "fl-found" });
  const root = element(
    "div",
    { className: "rsn-w fl" },
    element("div", { className: "fl-in" }, ...groups.map(({ box }) => box)),
    note,
    element("ol", { className: "fl-path" }, ...rows.map(({ row }) => row)),
    Object.keys(measured).length ? found : null,
    said,
  );

  /** From the first node to an end: each node's answer, the inputs that were asked, and where it ended. */
  function follow() {
    /** @type {Map<number, string>} */
    const answers = new Map();
    /** @type {Set<number>} */
    const asked = new Set();
    for (let at = 0; ; ) {
      const node = nodes[at];
      const answer = node.answers[node.asks.map((input) => chosen[input]).join("|")];
      answers.set(at, answer);
      for (const input of node.asks) asked.add(input);
      if (answer in node.ends) return { answers, asked, last: at, end: node.ends[answer] };
      at += 1 + (node.skips[answer] ?? 0);
    }
  }
  /** Returns what to tell. */
  function paint() {
    const { answers, asked, last, end } = follow();
    rows.forEach(({ row, branches, mark }, index) => {
      const answer = answers.get(index);
      const isTaken = answers.has(index);
      row.classList.toggle("fl-on", isTaken);
      row.classList.toggle("fl-by", !isTaken && index < last);
      row.classList.toggle("fl-last", index === last);
      mark.textContent = isTaken ? "" : index < last ? "Skipped: " : "Not reached: ";
      for (const branch of branches) branch.classList.toggle("fl-on", isTaken && branch.dataset.answer === answer);
    });
    groups.forEach((group, index) => {
      for (const input of group.inputs) input.checked = input.value === chosen[index];
      group.box.classList.toggle("fl-idle", !asked.has(index));
    });
    const text = measured[chosen.join("|")];
    found.textContent = text ? `Measured: ${text}` : "These inputs together were not tried.";
    return withoutCode(`${end.title.replace(/\.?$/, ".")} ${end.text} ${text ? found.textContent : ""}`);
  }
  function changed(toLink = true) {
    said.textContent = paint();
    shared.save(toLink);
  }

  const shared = connect(model, {
    root,
    note,
    value: () => [...chosen],
    text: () => chosen.join("."),
    open(text, key) {
      const parts = text.split(".");
      const known = inputs.every(({ options }, index) => options.some(([value]) => value === parts[index]));
      const good = known && parts.length === inputs.length;
      chosen = good ? parts : [...start];
      changed(false);
      if (good) return "";
      const wanted = inputs.map(({ options }) => options.map(([value]) => value).join("|")).join(".");
      return rejected(key, text, `names no path here; this is the default. It takes ${wanted}`);
    },
    outside(values) {
      chosen = [...values];
      said.textContent = paint();
    },
  });
  paint();
  return shared.start(el);
}
export default { render };
