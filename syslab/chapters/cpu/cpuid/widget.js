/**
 * CPUID leaf by leaf: a machine, a leaf, its four registers in words; and a search for a field over all leaves.
 */
import { button, connect, element, rejected, rovingFocus } from "../../../widgets/frame.js";
import { fieldsOf, fieldText, fieldValue, onlyLetters, reservedBits } from "../../../widgets/layouts.js";

/**
 * @typedef {object} Machine
 * @property {string} key  its name in links
 * @property {string} label
 * @property {string} line  where the answers are from
 * @property {[leaf: number, subleaf: number, eax: number, ebx: number, ecx: number, edx: number][]} rows
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Machine[]} machines
 * @property {[leaf: string, register: string, note: string, count: number][]} registers  count: how many of the fields are its own
 * @property {import("../../../widgets/layouts.js").FieldColumns} fields  in the registers' order
 * @property {Record<string, string>} titles  of leaves
 * @property {string} value  leaf, subleaf; if not the first, machine; of a chosen field, register and bit; with dots
 *   between them
 */

/** @typedef {import("../../../widgets/layouts.js").Field & { flags: string, kernel: string }} GivenField */
/** @typedef {GivenField & { bits: string }} CpuidField */
/** @typedef {{ width: number, note: string, fields: CpuidField[] }} Register */

const REGISTERS = ["eax", "ebx", "ecx", "edx"];
const MOST_FOUND = 8;
/** @type {Record<number, string>} */
const KINDS = { 0: "basic", 16384: "hypervisor", 32768: "extended" };

/**
 * A leaf's name in links.
 * @param {Machine["rows"][number]} row
 */
const keyOf = ([leaf, subleaf]) => `${leaf.toString(16)}.${subleaf}`;

/**
 * Where a field is, in words.
 * @param {string} key
 * @param {string} register
 * @param {CpuidField} field
 */
