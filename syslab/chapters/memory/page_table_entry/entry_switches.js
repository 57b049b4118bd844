/**
 * The bits of the entries of a walk as switches, a row for each entry. One tab stop for all; arrow keys move.
 */
import { button, element, rovingFocus } from "../../../widgets/frame.js";

/**
 * @param {string[]} levels  of entries, from the first
 * @param {{ name: string, title: string }[]} switches  a bit of each entry
 * @param {{ name: string, title: string }[]} leaf  more bits of the entry that maps the page: its memory type
 * @param {(row: number, bit: number) => void} flip
 */
export function entrySwitches(levels, switches, leaf, flip) {
  /** @type {HTMLButtonElement[][]}  a row for each entry */
  let rows = [];
  const grid = element("div", {
    className: "pw-grid",
    aria: { role: "group", label: "entries of the walk, arrow keys move" },
  });

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

  /** @param {number} count  of entries; the last one maps the page */
  function build(count) {
    const kept = Math.max(
      0,
      rows.findIndex((row) => row.some((one) => one.tabIndex === 0)),
    );
    rows = levels.slice(0, count).map((level, row) => {
      const own = row === count - 1 ? [...switches, ...leaf] : switches;
      return own.map(({ name, title }, bit) => {
        const act = () => {
          focus.moveTo(placeOf(row, bit));
          flip(row, bit);
        };
        const className = bit >= switches.length ? "pw-bit pw-type" : "pw-bit";
        return button(name, act, { className, title, aria: { label: `${level} ${name}` } });
      });
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
    focus.setItems(rows.flat(), placeOf(Math.min(kept, count - 1), 0));
  }

  return {
    grid,
    /**
     * @param {number[]} entries
     * @param {number} read  how many entries the walk reads
     * @param {number} now  the row that is read at this step
     */
    paint(entries, read, now) {
      if (rows.length !== entries.length) build(entries.length);
      rows.forEach((row, at) => {
        grid.children[at].classList.toggle("pw-now", at === now);
        row.forEach((one, bit) => {
          one.setAttribute("aria-pressed", String(!!((entries[at] >> bit) & 1)));
          one.classList.toggle("pw-unread", at >= read);
        });
      });
    },
  };
}
