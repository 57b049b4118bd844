/**
 * A reparse buffer made from a target, or read from bytes. Offsets, patterns and sentences come from Python (`rules`); a
 * test compares what is made of them here with model.py.
 */
import {
  button,
  connect,
  element,
  markInvalid,
  noteLine,
  rejected,
  textField,
  uniqueId,
} from "../../../widgets/frame.js";

/** @typedef {[name: string, at: number, size: number, title: string]} Part  a number in the buffer */

/**
 * @typedef {object} Kind  of buffer
 * @property {string} key
 * @property {string} label
 * @property {number} tag
 * @property {number} flags
 * @property {Part[]} parts
 * @property {number} path  where the texts begin
 * @property {boolean} terminated  each text ends in a zero
 * @property {[pattern: string, skip: number, prefix: string][]} forms  of targets
 * @property {string} refuses  said for a target that has none of these
 * @property {string} says  what the buffer does
 */

/**
 * @typedef {object} Rules
 * @property {Kind[]} kinds
 * @property {Record<string, string>} says  sentences by name, with {0} for what is put in
 * @property {Record<number, string>} others  tags by name
 * @property {[bit: number, set: string, clear: string][]} bits  of a tag
 * @property {[name: string, title: string][]} texts  the target followed, the target shown, bytes that nothing owns
 * @property {string} nt  how a target begins that stays in NT's names
 * @property {number} most  bytes
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Rules} rules
 * @property {[label: string, value: string][]} presets
 * @property {string} value  a kind's key or "bytes", a colon, the target or hex
 */

/** @typedef {{ at: number, size: number, name: string }} Run  bytes that belong together */

const HEADER = 8; // bytes before what the length counts
/** A line of a dump: an offset and the rest. */
const DUMPED = /^[ \t]*([0-9A-Fa-f]{4,8})(?::[ \t]*|[ \t]{2,})(?=[0-9A-Fa-f]{2})(.*)$/gm;
/** What fsutil says above its dump, which begins after the header. */
const HEADER_TOLD =
  /Reparse Tag Value\s*:\s*0x([0-9A-Fa-f]{1,8})\b[\s\S]*?Reparse Data Length\s*:\s*0x([0-9A-Fa-f]{1,4})\b/;
const LONGEST_LINK = 2000;
const SHOWN_BYTES = 128;

/** What is wrong with a target or with bytes, in a sentence. */
class Refusal extends Error {}

/** @param {number} number */
const hex = (number) => `0x${number.toString(16)}`;
/** @param {number} byte */
const twoDigits = (byte) => byte.toString(16).padStart(2, "0");
/** @param {string} text @param {unknown[]} given */
const filled = (text, given) => text.replace(/\{(\d)\}/g, (_, index) => String(given[index]));

/**
 * Index of half a surrogate pair that stands alone, or -1.
 * @param {string} text
 */
function loneHalf(text) {
  for (let i = 0; i < text.length; i++) {
    const [unit, next] = [text.charCodeAt(i), text.charCodeAt(i + 1)];
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) i++;
    else if (unit >= 0xd800 && unit < 0xe000) return i;
  }
  return -1;
}
/**
 * UTF-16, low byte first.
 * @param {string} text
 */
const bytesOfText = (text) =>
  Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).flatMap((unit) => [unit & 255, unit >> 8]);
/**
 * Low byte first.
 * @param {number} value
 * @param {number} size
 */
const bytesOfNumber = (value, size) => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
/** @param {string} digits */
const bytesOfHex = (digits) => (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
/** @param {number[]} bytes @param {number} at @param {number} size */
const numberAt = (bytes, at, size) => bytes.slice(at, at + size).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);

