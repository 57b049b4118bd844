/** A table that a search field narrows down: by number, by words, or by what a pasted line says. */
import { connect, element, noteLine, rejected, uniqueId } from "./frame.js";
import { plainText } from "./layouts.js";

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} columns
 * @property {string[][]} rows
 * @property {string[]} words  more words a row, found but not shown; a comma is between two
 * @property {string[]} readers  patterns of lines whose group 1 is the query
 * @property {[pattern: string, message: string][]} refusals  lines about something else, and what they are
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

/**
 * What finds rows: for a text whether each row is one, what was looked for, and why nothing was if the line is about something else.
 * What a line says is a row's own word, to the letter: "msr" is one exit, and MSR_LOAD_FAIL another.
 * @param {string[][]} rows
 * @param {string[]} words
 * @param {string[]} patterns
 * @param {[string, string][]} refusals
 */
export function finder(rows, words, patterns, refusals) {
  const [readers, others] = [patterns, refusals.map(([pattern]) => pattern)].map((all) =>
    all.map((pattern) => new RegExp(pattern, "i")),
  );
  const index = rows.map((row, at) => {
    const own = [...row, ...(words[at] ?? "").split(", ")];
    return { own, numbers: own.map(numberOf), text: own.join(" ").toLowerCase() };
  });

  /** @param {string} given */
  return (given) => {
    const line = plainText(given.slice(0, 2000));
    const other = others.findIndex((pattern) => pattern.test(line));
    if (other >= 0) return { hits: rows.map(() => false), query: line, refused: refusals[other][1] };
    const found = readers.map((reader) => reader.exec(line)).find(Boolean)?.[1];
    const query = found ?? line;
    const number = numberOf(query);
    if (number !== null) return { hits: index.map((row) => row.numbers.includes(number)), query };
    if (found) {
      const [names, lower] = [query.split(" or "), query.toLowerCase().split(" or ")];
      const asWritten = index.map((row) => row.own.some((word) => names.includes(word)));
      if (asWritten.some(Boolean)) return { hits: asWritten, query };
      const hits = index.map((row) => row.own.some((word) => lower.includes(word.toLowerCase())));
      if (hits.some(Boolean)) return { hits, query };
    }
    const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
    const whole = parts.map(wholeWord);
    const exact = index.map((row) => whole.every((pattern) => pattern.test(row.text)));
    const hits = exact.some(Boolean) ? exact : index.map((row) => parts.every((part) => row.text.includes(part)));
    return { hits, query };
  };
}

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const rows = model.get("rows");
  const find = finder(rows, model.get("words"), model.get("readers"), model.get("refusals"));
  const start = model.get("value");

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
   * How many rows are left.
   * @param {string} text
   */
  function show(text) {
    const { hits, query, refused } = find(text);
    const found = hits.filter(Boolean).length;
    [...body.children].forEach((row, at) => {
      /** @type {HTMLElement} */ (row).hidden = !hits[at];
    });
    if (!text.trim()) count.textContent = `${rows.length} rows.`;
    else if (found) count.textContent = `${found} of ${rows.length} rows.`;
    else count.textContent = refused ? `${refused}.` : `No row has “${query.trim().slice(0, 40)}”.`;
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
