/**
 * States, events and what became of them: a drawing with the arrows that lead on, a button for each event, and the way
 * walked so far. Python has computed every state's edges; this only walks them.
 */
import { button, connect, element, noteLine, radioGroup, rejected, rovingFocus, svgElement } from "./frame.js";

/** @typedef {Record<string, Record<string, [to: number, text: number]>>} Edges  state -> event -> edge; numbers are indices */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {{ name: string, note: string, at: [column: number, row: number] }[]} states
 * @property {[title: string, events: [id: string, label: string, arrow: string, told: string][]][]} groups
 * @property {{ label: string, options: [value: string, label: string][] }[]} toggles
 * @property {Record<string, { start: number, edges: Edges }>} machines  by the toggles' values, with | between them
 * @property {[result: string, why: string, refused: boolean][]} texts
 * @property {number} longest  events in a way
 * @property {string} value  the toggles' values and the events, with dots between them
 */

/** @typedef {{ from: number, event: string, to: number, text: number }} Step */

// the drawing: boxes of this size, gaps between them, a margin
const WIDTH = 128;
const HEIGHT = 46;
const GAP_X = 92;
const GAP_Y = 60;
const MARGIN = 3;

/**
 * The middle of a state's box.
 * @param {Traits["states"][number]} state
 */
const middle = ({ at: [column, row] }) => [
  MARGIN + column * (WIDTH + GAP_X) + WIDTH / 2,
  MARGIN + row * (HEIGHT + GAP_Y) + HEIGHT / 2,
];

/**
 * A straight arrow between two boxes.
 * @param {Traits["states"][number]} from
 * @param {Traits["states"][number]} to
 * @param {string} words
 * @param {boolean} aside  beside the line, because there is one the other way too
 * @param {string} kind  a class
 */
function arrow(from, to, words, aside, kind) {
  const [ax, ay] = middle(from);
  const [bx, by] = middle(to);
  const length = Math.hypot(bx - ax, by - ay);
  const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
  // from the middle to the border of a box, in this direction
  const toSide = Math.abs(ux) < 1e-6 ? 1e9 : WIDTH / 2 / Math.abs(ux);
  const toTop = Math.abs(uy) < 1e-6 ? 1e9 : HEIGHT / 2 / Math.abs(uy);
  const border = Math.min(toSide, toTop);
  const offset = aside ? 10 : 0;
  const [ox, oy] = [-uy * offset, ux * offset];
  const [x1, y1] = [ax + ux * border + ox, ay + uy * border + oy];
  const [x2, y2] = [bx - ux * (border + 1) + ox, by - uy * (border + 1) + oy];
  const tip = [
    [x2, y2],
    [x2 - ux * 9 - uy * 4.5, y2 - uy * 9 + ux * 4.5],
    [x2 - ux * 9 + uy * 4.5, y2 - uy * 9 - ux * 4.5],
  ];
  const points = tip.map((point) => point.map((n) => n.toFixed(1)).join(",")).join(" ");
  const line = svgElement("line", { x1, y1, x2: x2 - ux * 7, y2: y2 - uy * 7 });
  const group = svgElement("g", { class: `sm-arrow ${kind}` }, line, svgElement("polygon", { points }));
  if (words) {
    const along = Math.abs(ux) < 0.01 || Math.abs(uy) < 0.01 ? 0.4 : 0.24;
    const at = { x: x1 + (x2 - x1) * along, y: y1 + (y2 - y1) * along + 4, "text-anchor": "middle" };
    group.append(svgElement("text", at, words));
  }
  return group;
}