/** @param {Rules} rules */
function reparseRules(rules) {
  /** @param {string} key @param {...unknown} given @returns {never} */
  const refuse = (key, ...given) => {
    throw new Refusal(filled(rules.says[key], given));
  };

  /**
   * The buffer for a target.
   * @param {string} key
   * @param {string} target
   */
  function encode(key, target) {
    const kind = rules.kinds.find((one) => one.key === key) ?? refuse("kind", key);
    if (!target) refuse("empty");
    for (const [character, name] of [
      ["\0", "nul"],
      ["/", "slash"],
    ]) {
      if (target.includes(character)) refuse(name, target.indexOf(character) + 1);
    }
    if (loneHalf(target) >= 0) refuse("half", loneHalf(target) + 1);
    const form = kind.forms.find(([pattern]) => new RegExp(pattern).test(target));
    if (!form) throw new Refusal(filled(kind.refuses, [target]));
    if (kind.terminated && /\\\.\.?(\\|$)/.test(target)) refuse("dots", target);
    const [, skip, prefix] = form;
    const followed = bytesOfText(prefix + target.slice(skip));
    const shown = bytesOfText(target);
    const end = kind.terminated ? [0, 0] : [];
    const path = [...followed, ...end, ...shown, ...end];
    const size = kind.path + path.length;
    if (size > rules.most) refuse("long", size);
    const shownAt = followed.length + end.length;
    const values = [kind.tag, size - HEADER, 0, 0, followed.length, shownAt, shown.length, kind.flags];
    return [...kind.parts.flatMap(([, , bytes], index) => bytesOfNumber(values[index], bytes)), ...path];
  }

  /**
   * The kind of a buffer.
   * @param {number[]} bytes
   */
  function kindOf(bytes) {
    if (bytes.length > rules.most) refuse("much", bytes.length);
    if (bytes.length < HEADER) refuse("short", bytes.length);
    const [tag, length] = rules.kinds[0].parts.map(([, at, size]) => numberAt(bytes, at, size));
    const same = rules.kinds.filter((kind) => kind.tag === tag);
    if (!same.length) {
      const [shown, name] = [`0x${tag.toString(16).padStart(8, "0")}`, rules.others[tag]];
      if (!name && length !== bytes.length - HEADER) refuse("headless", shown);
      const told = rules.bits.map(([bit, set, clear]) => (Math.floor(tag / bit) % 2 ? set : clear));
      refuse("tag", shown, name ? `, ${name}` : "", told.join(""));
    }
    if (length !== bytes.length - HEADER) refuse("length", length, bytes.length - HEADER);
    if (same.length === 1) return same[0];
    return same.find((kind) => {
      const [, at, size] = kind.parts.at(-1);
      return kind.flags === numberAt(bytes, at, size) % 2;
    });
  }
  /**
   * A text of the buffer; its bytes are marked as its own.
   * @param {number[]} bytes
   * @param {Kind} kind
   * @param {Record<string, number>} values
   * @param {number} index  0 followed, 1 shown
   * @param {string[]} owner
   */
  function textOf(bytes, kind, values, index, owner) {
    const [name] = rules.texts[index];
    const [spare] = rules.texts.at(-1);
    const numbers = kind.parts.slice(3 + 2 * index, 5 + 2 * index);
    for (const [part, at] of numbers) if (values[part] % 2) refuse("unit", at, at + 1, part, values[part]);
    const [start, size] = numbers.map(([part]) => values[part]);
    const room = bytes.length - kind.path;
    if (start + size > room) refuse("past", name, start + size, room);
    const from = kind.path + start;
    let text = "";
    for (let i = from; i < from + size; i += 2) text += String.fromCharCode(bytes[i] + 256 * bytes[i + 1]);
    if (loneHalf(text) >= 0) refuse("utf16", from + 2 * loneHalf(text), name);
    for (let i = from; i < from + size; i++) if (owner[i] === spare) owner[i] = name;
    return text;
  }
  /**
   * What is odd about a buffer, in sentences.
   * @param {Kind} kind
   * @param {Record<string, number>} values
   * @param {string} followed
   */
  function oddities(kind, values, followed) {
    const { says } = rules;
    /** @type {string[]} */
    const odd = [];
    const reserved = values[kind.parts[2][0]];
    const flags = kind.parts[7] && values[kind.parts[7][0]];
    const leavesNames = !followed.startsWith(rules.nt);
    if (reserved) odd.push(filled(says.reserved, [hex(reserved)]));
    if (flags > 1) odd.push(filled(says.flags, [hex(flags)]));
    if (!followed) odd.push(says.none);
    else if (kind.flags) {
      if (!leavesNames) odd.push(says.both);
    } else if (leavesNames) {
      const local = kind.terminated ? says.local : says.lost;
      odd.push(followed.startsWith("\\") ? says.root : local);
    }
    return odd;
  }
  /**
   * What a buffer says.
   * @param {number[]} bytes
   */
  function decode(bytes) {
    const kind = kindOf(bytes);
    if (bytes.length < kind.path) refuse("head", bytes.length, kind.path);
    /** @type {Record<string, number>} */
    const values = Object.fromEntries(kind.parts.map(([name, at, size]) => [name, numberAt(bytes, at, size)]));
    const [spare] = rules.texts.at(-1);
    /** @type {string[]} */
    const owner = kind.parts.flatMap(([name, , size]) => Array(size).fill(name));
    while (owner.length < bytes.length) owner.push(spare);
    const followed = textOf(bytes, kind, values, 0, owner);
    const shown = textOf(bytes, kind, values, 1, owner);
    /** @type {Run[]} */
    const runs = [];
    owner.forEach((name, at) => {
      const last = runs.at(-1);
      if (last?.name === name) last.size++;
      else runs.push({ at, size: 1, name });
    });
    const names = { [rules.texts[0][0]]: followed, [rules.texts[1][0]]: shown };
    const odd = oddities(kind, values, followed);
    return { kind, values, names, shown, runs, odd, sentence: filled(kind.says, [followed]) };
  }
  /**
   * The digits of a dump by fsutil, xxd or hexdump -C, without offsets and the column of text; "" for what is no dump.
   * @param {string} text
   */
  function dumped(text) {
    let digits = "";
    for (const [, offset, rest] of text.matchAll(DUMPED)) {
      if (Number.parseInt(offset, 16) * 2 !== digits.length) continue;
      let [place, count] = [0, 0];
      for (; count < 16; count++) {
        const pair = /^([ \t]*)([0-9A-Fa-f]{2})/.exec(rest.slice(place));
        if (!pair || (count && pair[1].length > (count === 8 ? 2 : 1))) break; // the column of text
        digits += pair[2];
        place += pair[0].length;
      }
    }
    const header = digits && HEADER_TOLD.exec(text);
    if (!header) return digits;
    const [tag, length] = [Number.parseInt(header[1], 16), Number.parseInt(header[2], 16)];
    return [...bytesOfNumber(tag, 4), ...bytesOfNumber(length, 2), 0, 0].map(twoDigits).join("") + digits;
  }
  /**
   * Bytes from hex: a dump, or digits with what stands between them in a source or a log.
   * @param {string} text
   */
  function readHex(text) {
    if (text.length > 8 * rules.most) refuse("much", Math.floor(text.length / 2));
    const dump = dumped(text);
    if (dump) return bytesOfHex(dump);
    const clean = text.replace(/^\s*[\w.]+=(?=0x)|0x|\\x|[ \t\r\n,:-]/g, (found) => " ".repeat(found.length));
    const at = clean.search(/[^0-9A-Fa-f ]/u);
    if (at >= 0) refuse("hex", at + 1, String.fromCodePoint(clean.codePointAt(at)));
    const digits = clean.replaceAll(" ", "");
    if (digits.length % 2) refuse("odd", digits.length);
    return bytesOfHex(digits);
  }
  return { encode, decode, readHex };
}

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const rules = model.get("rules");
  const start = model.get("value");
  const { encode, decode, readHex } = reparseRules(rules);
  let now = "";
  let linked = ""; // the last state that a link can say

  /** @param {string} label @param {HTMLElement} field */
  function labelled(label, field) {
    field.id = uniqueId();
    return element(
      "div",
      { className: "bf-field" },
      element("label", { htmlFor: field.id, textContent: label }),
      field,
    );
  }
  const kindMenu = element(
    "select",
    { onchange: takeTarget },
    ...rules.kinds.map(({ key, label }) => element("option", { value: key, textContent: label })),
  );
  const target = textField({ oninput: takeTarget });
  const hexField = element("textarea", {
    className: "bf-in",
    spellcheck: false,
    autocomplete: "off",
    rows: 3,
    oninput: () => show(`bytes:${hexField.value.trim()}`, hexField),
  });
  const note = noteLine();
  const say = element("p", { className: "rb-say" });
  const odd = element("ul", { className: "rb-odd" });
  const out = element("div", { className: "rb-out", aria: { role: "status" } }, say, odd);
  const dump = element("div", { className: "rb-dump", aria: { role: "img" } });
  const list = element("tbody");
  const presets = element(
    "div",
    { className: "bf-presets" },
    ...model.get("presets").map(([label, value]) => button(label, () => show(value), { data: { v: value } })),
  );
  const heads = ["No.", "Bytes", "Field", "Value"].map((textContent, index) =>
    element("th", { scope: "col", textContent, className: index < 2 ? "num" : "" }),
  );
  const table = element(
    "div",
    { className: "scroll", tabIndex: 0, aria: { role: "region", label: "Fields of the buffer" } },
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), list),
  );
  const root = element(
    "div",
    { className: "rsn-w rb" },
    presets,
    element("div", { className: "rb-bar" }, labelled("Kind", kindMenu), labelled("Target", target)),
    labelled("Bytes, in hex", hexField),
    note,
    out,
    dump,
    table,
  );

  function takeTarget() {
    show(`${kindMenu.value}:${target.value}`, target);
  }
  /**
   * The first bytes of a run.
   * @param {number[]} bytes
   * @param {Run} run
   * @param {number} most
   */
  const inHex = (bytes, { at, size }, most) =>
    bytes
      .slice(at, at + Math.min(size, most))
      .map(twoDigits)
      .join(" ") + (size > most ? " …" : "");

  /** @param {number[]} bytes @param {ReturnType<typeof decode>} decoded */
  function paint(bytes, { kind, values, names, runs }) {
    /** @type {Record<string, string>} */
    const titles = Object.fromEntries([...rules.texts, ...kind.parts.map(([name, , , title]) => [name, title])]);
    /** @param {Run} run @param {number} index */
    const tint = ({ name }, index) => ({ hue: index % 6, spare: name in values || name in names ? "" : "1" });
    /** @param {Run} run */
    const shownValue = (run) => {
      if (run.name in names) return names[run.name];
      if (!(run.name in values)) return inHex(bytes, run, 8);
      return run.at ? values[run.name] : hex(values[run.name]);
    };
    dump.replaceChildren(
      ...runs.map((run, index) => {
        const properties = { className: "rb-run", data: tint(run, index) };
        return element("span", properties, element("sup", { textContent: index + 1 }), inHex(bytes, run, SHOWN_BYTES));
      }),
    );
    dump.setAttribute("aria-label", `${bytes.length} bytes in ${runs.length} runs; the table names them`);
    list.replaceChildren(
      ...runs.map((run, index) => {
        const { at, size, name } = run;
        const chip = element("span", { className: "rb-chip", data: tint(run, index), textContent: index + 1 });
        return element(
          "tr",
          {},
          element("td", { className: "num" }, chip),
          element("td", { className: "num", textContent: size > 1 ? `${at}–${at + size - 1}` : at }),
          element("td", {}, name, element("small", { textContent: titles[name] })),
          element("td", { className: "rb-value", textContent: shownValue(run) }),
        );
      }),
    );
  }

  /**
   * The bytes of a state and what they say, or why not.
   * @param {string} key
   * @param {string} rest
   */
  function understand(key, rest) {
    /** @type {number[]} */
    let bytes = [];
    try {
      bytes = key === "bytes" ? readHex(rest) : encode(key, rest);
      return { bytes, decoded: decode(bytes), error: "" };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { bytes, decoded: null, error: error.message };
    }
  }
  /**
   * Shows a state; returns what is wrong with it, or "".
   * @param {string} state
   * @param {HTMLElement} [typed]  the field the reader is in, which stays as it was typed
   * @param {boolean} [toLink]
   */
  function show(state, typed, toLink = true) {
    now = state;
    const colon = state.indexOf(":");
    const [key, rest] = colon < 0 ? [state, ""] : [state.slice(0, colon), state.slice(colon + 1)];
    const isBytes = key === "bytes";
    const { bytes, decoded, error } = understand(key, rest);
    if (!isBytes) {
      if (rules.kinds.some((kind) => kind.key === key)) kindMenu.value = key;
      if (typed !== target) target.value = rest;
    } else if (decoded) {
      kindMenu.value = decoded.kind.key;
      target.value = decoded.shown;
    } else target.value = "";
    if (typed !== hexField) hexField.value = isBytes ? rest : bytes.map(twoDigits).join(" ");
    markInvalid(target, error && !isBytes);
    markInvalid(hexField, error && isBytes);
    say.textContent = error || `${decoded.sentence} ${bytes.length} bytes.`;
    out.dataset.tone = error ? "bad" : "good";
    odd.replaceChildren(...(decoded?.odd ?? []).map((textContent) => element("li", { textContent })));
    dump.hidden = !decoded;
    table.hidden = !decoded;
    if (decoded) paint(bytes, decoded);
    for (const preset of /** @type {Iterable<HTMLElement>} */ (presets.children)) {
      preset.setAttribute("aria-pressed", String(preset.dataset.v === state));
    }
    if (toLink) note.textContent = "";
    const fits = state.length < LONGEST_LINK && loneHalf(state) < 0;
    if (fits) linked = state;
    shared.save(toLink && fits);
    return error;
  }

  const shared = connect(model, {
    root,
    note,
    value: () => now,
    text: () => linked,
    open(text, key) {
      const error = show(text, undefined, false);
      if (error) show(start, undefined, false);
      return error && rejected(key, text, `cannot be shown; this is the default. ${error}`);
    },
    outside: (text) => show(text, undefined, false),
  });
  show(start, undefined, false);
  return shared.start(el);
}
export default { render };
