/**
 * Mask, read shadow and operand of a control register, a column for each named bit, and whether the write leaves the
 * guest. One tab stop; arrows move, Space and Enter flip.
 */
import {
  button,
  connect,
  element,
  markInvalid,
  noteLine,
  rejected,
  rovingFocus,
  textField,
  uniqueId,
} from "../../../widgets/frame.js";
import { readWord } from "../../../widgets/layouts.js";

/** @typedef {"mask" | "shadow" | "real" | "operand"} Part */

/**
 * @typedef {object} Write  an instruction
 * @property {string} key
 * @property {string} name
 * @property {string} layout
 * @property {string} looks  hex: the bits it can change
 * @property {string} sets  hex: the bits it can only set
 * @property {string} [operand]  hex: what it always writes
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Write[]} writes
 * @property {Record<string, { name: string, fields: [bit: number, name: string, title: string][] }>} fields  by layout
 * @property {[label: string, value: string][]} presets
 * @property {string} value  an instruction's key, then mask, shadow, real register and operand in hex, with dots between
 */

/** @type {Part[]} */
const PARTS = ["mask", "shadow", "real", "operand"];
/** @type {Part[]} */
const ROWS = ["mask", "shadow", "operand"];
/** @type {Record<Part, string>} */
const LABELS = { mask: "Guest/host mask", shadow: "Read shadow", real: "The real register", operand: "Operand" };
const ALL = (1n << 64n) - 1n;

