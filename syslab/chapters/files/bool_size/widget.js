/**
 * A struct of typed or chosen members, drawn byte by byte. The rules and sentences are those of model.py beside it; a
 * test compares them.
 */
import { button, connect, element, noteLine, rejected, textField, uniqueId } from "../../../widgets/frame.js";

/**
 * @typedef {object} Type
 * @property {string} name
 * @property {string} c  as C declares it
 * @property {number} size  bytes
 * @property {number} align  bytes
 * @property {number} widest  bits of a bit-field; 0: it cannot be one
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Type[]} types
 * @property {{ packed: string, members: number, elements: number, bytes: number }} room  the word, and the most of each
 * @property {[label: string, value: string][]} presets
 * @property {string} value  members with commas between them
 */

/** @typedef {"one" | "bits" | "array"} Form */
/** @typedef {{ type: Type, form: Form, count: number }} Member  count: of bits or of elements */
/** @typedef {{ packed: boolean, members: Member[] }} Struct */
/** @typedef {{ member: Member, at: number, bits: number, name: string }} Placed  at: the first bit */

/** @type {Record<Form, string>} */
const FORMS = { one: "plain", bits: "bit-field", array: "array" };
const EXAMPLE = "bool, int:3, char[4]";

/** What is wrong with a declaration, in a sentence. */
class Refusal extends Error {}

/** @param {number} count @param {string} what */
const some = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
/** @param {number} at @param {number} to */
const roundUp = (at, to) => Math.ceil(at / to) * to;
/** @param {Member} member */
const bitsOf = ({ type, form, count }) => (form === "bits" ? count : 8 * type.size * (form === "array" ? count : 1));

/** @param {Pick<Traits, "types" | "room">} given */
function structRules({ types, room }) {
  /** @param {string} name */
  const typeOf = (name) => types.find((type) => type.name === name);

  /** @param {Struct} struct */
  function textOf({ packed, members }) {
    const parts = members.map(({ type, form, count }) => {
      if (form === "one") return type.name;
      return type.name + (form === "bits" ? `:${count}` : `[${count}]`);
    });
    return [...(packed ? [room.packed] : []), ...parts].join(",");
  }

  /** @param {string} item @param {number} number @returns {Member} */
  function parseMember(item, number) {
    const where = `Member ${number}, “${item.slice(0, 30)}”:`;
    const match = /^([a-z]+)(?::([0-9]{1,4})|\[([0-9]{1,4})\])?$/.exec(item);
    if (!match) throw new Refusal(`${where} cannot be read. A member is written like ${EXAMPLE}.`);
    const [, name, width, count] = match;
    const type = typeOf(name);
    if (!type) throw new Refusal(`${where} no such type. There are ${types.map((one) => one.name).join(", ")}.`);
    if (width !== undefined) {
      if (!type.widest) throw new Refusal(`${where} a ${name} cannot be a bit-field.`);
      if (Number(width) > type.widest) {
        throw new Refusal(`${where} a bit-field of type ${name} has at most ${some(type.widest, "bit")}.`);
      }
      return { type, form: "bits", count: Number(width) };
    }
    if (count === undefined) return { type, form: "one", count: 1 };
    if (Number(count) < 1 || Number(count) > room.elements) {
      throw new Refusal(`${where} an array has 1 to ${room.elements} elements here.`);
    }
    return { type, form: "array", count: Number(count) };
  }

  /** @param {string} text @returns {Struct} */
  function parse(text) {
    let items = text.split(",").map((item) => item.trim());
    const packed = items[0] === room.packed;
    if (packed) items = items.slice(1);
    if (!items.length || (items.length === 1 && !items[0])) {
      throw new Refusal(`Nothing is declared. A struct is written like ${EXAMPLE}.`);
    }
    if (items.length > room.members) {
      throw new Refusal(`There are ${items.length} members; there is room for ${room.members}.`);
    }
    const members = items.map((item, index) => parseMember(item, index + 1));
    if (!members.some(bitsOf)) throw new Refusal("All members have a width of 0; C wants one with a name.");
    return { packed, members };
  }

  /**
   * Where each member lies.
   * @param {Struct} struct
   */
  function layOut({ packed, members }) {
    let at = 0;
    let align = 1;
    let named = 0;
    /** @type {Placed[]} */
    const placed = [];
    for (const member of members) {
      const unit = 8 * member.type.size;
      const bits = bitsOf(member);
      const crosses = Math.floor(at / unit) !== Math.floor((at + bits - 1) / unit);
      if (!bits) at = roundUp(at, unit);
      else if (member.form !== "bits") at = roundUp(at, packed ? 8 : unit);
      else if (!packed && crosses) at = roundUp(at, unit);
      if (!packed && bits) align = Math.max(align, member.type.align);
      placed.push({ member, at, bits, name: bits ? String.fromCharCode(97 + named++) : "" });
      at += bits;
    }
    const size = roundUp(at, 8 * align) / 8;
    if (size > room.bytes) throw new Refusal(`The struct has ${size} bytes; there is room for ${room.bytes}.`);
    return { placed, size, align, padding: 8 * size - placed.reduce((sum, { bits }) => sum + bits, 0) };
  }
  return { typeOf, textOf, parse, layOut };
}

