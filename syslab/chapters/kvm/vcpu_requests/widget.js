/**
 * The reader as scheduler: programs in lanes, their store buffers, memory. States and moves are a graph that Python has
 * computed; this only walks it.
 */
import { button, connect, element, noteLine, rejected, uniqueId } from "../../../widgets/frame.js";

/** @typedef {[done: number[], buffers: string[], values: string[], outcome: string, after: Record<string, number>]} State
 *  for each lane the lines done and the store buffer's text; memory; how it ends, if it does; move -> the next state */

/**
 * @typedef {object} Graph
 * @property {string} title
 * @property {string[][]} programs  the lines of each lane
 * @property {State[]} states
 * @property {[outcome: string, moves: string][]} runs  a shortest run for each outcome that there is
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} lanes
 * @property {string[]} memory  names of its cells
 * @property {[letter: string, lane: number, label: string, told: string][]} moves
 * @property {[name: string, tone: string, told: string][]} outcomes
 * @property {[key: string, graph: Graph][]} graphs
 * @property {string} value  a graph's key, a dot, the moves' letters
 */

const LONGEST = 200;

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const lanes = model.get("lanes");
  const moves = model.get("moves");
  const outcomes = model.get("outcomes");
  const start = model.get("value");
  const keys = model.get("graphs").map(([name]) => name);
  /** @type {Record<string, Graph>} */
  const graphs = Object.fromEntries(model.get("graphs"));
  /** @type {string} */
  let key;
  let path = "";
  let tail = ""; // steps taken back, for the slider

  /**
   * The states on a way, the first included; null where it cannot be walked.
   * @param {string} graph
   * @param {string} letters
   */
  function follow(graph, letters) {
    const seen = [0];
    for (const letter of letters) {
      const [, , , , after] = graphs[graph].states[seen.at(-1)];
      if (!Object.hasOwn(after, letter)) return null;
      seen.push(after[letter]);
    }
    return seen;
  }
  /** @param {string} text */
  function take(text) {
    const dot = text.indexOf(".");
    const graph = text.slice(0, dot);
    const letters = text.slice(dot + 1);
    if (dot < 1 || !Object.hasOwn(graphs, graph) || letters.length >= LONGEST || !follow(graph, letters)) return false;
    key = graph;
    path = letters;
    tail = "";
    return true;
  }

  const menuId = uniqueId();
  const menu = element(
    "select",
    {
      id: menuId,
      onchange() {
        key = menu.value;
        walk("");
      },
    },
    ...keys.map((value) => element("option", { value, textContent: graphs[value].title })),
  );
  const runs = element("span", { className: "il-runs" });
  const note = noteLine();
  /** @param {string} className */
  const title = (className, textContent = "") => element("p", { className, textContent });
  const cards = lanes.map((name, lane) => {
    const list = element("ol");
    const buffer = element("span", { className: "il-cell" });
    const buttons = moves
      .filter(([, owner]) => owner === lane)
      .map(([letter]) => button("", () => go(letter), { className: "il-move", data: { move: letter } }));
    const box = element(
      "section",
      { className: "il-lane", aria: { label: name } },
      title("il-name", name),
      list,
      element("p", { className: "il-buffer" }, "Store buffer ", buffer),
      element("div", { className: "il-moves" }, ...buttons),
    );
    return { list, buffer, buttons, box };
  });
  const cells = model.get("memory").map(() => element("span", { className: "il-cell" }));
  const memory = element(
    "section",
    { className: "il-memory", aria: { label: "Memory" } },
    title("il-name", "Memory"),
    element(
      "p",
      {},
      ...model.get("memory").map((name, index) => element("span", { className: "il-var" }, `${name} `, cells[index])),
    ),
  );
  const sliderId = uniqueId();
  const slider = element("input", {
    type: "range",
    id: sliderId,
    min: 0,
    oninput() {
      const all = path + tail;
      const step = Number(slider.value);
      walk(all.slice(0, step), all.slice(step));
    },
  });
  const back = button("Undo", () => {
    if (path) walk(path.slice(0, -1), path.slice(-1) + tail);
  });
  const again = button("Start over", () => walk(""));
  const log = element("ol", { className: "il-log" });
  const story = element("details", { open: true }, element("summary", { textContent: "What has happened" }), log);
  const say = element("p", { className: "il-say", aria: { role: "status" } });
  const root = element(
    "div",
    { className: "rsn-w il" },
    element(
      "div",
      { className: "bf-field il-pick" },
      element("label", { htmlFor: menuId, textContent: "How it is written" }),
      menu,
    ),
    element("div", { className: "il-board" }, cards[0].box, memory, ...cards.slice(1).map(({ box }) => box)),
    say,
    element(
      "div",
      { className: "il-bar" },
      back,
      again,
      element("label", { htmlFor: sliderId, textContent: "Scrub" }),
      slider,
    ),
    element("div", { className: "il-bar" }, element("span", { textContent: "Show a run:" }), runs),
    note,
    story,
  );

  /**
   * A move, in words.
   * @param {number} at
   * @param {string} letter
   */
  function inWords(at, letter) {
    const [, lane, , told] = moves.find(([name]) => name === letter);
    const [done, buffers] = graphs[key].states[at];
    const line = graphs[key].programs[lane][done[lane]] ?? "";
    return `${lanes[lane]}: ${told.replace("{}", line).replace("[]", buffers[lane].split(", ")[0])}`;
  }
  /** @param {Graph} graph @param {State} state */
  function paintLanes(graph, [done, buffers, , , after]) {
    cards.forEach(({ list, buffer, buttons }, lane) => {
      const lines = graph.programs[lane].map((textContent, index) => {
        const isNow = index === done[lane];
        const className = index < done[lane] ? "il-done" : isNow ? "il-now" : "";
        return element("li", { className, textContent, aria: isNow ? { current: "step" } : {} });
      });
      list.replaceChildren(...lines);
      buffer.textContent = buffers[lane] || "empty";
      buffer.classList.toggle("il-full", !!buffers[lane]);
      for (const one of buttons) {
        const [letter, , label] = moves.find(([name]) => name === one.dataset.move);
        one.textContent = label;
        one.setAttribute("aria-disabled", String(!Object.hasOwn(after, letter)));
        one.setAttribute("aria-label", `${lanes[lane]}: ${label}`);
      }
    });
  }
  /**
   * A button for each outcome: it shows a run that ends so, or says that there is none.
   * @param {Graph} graph
   */
  function paintRuns(graph) {
    const buttons = outcomes.map(([name]) => {
      const run = graph.runs.find(([outcome]) => outcome === name);
      const act = () => {
        if (run) walk(run[1]);
        else note.textContent = `No run ends so: ${graph.states.length} states were searched, all there are.`;
      };
      return button(name, act, {
        title: run ? "show a shortest run that ends so" : "no run ends so",
        aria: { disabled: String(!run), pressed: String(!!run && run[1] === path) },
      });
    });
    runs.replaceChildren(...buttons);
  }
  function paint() {
    const graph = graphs[key];
    const seen = follow(key, path);
    const state = graph.states[seen.at(-1)];
    const [, , values, outcome] = state;
    menu.value = key;
    paintLanes(graph, state);
    values.forEach((value, index) => {
      cells[index].textContent = value;
      cells[index].classList.toggle("il-full", !!value);
    });
    const told = [...path].map((letter, index) => element("li", { textContent: inWords(seen[index], letter) }));
    log.replaceChildren(...told);
    story.hidden = !path;
    const total = path.length + tail.length;
    slider.max = String(Math.max(1, total));
    slider.value = String(path.length);
    slider.disabled = !total;
    slider.setAttribute("aria-valuetext", `step ${path.length} of ${total}`);
    back.setAttribute("aria-disabled", String(!path));
    again.setAttribute("aria-disabled", String(!total));
    paintRuns(graph);
    const end = outcomes.find(([name]) => name === outcome);
    if (end) say.textContent = end[2];
    else if (path) say.textContent = `Step ${path.length}.`;
    else say.textContent = "Nothing has happened yet. Which step comes first is up to you.";
    say.dataset.tone = end ? end[1] : "";
  }

  /** @param {string} letter */
  function go(letter) {
    const [, , , , after] = graphs[key].states[follow(key, path).at(-1)];
    if (Object.hasOwn(after, letter)) walk(path + letter, tail[0] === letter ? tail.slice(1) : "");
  }
  /** @param {string} letters @param {string} [takenBack] */
  function walk(letters, takenBack = "") {
    path = letters;
    tail = takenBack;
    changed();
  }
  function changed(toLink = true) {
    const inRuns = [...runs.children].indexOf(document.activeElement);
    paint();
    /** @type {HTMLElement} */ (runs.children[inRuns])?.focus(); // they were drawn anew
    note.textContent = "";
    shared.save(toLink);
  }

  const shared = connect(model, {
    root,
    note,
    value: () => `${key}.${path}`,
    open(text, name) {
      const good = take(text);
      if (!good) take(start);
      changed(false);
      if (good) return "";
      const letters = moves.map(([letter]) => letter).join(" ");
      const why = `is no run here; this is the default. It takes ${keys.join(", ")}, a dot, and steps out of ${letters}.`;
      return rejected(name, text, why);
    },
    outside(text) {
      if (take(text)) paint();
    },
  });
  take(start);
  paint();
  return shared.start(el);
}
export default { render };
