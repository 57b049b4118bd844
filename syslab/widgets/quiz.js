/** One question, one answer: a field to type in or a list to choose from, and a reply that says why. */
import { address, element, memory, rejected, textField, uniqueId } from "./frame.js";

/**
 * @typedef {object} Traits
 * @property {string} anchor  its name in the browser's memory of what was solved
 * @property {string} question
 * @property {string[]} choices  none: a field to type in
 * @property {string[]} accepts  right answers; numbers compare by value
 * @property {Record<string, string>} near  what is said to an answer: wrong ones, and right ones with a reason of their own
 * @property {string} why  said with a right answer
 * @property {string} hint  said with a wrong answer that `near` does not know
 * @property {string} answer  the reader's
 */

/**
 * Two answers are the same if this is.
 * @param {string} answer
 */
function normal(answer) {
  const text = answer.trim().toLowerCase().replaceAll("_", "");
  try {
    return BigInt(text).toString();
  } catch {
    return text.replace(/\s+/g, " ");
  }
}

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const choices = model.get("choices");
  const key = `quiz:${model.get("anchor")}`;
  const reply = element("p", { className: "qz-reply", aria: { role: "status" } });
  const root = element("form", { className: "rsn-w qz" });

  /** @param {string} kind @param {string} text */
  function say(kind, text) {
    reply.dataset.kind = kind;
    reply.textContent = text;
  }
  /** @param {string} answer */
  function check(answer) {
    model.set("answer", answer);
    model.save_changes();
    if (!answer.trim()) return say("none", "Type an answer first.");
    /** @param {string} other */
    const same = (other) => normal(other) === normal(answer);
    const told = Object.entries(model.get("near")).find(([other]) => same(other))?.[1];
    if (model.get("accepts").some(same)) {
      memory.set(key, answer);
      return say("yes", `Yes. ${told ?? model.get("why")}`);
    }
    say("no", `Not quite. ${told ?? model.get("hint")}`);
  }

  if (choices.length) {
    const name = uniqueId();
    const labels = choices.map((value) =>
      element(
        "label",
        { className: "qz-choice" },
        element("input", { type: "radio", name, value, onchange: () => check(value) }),
        element("span", { textContent: value }),
      ),
    );
    root.append(element("fieldset", {}, element("legend", { textContent: model.get("question") }), ...labels));
    root.onsubmit = (event) => event.preventDefault();
  } else {
    const id = uniqueId();
    const input = textField({ id });
    root.append(
      element("label", { htmlFor: id, className: "qz-q", textContent: model.get("question") }),
      element(
        "div",
        { className: "qz-row" },
        input,
        element("button", { type: "submit", className: "qz-go", textContent: "Check" }),
      ),
    );
    root.onsubmit = (event) => {
      event.preventDefault();
      check(input.value);
    };
  }
  root.append(reply);
  el.append(root);
  const before = memory.get(key);
  if (before !== null) say("done", `You solved this one before, with “${before}”. ${model.get("why")}`);
  const scroll = () => root.scrollIntoView({ block: "center" });
  return address.watch(root, [model.get("anchor")], scroll, (name, link) => {
    say("none", rejected(name, link[name], `answers nothing. ${choices.length ? "Choose" : "Type"} an answer here.`));
  });
}
export default { render };