/** @param {Placed} placed */
function placeInWords({ member, at, bits }) {
  if (!bits) return "the next unit begins";
  const end = at + bits - 1;
  const first = at >> 3;
  const last = end >> 3;
  if (member.form !== "bits") return first === last ? `byte ${first}` : `bytes ${first} to ${last}`;
  if (first !== last) return `byte ${first}, bit ${at & 7}, to byte ${last}, bit ${end & 7}`;
  return bits === 1 ? `byte ${first}, bit ${at & 7}` : `byte ${first}, bits ${at & 7} to ${end & 7}`;
}
/** @param {Placed} placed */
function inC({ member: { type, form, count }, name }) {
  if (form === "bits") return `${type.c} ${name}:${count};`;
  return `${type.c}${type.c.endsWith("*") ? "" : " "}${name}${form === "array" ? `[${count}]` : ""};`;
}

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const types = model.get("types");
  const room = model.get("room");
  const start = model.get("value");
  const { typeOf, textOf, parse, layOut } = structRules({ types, room });
  /** @type {Struct} */
  let struct;
  /** @type {ReturnType<typeof layOut>} */
  let layout;

  const id = uniqueId();
  const packedId = uniqueId();
  const note = noteLine();
  const field = textField({ id, onchange: () => take(field.value) });
  const packed = element("input", {
    id: packedId,
    type: "checkbox",
    onchange() {
      change((next) => {
        next.packed = packed.checked;
      });
    },
  });
  const rows = element("ul", { className: "sl-rows", aria: { label: "Members" } });
  const add = button(
    "Add a member",
    () => {
      change(({ members }) => members.push({ ...members.at(-1) }));
      /** @type {HTMLElement} */ (rows.lastChild).querySelector("select").focus();
    },
    { className: "sl-add" },
  );
  const presets = element(
    "div",
    { className: "bf-presets" },
    ...model.get("presets").map(([label, value]) => button(label, () => take(value), { data: { v: value } })),
  );
  const head = element("p", { className: "sl-head", aria: { role: "status" } });
  const map = element("div", { className: "sl-map", aria: { role: "img" } });
  const source = element("pre", { className: "sl-c" });
  const root = element(
    "div",
    { className: "rsn-w sl" },
    presets,
    element("div", { className: "sl-line" }, element("label", { htmlFor: id, textContent: "Struct" }), field),
    note,
    head,
    map,
    element("p", { className: "sl-key" }, "Bytes and bits count from left to right; hatched is padding."),
    rows,
    element("div", { className: "sl-line" }, add, element("label", { htmlFor: packedId }, packed, ` ${room.packed}`)),
    source,
  );

  /**
   * Shows a struct; returns and says what is wrong with it, and then the last good one stays.
   * @param {string} text
   * @param {boolean} [toLink]
   */
  function take(text, toLink = true) {
    try {
      const next = parse(text);
      layout = layOut(next);
      struct = next;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      note.textContent = error.message;
      return error.message;
    }
    note.textContent = "";
    paint();
    shared.save(toLink);
    return "";
  }
  /** @param {(next: Struct) => void} how */
  function change(how) {
    const next = { ...struct, members: struct.members.map((member) => ({ ...member })) };
    how(next);
    if (take(textOf(next))) paint();
  }

  /**
   * The controls of one member.
   * @param {Placed} placed
   * @param {number} index
   */
  function drawRow(placed, index) {
    const { member } = placed;
    const number = index + 1;
    const last = struct.members.length - 1;
    /** @param {(own: Member, all: Member[]) => void} how */
    const edit = (how) => change(({ members }) => how(members[index], members));
    /**
     * The rows were drawn anew.
     * @param {number} at
     * @param {string} key
     */
    const focus = (at, key) => {
      const found = rows.children[at]?.querySelector(`[data-key=${key}]`);
      /** @type {HTMLElement} */ (found)?.focus();
    };
    /** @param {number} to @param {string} key */
    const move = (to, key) => {
      edit((_, all) => all.splice(to, 0, ...all.splice(index, 1)));
      focus(to, key);
    };
    /**
     * @param {string} key
     * @param {string} sign
     * @param {string} label
     * @param {boolean} disabled
     * @param {() => void} act
     */
    const control = (key, sign, label, disabled, act) =>
      button(sign, act, { disabled, data: { key }, aria: { label: `${label} member ${number}` } });
    /**
     * A type that has fewer bits, or cannot be a bit-field.
     * @param {Member} own
     */
    const fit = (own) => {
      if (own.form !== "bits") return;
      own.count = Math.min(own.count, own.type.widest);
      if (!own.count) own.form = "one";
    };
    const typeMenu = element(
      "select",
      {
        data: { key: "type" },
        aria: { label: `Type of member ${number}` },
        onchange() {
          const type = typeOf(typeMenu.value);
          edit((own) => {
            own.type = type;
            fit(own);
          });
          focus(index, "type");
        },
      },
      ...types.map((type) =>
        element("option", { value: type.name, textContent: type.name, selected: type === member.type }),
      ),
    );
    const formMenu = element(
      "select",
      {
        data: { key: "how" },
        aria: { label: `Form of member ${number}` },
        onchange() {
          const form = /** @type {Form} */ (formMenu.value);
          edit((own) => {
            own.form = form;
            own.count = form === "array" ? 2 : 1;
            fit(own);
          });
          focus(index, "how");
        },
      },
      ...Object.entries(FORMS).map(([value, textContent]) =>
        element("option", {
          value,
          textContent,
          selected: value === member.form,
          disabled: value === "bits" && !member.type.widest,
        }),
      ),
    );
    const isBits = member.form === "bits";
    const count = element("input", {
      type: "number",
      className: "bf-in",
      min: isBits ? 0 : 1,
      max: isBits ? member.type.widest : room.elements,
      value: member.count,
      data: { key: "n" },
      aria: { label: `${isBits ? "Bits" : "Elements"} of member ${number}` },
      onchange() {
        const typed = /** @type {any} */ (count.value); // what cannot be read is refused with the rest
        edit((own) => {
          own.count = typed;
        });
        focus(index, "n");
      },
    });
    return element(
      "li",
      { className: "sl-row" },
      element("b", { className: "sl-name", textContent: placed.name || "–", data: { tint: index % 2 } }),
      typeMenu,
      formMenu,
      member.form === "one" ? element("span", { className: "sl-gap" }) : count,
      element("span", { className: "sl-at", textContent: placeInWords(placed) }),
      element(
        "span",
        { className: "sl-do" },
        control("up", "↑", "Move up", !index, () => move(index - 1, "up")),
        control("down", "↓", "Move down", index === last, () => move(index + 1, "down")),
        control("cut", "×", "Remove", !last, () => {
          edit((_, all) => all.splice(index, 1));
          focus(Math.min(index, last - 1), "cut");
        }),
      ),
    );
  }

  /**
   * One byte of the map: a run for each member that has bits in it.
   * @param {number} byte
   * @param {number[]} owner  of each bit
   */
  function drawByte(byte, owner) {
    const box = element("span", { className: "sl-bits" });
    const end = (byte + 1) * 8;
    for (let from = byte * 8, to = from; from < end; from = to) {
      while (to < end && owner[to] === owner[from]) to++;
      const tint = owner[from] < 0 ? "none" : owner[from] % 2;
      const textContent = layout.placed[owner[from]]?.name ?? "";
      const run = element("span", { className: "sl-run", textContent, data: { n: to - from, tint } });
      run.style.flexGrow = String(to - from);
      box.append(run);
    }
    return element("span", { className: "sl-byte" }, element("i", { textContent: byte }), box);
  }

  function paint() {
    const { placed, size, align, padding } = layout;
    const text = textOf(struct);
    const gap = padding % 8 ? some(padding, "bit") : some(padding / 8, "byte");
    field.value = text;
    packed.checked = struct.packed;
    head.textContent = `${some(size, "byte")}, aligned to ${align}; ${padding ? `${gap} of padding` : "no padding"}.`;
    rows.replaceChildren(...placed.map(drawRow));
    const owner = new Array(size * 8).fill(-1);
    for (const [index, { at, bits }] of placed.entries()) owner.fill(index, at, at + bits);
    map.replaceChildren(...Array.from({ length: size }, (_, byte) => drawByte(byte, owner)));
    const places = placed.filter(({ bits }) => bits).map((one) => `${one.name}: ${placeInWords(one)}`);
    map.setAttribute("aria-label", `${places.join("; ")}. ${head.textContent}`);
    const lines = placed.map((one) => `    ${inC(one)}\n`).join("");
    source.textContent = `struct s {\n${lines}}${struct.packed ? " __attribute__((packed))" : ""};`;
    for (const preset of /** @type {Iterable<HTMLElement>} */ (presets.children)) {
      preset.setAttribute("aria-pressed", String(preset.dataset.v === text));
    }
  }

  const shared = connect(model, {
    root,
    note,
    value: () => textOf(struct),
    open(text, key) {
      const why = take(text, false);
      if (!why) return "";
      take(start, false);
      return rejected(key, text, `is no struct; this is the default. ${why}`);
    },
    outside: (text) => take(text),
  });
  take(start, false);
  return shared.start(el);
}
export default { render };
