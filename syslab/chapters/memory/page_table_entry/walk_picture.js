/**
 * The drawing of a page walk: the bits of an address fall into one table after the other. It is laid out twice, for a wide
 * and for a narrow place; a container query shows one.
 */
import { svgElement } from "../../../widgets/frame.js";

/**
 * @typedef {object} Stage  a table, or at the end the page
 * @property {string} name
 * @property {string} entry  what is picked there, in words
 * @property {number} bits  of the address that pick it
 * @property {number} low  the lowest of them
 * @property {number} value
 */

/**
 * @typedef {object} Walked  how far it got
 * @property {number} step  0 is CR3, then a step for each stage
 * @property {number} end  the last step there is
 * @property {string} refused  what the CPU answers at the end; "" if the access is made
 * @property {boolean[]} guilty  by stage: its entry is a reason for that
 */

/** @typedef {{ x: number, y: number }} Spot */

const ROW = 22;

/** @param {Spot[]} spots */
const route = (spots) => `M${spots.map(({ x, y }) => `${x} ${y}`).join("L")}`;

/** @param {number} x @param {number} y @param {string} words @param {Record<string, string | number>} [more] */
const write = (x, y, words, more) => svgElement("text", { x, y, ...more }, words);
const MIDDLE = { "text-anchor": "middle" };

/**
 * A strip of bits; those that are set are tinted.
 * @param {Spot} at
 * @param {number} cell
 * @param {string} digits
 */
function strip({ x, y }, cell, digits) {
  const set = [...digits].map((digit, i) => (digit === "1" ? `M${x + i * cell} ${y}h${cell}v${ROW}h${-cell}z` : ""));
  const places = [...digits].map((_, i) => x + (i + 0.5) * cell).join(" ");
  return [
    svgElement("path", { class: "pw-set", d: set.join("") }),
    svgElement("text", { class: "pw-mono", x: places, y: y + 15.5, ...MIDDLE }, digits),
    svgElement("rect", { class: "pw-none", x, y, width: digits.length * cell, height: ROW }),
  ];
}

/**
 * One layout.
 * @param {boolean} isWide
 * @param {Stage[]} stages
 * @param {string} above  what the bits above the translated ones are
 */
