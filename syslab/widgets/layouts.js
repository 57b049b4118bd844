/** Layouts: the same arithmetic as syslab/bits/core.py, on BigInt because registers have 64 bits. */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} title
 * @property {number} bit  the lowest
 * @property {number} width
 * @property {string} show  d decimal, x hex, s characters
 * @property {Record<string, string>} values  what single values mean
 * @property {string} [since]
 */

/** @typedef {Record<string, any[]>} FieldColumns  a list for each property of fields */

/** @typedef {[mask: string, equals: string, text: string]} Case  numbers as text: they have up to 64 bits */

/**
 * @typedef {object} Readable  what `readWord` has to know
 * @property {string} name
 * @property {number} width
 * @property {[pattern: string, base: number, label: string][]} readers  base 0: what matches is refused, label says why
 * @property {string} accepts
 */

/**
 * @typedef {object} LayoutOnly
 * @property {string} anchor
 * @property {Field[]} fields
 * @property {Case[][]} clauses  the sentence: of each clause the first case that holds
 * @property {Case[]} impossible
 * @property {[string, string][]} examples  [label, value]
 * @property {string} start
 *
 * @typedef {Readable & LayoutOnly} Layout
 */

/** @param {Case} condition @param {bigint} value */
export const holds = ([mask, equals], value) => (value & BigInt(mask)) === BigInt(equals);

/**
 * The field's own value in a word.
 * @param {Pick<Field, "bit" | "width">} field
 * @param {bigint} value
 */
export const fieldValue = (field, value) => (value >> BigInt(field.bit)) & ((1n << BigInt(field.width)) - 1n);

/**
 * Fields that came as columns; `bits` says where each one is.
 * @template {Field} Given
 * @param {FieldColumns} columns
 * @returns {(Given & { bits: string })[]}
 */
export const fieldsOf = (columns) =>
  columns.name.map((_, index) => {
    const field = Object.fromEntries(Object.entries(columns).map(([property, list]) => [property, list[index]]));
    const { bit, width } = field;
    return /** @type {any} */ ({
      ...field,
      values: field.values ?? {},
      bits: width > 1 ? `${bit + width - 1}:${bit}` : `${bit}`,
    });
  });

/**
 * Hex with all of the layout's digits.
 * @param {{ width: number }} layout
 * @param {bigint} value
 */
export const fullHex = (layout, value) => `0x${value.toString(16).padStart(Math.ceil(layout.width / 4), "0")}`;

/** @param {Pick<Field, "width" | "values" | "show">} field @param {bigint} value */
export function fieldText(field, value) {
  const named = field.values[value.toString()];
  if (named !== undefined) return named;
  if (field.show === "x") return `0x${value.toString(16)}`;
  if (field.show !== "s") return value.toString();
  const codes = Array.from({ length: Math.ceil(field.width / 8) }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
  return codes.map((code) => (code >= 32 && code < 127 ? String.fromCharCode(code) : ".")).join("");
}

/** @param {{ width: number, fields: Pick<Field, "bit" | "width">[] }} layout @param {bigint} value */
export function reservedBits(layout, value) {
  const claimed = layout.fields.reduce(
    (mask, field) => mask | (((1n << BigInt(field.width)) - 1n) << BigInt(field.bit)),
    0n,
  );
  const reserved = value & ~claimed;
  return Array.from({ length: layout.width }, (_, bit) => bit).filter((bit) => (reserved >> BigInt(bit)) & 1n);
}

/** @param {string} text */
export const onlyLetters = (text) => text.toLowerCase().replace(/[^0-9a-z]/g, "");

/** @param {Pick<Layout, "fields" | "clauses" | "width">} layout @param {bigint} value */
export function sentence(layout, value) {
  const text = layout.clauses.length ? sentenceOfClauses(layout, value) : sentenceOfFields(layout, value);
  const odd = reservedBits(layout, value);
  return odd.length ? `${text} Reserved ${odd.length > 1 ? "bits" : "bit"} set: ${odd.join(", ")}.` : text;
}

/** @param {Pick<Layout, "fields" | "clauses">} layout @param {bigint} value */
const sentenceOfClauses = (layout, value) =>
  filled(layout, value, layout.clauses.map((cases) => cases.find((one) => holds(one, value))?.[2] ?? "").join(""));

/** @param {Pick<Layout, "fields">} layout @param {bigint} value */
function sentenceOfFields(layout, value) {
  const flags = layout.fields.filter((field) => field.width === 1 && fieldValue(field, value)).map((f) => f.name);
  const wide = layout.fields.filter((field) => field.width > 1);
  const parts = wide.map((field) => `${field.name} = ${fieldText(field, fieldValue(field, value))}`);
  if (flags.length) parts.unshift(`Set: ${flags.join(", ")}`);
  return filled(layout, value, `${parts.join("; ") || "Nothing is set"}.`);
}

/**
 * `{name}` becomes that field's text.
 * @param {Pick<Layout, "fields">} layout
 * @param {bigint} value
 * @param {string} text
 */
const filled = (layout, value, text) =>
  text.replace(/\{([^}]+)\}/g, (_, name) => {
    const field = layout.fields.find((one) => onlyLetters(one.name) === onlyLetters(name));
    return fieldText(field, fieldValue(field, value));
  });

