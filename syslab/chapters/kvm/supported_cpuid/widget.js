/**
 * Two words of one layout side by side, for many words and several machines: which has what, and a search over all fields.
 *
 * Outcomes come by number: of a flag, has-it-first + 2 * has-it-second; of a wider field, 4 the same, 5 another, 6 nothing
 * left.
 */
import { button, connect, element, rejected, rovingFocus } from "../../../widgets/frame.js";
import { fieldsOf, fieldText, fieldValue, fullHex, onlyLetters, reservedBits } from "../../../widgets/layouts.js";

/**
 * @typedef {object} Machine
 * @property {string} key  its name in links
 * @property {string} label
 * @property {string} line  where the answers are from
 * @property {Record<number, number>} totals  of each outcome
 * @property {[entry: string, first: number[] | 0 | null, second: number[] | 0 | null, marks: string][]} rows
 *   a number for each word; 0: all zeros; null: no such entry
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Machine[]} machines
 * @property {string[]} names  of the words
 * @property {string[]} sides  what is compared
 * @property {[label: string, sign: string][]} outcomes
 * @property {Record<string, string>} titles  of entries
 * @property {[entry: string, word: string, width: number, note: string, count: number][]} words  count: how many of the
 *   fields are its own
 * @property {import("../../../widgets/layouts.js").FieldColumns} fields  in the words' order
 * @property {Record<string, string>} same  entry -> the entry that has the same words
 * @property {string} value  entry; if not the first, machine; of a chosen field, word and bit; with dots between them
 */

/** @typedef {import("../../../widgets/layouts.js").Field & { bits: string }} WordField */
/** @typedef {{ width: number, note: string, fields: WordField[] }} Word */
/** @typedef {{ field: WordField, first: bigint, second: bigint, outcome: number }} Pair */

const MOST_FOUND = 6;
const WIDER = 4; // outcomes from here on are of fields with more than one bit
const ORDER = [1, 2, 5, 6, 3, 4, 0]; // what differs stands first

/**
 * A field that no layout has.
 * @param {string} name
 * @param {string} title
 * @param {number} bit
 * @param {number} width
 * @returns {WordField}
 */
const unknown = (name, title, bit, width) => ({
  name,
  bit,
  title,
  width,
  show: "x",
  values: {},
  bits: width > 1 ? `${bit + width - 1}:${bit}` : `${bit}`,
});

/** What stands for a word that has no layout. @type {Word} */
const RAW = { width: 32, note: "", fields: [unknown("whole word", "this book has no layout for it", 0, 32)] };

/** @param {WordField} field @param {bigint} first @param {bigint} second */
function outcomeOf(field, first, second) {
  if (field.width === 1) return Number(first) + 2 * Number(second);
  if (first === second) return 4;
  return second ? 5 : 6;
}

