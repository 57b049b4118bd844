/**
 * A file's bytes and what they mean: a grid of bytes that can be edited, and beside it the members they were read as.
 * Which member lies where is data (Format.to_dict in syslab/bits/structure.py); the rules for reading it are here.
 */
import {
  button,
  connect,
  element,
  markInvalid,
  noteLine,
  onArrows,
  rejected,
  textField,
} from "../../../widgets/frame.js";
import { sentence } from "../../../widgets/layouts.js";

/** @typedef {string | number} Amount  a number, or the name of a member that holds it */

/**
 * @typedef {object} Structure
 * @property {string} name
 * @property {string} title
 * @property {number} size  bytes
 * @property {Amount[]} at  added up: where it begins
 * @property {Amount} [count]  how many there are; without it, one
 * @property {Amount} [stride]  from one to the next
 * @property {[name: string, offset: number, size: number, type: string, isArray: boolean, layout: string][]} members
 * @property {[member: string, wanted: string | number, says: string][]} checks
 */

/**
 * @typedef {object} Format
 * @property {Structure[]} structures
 * @property {Record<string, import("../../../widgets/layouts.js").Layout>} layouts
 * @property {number} most  entries of one structure
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {{ key: string, label: string, data: string, format: Format }[]} samples  data: hex
 * @property {string} value  a sample's key, the edits as offset-byte, the chosen byte as at-offset if it is not the first
 *   edited one; all in hex, with dots between them
 */

/**
 * @typedef {object} Found  a member that was read
 * @property {string} group  its structure
 * @property {string} title  of that
 * @property {string} name
 * @property {string} member
 * @property {number} offset
 * @property {number} size
 * @property {string} type
 * @property {bigint | string} value  arrays as hex
 * @property {number[]} raw
 * @property {import("../../../widgets/layouts.js").Layout | undefined} layout
 * @property {boolean} [wrong]
 */

/** @param {number | bigint} number */
const hex = (number) => `0x${number.toString(16)}`;
/** @param {number} byte */
const twoDigits = (byte) => byte.toString(16).padStart(2, "0");

/**
 * The twin of Format.read: the members found so far, and why it went no further.
 * @param {Format} format
 * @param {number[]} bytes
 */
function readAll(format, bytes) {
  /** @type {Found[]} */
  const found = [];
  /** @type {Map<string, any>} */
  const values = new Map();
  const length = BigInt(bytes.length);
  /** @param {Amount} amount @returns {bigint} */
  const numberOf = (amount) => (typeof amount === "number" ? BigInt(amount) : values.get(amount));

  /**
   * Returns the problem, or "".
   * @param {Structure} structure
   * @param {string} name
   * @param {bigint} at
   */
  function readOne(structure, name, at) {
    const size = BigInt(structure.size);
    if (at + size > length) {
      return `${name} would be bytes ${hex(at)} to ${hex(at + size - 1n)}, but there are only ${hex(length)} bytes here.`;
    }
    for (const [member, from, count, type, isArray, layout] of structure.members) {
      const offset = Number(at) + from;
      const raw = bytes.slice(offset, offset + count);
      const value = isArray
        ? raw.map(twoDigits).join("")
        : raw.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
      values.set(`${name}.${member}`, value);
      const where = { group: name, title: structure.title, name: `${name}.${member}`, member, offset, size: count };
      found.push({ ...where, type, value, raw, layout: format.layouts[layout] });
    }
    for (const [member, wanted, says] of structure.checks) {
      const checked = found.find((one) => one.name === `${name}.${member}`);
      if (String(checked.value) === String(wanted)) continue;
      checked.wrong = true;
      found.splice(found.indexOf(checked) + 1); // the rest may have another layout
      return `${checked.name} at ${hex(checked.offset)}: ${says}`;
    }
    return "";
  }
  /** @param {Structure} structure */
  function readStructure(structure) {
    const from = structure.at.map(numberOf).reduce((a, b) => a + b, 0n);
    if (!structure.count) return readOne(structure, structure.name, from);
    const count = numberOf(structure.count);
    const stride = numberOf(structure.stride);
    if (count && stride < BigInt(structure.size)) {
      return `${structure.stride} is ${stride}, but a ${structure.name} has ${structure.size} bytes.`;
    }
    for (let i = 0n; i < count && i < format.most; i++) {
      const problem = readOne(structure, `${structure.name}[${i}]`, from + i * stride);
      if (problem) return problem;
    }
    return count > format.most ? `${structure.count} is ${count}; only ${format.most} entries are read.` : "";
  }
  for (const structure of format.structures) {
    const problem = readStructure(structure);
    if (problem) return { found, problem };
  }
  return { found, problem: "" };
}

