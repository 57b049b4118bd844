/**
 * The entries of a page walk as switches. AND and OR over the levels happen here; what the result allows is data that
 * Python has computed.
 */
import { button, connect, element, noteLine, rejected, rovingFocus, uniqueId } from "../../../widgets/frame.js";

/**
 * @typedef {object} Switch  a bit of each entry
 * @property {string} name
 * @property {string} title
 * @property {"and" | "or" | ""} combine  over the levels
 * @property {[clear: string, set: string] | []} words  what the combination says
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} levels  of entries, from the first
 * @property {Switch[]} switches
 * @property {{ name: string, title: string }[]} leaf  more switches of the entry that maps the page: its memory type
 * @property {[entries: number, label: string][]} sizes  of the page
 * @property {[key: string, label: string][]} controls  what the CPU heeds
 * @property {Record<string, number[][]>} outcomes  control -> combination -> a code for each access, -1: allowed
 * @property {Record<number, string>} codes  in words
 * @property {[when: string, names: string[]][]} types  memory types by slot
 * @property {string[]} accesses
 * @property {string} value  the entries in hex with dots between them, and the control if not the first
 */

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const levels = model.get("levels");
  const switches = model.get("switches");
  const leaf = model.get("leaf");
  const sizes = model.get("sizes");
  const controls = model.get("controls");
  const accesses = model.get("accesses");
  const start = model.get("value");
  const keys = controls.map(([key]) => key);
  const ownBits = (1 << switches.length) - 1;
  const allBits = (1 << (switches.length + leaf.length)) - 1;
  /** @type {number[]} */
  let entries = [];
  let control = keys[0];
  /** @type {HTMLButtonElement[][]}  a row for each entry */
  let rows = [];

  const text = () => {
    const words = entries.map((entry) => entry.toString(16));
    return [...words, ...(control === keys[0] ? [] : [control])].join(".");
  };
  /** @param {string} said */
  function take(said) {
    const parts = said.split(".");
    const key = keys.includes(parts.at(-1)) ? parts.pop() : keys[0];
    const found = parts.map((part) => (/^[0-9a-f]{1,2}$/i.test(part) ? Number.parseInt(part, 16) : -1));
    const fits = found.every((entry, at) => entry >= 0 && entry <= (at === found.length - 1 ? allBits : ownBits));
    if (!fits || !sizes.some(([count]) => count === found.length)) return false;
    entries = found;
    control = key;
    return true;
  }

  /** @param {string} name @param {[string | number, string][]} options @param {() => void} onchange */
  function menu(name, options, onchange) {
    const id = uniqueId();
    const select = element(
      "select",
      { id, onchange },
      ...options.map(([value, textContent]) => element("option", { value, textContent })),
    );
    const label = element("label", { htmlFor: id, textContent: name });
    return { select, box: element("div", { className: "pw-field" }, label, select) };
  }
  const sizeMenu = menu("Page", sizes, () => {
    const count = Number(sizeMenu.select.value);
    const last = entries.at(-1);
    const above = entries.slice(0, -1).map((entry) => entry & ownBits);
    while (above.length < count - 1) above.push(last & ownBits);
    entries = [...above.slice(0, count - 1), last];
    changed();
  });
  const controlMenu = menu("CPU", controls, () => {
    control = controlMenu.select.value;
    changed();
  });
  const grid = element("div", {
    className: "pw-grid",
    aria: { role: "group", label: "entries of the walk, arrow keys move" },
  });
  const rights = element("ul", { className: "pw-list" });
  const head = element("p", { className: "pw-head" });
  const body = element("tbody");
  const note = noteLine();
  const heads = accesses.map((textContent) => element("th", { scope: "col", textContent }));
  const root = element(
    "div",
    { className: "rsn-w pw" },
    element("div", { className: "pw-bar" }, sizeMenu.box, controlMenu.box),
    grid,
    note,
    element("div", { className: "pw-out", aria: { role: "status" } }, head, rights),
    element(
      "div",
      { className: "scroll", tabIndex: 0, aria: { role: "region", label: "what each access gives" } },
      element(
        "table",
        {},
        element("caption", { textContent: "What each access gives" }),
        element("thead", {}, element("tr", {}, element("td"), ...heads)),
        body,
      ),
    ),
  );

  /**
   * The place of a button among all: row and column wrap around.
   * @param {number} row
   * @param {number} column
   */
  function placeOf(row, column) {
    const wanted = (row + rows.length) % rows.length;
    const length = rows[wanted].length;
    const before = rows.slice(0, wanted).reduce((sum, { length: count }) => sum + count, 0);
    return before + Math.min((column + length) % length, length - 1);
  }
  const focus = rovingFocus(grid, (at) => {
    let row = 0;
    let column = at;
    while (column >= rows[row].length) column -= rows[row++].length;
    return {
      ArrowLeft: placeOf(row, column - 1),
      ArrowRight: placeOf(row, column + 1),
      ArrowUp: placeOf(row - 1, Math.min(column, switches.length - 1)),
      ArrowDown: placeOf(row + 1, column),
      Home: placeOf(row, 0),
      End: placeOf(row, rows[row].length - 1),
    };
  });
  /** The entry that maps the page is the last one; its extra switches choose the memory type. */
  function build() {
    const kept = Math.max(
      0,
      rows.findIndex((row) => row.some((one) => one.tabIndex === 0)),
    );
    rows = entries.map((_, row) => {
      const own = row === entries.length - 1 ? [...switches, ...leaf] : switches;
      return own.map(({ name, title }, bit) =>
        button(
          name,
          () => {
            focus.moveTo(placeOf(row, bit));
            entries[row] ^= 1 << bit;
            changed();
          },
          {
            className: bit >= switches.length ? "pw-bit pw-type" : "pw-bit",
            title,
            aria: { label: `${levels[row]} ${name}` },
          },
        ),
      );
    });
    const lines = rows.map((buttons, row) =>
      element(
        "div",
        { className: "pw-row" },
        element("span", { className: "pw-level", textContent: levels[row] }),
        element("span", { className: "pw-bits" }, ...buttons),
      ),
    );
    grid.replaceChildren(...lines);
    focus.setItems(rows.flat(), placeOf(Math.min(kept, rows.length - 1), 0));
  }

  /** All levels together: the combined bits, and a line for each switch that says something. */
  function combine() {
    let combined = 0;
    /** @type {HTMLElement[]} */
    const lines = [];
    switches.forEach(({ name, combine: how, words }, bit) => {
      /** @param {number} wanted */
      const levelsWith = (wanted) =>
        levels.filter((_, at) => at < entries.length && ((entries[at] >> bit) & 1) === wanted);
      const [set, clear] = [levelsWith(1), levelsWith(0)];
      const isSet = how === "and" ? !clear.length : set.length > 0;
      combined |= Number(isSet) << bit;
      if (!words.length) return;
      let why = "";
      if (how === "and" && !isSet) why = `: clear in ${clear.join(", ")}`;
      if (how === "or" && isSet) why = `: set in ${set.join(", ")}`;
      lines.push(element("li", {}, element("b", { textContent: `${name} ` }), words[Number(isSet)] + why));
    });
    return { combined, lines };
  }
  /** @param {number} code */
  function outcomeCell(code) {
    if (code < 0) return element("td", { data: { tone: "good" } }, "allowed");
    const words = element("small", { textContent: model.get("codes")[code] || "no bit set" });
    return element("td", { data: { tone: "bad" } }, `#PF 0x${code.toString(16)}`, words);
  }
  function paint() {
    if (rows.length !== entries.length) build();
    sizeMenu.select.value = String(entries.length);
    controlMenu.select.value = control;
    // the first switch says whether the walk goes on
    const stop = entries.findIndex((entry) => !(entry & 1));
    const { combined, lines } = combine();
    if (stop >= 0) {
      head.textContent = `The walk ends at the ${levels[stop]}: it is not present. No right is looked at.`;
      rights.replaceChildren();
    } else {
      const slot = entries.at(-1) >> switches.length;
      const types = model.get("types").map(([when, names]) => `${names[slot]} (${when})`);
      const type = element("li", {}, element("b", { textContent: `Memory type ${slot} ` }), types.join("; "));
      head.textContent = "The page is present. Together, the entries say:";
      rights.replaceChildren(...lines, type);
    }
    rows.forEach((row, at) => {
      row.forEach((one, bit) => {
        one.setAttribute("aria-pressed", String(!!((entries[at] >> bit) & 1)));
        one.classList.toggle("pw-unread", stop >= 0 && at > stop);
      });
    });
    const codes = model.get("outcomes")[control][combined];
    const told = ["kernel", "user"].map((who, at) => {
      const cells = accesses.map((_, access) => outcomeCell(codes[at * accesses.length + access]));
      return element("tr", {}, element("th", { scope: "row", textContent: who }), ...cells);
    });
    body.replaceChildren(...told);
  }
  function changed(toLink = true) {
    paint();
    shared.save(toLink);
  }

  const shared = connect(model, {
    root,
    note,
    value: text,
    open(said, key) {
      const good = take(said);
      if (!good) take(start);
      changed(false);
      const why = `is not a walk; this is the default. It takes two to four entries in hex, such as ${start}.`;
      return good ? "" : rejected(key, said, why);
    },
    outside(said) {
      if (take(said)) paint();
    },
  });
  take(start);
  paint();
  return shared.start(el);
}
export default { render };
