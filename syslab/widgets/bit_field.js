/**
 * A register made of toggle buttons, one for each bit, with a field to type or paste a value in, a sentence that says
 * what the value means, and a table of every field. One tab stop; arrows, Home and End move, Space and Enter flip.
 */
import { button, connect, element, markInvalid, rejected, rovingFocus, textField, uniqueId } from "./frame.js";
import { fieldText, fieldValue, fullHex, holds, otherReadings, readWord, sentence } from "./layouts.js";

/**
 * @typedef {object} Traits
 * @property {import("./layouts.js").Layout[]} layouts  more than one: a menu chooses
 * @property {number} selected  which of them is shown
 * @property {string} value  hex, with all digits
 * @property {string} menu  the menu's label
 * @property {string} prompt  the field's label
 */

/**
 * A name in the parts between which a line may break: at signs, behind digits, before capitals, at SIG.
 * @param {string} name
 */
const partsOf = (name) => name.split(/(?<=[_./+-])|(?<=[a-z\d])(?=[A-Z])|(?<=^SIG)(?=.)|(?<=.)(?=SIG$)/);
const LONG = 7; // letters that fit into a column of 8 on a phone

/** @param {{ value: bigint, how: string }} other */
const otherWords = ({ value, how }) => `as ${how} it is 0x${value.toString(16)}`;

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const layouts = model.get("layouts");
  const keys = layouts.map((layout) => layout.anchor);
  /** @type {import("./layouts.js").Layout} */
  let layout;
  let value = 0n;
  /** @type {HTMLButtonElement[]} */
  let bits = [];

  const grid = element("div", { className: "bf-bits" });
  const say = element("p", { className: "bf-say" });
  const warning = element("p", { className: "bf-warn" });
  const inputId = uniqueId();
  const field = textField({ id: inputId });
  const how = element("span", { className: "bf-how" });
  const presets = element("div", { className: "bf-presets" });
  const rows = element("tbody");
  const heads = ["Bits", "Name", "Now", "Meaning", "Since"].map((textContent) =>
    element("th", { scope: "col", textContent }),
  );
  const region = element(
    "div",
    { className: "scroll", tabIndex: 0, aria: { role: "region" } },
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), rows),
  );
  const menuId = uniqueId();
  const menu = element(
    "select",
    {
      id: menuId,
      onchange() {
        choose(Number(menu.value));
        change(value, "");
      },
    },
    ...layouts.map((one, index) => element("option", { value: index, textContent: one.name })),
  );

  /** @param {string} textContent @param {string} htmlFor */
  const label = (textContent, htmlFor) => element("label", { htmlFor, textContent });
  const root = element(
    "div",
    { className: "rsn-w bf" },
    layouts.length > 1
      ? element("div", { className: "bf-field bf-pick" }, label(model.get("menu"), menuId), menu)
      : null,
    grid,
    element(
      "div",
      { className: "bf-bar" },
      element("span", { className: "bf-field" }, label(model.get("prompt"), inputId), field),
      presets,
    ),
    element("p", { className: "bf-note", aria: { live: "polite" } }, how),
    element("div", { className: "bf-out", aria: { role: "status" } }, say, warning),
    element("details", { className: "bf-all" }, element("summary", { textContent: "Every field" }), region),
  );

  // the highest bit stands first, so that "left" is up
  const focus = rovingFocus(grid, (at) => {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    return {
      ArrowLeft: at + 1,
      ArrowRight: at - 1,
      ArrowUp: at + columns,
      ArrowDown: at - columns,
      Home: layout.width - 1,
      End: 0,
    };
  });

  /** @param {number} bit */
  function bitButton(bit) {
    const owner = layout.fields.find((one) => bit >= one.bit && bit < one.bit + one.width);
    const wide = owner && owner.width > 1;
    const isTop = owner && bit === owner.bit + owner.width - 1;
    const name = !owner ? "reserved" : wide ? `${owner.name}, its bit ${bit - owner.bit}` : owner.name;
    const parts = isTop ? partsOf(owner.name) : [];
    const label = element("span", { className: "bf-name" }, ...parts.flatMap((part) => [element("wbr"), part]));
    label.style.setProperty("--n", String(Math.max(1, ...parts.map((part) => part.length))));
    const classes = ["bf-bit", owner ? "" : "bf-rsv", (bit >> 2) & 1 ? "bf-odd" : "", wide ? "bf-wide" : ""];
    return element(
      "button",
      {
        type: "button",
        title: owner ? owner.title : "reserved",
        data: { bit },
        className: classes.filter(Boolean).join(" "),
        aria: { label: `bit ${bit} ${name}` },
        onclick() {
          focus.moveTo(bit);
          change(value ^ (1n << BigInt(bit)), "");
        },
      },
      element("span", { className: "bf-n", textContent: bit }),
      element("span", { className: "bf-key" }),
      label,
    );
  }

  /** @param {import("./layouts.js").Field} one */
  const fieldRow = (one) =>
    element(
      "tr",
      {},
      element("td", {
        className: "num",
        textContent: one.width > 1 ? `${one.bit + one.width - 1}:${one.bit}` : one.bit,
      }),
      element("td", {}, element("b", { textContent: one.name })),
      element("td", { className: "bf-now" }),
      element("td", { textContent: one.title }),
      element("td", { textContent: one.since }),
    );

  /**
   * Shows another layout, at its start.
   * @param {number} index
   */
  function choose(index) {
    if (layouts[index] !== layout) {
      layout = layouts[index];
      value = BigInt(layout.start);
      region.setAttribute("aria-label", `fields of the ${layout.name}`);
      grid.setAttribute("role", "group");
      grid.setAttribute("aria-label", `${layout.name}, ${layout.width} bits, arrow keys move`);
      const longest = layout.fields.flatMap((one) => partsOf(one.name).map((part) => part.length));
      grid.classList.toggle("bf-long", Math.max(...longest) > LONG);
      bits = Array.from({ length: layout.width }, (_, bit) => bitButton(bit));
      grid.replaceChildren(...[...bits].reverse());
      focus.setItems(bits, Math.max(0, ...layout.fields.map((one) => one.bit).filter((bit) => bit < 8)));
      presets.replaceChildren(
        ...layout.examples.map(([name, number]) =>
          button(name, () => change(BigInt(number), ""), { data: { v: number } }),
        ),
      );
      rows.replaceChildren(...[...layout.fields].reverse().map(fieldRow));
    }
    menu.value = String(index);
    if (model.get("selected") === index) return;
    model.set("selected", index);
    model.save_changes();
  }

  function paint() {
    for (const [bit, one] of bits.entries()) one.setAttribute("aria-pressed", String(!!((value >> BigInt(bit)) & 1n)));
    field.value = fullHex(layout, value);
    markInvalid(field, false);
    say.textContent = sentence(layout, value);
    const impossible = layout.impossible.filter((one) => holds(one, value)).map(([, , text]) => text);
    warning.textContent = impossible.length ? `This should not occur. ${impossible.join(" ")}` : "";
    warning.hidden = !impossible.length;
    for (const preset of /** @type {Iterable<HTMLElement>} */ (presets.children)) {
      preset.setAttribute("aria-pressed", String(BigInt(preset.dataset.v) === value));
    }
    [...rows.children].forEach((row, index) => {
      const one = layout.fields.at(-1 - index);
      const number = fieldValue(one, value);
      const named = one.width > 1 || one.values[number.toString()];
      row.children[2].textContent = named ? fieldText(one, number) : number.toString();
      row.classList.toggle("bf-set", !!number);
    });
  }

  const shared = connect(model, {
    root,
    note: how,
    keys,
    key: () => layout.anchor,
    value: () => fullHex(layout, value),
    text: () => `0x${value.toString(16)}`,
    open(text, key) {
      choose(keys.indexOf(key));
      const found = readWord(layout, text);
      show(found.error ? BigInt(layout.start) : found.value);
      if (found.error) return rejected(key, text, `could not be read (${found.error}). This is the default.`);
      const others = otherReadings(layout, text, found.value);
      return others.length ? [`read as ${found.how}`, ...others.map(otherWords)].join("; ") : "";
    },
    outside(text) {
      how.textContent = "";
      show(BigInt(text));
    },
  });

  /** @param {bigint} number @param {boolean} [toLink] */
  function show(number, toLink = false) {
    value = number;
    paint();
    shared.save(toLink);
  }
  /** @param {bigint} number @param {string} note */
  function change(number, note) {
    show(number, true);
    how.textContent = note;
  }
  /**
   * What somebody typed or pasted. What cannot be read leaves the last good state; the reason is said.
   * @param {string} text
   */
  function take(text) {
    const found = readWord(layout, text);
    if (found.error) {
      field.value = text;
      markInvalid(field, true);
      say.textContent = `Nothing was read; the bits are still those of ${fullHex(layout, value)}.`;
      warning.hidden = true;
      how.textContent = found.error;
      return;
    }
    const asTyped = /^(hex|binary|decimal)$/.test(found.how) && fullHex(layout, found.value) === text.trim();
    change(found.value, asTyped ? "" : `read as ${found.how}`);
    offer(text, found.value);
  }
  /**
   * Names what else the text may mean, and takes it when told to.
   * @param {string} text
   * @param {bigint} taken
   */
  function offer(text, taken) {
    for (const other of otherReadings(layout, text, taken)) {
      const act = () => {
        change(other.value, `read as ${other.how}`);
        offer(text, other.value);
        // not before Enter is done with, or it would press this one too
        setTimeout(() => /** @type {HTMLElement} */ (how.querySelector("button"))?.focus());
      };
      how.append("; ", button(otherWords(other), act, { className: "rsn-quiet" }));
    }
  }
  field.onchange = () => {
    // leaving the field after Enter says nothing new, and the note has a button that is about to be pressed
    if (field.value !== fullHex(layout, value) || field.hasAttribute("aria-invalid")) take(field.value);
  };
  field.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    take(field.value);
  };
  field.onpaste = (event) => {
    const text = event.clipboardData?.getData("text");
    if (!text || (field.value !== fullHex(layout, value) && !/\s/.test(text))) return;
    event.preventDefault();
    take(text);
  };

  choose(Math.min(model.get("selected"), layouts.length - 1));
  value = BigInt(model.get("value"));
  paint();
  return shared.start(el);
}
export default { render };
