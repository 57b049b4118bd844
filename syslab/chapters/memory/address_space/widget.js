/**
 * An address space drawn to scale: regions in a strip and in a table, zoom by buttons and keys, and where an address lies.
 * It can follow another widget that has the same name in links: then it shows the address that is typed there.
 */
import {
  address,
  button,
  connect,
  element,
  markInvalid,
  noteLine,
  onArrows,
  rejected,
  textField,
} from "../../../widgets/frame.js";
import { fullHex, plainText, readWord } from "../../../widgets/layouts.js";

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {number} width  bits of an address
 * @property {boolean} follows  the address of another widget with this anchor
 * @property {{ key: string, label: string, line: string, regions: [string, string, string, string][], views: [string, string, string][] }[]} spaces
 *   regions: first address, last address, name, kind; views: label, first address, last address
 * @property {string} value  the address, in hex
 */

/** @typedef {{ first: bigint, last: bigint, name: string, kind: string }} Region */

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const SMALLEST = 64n; // bytes, when zooming in

/**
 * A size in words.
 * @param {bigint} bytes
 */
function sizeInWords(bytes) {
  let power = 0;
  while (power < UNITS.length - 1 && bytes >> BigInt(10 * (power + 1))) power++;
  const unit = 1n << BigInt(10 * power);
  const tenths = (bytes * 10n + unit / 2n) / unit;
  return `${tenths * unit === bytes * 10n ? "" : "~"}${Number(tenths) / 10} ${UNITS[power]}`;
}
/**
 * 0 for 0: the first page has room of its own.
 * @param {bigint} distance
 */