/**
 * What a member's value means, or "".
 * @param {Found} one
 */
function meaning({ value, raw, layout }) {
  if (typeof value === "string") {
    const text = raw.map((code) => (code > 32 && code < 127 ? String.fromCharCode(code) : ".")).join("");
    return /\w\w/.test(text) ? text : "";
  }
  if (!layout) return "";
  if (layout.fields.length > 1) return sentence(layout, value);
  return layout.fields[0].values[value.toString()] ?? "no name known here";
}
/** @param {Found} one */
function shownValue({ value, raw, size }) {
  if (typeof value !== "string") return hex(value);
  return raw.slice(0, 8).map(twoDigits).join(" ") + (size > 8 ? " …" : "");
}

/**
 * Scrolls inside the panel only, never the page.
 * @param {HTMLElement} panel
 * @param {HTMLElement} item
 */
function scrollInto(panel, item) {
  const top = item.offsetTop;
  const isAbove = top < panel.scrollTop;
  const isBelow = top + item.offsetHeight > panel.scrollTop + panel.clientHeight;
  if (isAbove || isBelow) panel.scrollTop = top - panel.clientHeight / 3;
}

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const samples = model.get("samples").map((sample) => ({
    ...sample,
    bytes: sample.data.match(/../g).map((digits) => Number.parseInt(digits, 16)),
  }));
  const start = model.get("value");
  let sample = samples[0];
  /** @type {Map<number, number>}  offset -> byte */
  let edits = new Map();
  /** @type {number[]} */
  let data;
  /** @type {ReturnType<typeof readAll>} */
  let tree;
  let current = 0; // the byte that is chosen
  let perRow = 16;
  /** @type {number | null}  the first digit that was typed */
  let half = null;
  /** @type {HTMLButtonElement[]} */
  let cells = [];
  /** @type {HTMLButtonElement[]} */
  let rows = [];

  const text = () => {
    const sorted = [...edits].sort((a, b) => a[0] - b[0]);
    const parts = sorted.map(([offset, byte]) => `${offset.toString(16)}-${twoDigits(byte)}`);
    if (current !== (sorted[0]?.[0] ?? 0)) parts.push(`at-${current.toString(16)}`);
    return [sample.key, ...parts].join(".");
  };
  /** @param {number} offset */
  const memberAt = (offset) => {
    const holding = tree.found.filter((one) => one.offset <= offset && offset < one.offset + one.size);
    return holding.at(-1);
  };

  /** @param {string} className @param {string} textContent */
  const part = (className, textContent) => element("span", { className, textContent });
  const menu = element(
    "select",
    {
      onchange() {
        sample = samples[Number(menu.value)];
        edits = new Map();
        current = 0;
        changed();
      },
    },
    ...samples.map(({ label }, index) => element("option", { value: index, textContent: label })),
  );
  const field = textField({
    className: "bf-in ht-in",
    onchange: takeTyped,
    /** @param {KeyboardEvent} event */
    onkeydown(event) {
      if (event.key !== "Enter") return;
      event.preventDefault();
      takeTyped();
    },
  });
  const label = element("span");
  const reset = button("Undo all edits", () => {
    edits = new Map();
    changed();
  });
  const note = noteLine();
  const say = element("p", { className: "ht-say", aria: { role: "status" } });
  const problem = element("p", { className: "ht-bad", aria: { role: "status" } });
  const grid = element("div", {
    className: "ht-grid",
    aria: { role: "group", label: "bytes: arrow keys move, two hex digits change" },
  });
  const list = element("div", { className: "ht-tree", aria: { role: "group", label: "members: arrow keys move" } });
  const root = element(
    "div",
    { className: "rsn-w ht" },
    element(
      "div",
      { className: "ht-bar" },
      element("label", { className: "ht-l" }, part("", "File"), menu),
      element("label", { className: "ht-l" }, label, field),
      reset,
    ),
    note,
    say,
    problem,
    element("div", { className: "ht-two" }, grid, list),
  );

  function takeTyped() {
    const match = /^\s*(?:0x)?([0-9a-f]{1,2})\s*$/i.exec(field.value);
    if (match) return put(current, Number.parseInt(match[1], 16));
    markInvalid(field, true);
    note.textContent = `“${field.value.slice(0, 20)}” at ${hex(current)} is no byte; accepted: two hex digits.`;
  }
  /** @param {number} offset @param {number} byte */
  function put(offset, byte) {
    edits.set(offset, byte);
    changed();
  }

  function drawCells() {
    grid.style.setProperty("--per", String(perRow));
    /** @param {number} offset */
    const cell = (offset) => button("", () => choose(offset, grid), { className: "ht-b", tabIndex: -1 });
    cells = data.map((_, offset) => cell(offset));
    const parts = cells.flatMap((one, offset) =>
      offset % perRow ? [one] : [part("ht-off", offset.toString(16).padStart(3, "0")), one],
    );
    grid.replaceChildren(...parts);
  }
  function drawMembers() {
    rows = tree.found.map((one) => {
      const properties = { className: one.wrong ? "ht-f ht-wrong" : "ht-f", tabIndex: -1 };
      const row = button("", () => choose(one.offset, list), properties);
      row.append(part("ht-n", one.member), part("ht-v", shownValue(one)), part("ht-m", meaning(one)));
      return row;
    });
    const parts = tree.found.flatMap(({ group, title }, index) => {
      if (group === tree.found[index - 1]?.group) return [rows[index]];
      return [element("p", { className: "ht-h", textContent: `${title} · ${group}` }), rows[index]];
    });
    const top = list.scrollTop;
    list.replaceChildren(...parts);
    list.scrollTop = top;
  }
  function changed(toLink = true) {
    for (const [offset, byte] of edits) if (byte === sample.bytes[offset]) edits.delete(offset);
    data = sample.bytes.map((byte, offset) => edits.get(offset) ?? byte);
    tree = readAll(sample.format, data);
    menu.value = String(samples.indexOf(sample));
    const held = document.activeElement;
    const where = list.contains(held) ? list : grid.contains(held) ? grid : null;
    if (cells.length !== data.length) drawCells();
    drawMembers();
    cells.forEach((cell, offset) => {
      const member = memberAt(offset);
      const isEdited = edits.has(offset);
      const stripe = member ? ` ht-g${tree.found.indexOf(member) % 2}` : "";
      cell.textContent = twoDigits(data[offset]);
      cell.className = `ht-b${isEdited ? " ht-ed" : ""}${stripe}`;
      const told = `${hex(offset)}: ${twoDigits(data[offset])}, ${member?.name ?? "not read"}${isEdited ? ", edited" : ""}`;
      cell.setAttribute("aria-label", told);
    });
    problem.textContent = tree.problem;
    problem.hidden = !tree.problem;
    reset.disabled = !edits.size;
    choose(current, where, toLink);
  }

  /**
   * Chooses a byte, and the member it is in.
   * @param {number} offset
   * @param {HTMLElement | null} focused  the panel that gets the focus
   * @param {boolean} [toLink]
   */
  function choose(offset, focused, toLink = true) {
    current = Math.max(0, Math.min(offset, data.length - 1));
    half = null;
    const member = memberAt(current);
    const index = tree.found.indexOf(member);
    cells.forEach((cell, at) => {
      cell.tabIndex = at === current ? 0 : -1;
      cell.classList.toggle("ht-on", !!member && at >= member.offset && at < member.offset + member.size);
      cell.classList.toggle("ht-cur", at === current);
    });
    rows.forEach((row, at) => {
      row.tabIndex = at === Math.max(index, 0) ? 0 : -1;
      row.setAttribute("aria-current", String(at === index));
    });
    label.textContent = `Byte at ${hex(current)}, hex`;
    field.value = twoDigits(data[current]);
    markInvalid(field, false);
    say.textContent = member ? inWords(member) : `Byte ${hex(current)}: in no member that was read.`;
    if (focused) (focused === grid ? cells[current] : rows[index])?.focus({ preventScroll: true });
    scrollInto(grid, cells[current]);
    if (member) scrollInto(list, rows[index]);
    shared.save(toLink);
  }
  /** @param {Found} member */
  function inWords(member) {
    const { name, type, offset, value } = member;
    const decimal = typeof value === "bigint" && value > 9n ? ` = ${value}` : "";
    const meant = meaning(member).replace(/\.$/, "");
    return `${name}, ${type} at ${hex(offset)}: ${shownValue(member)}${decimal}${meant && `. ${meant}`}.`;
  }

  onArrows(
    grid,
    () => {
      const first = current - (current % perRow);
      return {
        ArrowLeft: current - 1,
        ArrowRight: current + 1,
        ArrowUp: current - perRow,
        ArrowDown: current + perRow,
        Home: first,
        End: first + perRow - 1,
      };
    },
    (to) => {
      if (to >= 0) choose(to, grid);
    },
  );
  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9a-f]$/i.test(event.key)) return;
    event.preventDefault();
    const digit = Number.parseInt(event.key, 16);
    if (half === null) {
      half = digit;
      cells[current].textContent = `${event.key}_`;
      return;
    }
    put(current, half * 16 + digit);
    choose(current + 1, grid);
  });
  grid.addEventListener("focusout", () => {
    if (half === null) return;
    half = null;
    cells[current].textContent = twoDigits(data[current]);
  });
  onArrows(
    list,
    (event) => {
      const at = rows.indexOf(/** @type {HTMLButtonElement} */ (event.target));
      return at < 0 ? null : { ArrowUp: at - 1, ArrowDown: at + 1 };
    },
    (to) => {
      if (tree.found[to]) choose(tree.found[to].offset, list);
    },
  );

  /**
   * Takes a state; returns what is wrong with it, or "".
   * @param {string} said
   */
  function take(said) {
    const [key, ...parts] = said.split(".");
    const wanted = samples.find((one) => one.key === key);
    if (!wanted) return `“${key}” is none of ${samples.map((one) => one.key).join(", ")}`;
    /** @type {Map<number, number>} */
    const made = new Map();
    let chosen;
    for (const one of parts) {
      const match = /^([0-9a-f]{1,4})-([0-9a-f]{2})$|^at-([0-9a-f]{1,4})$/.exec(one);
      if (!match) return `“${one}” is not an offset and a byte, such as 10-03`;
      const offset = Number.parseInt(match[1] ?? match[3], 16);
      if (offset >= wanted.bytes.length) {
        return `offset ${hex(offset)} is outside: there are ${hex(wanted.bytes.length)} bytes`;
      }
      if (match[3]) chosen = offset;
      else made.set(offset, Number.parseInt(match[2], 16));
    }
    sample = wanted;
    edits = made;
    current = chosen ?? Math.min(...made.keys(), ...(made.size ? [] : [0]));
    return "";
  }
  const shared = connect(model, {
    root,
    note,
    value: text,
    open(said, key) {
      const wrong = take(said);
      if (wrong) take(start);
      changed(false);
      return wrong && rejected(key, said, `could not be read: ${wrong}. This is the default.`);
    },
    outside(said) {
      if (!take(said)) changed(false);
    },
  });
  take(start);
  changed(false);
  const fitting = new ResizeObserver(() => {
    const fits = root.clientWidth < 420 ? 8 : 16;
    if (fits === perRow) return;
    perRow = fits;
    cells = [];
    changed(false);
  });
  fitting.observe(root);
  const stop = shared.start(el);
  return () => {
    fitting.disconnect();
    stop();
  };
}
export default { render };
