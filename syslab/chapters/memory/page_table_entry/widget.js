/** A page walk: an address falls through the tables into a page, step by step, and the bits of the entries are switches. */
import {
  button,
  connect,
  element,
  markInvalid,
  noteLine,
  onArrows,
  rejected,
  textField,
  uniqueId,
} from "../../../widgets/frame.js";
import { readWord } from "../../../widgets/layouts.js";
import { entrySwitches } from "./entry_switches.js";
import { walkOf } from "./walk.js";
import { walkPicture } from "./walk_picture.js";

/** @type {import("../../../widgets/layouts.js").Readable} */
const ADDRESS = { name: "address", width: 64, readers: [], accepts: "hex (0x7fff00000000), decimal" };

/** @param {import("../../../widgets/frame.js").Place<import("./walk.js").Traits>} place */
function render({ model, el }) {
  const levels = model.get("levels");
  const tables = model.get("tables");
  const lows = model.get("lows");
  const sizes = model.get("sizes");
  const accesses = model.get("accesses");
  const start = model.get("value");
  const walk = walkOf(model);

  /** @param {string} name @param {HTMLElement} control */
  function field(name, control) {
    control.id = uniqueId();
    const label = element("label", { htmlFor: control.id, textContent: name });
    return element("div", { className: "pw-field" }, label, control);
  }
  /** @param {[string | number, string][]} options @param {(value: string) => void} pick */
  function menu(options, pick) {
    const list = options.map(([value, textContent]) => element("option", { value, textContent }));
    const select = element("select", {}, ...list);
    select.onchange = () => {
      pick(select.value);
      run();
    };
    return select;
  }
  const addressField = textField({ onchange: () => read(addressField.value) });
  const accessMenu = menu(
    accesses.map((name) => [name, name]),
    (value) => {
      walk.access = value;
    },
  );
  const sizeMenu = menu(sizes, (value) => walk.resize(Number(value)));
  const controlMenu = menu(model.get("controls"), (value) => {
    walk.control = value;
  });
  /** @param {string} typed */
  function read(typed) {
    const found = readWord(ADDRESS, typed);
    markInvalid(addressField, found.error);
    if (found.error) {
      note.textContent = `This is not an address: ${found.error}.`;
      return;
    }
    walk.address = found.value;
    run();
  }

  const back = button("Back", () => go(walk.now() - 1), { className: "pw-go" });
  const next = button("Next", () => go(walk.now() === walk.end() ? 0 : walk.now() + 1), { className: "pw-go pw-next" });
  const stops = element("div", { className: "pw-stops" });
  const steps = element(
    "div",
    { className: "pw-steps", aria: { role: "group", label: "steps of the walk, arrow keys move" } },
    back,
    next,
    stops,
  );
  onArrows(
    steps,
    () => ({ ArrowRight: walk.now() + 1, ArrowLeft: walk.now() - 1, Home: 0, End: walk.end() }),
    (to) => {
      const inStops = stops.contains(document.activeElement);
      go(to);
      if (inStops) /** @type {HTMLElement} */ (stops.children[walk.now()]).focus();
    },
  );
  const canvas = element("div", { className: "pw-canvas" });
  const said = element("p", { className: "pw-said", aria: { role: "status" } });
  const switches = entrySwitches(levels, model.get("switches"), model.get("leaf"), (row, bit) => {
    walk.entries[row] ^= 1 << bit;
    run();
  });
  const rights = element("ul", { className: "pw-list" });
  const body = element("tbody");
  const note = noteLine();
  const kinds = accesses.slice(0, 3).map((name) => name.split(" ")[1]);
  const heads = kinds.map((textContent) => element("th", { scope: "col", textContent }));
  const table = element(
    "table",
    {},
    element("caption", { textContent: "What each access gives" }),
    element("thead", {}, element("tr", {}, element("td"), ...heads)),
    body,
  );
  const root = element(
    "div",
    { className: "rsn-w pw" },
    element(
      "div",
      { className: "pw-bar" },
      field("Address", addressField),
      field("Access", accessMenu),
      field("Page", sizeMenu),
      field("CPU", controlMenu),
    ),
    note,
    steps,
    canvas,
    said,
    switches.grid,
    element(
      "div",
      { className: "pw-both" },
      element("div", {}, element("p", { className: "pw-over", textContent: "Together, the entries say" }), rights),
      element(
        "div",
        { className: "scroll", tabIndex: 0, aria: { role: "region", label: "what each access gives" } },
        table,
      ),
    ),
  );

  /** @type {(walked: import("./walk_picture.js").Walked) => void} */
  let mark;
  let drawn = "";
  /** Draws the tables anew where the address or the page's size is another one. */
  function draw() {
    const count = walk.entries.length;
    const wanted = `${walk.address} ${count}`;
    if (drawn === wanted) return;
    drawn = wanted;
    const low = lows[count - 1];
    const byte = walk.bits(0, low);
    const [page] = sizes.find(([entries]) => entries === count)[1].split(",");
    const stages = walk.entries.map((_, k) => {
      const value = walk.bits(lows[k], 9);
      return { name: tables[k], entry: `${levels[k]} ${value}`, bits: 9, low: lows[k], value };
    });
    stages.push({ name: page, entry: `byte 0x${byte.toString(16)}`, bits: low, low: 0, value: byte });
    const above = walk.above();
    const picture = walkPicture(stages, walk.isCanonical() ? `all ${above & 1n}` : `0x${above.toString(16)}`);
    canvas.replaceChildren(...picture.drawings);
    mark = picture.show;
    const names = ["CR3", ...tables.slice(0, count), "page"];
    stops.replaceChildren(...names.map((name, at) => button(name, () => go(at))));
  }
  /** @param {[refused: string, words: string]} answer @param {boolean} isChosen */
  function outcomeCell([refused, words], isChosen) {
    const className = isChosen ? "pw-chosen" : "";
    if (!refused) return element("td", { className, data: { tone: "good" } }, words);
    return element("td", { className, data: { tone: "bad" } }, refused, element("small", { textContent: words }));
  }
  function paint() {
    draw();
    const [now, end] = [walk.now(), walk.end()];
    sizeMenu.value = String(walk.entries.length);
    controlMenu.value = walk.control;
    accessMenu.value = walk.access;
    addressField.value = `0x${walk.address.toString(16)}`;
    markInvalid(addressField, false);
    mark({ step: now, end, refused: walk.refused(), guilty: [...walk.guilty(), false] });
    [...stops.children].forEach((one, at) => {
      const stop = /** @type {HTMLButtonElement} */ (one);
      stop.tabIndex = at === now ? 0 : -1;
      stop.disabled = at > end;
      if (at === now) stop.setAttribute("aria-current", "step");
      else stop.removeAttribute("aria-current");
    });
    back.setAttribute("aria-disabled", String(!now));
    next.textContent = now === end ? "From CR3" : "Next";
    const sentence = walk.sentence();
    if (said.textContent !== sentence) said.textContent = sentence;
    switches.paint(walk.entries, end <= walk.entries.length ? end : Infinity, now - 1);
    const lines = walk.together().map(([name, words]) => {
      return element("li", {}, name && element("b", { textContent: `${name} ` }), words);
    });
    rights.replaceChildren(...lines);
    const answers = walk.answers();
    const rows = ["kernel", "user"].map((who, row) => {
      const cells = kinds.map((kind, column) =>
        outcomeCell(answers[row * 3 + column], `${who} ${kind}` === walk.access),
      );
      return element("tr", {}, element("th", { scope: "row", textContent: who }), ...cells);
    });
    body.replaceChildren(...rows);
  }
  /** Whatever was changed, the walk then runs to its end. */
  function run() {
    walk.step = null;
    changed();
  }
  /** @param {number} step */
  function go(step) {
    if (step < 0 || step > walk.end()) return;
    walk.step = step;
    changed();
  }
  function changed(toLink = true) {
    paint();
    shared.save(toLink);
  }

  const shared = connect(model, {
    root,
    note,
    value: () => walk.text(),
    open(said, key) {
      const good = walk.take(said);
      if (!good) walk.take(start);
      changed(false);
      const why = `is not a walk; this is the default. It takes two to four entries in hex, such as ${start}.`;
      return good ? "" : rejected(key, said, why);
    },
    outside(said) {
      if (walk.take(said)) paint();
    },
  });
  walk.take(start);
  paint();
  return shared.start(el);
}
export default { render };