/** @param {bigint} value */
const hex = (value) => `0x${value.toString(16)}`;
/** @param {bigint} value @param {number} bit */
const bitOf = (value, bit) => Number((value >> BigInt(bit)) & 1n);

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const writes = model.get("writes");
  const layouts = model.get("fields");
  const start = model.get("value");
  let write = writes[0];
  /** @type {Record<Part, bigint>} */
  let state = { mask: 0n, shadow: 0n, real: 0n, operand: 0n };
  /** @typedef {{ bit: number, keys: HTMLButtonElement[], sign: HTMLElement, box: HTMLElement }} Column */
  /** @type {Column[]} */
  let columns = [];

  // the same rules as model.py beside this file; a test compares them
  const operand = () => (write.operand === undefined ? state.operand : BigInt(write.operand));
  const tried = () => BigInt(write.looks) & ~(BigInt(write.sets) & ~operand()) & ALL;
  const refused = () => (operand() ^ state.shadow) & state.mask & tried();
  const realAfter = () => {
    const own = tried() & ~state.mask;
    return (state.real & ~own) | (operand() & own);
  };
  /**
   * What the guest reads.
   * @param {bigint} real
   */
  const readOf = (real) => (real & ~state.mask & ALL) | (state.shadow & state.mask);

  const text = () => [write.key, ...PARTS.map((part) => state[part].toString(16))].join(".");
  /** @param {string} said */
  function take(said) {
    const [key, ...words] = said.split(".");
    const wanted = writes.find((one) => one.key === key);
    if (!wanted || words.length !== 4 || !words.every((word) => /^[0-9a-f]{1,16}$/i.test(word))) return false;
    write = wanted;
    const [mask, shadow, real, source] = words.map((word) => BigInt(`0x${word}`));
    state = { mask, shadow, real, operand: source };
    return true;
  }

  const note = noteLine();
  const head = element("p", { className: "mr-head" });
  const lines = element("dl", { className: "mr-lines" });
  const grid = element("div", { className: "mr-bits" });
  /** @param {Part} part */
  function wordField(part) {
    const id = uniqueId();
    const field = textField({
      id,
      onchange: () => takeWord(part),
      /** @param {KeyboardEvent} event */
      onkeydown(event) {
        if (event.key !== "Enter") return;
        event.preventDefault();
        takeWord(part);
      },
    });
    const label = element("label", { htmlFor: id, textContent: LABELS[part] });
    return { field, box: element("span", { className: "bf-field" }, label, field) };
  }
  const words = {
    mask: wordField("mask"),
    shadow: wordField("shadow"),
    real: wordField("real"),
    operand: wordField("operand"),
  };
  const menuId = uniqueId();
  const menu = element(
    "select",
    {
      id: menuId,
      onchange() {
        write = writes[Number(menu.value)];
        build();
        changed();
      },
    },
    ...writes.map(({ name }, index) => element("option", { value: index, textContent: name })),
  );
  const presets = element(
    "div",
    { className: "bf-presets" },
    ...model.get("presets").map(([label, value]) =>
      button(
        label,
        () => {
          take(value);
          build();
          changed();
        },
        { data: { v: value } },
      ),
    ),
  );
  const root = element(
    "div",
    { className: "rsn-w mr" },
    element(
      "div",
      { className: "bf-field bf-pick" },
      element("label", { htmlFor: menuId, textContent: "Instruction" }),
      menu,
    ),
    presets,
    grid,
    element("div", { className: "mr-words" }, ...PARTS.map((part) => words[part].box)),
    note,
    element("div", { className: "mr-out", aria: { role: "status" } }, head, lines),
  );

  /** @param {Part} part */
  function takeWord(part) {
    const { field } = words[part];
    /** @type {import("../../../widgets/layouts.js").Readable} */
    const layout = { name: LABELS[part], width: 64, readers: [], accepts: "hex, binary, decimal" };
    const found = readWord(layout, field.value);
    if (found.error) {
      markInvalid(field, true);
      note.textContent = found.error;
      return;
    }
    state[part] = found.value;
    changed();
  }

  // column by column: the buttons of one bit follow one another
  const focus = rovingFocus(grid, (at) => {
    const [row, all] = [at % ROWS.length, columns.length * ROWS.length];
    return {
      ArrowLeft: at - ROWS.length,
      ArrowRight: at + ROWS.length,
      ArrowUp: row ? at - 1 : at + ROWS.length - 1,
      ArrowDown: row < ROWS.length - 1 ? at + 1 : at - row,
      Home: row,
      End: all - ROWS.length + row,
    };
  });
  /** @param {[number, string, string]} field @param {number} index */
  function drawColumn([bit, name, title], index) {
    const keys = ROWS.map((row, at) => {
      const key = button(
        "",
        () => {
          focus.moveTo(index * ROWS.length + at);
          if (row === "operand" && write.operand !== undefined) return;
          state[row] ^= 1n << BigInt(bit);
          changed();
        },
        { className: "mr-key", data: { row, bit }, aria: { label: `${LABELS[row]}, bit ${bit} ${name}` } },
      );
      key.append(element("span", { textContent: row }), element("b", { aria: { hidden: true } }));
      return key;
    });
    const sign = element("span", { className: "mr-sign" });
    const box = element(
      "div",
      { className: "mr-col", title },
      element("span", { className: "mr-name", textContent: name }),
      element("span", { className: "mr-n", textContent: bit }),
      ...keys,
      sign,
    );
    return { bit, keys, sign, box };
  }
  function build() {
    const { name, fields } = layouts[write.layout];
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", `${name}: mask, shadow and operand of each named bit, arrow keys move`);
    columns = [...fields].reverse().map(drawColumn);
    // as many lines as needed, of about the same length
    for (const [size, most] of Object.entries({ narrow: 4, middle: 7, wide: 11 })) {
      const count = Math.ceil(fields.length / Math.ceil(fields.length / most));
      grid.style.setProperty(`--${size}`, String(count));
    }
    grid.replaceChildren(...columns.map(({ box }) => box));
    focus.setItems(columns.flatMap(({ keys }) => keys));
  }
  /** @param {bigint} bits */
  function namesOf(bits) {
    const known = layouts[write.layout].fields.filter(([bit]) => bitOf(bits, bit));
    const rest = known.reduce((left, [bit]) => left & ~(1n << BigInt(bit)), bits);
    return [...known.map(([, name]) => name), ...(rest ? [`unnamed bits ${hex(rest)}`] : [])].join(", ");
  }
  /** @param {Column} column @param {bigint} wrong  the bits that do not match the shadow */
  function paintColumn({ bit, keys, sign, box }, wrong) {
    const isHosts = bitOf(state.mask, bit);
    const isWrong = bitOf(wrong, bit);
    ROWS.forEach((row, index) => {
      const value = bitOf(row === "operand" ? operand() : state[row], bit);
      const isIdle = (row === "operand" && !bitOf(tried(), bit)) || (row === "shadow" && !isHosts);
      keys[index].setAttribute("aria-pressed", String(!!value));
      keys[index].lastChild.textContent = String(value);
      keys[index].classList.toggle("mr-off", isIdle);
    });
    box.dataset.sign = isWrong ? "bad" : isHosts ? "host" : "guest";
    sign.textContent = isWrong ? "exit" : isHosts ? "host’s" : "guest’s";
  }
  function paint() {
    const wrong = refused();
    menu.value = String(writes.indexOf(write));
    for (const part of PARTS) {
      words[part].field.value = hex(part === "operand" ? operand() : state[part]);
      markInvalid(words[part].field, false);
    }
    words.operand.field.disabled = write.operand !== undefined;
    for (const column of columns) paintColumn(column, wrong);
    head.textContent = wrong
      ? `${write.name} leaves the guest: ${namesOf(wrong)} would not match the shadow.`
      : `${write.name} stays in the guest.`;
    head.dataset.tone = wrong ? "bad" : "good";
    /** @type {[string, string][]} */
    const told = [["Guest reads before", hex(readOf(state.real))]];
    if (wrong) told.push(["Now", "the hypervisor decides what the write does"]);
    else told.push(["Real register after", hex(realAfter())], ["Guest reads after", hex(readOf(realAfter()))]);
    const parts = told.flatMap(([term, value]) => [
      element("dt", { textContent: term }),
      element("dd", { textContent: value }),
    ]);
    lines.replaceChildren(...parts);
    for (const preset of /** @type {Iterable<HTMLElement>} */ (presets.children)) {
      preset.setAttribute("aria-pressed", String(preset.dataset.v === text()));
    }
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
      build();
      changed(false);
      if (good) return "";
      const keys = writes.map((one) => one.key).join(", ");
      const why = `is no state of this register; this is the default. It takes an instruction (${keys}), then ${PARTS.join(", ")} in hex, with dots between.`;
      return rejected(key, said, why);
    },
    outside(said) {
      if (!take(said)) return;
      build();
      paint();
    },
  });
  take(start);
  build();
  paint();
  return shared.start(el);
}
export default { render };
