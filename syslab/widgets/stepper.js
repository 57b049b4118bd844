/**
 * A flow step by step, in lanes. All steps lie in one grid cell, so nothing below moves; print shows them all.
 * Arrow keys anywhere in it go to the next and the previous step.
 */
import { button, connect, element, noteLine, onArrows, rejected, withCode, withoutCode } from "./frame.js";

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} lanes
 * @property {{ title: string, note: string, lanes: string[] }[]} steps  a text for each lane, "" where it is idle
 * @property {number} value  the step, from 1
 */

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const lanes = model.get("lanes");
  const steps = model.get("steps");
  const last = steps.length;
  let now = model.get("value");

  const said = element("p", { className: "st-said", aria: { role: "status" } });
  const note = noteLine();
  const dots = steps.map(({ title }, index) =>
    button(String(index + 1), () => go(index + 1), {
      title: withoutCode(title),
      aria: { label: `Step ${index + 1}: ${withoutCode(title)}` },
    }),
  );
  const back = button("Back", () => go(now - 1), { className: "st-go" });
  const next = button("Next", () => go(now + 1), { className: "st-go st-next" });

  /** @param {number} at @param {number} lane */
  function laneBox(at, lane) {
    const text = steps[at].lanes[lane];
    const isNew = text && text !== (at ? steps[at - 1].lanes[lane] : "");
    const content = text ? withCode(text) : [element("span", { className: "st-none", textContent: "nothing" })];
    return element(
      "div",
      { className: `st-lane${isNew ? " st-new" : ""}${text ? "" : " st-idle"}` },
      element("dt", { textContent: lanes[lane] }),
      element("dd", {}, ...content),
    );
  }
  const pages = steps.map((step, at) =>
    element(
      "section",
      { className: "st-step" },
      element(
        "p",
        { className: "st-title" },
        element("span", { className: "st-count", textContent: `Step ${at + 1} of ${last}` }),
        ...withCode(step.title),
      ),
      element("dl", { className: "st-lanes" }, ...lanes.map((_, lane) => laneBox(at, lane))),
      step.note ? element("p", { className: "st-note" }, ...withCode(step.note)) : null,
    ),
  );
  const root = element(
    "div",
    { className: "rsn-w st", aria: { role: "group", label: `${last} steps, arrow keys move` } },
    element("div", { className: "st-bar" }, back, next, element("div", { className: "st-dots" }, ...dots)),
    note,
    element("div", { className: "st-steps" }, ...pages),
    said,
  );

  function paint() {
    for (const [index, page] of pages.entries()) page.classList.toggle("st-now", index + 1 === now);
    dots.forEach((dot, index) => {
      const here = index + 1 === now;
      if (here) dot.setAttribute("aria-current", "step");
      else dot.removeAttribute("aria-current");
      dot.tabIndex = here ? 0 : -1;
    });
    back.setAttribute("aria-disabled", String(now === 1));
    next.setAttribute("aria-disabled", String(now === last));
  }
  function tell() {
    const step = steps[now - 1];
    const texts = lanes.map((name, lane) => step.lanes[lane] && `${name}: ${step.lanes[lane]}`);
    const parts = [`Step ${now} of ${last}: ${step.title}.`, ...texts, step.note].filter(Boolean);
    said.textContent = withoutCode(parts.join(" "));
  }
  /** @param {number} step @param {boolean} [toLink] */
  function go(step, toLink = true) {
    if (step < 1 || step > last) return;
    const moved = step !== now;
    now = step;
    paint();
    if (moved) tell();
    shared.save(toLink);
  }
  onArrows(
    root,
    () => ({ ArrowRight: now + 1, ArrowLeft: now - 1, Home: 1, End: last }),
    (to) => {
      const inDots = dots.includes(/** @type {HTMLButtonElement} */ (document.activeElement));
      go(to);
      if (inDots) dots[now - 1].focus();
    },
  );

  const shared = connect(model, {
    root,
    note,
    value: () => now,
    open(text, key) {
      const good = /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= last;
      go(good ? Number(text) : 1, false);
      return good ? "" : rejected(key, text, `names no step here; this is the first. It takes 1 to ${last}.`);
    },
    outside: (step) => go(step, false),
  });
  paint();
  return shared.start(el);
}
export default { render };
