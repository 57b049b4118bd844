/**
 * A program as a listing, and in a column for each lane the boundaries where that lane stops, numbered in order.
 * Arrow keys go from stop to stop.
 */
import { button, connect, element, noteLine, onArrows, rejected, uniqueId } from "../../../widgets/frame.js";

/**
 * @typedef {object} Tape
 * @property {string} key
 * @property {string} label
 * @property {string} note
 * @property {[group: string, text: string][]} cells  the instructions
 * @property {{ at: number, text: string, other: boolean }[][]} lanes  for each lane its stops; at: the cell that comes next
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string} prompt
 * @property {string[]} lanes
 * @property {Tape[]} tapes
 * @property {string} value  a tape's key, a dot, a stop from 1
 */

/** @param {Tape} tape */
const stops = (tape) => Math.max(...tape.lanes.map((lane) => lane.length));

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const lanes = model.get("lanes");
  const tapes = model.get("tapes");
  const id = uniqueId();
  let tape = tapes[0];
  let now = 1;
  /** @type {{ stop: number, chip: HTMLElement }[]} */
  let chips = [];

  const menu = element(
    "select",
    { id, onchange: () => go(menu.value, 1) },
    ...tapes.map(({ key, label }) => element("option", { value: key, textContent: label })),
  );
  const back = button("Back", () => go(tape.key, now - 1), { className: "it-go" });
  const next = button("Next", () => go(tape.key, now + 1), { className: "it-go" });
  const count = element("span", { className: "it-count" });
  const note = noteLine();
  const said = element("dl", { className: "it-said" });
  const heard = element("p", { className: "it-heard", aria: { role: "status" } });
  const listing = element("div", {
    className: "it-wrap",
    tabIndex: 0,
    aria: { role: "region", label: "Listing with the stops" },
  });
  const about = element("p", { className: "it-about" });
  const root = element(
    "div",
    { className: "rsn-w it", aria: { role: "group", label: model.get("prompt") } },
    element(
      "div",
      { className: "it-bar" },
      element("label", { htmlFor: id, textContent: model.get("prompt") }),
      menu,
      back,
      next,
      count,
    ),
    note,
    said,
    listing,
    about,
    heard,
  );

  /** @param {number} at @param {Tape["lanes"][number]} marks */
  function chipsAt(at, marks) {
    const cell = element("td");
    marks.forEach((mark, index) => {
      if (mark.at !== at) return;
      const chip = element("span", {
        className: mark.other ? "it-chip it-other" : "it-chip",
        textContent: index + 1,
        title: mark.text,
      });
      chips.push({ stop: index + 1, chip });
      cell.append(chip);
    });
    return cell;
  }
  function draw() {
    chips = [];
    /** @type {HTMLElement[]} */
    const rows = [];
    tape.cells.forEach(([group, text], at) => {
      if (group && group !== tape.cells[at - 1]?.[0]) {
        const head = element("th", { colSpan: lanes.length + 1, scope: "rowgroup", textContent: group });
        rows.push(element("tr", { className: "it-group" }, head));
      }
      const name = element("th", { scope: "row" }, element("code", { textContent: text }));
      rows.push(element("tr", {}, name, ...tape.lanes.map((marks) => chipsAt(at, marks))));
    });
    const heads = ["Instruction", ...lanes].map((textContent) => element("th", { scope: "col", textContent }));
    listing.replaceChildren(
      element(
        "table",
        {},
        element("caption", { textContent: "A number stands in front of the instruction that comes next" }),
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...rows),
      ),
    );
    about.textContent = tape.note;
  }
  /** @param {number} lane */
  const words = (lane) => tape.lanes[lane][now - 1]?.text ?? "no more stops";
  function paint() {
    for (const { stop, chip } of chips) {
      chip.classList.toggle("it-now", stop === now);
      chip.classList.toggle("it-later", stop > now);
      if (stop === now) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    }
    menu.value = tape.key;
    count.textContent = `Stop ${now} of ${stops(tape)}`;
    back.setAttribute("aria-disabled", String(now === 1));
    next.setAttribute("aria-disabled", String(now === stops(tape)));
    const lines = lanes.map((name, lane) =>
      element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: words(lane) })),
    );
    said.replaceChildren(...lines);
  }
  /** @param {string} key @param {number} stop @param {boolean} [toLink] */
  function go(key, stop, toLink = true) {
    const wanted = tapes.find((one) => one.key === key);
    if (!wanted || stop < 1 || stop > stops(wanted)) return;
    const isNew = wanted !== tape;
    tape = wanted;
    now = stop;
    if (isNew) draw();
    paint();
    if (toLink) heard.textContent = `Stop ${stop}. ${lanes.map((name, lane) => `${name}: ${words(lane)}.`).join(" ")}`;
    shared.save(toLink);
  }
  onArrows(
    root,
    (event) =>
      event.target === menu || event.target === listing
        ? null
        : { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 1, End: stops(tape) },
    (to) => go(tape.key, to),
  );

  /** @param {string} text @returns {[string, number] | null} */
  function parse(text) {
    const [, key, digits] = /^([A-Za-z0-9-]+)\.([1-9][0-9]{0,2})$/.exec(text) ?? [];
    const wanted = tapes.find((one) => one.key === key);
    return wanted && Number(digits) <= stops(wanted) ? [key, Number(digits)] : null;
  }
  const shared = connect(model, {
    root,
    note,
    value: () => `${tape.key}.${now}`,
    open(text, key) {
      const found = parse(text);
      const [wanted, stop] = found ?? [tapes[0].key, 1];
      go(wanted, stop, false);
      if (found) return "";
      const keys = tapes.map((one) => one.key).join(", ");
      const why = `names no stop here; this is the first. It takes one of ${keys}, a dot, and a number.`;
      return rejected(key, text, why);
    },
    outside(text) {
      const found = parse(text);
      if (found) go(...found, false);
    },
  });
  const [first, stop] = parse(model.get("value")) ?? [tapes[0].key, 1];
  tape = tapes.find((one) => one.key === first);
  now = stop;
  draw();
  paint();
  return shared.start(el);
}
export default { render };