/** @param {WordField} field @param {bigint} value */
const textOf = (field, value) => (field.width > 1 ? fieldText(field, value) : value ? "■" : "□");

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const names = model.get("names");
  const sides = model.get("sides");
  const outcomes = model.get("outcomes");
  const titles = model.get("titles");
  /** @type {Record<string, Record<string, Word>>} */
  const layouts = {};
  /** @type {WordField[]} */
  const fields = fieldsOf(model.get("fields"));
  for (const [entry, word, width, note, count] of model.get("words")) {
    layouts[entry] ??= {};
    layouts[entry][word] = { width, note, fields: fields.splice(0, count) };
  }
  for (const [entry, other] of Object.entries(model.get("same"))) layouts[entry] = layouts[other];
  /** @param {number[] | 0 | null} values */
  const unpackAnswer = (values) => (values === 0 ? names.map(() => 0) : values);
  const machines = model.get("machines").map((machine) => ({
    ...machine,
    byEntry: new Map(machine.rows.map(([entry, first, second]) => [entry, [first, second].map(unpackAnswer)])),
  }));
  /** @typedef {typeof machines[number]} Answers */

  /** @param {string} entry @param {string} word */
  const layoutOf = (entry, word) => layouts[entry]?.[word] ?? RAW;
  /** @param {string} entry @param {string} word @param {WordField} field */
  const placeOf = (entry, word, field) =>
    `${entry} ${word.toUpperCase()} ${field.width > 1 ? "bits" : "bit"} ${field.bits}`;

  /**
   * Every field of a word of a machine's two answers, reserved bits that are set included.
   * @param {Answers} of
   * @param {string} entry
   * @param {string} word
   * @returns {Pair[]}
   */
  function pairs(of, entry, word) {
    const at = names.indexOf(word);
    const [first, second] = (of.byEntry.get(entry) ?? [null, null]).map((values) => BigInt(values?.[at] ?? 0));
    const layout = layoutOf(entry, word);
    if (layout === RAW && !(first | second)) return [];
    const odd = reservedBits(layout, first | second).map((bit) =>
      unknown(`bit ${bit}`, "not known to this book", bit, 1),
    );
    return [...layout.fields, ...odd].map((field) => {
      const [a, b] = [fieldValue(field, first), fieldValue(field, second)];
      return { field, first: a, second: b, outcome: outcomeOf(field, a, b) };
    });
  }
  /**
   * A field of each machine, in words.
   * @param {string} entry
   * @param {string} word
   * @param {WordField} field
   */
  const onMachines = (entry, word, field) =>
    machines.map((of) => {
      const pair = of.byEntry.has(entry) && pairs(of, entry, word).find((one) => one.field.name === field.name);
      if (!pair) return make("span", "cb-who", `${of.label}: – no such entry`);
      const [first, second] = [textOf(field, pair.first), textOf(field, pair.second)];
      const told = `${sides[0]} ${first}, ${sides[1]} ${second}: ${outcomes[pair.outcome][0]}`;
      return make("span", "cb-who", `${of.label}: ${told}`);
    });

  let machine = machines[0];
  /** @type {string} */
  let key;
  /** @type {{ word: string, field: WordField } | null} */
  let chosen = null;
  /** @type {Map<string, (field: WordField | null) => void>}  word -> marks a field there */
  let marks = new Map();

  /**
   * @param {keyof HTMLElementTagNameMap} tag
   * @param {string} className
   * @param {string | number} textContent
   */
  const make = (tag, className, textContent) => element(tag, { className, textContent });
  /** @param {string} className */
  const status = (className) => element("p", { className, aria: { role: "status" } });
  const note = status("bf-note");
  const source = element("p", { className: "cb-line" });
  const count = status("cb-count");
  const found = element("ul", { className: "cb-found" });
  const panel = element("div", { className: "cb-words" });
  const legend = element("ul", { className: "cb-legend" });
  const menu = element(
    "select",
    {
      onchange() {
        machine = machines[Number(menu.value)];
        fillList();
        go(key);
      },
    },
    ...machines.map(({ label }, index) => element("option", { value: index, textContent: label })),
  );
  const onlyDiffering = element("input", { type: "checkbox", checked: true, onchange: listAll });
  const list = element("select", {
    size: 14,
    className: "cb-list",
    onchange() {
      chosen = null;
      go(list.value);
    },
  });
  const query = element("input", {
    type: "search",
    className: "bf-in",
    spellcheck: false,
    autocomplete: "off",
    oninput: search,
    /** @param {KeyboardEvent} event */
    onkeydown(event) {
      if (event.key !== "Enter") return;
      event.preventDefault();
      found.querySelector("button")?.click();
    },
  });
  /** @param {string} text @param {HTMLElement} field */
  const labelled = (text, field) => element("label", { className: "cb-field" }, make("span", "", text), field);
  const root = element(
    "div",
    { className: "rsn-w cb" },
    element("div", { className: "cb-bar" }, labelled("Machine", menu), labelled("Find a field", query)),
    source,
    count,
    found,
    legend,
    note,
    element(
      "div",
      { className: "cb-body" },
      element(
        "div",
        {},
        labelled("Entry", list),
        element("label", { className: "cb-only" }, onlyDiffering, "only where they differ"),
      ),
      panel,
    ),
  );

  function listAll() {
    fillList();
    shared.save();
  }
  function fillList() {
    const shown = machine.rows.filter(([entry, , , differs]) => !onlyDiffering.checked || entry === key || differs);
    const options = shown.map(([value, , , differs]) => {
      const textContent = [value, differs, titles[value]].filter(Boolean).join("  ");
      return element("option", { value, textContent });
    });
    list.replaceChildren(...options);
    list.value = key;
    source.textContent = machine.line;
    menu.value = String(machines.indexOf(machine));
    const lines = outcomes.map(([label, sign], outcome) => {
      const total = machine.totals[outcome];
      const parts = [make("span", "cb-s", sign), `${label} `, make("b", "", total)];
      return total ? element("li", { data: { o: outcome } }, ...parts) : "";
    });
    legend.replaceChildren(...lines.filter(Boolean));
  }

  /**
   * One word of the entry that is shown.
   * @param {string} word
   */
  function drawWord(word) {
    const layout = layoutOf(key, word);
    const all = pairs(machine, key, word);
    const name = word.toUpperCase();
    /** @type {Record<number, number>}  bit -> outcome */
    const outcomeAt = {};
    for (const { field, outcome } of all) {
      for (let bit = field.bit; bit < field.bit + field.width; bit++) outcomeAt[bit] = outcome;
    }
    /** @param {number | undefined} value */
    const cells = (value) => {
      const bits = Array.from({ length: layout.width }, (_, index) => {
        const bit = layout.width - 1 - index;
        const isSet = value !== undefined && (BigInt(value) >> BigInt(bit)) & 1n;
        return element("i", { className: isSet ? "on" : "", data: { o: outcomeAt[bit] ?? 0 } });
      });
      return element("span", { className: "cb-bits", aria: { hidden: true } }, ...bits);
    };
    const rows = sides.flatMap((side, index) => {
      const value = machine.byEntry.get(key)[index]?.[names.indexOf(word)];
      const shown = value === undefined ? "no entry" : fullHex(layout, BigInt(value));
      return [make("span", "", side), make("code", "", shown), cells(value)];
    });
    const box = element(
      "section",
      { className: "cb-word", aria: { label: name }, data: { w: word } },
      make("h4", "", name),
      element("div", { className: "cb-rows" }, ...rows),
    );
    /** @type {HTMLButtonElement[]} */
    const buttons = [];
    /** @param {Pair} pair */
    function drawPair({ field, first, second, outcome }) {
      const made = button("", () => choose(word, field), { className: "cb-f", data: { name: field.name } });
      made.append(make("b", "", field.name), make("span", "cb-n", field.bits));
      if (outcome >= WIDER) {
        const before = outcome > WIDER ? `${textOf(field, first)} → ` : "";
        made.append(make("span", "cb-v", before + textOf(field, second)));
      }
      buttons.push(made);
      return made;
    }
    for (const outcome of ORDER) {
      const own = all.filter((pair) => pair.outcome === outcome);
      if (!own.length) continue;
      const [label, sign] = outcomes[outcome];
      const head = element("span", { className: "cb-head" }, make("span", "cb-s", sign), `${label} ${own.length}`);
      const properties = {
        className: "cb-group",
        data: { o: outcome },
        aria: { role: "group", label: `${name} ${label}` },
      };
      box.append(element("div", properties, head, ...own.map(drawPair)));
    }
    if (layout.note && all.length) box.append(make("p", "cb-note", layout.note));
    const focus = rovingFocus(box);
    focus.setItems(buttons);
    const say = status("cb-say");
    box.append(say);
    marks.set(word, (field) => {
      buttons.forEach((one, index) => {
        const isOn = one.dataset.name === field?.name;
        one.setAttribute("aria-current", String(isOn));
        if (isOn) focus.moveTo(index);
      });
      if (!field) return say.replaceChildren();
      const told = `: ${field.title}. ${placeOf(key, word, field)}.`;
      say.replaceChildren(make("b", "", field.name), told, ...onMachines(key, word, field));
    });
    return box;
  }

  /** @param {string} word @param {WordField} field */
  function choose(word, field) {
    marks.get(chosen?.word)?.(null);
    chosen = { word, field };
    marks.get(word)?.(field);
    const said = note.textContent;
    shared.save();
    note.textContent = said;
  }

  /**
   * Shows an entry.
   * @param {string} entry
   * @param {boolean} [toLink]
   */
  function go(entry, toLink = true) {
    const missing = machine.byEntry.has(entry) ? "" : `${machine.label} has no entry ${entry}.`;
    key = missing ? machine.rows[0][0] : entry;
    if (list.value !== key) fillList();
    if (!fieldsOfWord(chosen?.word).some(({ name }) => name === chosen.field.name)) chosen = null;
    const gone = sides.filter((_, index) => !machine.byEntry.get(key)[index]);
    const zeros = `No such entry: ${gone.join(", ")}. It counts as zeros.`;
    marks = new Map();
    panel.replaceChildren(
      make("h3", "", key + (titles[key] ? `: ${titles[key]}` : "")),
      ...(gone.length ? [make("p", "cb-note", zeros)] : []),
      ...names.map(drawWord),
    );
    if (chosen) marks.get(chosen.word)?.(chosen.field);
    shared.save(toLink);
    note.textContent = missing;
  }
  /**
   * The fields that the entry shown has in a word, those without a name included.
   * @param {string} [word]
   */
  const fieldsOfWord = (word) => (word ? pairs(machine, key, word).map(({ field }) => field) : []);
  /**
   * "7.0", "7.0.machine" or "7.0.machine.word.7"; false where that is nothing here.
   * @param {string} text
   */
  function take(text) {
    const end = new RegExp(`\\.(${names.join("|")})\\.(\\d+)$`, "i").exec(text);
    const place = end ? text.slice(0, end.index) : text;
    const dot = place.lastIndexOf(".");
    const named = machines.find((one) => one.key === place.slice(dot + 1));
    const before = { machine, key };
    machine = named ?? machines[0];
    const entry = (named ? place.slice(0, dot) : place).toLowerCase().replace(/^0x/, "");
    key = [entry, `${entry}.0`].find((one) => machine.byEntry.has(one));
    const word = end?.[1].toLowerCase();
    const field = key && fieldsOfWord(word).find((one) => one.bit === Number(end[2]));
    if (!key || (end && !field)) {
      ({ machine, key } = before);
      return false;
    }
    chosen = field ? { word, field } : null;
    fillList();
    go(key, false);
    return true;
  }

  /** Every field of an entry that a machine has. */
  const entries = Object.keys(layouts).sort();
  const index = entries.flatMap((entry) =>
    machines.some((one) => one.byEntry.has(entry))
      ? Object.entries(layouts[entry]).flatMap(([word, { fields }]) =>
          fields.map((field) => ({ entry, word, field, name: onlyLetters(field.name) })),
        )
      : [],
  );
  /** @param {typeof index[number]} entry */
  function openFound({ entry, word, field }) {
    chosen = { word, field };
    if (!machine.byEntry.has(entry)) machine = machines.find((one) => one.byEntry.has(entry));
    go(entry);
    fillList();
    panel.querySelector(".cb-say:not(:empty)")?.scrollIntoView({ block: "nearest" });
  }
  function search() {
    const typed = query.value.trim().toLowerCase();
    const wanted = onlyLetters(typed);
    /**
     * 0 is best, 9 is not found.
     * @param {typeof index[number]} entry
     */
    function rank({ field, name }) {
      if (name === wanted) return 0;
      if (name.startsWith(wanted)) return 1;
      if (name.includes(wanted)) return 2;
      return wanted.length > 2 && field.title.toLowerCase().includes(typed) ? 3 : 9;
    }
    const ranked = wanted ? index.map((entry) => ({ entry, rank: rank(entry) })).filter((hit) => hit.rank < 9) : [];
    const hits = ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
    found.replaceChildren(
      ...hits.slice(0, MOST_FOUND).map((hit) => {
        const made = button("", () => openFound(hit));
        const { entry, word, field } = hit;
        made.append(make("b", "", field.name), ` ${placeOf(entry, word, field)}`, ...onMachines(entry, word, field));
        return element("li", {}, made);
      }),
    );
    if (!wanted) count.textContent = "";
    else if (!hits.length) count.textContent = `No field here has “${typed.slice(0, 40)}” in its name or meaning.`;
    else {
      const some = hits.length > MOST_FOUND ? `${MOST_FOUND} of ${hits.length}. ` : "";
      count.textContent = `${some}Enter opens the first.`;
    }
  }

  const shared = connect(model, {
    root,
    note,
    value: () =>
      [key, ...(machine === machines[0] ? [] : [machine.key]), ...(chosen ? [chosen.word, chosen.field.bit] : [])].join(
        ".",
      ),
    more: () => ({ list: onlyDiffering.checked ? "" : "all" }),
    scroll: () => root.scrollIntoView(),
    open(text, name, { list: listed }) {
      onlyDiffering.checked = listed !== "all";
      if (take(text)) return note.textContent;
      fillList();
      const example = machines[0].rows[0][0];
      const keys = machines.map((one) => one.key).join(", ");
      const why = `names no entry here; this is the default. It takes an entry, such as ${example}, a machine (${keys}), and a field, such as ${names.at(-1)}.0.`;
      return rejected(name, text, why);
    },
    outside: take,
  });
  take(model.get("value"));
  return shared.start(el);
}
export default { render };