const logOf = (distance) => Math.log2(Number(distance) + 4096) - 12;

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const anchor = model.get("anchor");
  const follows = model.get("follows");
  /** @type {import("../../../widgets/layouts.js").Readable} */
  const layout = {
    name: "address",
    width: model.get("width"),
    readers: [],
    accepts: "hex (0x7fff00000000 or 7fff00000000)",
  };
  const end = 1n << BigInt(layout.width);
  const spaces = model.get("spaces").map((space) => ({
    ...space,
    regions: space.regions.map(([first, last, name, kind]) => ({
      first: BigInt(first),
      last: BigInt(last),
      name,
      kind,
    })),
    views: space.views.map(([label, first, last]) => ({ label, first: BigInt(first), last: BigInt(last) })),
  }));
  const start = BigInt(model.get("value"));
  let space = spaces[0];
  let value = start;
  // what is shown, first and last address included
  let low = 0n;
  let high = end - 1n;
  let isLog = true;
  /** @type {Region[]} */
  let shown = [];
  /** @type {number | null}  index of the chosen region among those shown */
  let chosen = null;

  /** @param {bigint} number */
  const hex = (number) => fullHex(layout, number);
  /**
   * Percent of the way down. On the log scale every doubling of the distance from the two ends of what is shown takes
   * the same room.
   * @param {bigint} at
   */
  function placeOf(at) {
    const span = high + 1n - low;
    const distance = at - low;
    if (!isLog) return Number((distance * 1000000n) / span) / 10000;
    const room = logOf(span / 2n);
    return distance < span / 2n ? (50 * logOf(distance)) / room : 100 - (50 * logOf(span - distance)) / room;
  }

  const strip = element("div", { className: "am-strip", aria: { hidden: "true" } });
  const rows = element("tbody");
  const say = element("p", { className: "am-say", aria: { role: "status" } });
  const line = element("p", { className: "am-line" });
  const note = noteLine();
  const range = element("p", { className: "am-win", aria: { live: "polite" } });
  const menu = element(
    "select",
    {
      onchange() {
        space = spaces[Number(menu.value)];
        chosen = null;
        showRange(0n, end - 1n);
        shared.save();
      },
    },
    ...spaces.map(({ label }, index) => element("option", { value: index, textContent: label })),
  );
  const field = textField({
    onchange: () => take(field.value),
    /** @param {KeyboardEvent} event */
    onkeydown(event) {
      if (event.key !== "Enter") return;
      event.preventDefault();
      take(field.value);
    },
  });
  /**
   * A button that changes what is seen.
   * @param {string} name
   * @param {() => void} act
   * @param {Record<string, any>} [properties]
   */
  const control = (name, act, properties) =>
    button(
      name,
      () => {
        act();
        shared.save();
      },
      properties,
    );
  const zoomIn = control("Zoom in", () => zoom(1));
  const zoomOut = control("Zoom out", () => zoom(-1));
  const scales = ["Log", "Linear"].map((name, index) =>
    control(name, () => {
      isLog = !index;
      paint();
    }),
  );
  /** @param {string} label @param {...HTMLElement} buttons */
  const group = (label, ...buttons) =>
    element("div", { className: "am-views", aria: { role: "group", label } }, ...buttons);
  const views = group("Show");
  /** @param {string} text @param {HTMLElement} control */
  const labelled = (text, control) =>
    element("label", { className: "am-field" }, element("span", { textContent: text }), control);
  const heads = ["Region", "Start", "Size"].map((textContent) => element("th", { scope: "col", textContent }));
  const root = element(
    "div",
    { className: "rsn-w am" },
    element("div", { className: "am-bar" }, spaces[1] ? labelled("Map", menu) : null, labelled("Address", field)),
    line,
    note,
    say,
    element("div", { className: "am-bar am-btns" }, views, group("Zoom", zoomIn, zoomOut), group("Scale", ...scales)),
    range,
    element(
      "div",
      { className: "am-body" },
      strip,
      element(
        "div",
        { className: "scroll", tabIndex: 0, aria: { role: "region", label: "regions shown" } },
        element("table", {}, element("thead", {}, element("tr", {}, ...heads)), rows),
      ),
    ),
  );

  /**
   * In: to the chosen region, else to the quarter around the address. Out: four times as much.
   * @param {number} way
   */
  function zoom(way) {
    const span = high - low + 1n;
    /** @param {bigint} first @param {bigint} bytes */
    const showClipped = (first, bytes) => {
      let from = first;
      if (first < 0n) from = 0n;
      else if (first + bytes > end) from = end - bytes;
      showRange(from, from + bytes - 1n);
    };
    if (way < 0) {
      const bytes = span * 4n > end ? end : span * 4n;
      return showClipped((low + high + 1n) / 2n - bytes / 2n, bytes);
    }
    const region = chosen === null ? null : shown[chosen];
    if (region && region.last > region.first && !(region.first === low && region.last === high)) {
      return showRange(region.first, region.last);
    }
    const bytes = span / 4n < SMALLEST ? SMALLEST : span / 4n;
    const middle = value >= low && value <= high ? value : (low + high) / 2n;
    showClipped(middle - bytes / 2n, bytes);
  }
  /** @param {bigint} first @param {bigint} last */
  function showRange(first, last) {
    low = first;
    high = last;
    paint();
  }

  /**
   * Marks a region in the table and the strip.
   * @param {number} index
   * @param {boolean} [focus]
   */
  function choose(index, focus) {
    chosen = (index + shown.length) % shown.length;
    [...rows.children].forEach((row, at) => {
      const one = row.querySelector("button");
      one.tabIndex = at === chosen ? 0 : -1;
      one.setAttribute("aria-current", String(at === chosen));
      if (focus && at === chosen) one.focus();
    });
    for (const [at, box] of strip.querySelectorAll(".am-r").entries()) box.classList.toggle("am-on", at === chosen);
    zoomIn.disabled = false;
  }
  onArrows(
    rows,
    () => {
      const at = chosen ?? 0;
      return {
        ArrowDown: () => choose(at + 1, true),
        ArrowUp: () => choose(at - 1, true),
        Home: () => choose(0, true),
        End: () => choose(shown.length - 1, true),
        "+": () => zoomByKey(1),
        "-": () => zoomByKey(-1),
      };
    },
    (act) => {
      act();
      shared.save();
    },
  );
  /** @param {number} way */
  function zoomByKey(way) {
    zoom(way);
    /** @type {HTMLElement} */ (rows.querySelector("[tabindex='0']"))?.focus();
  }

  /** @param {Region} region @param {number} index */
  function stripBox({ first, last, name, kind }, index) {
    const top = placeOf(first < low ? low : first);
    const height = placeOf((last > high ? high : last) + 1n) - top;
    const properties = {
      className: height < 5 ? "am-r am-thin" : "am-r",
      data: { kind },
      onclick() {
        choose(index);
        shared.save();
      },
    };
    const box = element("div", properties, element("span", { textContent: name }));
    box.style.top = `${top}%`;
    box.style.height = `max(1px, ${height}%)`;
    return box;
  }
  /** @param {Region} region @param {number} index */
  function tableRow({ first, last, name, kind }, index) {
    const act = () => {
      choose(index);
      look(first);
    };
    return element(
      "tr",
      { data: { kind } },
      element("td", {}, element("span", { className: "am-key" }), button(name, act, { tabIndex: index ? -1 : 0 })),
      element("td", { className: "num", textContent: hex(first) }),
      element("td", { className: "num", textContent: sizeInWords(last - first + 1n) }),
    );
  }
  function paint() {
    shown = space.regions.filter(({ first, last }) => last >= low && first <= high);
    const before = chosen;
    chosen = null;
    strip.replaceChildren(...shown.map(stripBox));
    if (value >= low && value <= high) {
      const mark = element("div", { className: "am-mark" });
      mark.style.top = `${placeOf(value)}%`;
      strip.append(mark);
    }
    rows.replaceChildren(...shown.map(tableRow));
    if (shown.length === 1) choose(0);
    else if (before !== null && shown.length) choose(Math.min(before, shown.length - 1));
    const count = shown.length ? `${shown.length} region${shown.length > 1 ? "s" : ""}.` : "Nothing is listed here.";
    range.textContent = `${hex(low)} to ${hex(high)}, ${sizeInWords(high - low + 1n)}. ${count}`;
    scales[0].setAttribute("aria-pressed", String(isLog));
    scales[1].setAttribute("aria-pressed", String(!isLog));
    views.replaceChildren(
      ...space.views.map(({ label, first, last }) => {
        const act = () => {
          chosen = null;
          showRange(first, last);
        };
        return control(label, act, { aria: { pressed: String(first === low && last === high) } });
      }),
    );
    zoomOut.disabled = low === 0n && high === end - 1n;
    zoomIn.disabled = high - low < SMALLEST;
    menu.value = String(spaces.indexOf(space));
    line.textContent = space.line;
    tell();
  }
  /** Says where the address lies. */
  function tell() {
    const region = space.regions.find(({ first, last }) => first <= value && value <= last);
    const words = region
      ? `: ${region.name}, ${hex(region.first)} to ${hex(region.last)}, ${sizeInWords(region.last - region.first + 1n)}.`
      : ": nothing is listed there.";
    const link = element("a", { href: `#${anchor}=0x${value.toString(16)}`, textContent: hex(value) });
    field.value = hex(value);
    markInvalid(field, false);
    say.replaceChildren(follows && model.hosted ? link : hex(value), words);
  }
  /**
   * Shows an address, and all of the space if it is not in view.
   * @param {bigint} number
   * @param {boolean} [toLink]
   */
  function look(number, toLink = true) {
    value = number;
    note.textContent = "";
    if (value < low || value > high) {
      chosen = null;
      showRange(0n, end - 1n);
    } else {
      const [before, held] = [chosen, rows.contains(document.activeElement)];
      paint();
      if (before !== null) choose(before, held);
    }
    shared.save(toLink);
  }
  /** @param {string} text */
  function take(text) {
    const typed = plainText(text).trim();
    const found = readWord(layout, /^(?!0b)[0-9a-f]+$/i.test(typed) ? `0x${typed}` : text);
    if (!found.error) return look(found.value);
    field.value = text;
    markInvalid(field, true);
    note.textContent = found.error;
  }

  /** What is seen beside the address. */
  const more = () => ({
    map: space === spaces[0] ? "" : space.key,
    scale: isLog ? "" : "linear",
    view: low === 0n && high === end - 1n ? "" : `${low.toString(16)}-${high.toString(16)}`,
    region: chosen === null ? "" : shown[chosen].first.toString(16),
  });
  const shared = connect(model, {
    root,
    note,
    value: () => hex(value),
    text: () => `0x${value.toString(16)}`,
    scroll() {
      // what the link says of the address alone is in the widget in front
      if (!follows || Object.values(more()).some(Boolean)) root.scrollIntoView({ block: "center" });
    },
    more,
    open(text, key, { map, scale, view, region }) {
      const found = readWord(layout, text);
      const ends = /^([0-9a-f]{1,16})-([0-9a-f]{1,16})$/i
        .exec(view)
        ?.slice(1)
        .map((digits) => BigInt(`0x${digits}`));
      const isRange = ends && ends[0] < ends[1] && ends[1] < end;
      const wanted = map ? spaces.find((one) => one.key === map) : spaces[0];
      space = wanted ?? spaces[0];
      isLog = scale !== "linear";
      [low, high] = isRange ? ends : [0n, end - 1n];
      value = found.error ? start : found.value;
      chosen = null;
      paint();
      const index = shown.findIndex(({ first }) => first.toString(16) === region);
      if (index >= 0) choose(index);
      shared.save(false);
      const wrong = [
        found.error && `could not be read (${found.error}). This is the default.`,
        !wanted && `has no map “${map.slice(0, 30)}” here; there are ${spaces.map((one) => one.key).join(", ")}.`,
        view && !isRange && `shows all of the space, as “${view.slice(0, 40)}” is no part of it.`,
      ].filter(Boolean);
      return wrong.length ? rejected(key, text, wrong.join(" It ")) : "";
    },
    outside: (text) => look(BigInt(text), false),
  });
  paint();
  const stop = shared.start(el);

  // the widget in front writes the address bar without an event
  const sync = () =>
    setTimeout(() => {
      const text = model.hosted && address.get(anchor);
      const found = text && readWord(layout, text);
      // a link that was followed just now is a new entry, which carries nothing yet: the frame opens it
      if (found && !found.error && found.value !== value) look(found.value, !!history.state?.rsn);
    });
  const events = follows ? ["click", "change", "keyup", "paste"] : [];
  for (const event of events) document.addEventListener(event, sync);
  return () => {
    for (const event of events) document.removeEventListener(event, sync);
    stop();
  };
}
export default { render };