const placeOf = (key, register, field) =>
  `${key} ${register.toUpperCase()} ${field.width > 1 ? "bits" : "bit"} ${field.bits}`;

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const titles = model.get("titles");
  const machines = model.get("machines").map((machine) => ({
    ...machine,
    byKey: new Map(machine.rows.map((row) => [keyOf(row), row])),
  }));
  /** @type {Record<string, Record<string, Register>>} */
  const layouts = {};
  /** @type {CpuidField[]} */
  const fields = fieldsOf(model.get("fields"));
  for (const field of fields) if (field.flags === "=") field.flags = field.name.toLowerCase();
  for (const [leaf, register, note, count] of model.get("registers")) {
    layouts[leaf] ??= {};
    layouts[leaf][register] = { width: 32, note, fields: fields.splice(0, count) };
  }
  /** @param {string} key */
  const layoutOf = (key) => layouts[key] ?? layouts[key.replace(/\.\d+$/, ".n")] ?? {};
  /** @param {string} key */
  const titleOf = (key) => titles[key.split(".")[0]] ?? "";

  let machine = machines[0];
  /** @type {string} */
  let key;
  /** @type {{ register: string, field: CpuidField } | null} */
  let chosen = null;
  /** @type {Map<string, (field: CpuidField | null) => void>}  register -> marks a field there */
  let marks = new Map();

  /** @param {string} className @param {string} [textContent] */
  const line = (className, textContent = "") => element("p", { className, textContent });
  /** @param {string} className */
  const status = (className) => element("p", { className, aria: { role: "status" } });
  const note = status("bf-note");
  const source = line("lb-line");
  const count = status("lb-count");
  const found = element("ul", { className: "lb-found" });
  const panel = element("div", { className: "lb-regs" });
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
  const list = element("select", {
    size: 16,
    className: "lb-list",
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
  const labelled = (text, field) =>
    element("label", { className: "lb-field" }, element("span", { textContent: text }), field);
  const root = element(
    "div",
    { className: "rsn-w lb" },
    element("div", { className: "lb-bar" }, labelled("Machine", menu), labelled("Find a feature", query)),
    source,
    count,
    found,
    note,
    element("div", { className: "lb-body" }, labelled("Leaf and subleaf", list), panel),
  );

  function fillList() {
    /** @type {Record<string, HTMLOptionElement[]>} */
    const kinds = {};
    for (const row of machine.rows) {
      const value = keyOf(row);
      const isZero = !row.slice(2).some(Boolean);
      const kind = KINDS[row[0] >>> 16] ?? "other";
      const textContent = [value, titleOf(value), isZero && "(zeros)"].filter(Boolean).join("  ");
      kinds[kind] ??= [];
      kinds[kind].push(element("option", { value, className: isZero ? "lb-zero" : "", textContent }));
    }
    const groups = Object.entries(kinds).map(([label, options]) => element("optgroup", { label }, ...options));
    list.replaceChildren(...groups);
    source.textContent = machine.line;
    menu.value = String(machines.indexOf(machine));
  }

  /**
   * What a machine has in a field: a shape and words.
   * @param {typeof machine} of
   * @param {string} leaf
   * @param {string} register
   * @param {CpuidField} field
   */
  function answer(of, leaf, register, field) {
    const row = of.byKey.get(leaf);
    if (!row) return "– leaf not answered";
    const value = fieldValue(field, BigInt(row[2 + REGISTERS.indexOf(register)]));
    if (field.width > 1) return fieldText(field, value);
    return value ? "■ set" : "□ clear";
  }

  /**
   * What Linux calls a feature.
   * @param {CpuidField} field
   */
  function inLinux({ kernel, flags }) {
    if (!kernel) return "";
    const name = flags ? `calls it ${flags.replaceAll(" ", ", ")}` : "knows it but hides it from /proc/cpuinfo";
    return ` Linux ${name}. First kernel read here: ${kernel}.`;
  }

  /**
   * One register of the leaf that is shown.
   * @param {string} register
   * @param {number | undefined} value
   */
  function drawRegister(register, value) {
    const layout = layoutOf(key)[register];
    const name = register.toUpperCase();
    const shown = value === undefined ? "not answered" : `0x${value.toString(16).padStart(8, "0")}`;
    const box = element(
      "section",
      { className: "lb-reg", aria: { label: name }, data: { r: register } },
      element("h4", {}, `${name} `, element("code", { textContent: shown })),
    );
    if (!layout) {
      if (value) box.append(line("lb-raw", "No layout here: this is the raw answer."));
      return box;
    }
    const word = BigInt(value ?? 0);
    /** @type {HTMLButtonElement[]} */
    const buttons = [];
    /** @param {CpuidField} field */
    const bits = (field) => element("span", { className: "lb-n", textContent: field.bits });
    /** @param {CpuidField} field */
    const asFlag = (field) => [`${field.name} `, bits(field)];
    /** @param {CpuidField} field */
    const asField = (field) => [
      bits(field),
      " ",
      element("b", { textContent: field.name }),
      " ",
      element("span", { className: "lb-now", textContent: fieldText(field, fieldValue(field, word)) }),
      " ",
      element("span", { className: "lb-title", textContent: field.title }),
    ];
    /**
     * @param {string} title
     * @param {CpuidField[]} fields
     * @param {(field: CpuidField) => (Node | string)[]} [draw]
     */
    function addGroup(title, fields, draw = asFlag) {
      if (!fields.length) return;
      const own = fields.map((field) => {
        const properties = { className: "lb-f", data: { name: field.name } };
        const made = button("", () => choose(register, field), properties);
        made.append(...draw(field));
        return made;
      });
      buttons.push(...own);
      const head = element("span", { className: "lb-word", textContent: `${title} ${fields.length}` });
      const properties = {
        className: "lb-group",
        data: { word: title },
        aria: { role: "group", label: `${name} ${title}` },
      };
      box.append(element("div", properties, title === "fields" ? null : head, ...own));
    }
    if (value === undefined) addGroup("unknown", layout.fields);
    else {
      const flags = layout.fields.filter((field) => field.width === 1);
      addGroup(
        "fields",
        layout.fields.filter((field) => field.width > 1),
        asField,
      );
      addGroup(
        "set",
        flags.filter((field) => fieldValue(field, word)),
      );
      addGroup(
        "clear",
        flags.filter((field) => !fieldValue(field, word)),
      );
      const odd = reservedBits(layout, word);
      const names = `${odd.length > 1 ? "bits" : "bit"} ${odd.join(", ")}`;
      if (odd.length) box.append(line("lb-odd", `Set, but not known to this book: ${names}.`));
    }
    if (layout.note && value) box.append(line("lb-raw", layout.note));
    const focus = rovingFocus(box);
    focus.setItems(buttons);
    const say = status("lb-say");
    box.append(say);
    marks.set(register, (field) => {
      buttons.forEach((one, index) => {
        const isOn = one.dataset.name === field?.name;
        one.setAttribute("aria-current", String(isOn));
        if (isOn) focus.moveTo(index);
      });
      if (!field) return say.replaceChildren();
      const since = field.since ? ` First: ${field.since}.` : "";
      say.replaceChildren(
        element("b", { textContent: field.name }),
        `: ${field.title}. Leaf ${placeOf(key, register, field)}.${since}${inLinux(field)}`,
        ...machines.map((one) => {
          const textContent = `${one.label}: ${answer(one, key, register, field)}`;
          return element("span", { className: "lb-who", textContent });
        }),
      );
    });
    return box;
  }

  /** @param {string} register @param {CpuidField} field */
  function choose(register, field) {
    marks.get(chosen?.register)?.(null);
    chosen = { register, field };
    marks.get(register)?.(field);
    const said = note.textContent;
    shared.save();
    note.textContent = said;
  }

  /**
   * Shows a leaf.
   * @param {string} leaf
   * @param {boolean} [toLink]
   * @param {string} [text]  why another leaf is shown than was asked for
   * @returns {void}
   */
  function go(leaf, toLink = true, text = "") {
    const row = machine.byKey.get(leaf);
    const layout = layoutOf(leaf);
    const absent = `${machine.label} does not answer leaf ${leaf}: a program has to take every feature in it as absent.`;
    if (!row && !Object.keys(layout).length) return go(keyOf(machine.rows[0]), toLink, absent);
    key = leaf;
    list.value = leaf;
    marks = new Map();
    if (!layoutOf(leaf)[chosen?.register]?.fields.includes(chosen.field)) chosen = null;
    const title = titleOf(leaf);
    const shown = REGISTERS.filter((register) => row || layout[register]);
    panel.replaceChildren(
      element("h3", { textContent: `Leaf ${leaf}${title && `: ${title}`}` }),
      ...shown.map((register) => drawRegister(register, row?.[2 + REGISTERS.indexOf(register)])),
    );
    if (chosen) marks.get(chosen.register)?.(chosen.field);
    shared.save(toLink);
    note.textContent = row ? text : absent;
  }
  /**
   * "7.0", "7.0.host" or "7.0.host.ebx.7"; false where that is nothing here.
   * @param {string} text
   */
  function take(text) {
    const pattern =
      /^(?:0x)?([0-9a-f]{1,8})(?:\.(\d{1,2}))?(?:\.(?!e[a-d]x\.)([a-z][a-z0-9-]*))?(?:\.(e[a-d]x)\.(\d+))?$/i;
    const [, leaf, subleaf = "0", who, register, bit] = pattern.exec(text) ?? [];
    const wanted = who ? machines.find((one) => one.key === who) : machines[0];
    const found = leaf && `${Number.parseInt(leaf, 16).toString(16)}.${Number(subleaf)}`;
    const known = found && layoutOf(found);
    if (!wanted?.byKey.has(found) && !Object.keys(known ?? {}).length) return false;
    const field = register && known[register.toLowerCase()]?.fields.find((one) => one.bit === Number(bit));
    if (!wanted || (register && !field)) return false;
    machine = wanted;
    chosen = field ? { register: register.toLowerCase(), field } : null;
    fillList();
    go(found, false);
    return true;
  }

  /** Every field, with the names it is found by. */
  const index = Object.entries(layouts).flatMap(([leaf, registers]) =>
    Object.entries(registers).flatMap(([register, { fields }]) =>
      fields.map((field) => ({
        leaf,
        register,
        field,
        names: [field.name, ...field.flags.split(" ")].map(onlyLetters),
      })),
    ),
  );
  function search() {
    const typed = query.value.trim().toLowerCase();
    const wanted = onlyLetters(typed);
    /**
     * 0 is best, 9 is not found.
     * @param {typeof index[number]} entry
     */
    function rank({ field, names }) {
      if (names.includes(wanted)) return 0;
      if (names.some((name) => name.startsWith(wanted))) return 1;
      if (names.some((name) => name.includes(wanted))) return 2;
      return wanted.length > 2 && field.title.toLowerCase().includes(typed) ? 3 : 9;
    }
    const ranked = wanted ? index.map((entry) => ({ entry, rank: rank(entry) })).filter((hit) => hit.rank < 9) : [];
    const hits = ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
    found.replaceChildren(
      ...hits.slice(0, MOST_FOUND).map(({ leaf, register, field }) => {
        const first = leaf.replace("n", "0");
        const made = button("", () => {
          chosen = { register, field };
          go(first);
          panel.querySelector(".lb-say:not(:empty)")?.scrollIntoView({ block: "nearest" });
        });
        const has = machines.map((one) => {
          const textContent = ` ${machines[1] ? `${one.key}: ` : ""}${answer(one, first, register, field)}`;
          return element("span", { className: "lb-has", textContent });
        });
        made.append(element("b", { textContent: field.name }), ` ${placeOf(leaf, register, field)}`, ...has);
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
      [
        key,
        ...(machine === machines[0] ? [] : [machine.key]),
        ...(chosen ? [chosen.register, chosen.field.bit] : []),
      ].join("."),
    scroll: () => root.scrollIntoView(),
    open(text, name) {
      if (take(text)) return note.textContent;
      const example = keyOf(machines[0].rows[0]);
      const keys = machines.map((one) => one.key).join(", ");
      const why = `names no leaf here; this is the default. It takes a leaf and subleaf, such as ${example}, a machine (${keys}), and a field, such as ebx.7.`;
      return rejected(name, text, why);
    },
    outside: take,
  });
  take(model.get("value"));
  return shared.start(el);
}
export default { render };