/** @type {Readable["readers"]} */
const PLAIN = [
  ["^\\s*0x([0-9a-f_]+)\\s*$", 16, "hex"],
  ["^\\s*0b([01_]+)\\s*$", 2, "binary"],
  ["^\\s*([0-9][0-9_]*)\\s*$", 10, "decimal"],
];

/** @type {Record<number, string>} */
const PREFIX = { 16: "0x", 2: "0b", 10: "" };

const MOST = 4;

/**
 * What a text means if it is not meant as `value`. As other_readings() in syslab/bits/bare.py.
 * @param {Pick<Readable, "width" | "readers">} layout
 * @param {string} given
 * @param {bigint} value  as it was read
 * @returns {{ value: bigint, how: string }[]}
 */
export function otherReadings({ width, readers }, given, value) {
  const text = plainText(given);
  const digits = /^\s*([0-9][0-9_]*)\s*$/.exec(text)?.[1].replaceAll("_", "");
  /** @type {{ value: bigint, how: string }[]} */
  const found = [];
  /** @param {bigint} other @param {string} how */
  const add = (other, how) => {
    if (other !== value && !(other >> BigInt(width)) && found.every((one) => one.value !== other)) {
      found.push({ value: other, how });
    }
  };
  if (digits) {
    const hex = BigInt(`0x${digits}`);
    if (value === hex) add(BigInt(digits), "decimal");
    else add(hex, "hex");
    return found;
  }
  for (const [pattern, base, label] of readers) {
    for (const match of text.matchAll(new RegExp(pattern, "gi"))) {
      if (!base) return found;
      add(BigInt(PREFIX[base] + match[1]), label);
      if (found.length === MOST) return found;
    }
  }
  return found;
}

/**
 * As plain() in syslab/bits/reading.py: one kind of space, one end of a line, nothing that has no width.
 * @param {string} text
 */
export const plainText = (text) =>
  text
    .replace(/[\v\f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ")
    .replace(/[\r\x85\u2028\u2029]/g, "\n")
    .replace(/[\xad\u200b-\u200d\u2060\ufeff]/g, "");

/**
 * What a message can quote: nothing in it is unseen.
 * @param {string} text
 */
const visible = (text) =>
  text
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replace(/(?! )[\p{C}\p{Z}]/gu, (letter) => `\\u${letter.codePointAt(0).toString(16).padStart(4, "0")}`);

/**
 * What a layout makes of text that somebody typed or pasted.
 * @param {Readable} layout
 * @param {string} given
 * @returns {{ value?: bigint, how?: string, error?: string }} value and how, or error
 */
export function readWord(layout, given) {
  const what = `${layout.name} (${layout.width} bits)`;
  if (given.length > 65536) return { error: `${what}: ${given.length} characters are too many to read` };
  const text = plainText(given);
  for (const [pattern, base, label] of [...layout.readers, ...PLAIN]) {
    const match = new RegExp(pattern, "i").exec(text);
    if (!match) continue;
    if (!base) return { error: `${what}: ${label}` };
    const all = match[1].replaceAll("_", "");
    if (!all) continue;
    const digits = all.replace(/^0+(?=.)/, "");
    if (digits.length > 64) return { error: `${what}: a number of ${digits.length} digits does not fit` };
    const value = BigInt(PREFIX[base] + digits);
    if (value >> BigInt(layout.width)) {
      return { error: `${layout.name} is ${layout.width} bits wide; 0x${value.toString(16)} does not fit` };
    }
    return { value, how: label };
  }
  const shown = text.trim().slice(0, 60);
  return {
    error: `${what}: ${shown ? `cannot read “${visible(shown)}”` : "nothing to read"}; accepted: ${layout.accepts}`,
  };
}
