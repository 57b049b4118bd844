/** Inputs and what came out: a group of radio buttons for each input, and one recorded outcome below them. */
import { connect, element, noteLine, radioGroup, rejected } from "./frame.js";

/**
 * @typedef {object} Outcome
 * @property {string} title
 * @property {string} tone  good, bad, or none
 * @property {[name: string, text: string, href?: string][]} lines
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {{ label: string, options: [value: string, label: string][] }[]} dimensions
 * @property {Record<string, Outcome>} outcomes  by the values, with | between them
 * @property {string} missing  said where there is no outcome
 * @property {string[]} value  one of each dimension
 */

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const dimensions = model.get("dimensions");
  const outcomes = model.get("outcomes");
  const start = model.get("value");
  let chosen = [...start];

  const groups = dimensions.map(({ label, options }, index) =>
    radioGroup({
      prefix: "ct",
      row: "ct-opts",
      legend: [label],
      options,
      pick(value) {
        chosen[index] = value;
        paint();
        shared.save();
      },
    }),
  );
  const head = element("p", { className: "ct-head" });
  const body = element("ul", { className: "ct-body" });
  const note = noteLine();
  const root = element(
    "div",
    { className: dimensions.length > 4 ? "rsn-w ct ct-many" : "rsn-w ct" },
    ...groups.map((group) => group.box),
    note,
    element("div", { className: "ct-out", aria: { role: "status" } }, head, body),
  );

  function paint() {
    const outcome = outcomes[chosen.join("|")];
    head.textContent = outcome ? outcome.title : model.get("missing");
    head.dataset.tone = outcome?.tone ?? "none";
    body.replaceChildren(
      ...(outcome?.lines ?? []).map(([name, text, href]) =>
        element(
          "li",
          {},
          element("b", { textContent: `${name} ` }),
          href ? element("a", { href, textContent: text }) : text,
        ),
      ),
    );
    groups.forEach(({ inputs }, index) => {
      for (const input of inputs) {
        const there = chosen.map((value, other) => (other === index ? input.value : value));
        input.checked = chosen[index] === input.value;
        input.parentElement.classList.toggle("ct-void", !(there.join("|") in outcomes));
      }
    });
  }

  const shared = connect(model, {
    root,
    note,
    value: () => [...chosen],
    text: () => chosen.join("."),
    open(text, key) {
      const parts = text.split(".");
      const known = dimensions.every(({ options }, index) => options.some(([value]) => value === parts[index]));
      const good = known && parts.length === dimensions.length;
      chosen = good ? parts : [...start];
      paint();
      shared.save(false);
      if (good) return "";
      const wanted = dimensions.map(({ label }) => label.toLowerCase()).join(".");
      return rejected(key, text, `names no row here; this is the default. It takes ${wanted}.`);
    },
    outside(values) {
      chosen = [...values];
      paint();
    },
  });
  paint();
  return shared.start(el);
}
export default { render };
