/** A table that a search field narrows down: by number, by words, or by what a pasted line says. */
import { connect, element, noteLine, rejected, uniqueId } from "./frame.js";
import { plainText } from "./layouts.js";

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} columns
 * @property {string[][]} rows
 * @property {string[]} words  more words a row, found but not shown
 * @property {string[]} readers  patterns of lines whose group 1 is the query
 * @property {string} prompt  the field's label
 * @property {string} value  the query
 */

/** @param {string} text @returns {bigint | null} */
function numberOf(text) {
  const digits = text.trim().replaceAll("_", "");
  return /^(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(digits) ? BigInt(digits) : null;
}

/**
 * Matches a whole word: "io" is an exit of its own, and part of many names.
 * @param {string} word
 */
const wholeWord = (word) => new RegExp(`(^|[^a-z0-9_])${word.replace(/[^a-z0-9_]/g, "\\$&")}($|[^a-z0-9_])`);

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const rows = model.get("rows");
  const words = model.get("words");
  const start = model.get("value");
  const readers = model.get("readers").map((pattern) => new RegExp(pattern, "i"));
  const index = rows.map((row, at) => ({
    numbers: row.map(numberOf),
    text: [...row, words[at] ?? ""].join(" ").toLowerCase(),
  }));

  const id = uniqueId();
  const field = element("input", {
    id,
    type: "search",
    className: "bf-in",
    spellcheck: false,
    autocomplete: "off",
    oninput() {
      const found = show(field.value);
      shared.save(found > 0);
      note.textContent = "";
    },
  });
  const count = element("p", { className: "lu-count", aria: { role: "status" } });
  const note = noteLine();
  /** @param {string} textContent @param {number} column */
  const cell = (textContent, column) => {
    const className = numberOf(textContent) === null ? "" : "num";
    return column ? element("td", { textContent, className }) : element("th", { textContent, className, scope: "row" });
  };
  const body = element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell))));
  const heads = model.get("columns").map((textContent) => element("th", { scope: "col", textContent }));
  const root = element(
    "div",
    { className: "rsn-w lu" },
    element(
      "div",
      { className: "lu-field" },
      element("label", { htmlFor: id, textContent: model.get("prompt") }),
      field,
    ),
    count,
    note,
    element(
      "div",
      { className: "scroll lu-scroll", tabIndex: 0, aria: { role: "region", label: model.get("prompt") } },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body),
    ),
  );

  /**
   * What a line asks for, if a reader knows it.
   * @param {string} text
   */
  const queryOf = (text) => {
    const line = plainText(text.slice(0, 2000));
    for (const reader of readers) {
      const match = reader.exec(line);
      if (match) return match[1];
    }
    return line;
  };
  /**
   * For each row whether it is found.
   * @param {string} text
   */
  function matches(text) {
    const query = queryOf(text).trim().toLowerCase();
    const number = numberOf(query);
    if (number !== null) return index.map((row) => row.numbers.includes(number));
    const parts = query.split(/\s+/).filter(Boolean);
    const patterns = parts.map(wholeWord);
    const exact = index.map((row) => patterns.every((pattern) => pattern.test(row.text)));
    return exact.some(Boolean) ? exact : index.map((row) => parts.every((part) => row.text.includes(part)));
  }
  /**
   * How many rows are left.
   * @param {string} text
   */
  function show(text) {
    const hits = matches(text);
    const found = hits.filter(Boolean).length;
    [...body.children].forEach((row, at) => {
      /** @type {HTMLElement} */ (row).hidden = !hits[at];
    });
    if (!text.trim()) count.textContent = `${rows.length} rows.`;
    else if (found) count.textContent = `${found} of ${rows.length} rows.`;
    else count.textContent = `No row has “${queryOf(text).slice(0, 40)}”.`;
    return found;
  }

  const shared = connect(model, {
    root,
    note,
    value: () => field.value,
    open(text, key) {
      field.value = text;
      const found = show(text);
      if (!found) {
        field.value = start;
        show(start);
      }
      shared.save(false);
      return found ? "" : rejected(key, text, "names no row here; this is the default. It takes a number or words.");
    },
    outside(text) {
      field.value = text;
      show(text);
    },
  });
  field.value = start;
  show(start);
  return shared.start(el);
}
export default { render };