function layout(isWide, stages, above) {
  const last = stages.length - 1;
  const [width, high] = isWide ? [800, 104] : [320, 64];
  const height = isWide ? 100 + last * 40 + high + 22 : 64 + last * 98 + high + 20;
  const svg = svgElement("svg", {
    class: `pw-pic ${isWide ? "pw-wide" : "pw-narrow"}`,
    viewBox: `-1 0 ${width + 2} ${height}`,
    "aria-hidden": "true",
  });
  const cr3 = isWide ? { x: 0, y: 78 } : { x: 230, y: 2 };
  const root = svgElement(
    "g",
    { class: "pw-entry" },
    svgElement("rect", { ...cr3, width: 58, height: 26, rx: 4 }),
    write(cr3.x + 29, cr3.y + 17.5, "CR3", MIDDLE),
  );
  svg.append(root);
  if (isWide) svg.append(write(0, 13, "63:48", { class: "pw-dim" }), write(0, 37.5, above));
  else svg.append(write(0, 15, `63:48 ${above}`, { class: "pw-dim" }));

  /** @type {Element[]} */
  const entries = [root];
  /** @type {Element[][]}  what is drawn when a stage is reached */
  const ways = [];
  /** @type {Spot[]} */
  const ends = [];
  let before = isWide ? { x: 58, y: 91 } : { x: 259, y: 28 };
  let left = 80;
  stages.forEach(({ name, entry, bits, low, value }, k) => {
    const digits = value.toString(2).padStart(bits, "0");
    const middle = left + (bits * 15) / 2;
    const w = isWide ? (k < last ? 94 : 118) : 86;
    const x = isWide ? middle - w / 2 : 216;
    const y = isWide ? 100 + k * 40 : 64 + k * 98;
    const at = y + 15 + (value / 2 ** bits) * (high - 30);
    const range = `${low + bits - 1}:${low}`;
    const words = k < last ? `${name} ${value}` : `offset 0x${value.toString(16)}`;
    const box = svgElement("rect", { class: "pw-box", x, y, width: w, height: high, rx: 4 });
    const one = svgElement(
      "g",
      { class: "pw-entry" },
      svgElement("rect", { x, y: at - 10, width: w, height: 20 }),
      write(x + w / 2, at + 4.5, entry, MIDDLE),
    );
    svg.append(box, write(x + w / 2, y - 6, name, { class: "pw-name", ...MIDDLE }), one);
    /** @type {Spot[]} */
    let hop;
    /** @type {Spot[]} */
    let fall;
    if (isWide) {
      svg.append(write(middle, 13, range, { class: "pw-dim", ...MIDDLE }), write(middle, 61, words, MIDDLE));
      svg.append(...strip({ x: left, y: 20 }, 15, digits));
      const turn = { x: x - 14, y: y + 7 };
      hop = [before, { x: turn.x, y: before.y }, turn, { x: x - 2, y: turn.y }];
      fall = [
        { x: x + 10, y: 67 },
        { x: x + 10, y: at - 12 },
      ];
    } else {
      svg.append(write(0, y + 8, `${range}  ${words}`));
      const cell = Math.min(14, 190 / bits);
      const shown = cell > 8 ? digits : ""; // thirty bits of an offset are said in hex alone
      if (shown) svg.append(...strip({ x: 0, y: y + 15 }, cell, shown));
      const turn = k ? [{ x: 314, y: before.y }, { x: 314, y: y - 24 }] : [{ x: 259, y: y - 24 }];
      hop = [before, ...turn, { x: 207, y: y - 24 }, { x: 207, y: y + 6 }, { x: 214, y: y + 6 }];
      const from = { x: shown.length * cell + 3 || 100, y: shown ? y + 26 : y + 15 };
      fall = [from, { x: 199, y: from.y }, { x: 199, y: at }, { x: 214, y: at }];
    }
    const tip = hop[hop.length - 1];
    const point = fall[fall.length - 1];
    const drop = isWide ? "-4 -7h8z" : "-7 -4v8z";
    const way = [
      svgElement("path", { class: "pw-hop", pathLength: 1, d: route(hop) }),
      svgElement("path", { class: "pw-tip", d: `M${tip.x + 1} ${tip.y}l-8 -4v8z` }),
      svgElement("path", { class: "pw-fall", d: route(fall) }),
      svgElement("path", { class: "pw-tip pw-index", d: `M${point.x} ${point.y}l${drop}` }),
    ];
    svg.append(svgElement("path", { class: "pw-ahead", d: route(hop) }), ...way);
    ways.push(way);
    entries.push(one);
    ends.push(isWide ? { x: x + w / 2, y: y + high + 16 } : { x: 66, y: y + 56 });
    before = { x: x + w, y: at };
    left += bits * 15;
  });
  const cross = svgElement("path", { class: "pw-cross", d: "M-6 -6L6 6M-6 6L6 -6" });
  const verdict = write(0, 0, "", { class: "pw-verdict", ...MIDDLE });
  svg.append(cross, verdict);

  /** @param {Walked} walked */
  function show({ step, end, refused, guilty }) {
    const isOver = step === end && refused !== "";
    entries.forEach((one, k) => {
      const isReached = k <= step && !(isOver && k > last);
      one.classList.toggle("pw-read", isReached);
      one.classList.toggle("pw-here", isReached && k === step);
      one.classList.toggle("pw-guilty", isOver && (k ? guilty[k - 1] : !end));
    });
    ways.forEach((way, k) => {
      for (const part of way) part.classList.toggle("pw-on", k < step);
      way[0].classList.toggle("pw-refused", isOver && k === last && step === last + 1);
    });
    cross.classList.toggle("pw-on", isOver);
    // the cross stands at the entrance of the page, or at the entry that leads nowhere
    const spot = ends[Math.max(0, step - 1)];
    const atEntry = /** @type {SVGGraphicsElement} */ (entries[step].firstElementChild);
    const number = (/** @type {string} */ name) => Number(atEntry.getAttribute(name));
    const right = number("x") + number("width");
    const middleY = number("y") + number("height") / 2;
    const doorY = (isWide ? 100 + last * 40 : 64 + last * 98) + (isWide ? 7 : 6);
    const atDoor = step === last + 1;
    const door = atDoor ? { x: number("x") - (isWide ? 2 : 0), y: doorY } : { x: right + 2, y: middleY };
    cross.setAttribute("transform", `translate(${door.x} ${door.y})`);
    verdict.textContent = isOver ? refused : "";
    verdict.setAttribute("x", String(step ? spot.x : cr3.x + 29));
    verdict.setAttribute("y", String(step ? spot.y : cr3.y + 42));
  }
  return { svg, show };
}

/**
 * Both layouts, and what marks how far the walk got.
 * @param {Stage[]} stages
 * @param {string} above
 */
export function walkPicture(stages, above) {
  const both = [true, false].map((isWide) => layout(isWide, stages, above));
  return {
    drawings: both.map(({ svg }) => svg),
    /** @param {Walked} walked */
    show(walked) {
      for (const one of both) one.show(walked);
    },
  };
}