/** @param {import("./frame.js").Place<Traits>} place */
function render({ model, el }) {
  const states = model.get("states");
  const groups = model.get("groups");
  const toggles = model.get("toggles");
  const machines = model.get("machines");
  const texts = model.get("texts");
  const longest = model.get("longest");
  const start = model.get("value");
  const events = groups.flatMap(([, own]) => own);
  const told = Object.fromEntries(events.map(([id, , , words]) => [id, words]));
  /** @type {string[]} */
  let setting = [];
  /** @type {string[]} */
  let path = [];

  const machine = () => machines[setting.join("|")];
  /** @param {number} at @param {string} event */
  const edge = (at, event) => machine().edges[at]?.[event];
  const text = () => [...setting, ...path].join(".");

  /**
   * The steps of a way; null where it cannot be walked.
   * @param {string[]} values
   * @param {string[]} way
   */
  function walk(values, way) {
    const walked = machines[values.join("|")];
    if (!walked || way.length > longest) return null;
    let from = walked.start;
    /** @type {Step[]} */
    const steps = [];
    for (const event of way) {
      const found = walked.edges[from]?.[event];
      if (!found) return null;
      const [to, why] = found;
      steps.push({ from, event, to, text: why });
      from = to;
    }
    return steps;
  }
  /** @param {string} said */
  function take(said) {
    const parts = said ? said.split(".") : [];
    const values = parts.slice(0, toggles.length);
    const way = parts.slice(toggles.length);
    if (values.length < toggles.length || !walk(values, way)) return false;
    [setting, path] = [values, way];
    return true;
  }

  const width = (Math.max(...states.map(({ at }) => at[0])) + 1) * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN;
  const height = (Math.max(...states.map(({ at }) => at[1])) + 1) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
  const picture = svgElement("svg", { class: "sm-svg", viewBox: `0 0 ${width} ${height}`, role: "img" });
  const now = element("p", { className: "sm-now-line" });
  const head = element("p", { className: "sm-head", aria: { role: "status" } });
  const note = noteLine();
  const list = element("ol", { className: "sm-path" });
  /** @param {string} textContent */
  const caption = (textContent) => element("p", { className: "sm-cap", textContent });
  const walked = element("div", { className: "sm-walked" }, caption("So far"), list);
  const radios = toggles.map(({ label, options }, index) =>
    radioGroup({
      prefix: "sm",
      row: "sm-row",
      legend: [label],
      options,
      pick(value) {
        setting[index] = value;
        path = [];
        changed();
      },
    }),
  );
  /** @type {Record<string, HTMLButtonElement>} */
  const keys = {};
  const panels = groups.map(([title, own]) => {
    const buttons = own.map(([id, label]) => {
      keys[id] = button(label, () => send(id), { className: "sm-key" });
      return keys[id];
    });
    const bar = element("div", { className: "sm-row", aria: { role: "group", label: title || "events" } }, ...buttons);
    rovingFocus(bar).setItems(buttons);
    return element("div", { className: "sm-group" }, title ? caption(title) : null, bar);
  });
  const undo = button("Undo", () => goBack(path.slice(0, -1)), { className: "sm-do" });
  const again = button("Start over", () => goBack([]), { className: "sm-do" });
  const root = element(
    "div",
    { className: "rsn-w sm" },
    ...radios.map(({ box }) => box),
    note,
    element("div", { className: "sm-view" }, picture, element("div", { className: "sm-told" }, now, head)),
    ...panels,
    element("div", { className: "sm-row sm-bar" }, undo, again),
    walked,
  );

  /** @param {string[]} way */
  function goBack(way) {
    path = way;
    changed();
  }
  /** @param {string} event */
  function send(event) {
    const at = walk(setting, path).at(-1)?.to ?? machine().start;
    if (edge(at, event) && path.length < longest) {
      path.push(event);
      return changed();
    }
    const tooLong = path.length >= longest;
    head.textContent = tooLong
      ? `${longest} events are enough. Start over.`
      : `${told[event]}: not tried in ${states[at].name}.`;
    head.dataset.tone = "none";
  }

  /** The states that can be reached. */
  function reachable() {
    const { start: first, edges } = machine();
    const seen = new Set([first]);
    const queue = [first];
    while (queue.length) {
      for (const [to] of Object.values(edges[queue.pop()] ?? {})) {
        if (seen.has(to)) continue;
        seen.add(to);
        queue.push(to);
      }
    }
    return seen;
  }
  /** @param {number} at @param {Step | undefined} last */
  function draw(at, last) {
    const seen = reachable();
    /** @type {Map<string, string[]>}  "from to" -> the arrows' words */
    const drawn = new Map();
    for (const from of seen) {
      for (const [id, , words] of events) {
        const found = words && edge(from, id);
        if (!found || found[0] === from) continue;
        const key = `${from} ${found[0]}`;
        drawn.set(key, [...(drawn.get(key) ?? []), words]);
      }
    }
    const went = last && last.from !== last.to ? `${last.from} ${last.to}` : "";
    const arrows = [...drawn].map(([key, words]) => {
      const [from, to] = key.split(" ").map(Number);
      return { key, from, to, words: words.join(", ") };
    });
    const shapes = arrows.map(({ key, from, to, words }) =>
      arrow(states[from], states[to], words, drawn.has(`${to} ${from}`), key === went ? "sm-last" : ""),
    );
    if (went && !drawn.has(went)) {
      const aside = drawn.has(`${last.to} ${last.from}`);
      shapes.push(arrow(states[last.from], states[last.to], "", aside, "sm-last sm-jump"));
    }
    states.forEach((state, index) => {
      const [x, y] = middle(state);
      const kind = index === at ? " sm-now" : seen.has(index) ? "" : " sm-out";
      const box = svgElement("rect", { x: x - WIDTH / 2, y: y - HEIGHT / 2, width: WIDTH, height: HEIGHT, rx: 7 });
      const name = svgElement("text", { x, y: y + 5, "text-anchor": "middle" }, state.name);
      shapes.push(svgElement("g", { class: `sm-state${kind}` }, box, name));
    });
    picture.replaceChildren(...shapes);
    const said = arrows.map(({ from, to, words }) => `${states[from].name} to ${states[to].name}: ${words}.`);
    picture.setAttribute("aria-label", `Now in ${states[at].name}. ${said.join(" ")}`);
  }

  function paint() {
    const steps = walk(setting, path);
    const last = steps.at(-1);
    const at = last ? last.to : machine().start;
    const { name, note: words } = states[at];
    radios.forEach(({ inputs }, index) => {
      for (const input of inputs) input.checked = input.value === setting[index];
    });
    draw(at, last);
    now.replaceChildren(element("b", { textContent: name }), words ? `: ${words}` : "");
    if (last) {
      const [result, why, refused] = texts[last.text];
      head.textContent = `${told[last.event]}: ${result}. ${why}`;
      head.dataset.tone = refused ? "bad" : "good";
    } else {
      head.textContent = "Nothing has happened yet.";
      head.dataset.tone = "none";
    }
    for (const [id] of events) {
      const found = edge(at, id);
      keys[id].setAttribute("aria-disabled", String(!found));
      keys[id].classList.toggle("sm-no", !!found && texts[found[1]][2]);
    }
    for (const one of [undo, again]) one.setAttribute("aria-disabled", String(!path.length));
    walked.hidden = !path.length;
    const lines = steps.map((step) => {
      const [result, , refused] = texts[step.text];
      const end = element("b", { textContent: states[step.to].name });
      return element("li", { className: refused ? "sm-bad" : "" }, `${told[step.event]}: ${result} → `, end);
    });
    list.replaceChildren(...lines);
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
      changed(false);
      if (good) return "";
      const wanted = [...toggles.map(({ label }) => label.toLowerCase()), "events"].join(".");
      const example = [...setting, events[0][0]].join(".");
      const why = `is no way through these states; this is the start. It takes ${wanted}, such as ${example}.`;
      return rejected(key, said, why);
    },
    outside(said) {
      if (take(said)) paint();
    },
  });
  take(start);
  paint();
  return shared.start(el);
}
export default { render };
