/**
 * Names, inodes and open files: calls change them, a drawing and a table show them. The rules are those of model.py
 * beside it; a test compares them.
 */
import { button, connect, element, noteLine, rejected, svgElement } from "../../../widgets/frame.js";

/**
 * @typedef {[name: string, shown: string, kinds: string, labels: string[]]} Call
 *   shown: with {} for each operand; kinds: a letter for each operand, p path, t target, f open file
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Call[]} calls
 * @property {[word: string, path: string][]} paths  a word in links, and what it stands for
 * @property {[word: string, target: string][]} targets
 * @property {Record<string, string>} why  what an errno means, by itself or behind a call's name
 * @property {[label: string, steps: string][]} stories
 * @property {[longest: number, links: number, first: number]} limits  steps; links followed in a path; the first open file
 * @property {string} value  steps with dots between them, each a call and its operands with dashes between
 */

/**
 * @typedef {object} Inode
 * @property {number} number
 * @property {string} kind  file, directory or symlink
 * @property {string} text  what is in it
 * @property {Inode} [parent]
 * @property {string} name
 * @property {Map<string, Inode>} entries
 */

/** @typedef {{ path: string, folder: string, node: Inode, end: Inode | Refusal }} Name  end: where it leads */
/** @typedef {{ results: (string | undefined)[], names: Name[], files: [number, Inode][] }} World */

/** A call that failed. */
class Refusal extends Error {
  /** @param {string} errno */
  constructor(errno) {
    super(errno);
    this.errno = errno;
  }
}
/** @param {string} errno @returns {never} */
const refuse = (errno) => {
  throw new Refusal(errno);
};
/**
 * What `act` gives, or why it failed.
 * @template Result
 * @param {() => Result} act
 */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** @param {Inode | undefined} node */
const isFolder = (node) => node?.kind === "directory";
/** @param {Inode | undefined} node */
const isSymlink = (node) => node?.kind === "symlink";
/** @param {string} text */
const quoted = (text) => `“${text}”`;
/**
 * @param {number} number
 * @param {string} kind
 * @param {string} [text]
 * @param {Inode} [parent]
 * @returns {Inode}
 */
const makeInode = (number, kind, text = "", parent = undefined) => ({
  number,
  kind,
  text,
  parent,
  name: `${kind} ${number}`,
  entries: new Map(),
});
/**
 * A folder and those it is in.
 * @param {Inode | undefined} node
 * @returns {Inode[]}
 */
const upwards = (node) => (node ? [node, ...upwards(node.parent)] : []);

/**
 * A folder that calls change.
 * @param {number} mostLinks
 * @param {number} firstFile
 */
function makeFolder(mostLinks, firstFile) {
  const top = makeInode(0, "directory", "", makeInode(0, "directory"));
  /** @type {Map<number, Inode>} */
  const files = new Map();
  let made = 0;

  /**
   * Where a path leads: the folder, the last name, and what has it.
   * @param {string} path
   * @param {boolean} [follow]  also the last name
   */
  function walk(path, follow) {
    let folder = top;
    let rest = path.split("/");
    let followed = 0;
    for (;;) {
      const name = rest.shift();
      const node = folder.entries.get(name);
      if (name === "..") folder = folder.parent ?? folder;
      else if (!node && rest.length) refuse("ENOENT");
      else if (isSymlink(node) && (rest.length || follow)) {
        if (++followed > mostLinks) refuse("ELOOP");
        rest = [...node.text.split("/"), ...rest];
      } else if (!rest.length) return { folder, name, node };
      else folder = isFolder(node) ? node : refuse("ENOTDIR");
    }
  }
  /** @param {string} path @param {boolean} [follow] */
  function existing(path, follow) {
    const found = walk(path, follow);
    return found.node ? found : refuse("ENOENT");
  }
  /** @param {string} path @param {(folder: Inode) => Inode} make */
  function put(path, make) {
    const { folder, name, node } = walk(path);
    if (node) refuse("EEXIST");
    folder.entries.set(name, make(folder));
  }
  /** @param {string} path @param {string} kind @param {string} [text] */
  function create(path, kind, text) {
    put(path, (folder) => {
      made += 1;
      return makeInode(made, kind, text ?? `text ${made}`, folder);
    });
  }
  /**
   * The file that a path leads to.
   * @param {string} path
   */
  function fileAt(path) {
    const { node } = existing(path, true);
    return isFolder(node) ? refuse("EISDIR") : node;
  }
  /** @type {Record<string, (...operands: string[]) => void>} */
  const calls = {
    create: (path) => create(path, "file"),
    symlink: (target, path) => create(path, "symlink", target),
    mkdir: (path) => create(path, "directory"),
    link(from, to) {
      const { node } = existing(from);
      put(to, () => (isFolder(node) ? refuse("EPERM") : node));
    },
    unlink(path) {
      const { folder, name, node } = existing(path);
      if (isFolder(node)) refuse("EISDIR");
      folder.entries.delete(name);
    },
    rmdir(path) {
      const { folder, name, node } = existing(path);
      if (!isFolder(node)) refuse("ENOTDIR");
      if (node.entries.size) refuse("ENOTEMPTY");
      folder.entries.delete(name);
    },
    rename(from, to) {
      const [source, target] = [walk(from), walk(to)];
      const { node } = source;
      const replaced = target.node;
      if (!node) refuse("ENOENT");
      if (upwards(target.folder).includes(node)) refuse("EINVAL");
      if (replaced && source.folder !== target.folder && upwards(source.folder).includes(replaced)) refuse("ENOTEMPTY");
      if (node === replaced) return;
      if (replaced && isFolder(node) !== isFolder(replaced)) refuse(isFolder(node) ? "ENOTDIR" : "EISDIR");
      if (replaced?.entries.size) refuse("ENOTEMPTY");
      source.folder.entries.delete(source.name);
      target.folder.entries.set(target.name, node);
      node.parent = target.folder;
    },
    open(path) {
      let file = firstFile;
      while (files.has(file)) file++;
      files.set(file, fileAt(path));
    },
    close(file) {
      if (!files.delete(Number(file))) refuse("EBADF");
    },
  };
  /**
   * Every name, folder by folder.
   * @param {string} folder
   * @param {Inode} inode
   * @returns {Name[]}
   */
  const namesIn = (folder, inode) =>
    [...inode.entries].sort().flatMap(([name, node]) => {
      const path = folder + name;
      return [{ path, folder, node, end: attempt(() => fileAt(path)) }, ...namesIn(`${path}/`, node)];
    });
  return {
    calls,
    names: () => namesIn("", top),
    openFiles: () => [...files].sort((a, b) => a[0] - b[0]),
  };
}

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const calls = model.get("calls");
  const why = model.get("why");
  const stories = model.get("stories");
  const start = model.get("value");
  const [longest, mostLinks, firstFile] = model.get("limits");
  /** @type {Record<string, Map<string, string>>}  kind of operand -> word -> what it stands for */
  const words = { p: new Map(model.get("paths")), t: new Map(model.get("targets")) };
  /** @type {string[]} */
  let steps = [];
  /** @type {string[]}  taken back */
  let later = [];

  /** @param {string} name */
  const callOf = (name) => calls.find(([key]) => key === name);
  /**
   * The call and its operands, if a step is one.
   * @param {string} step
   */
  function read(step) {
    const [name, ...given] = step.split("-");
    const call = callOf(name);
    if (!call || given.length !== call[2].length) return null;
    const operands = given.map((word, index) => {
      const kind = call[2][index];
      return kind === "f" ? /^[1-9]?[0-9]$/.exec(word)?.[0] : words[kind]?.get(word);
    });
    return operands.every(Boolean) ? { call, operands } : null;
  }
  /**
   * A step in words.
   * @param {string} step
   */
  function inWords(step) {
    const { call, operands } = read(step);
    const rest = [...operands];
    return call[1].replaceAll("{}", () => rest.shift());
  }
  /** @param {string} text */
  function parse(text) {
    const all = text ? text.split(".") : [];
    return all.length <= longest && all.every(read) ? all : null;
  }
  /**
   * What each step gave, and what there is after the last.
   * @param {string[]} done
   * @returns {World}
   */
  function play(done) {
    const folder = makeFolder(mostLinks, firstFile);
    const results = done.map((step) => {
      const { call, operands } = read(step);
      const failed = attempt(() => folder.calls[call[0]](...operands));
      return failed instanceof Refusal ? failed.errno : undefined;
    });
    return { results, names: folder.names(), files: folder.openFiles() };
  }
  /**
   * How many names a file has.
   * @param {World} world
   * @param {Inode} node
   */
  const linksTo = ({ names }, node) => names.filter((name) => name.node === node).length;

  const say = element("p", { className: "lg-say", role: "status" });
  const note = noteLine();
  /** @param {string} text @param {() => void} act */
  const control = (text, act) => button(text, act, { className: "lg-do" });
  /** @param {string[]} now @param {string[]} [takenBack] */
  function goTo(now, takenBack = []) {
    steps = now;
    later = takenBack;
    changed();
  }
  const body = element("tbody");
  const heads = ["Name", "Inode", "Links", "Opened, reads"].map((textContent) => element("th", { textContent }));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  const label = "Names, inodes, open files, as in the table";
  const picture = element("div", { className: "lg-pic", aria: { role: "img", label } });
  const log = element("ol", { className: "lg-log" });
  const storyButtons = stories.map(([name, story]) => control(name, () => goTo(parse(story))));
  const operandMenus = element("div", { className: "lg-ops", onchange: nameStep });
  const callMenu = element(
    "select",
    { onchange: drawOperands },
    ...calls.map(([textContent]) => element("option", { textContent })),
  );
  const go = control("", () => goTo([...steps, chosenStep()].slice(0, longest)));
  const undo = control("Undo", () => goTo(steps.slice(0, -1), [...steps.slice(-1), ...later]));
  const redo = control("Redo", () => goTo([...steps, ...later.slice(0, 1)], later.slice(1)));
  const again = control("Start over", () => goTo([]));
  /** @param {...HTMLElement} children */
  const row = (...children) => element("div", { className: "lg-row" }, ...children);
  const root = element(
    "div",
    { className: "rsn-w lg" },
    row(...storyButtons),
    row(element("label", {}, "Call", callMenu), operandMenus, go),
    say,
    note,
    element("div", { className: "lg-view" }, picture, table),
    row(undo, redo, again),
    log,
  );

  const chosenOperands = () => [...operandMenus.querySelectorAll("select")].map((menu) => menu.value);
  const chosenStep = () => [callMenu.value, ...chosenOperands()].join("-");
  function nameStep() {
    go.textContent = inWords(chosenStep());
  }
  /** A menu for each operand of the chosen call; what was chosen stays chosen if it is there. */
  function drawOperands() {
    const before = chosenOperands();
    const [, , kinds, labels] = callOf(callMenu.value);
    const open = play(steps).files.map(([file]) => String(file));
    const files = open.length ? open : [String(firstFile)];
    const menus = [...kinds].map((kind, index) => {
      /** @type {[string, string][]} */
      const all = words[kind] ? [...words[kind]] : files.map((file) => [file, file]);
      const options = all.map(([value, textContent]) => element("option", { value, textContent }));
      const menu = element("select", {}, ...options);
      const wanted = before[index] ?? all[index]?.[0];
      if (all.some(([value]) => value === wanted)) menu.value = wanted;
      return element("label", {}, labels[index], menu);
    });
    operandMenus.replaceChildren(...menus);
    nameStep();
  }

  /**
   * Three columns, and arrows from names to inodes and from open files to inodes; dashed, from a symlink to the name it spells.
   * @param {World} world
   */
  function draw(world) {
    const { names, files } = world;
    const nodes = [...new Set([...names.map(({ node }) => node), ...files.map(([, node]) => node)])];
    const inodes = nodes.sort((a, b) => a.number - b.number);
    /** @param {number} index */
    const rowAt = (index) => 50 + index * 54;
    /** @param {Inode} node */
    const rowOf = (node) => rowAt(inodes.indexOf(node));
    /** @param {string} text @param {number} x @param {number} y */
    const write = (text, x, y) => svgElement("text", { x, y }, text);
    /**
     * @param {number} x
     * @param {number} width
     * @param {number} index
     * @param {string} kind
     * @param {string} name
     * @param {string} [more]
     */
    const box = (x, width, index, kind, name, more = "") => {
      const middle = x + width / 2;
      const y = rowAt(index);
      const made = svgElement("g", { class: `lg-${kind}` }, svgElement("rect", { x, y: y - 21, width }));
      made.append(write(name, middle, y + (more ? -3 : 5)));
      if (more) made.append(write(more, middle, y + 14));
      return made;
    };
    /** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} kind */
    const arrow = (x1, y1, x2, y2, kind) => {
      const tip = x2 - Math.sign(x2 - x1) * 9;
      const middle = (x1 + x2) / 2;
      const d = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${tip} ${y2}`;
      const points = `${x2},${y2} ${tip},${y2 - 4.5} ${tip},${y2 + 4.5}`;
      return svgElement("g", { class: `lg-${kind}` }, svgElement("path", { d }), svgElement("polygon", { points }));
    };
    /**
     * The name that a symlink spells, if there is one.
     * @param {Name} name
     */
    const spelt = ({ folder, node }) => {
      /** @type {string[]} */
      const parts = [];
      for (const part of (folder + node.text).split("/")) {
        if (part === ".." && parts.length) parts.pop();
        else parts.push(part);
      }
      return names.findIndex(({ path }) => path === parts.join("/"));
    };
    /** @param {Name} name @param {number} index */
    function drawName(name, index) {
      const { node, end, path } = name;
      const parts = [arrow(66, rowAt(index), 112, rowOf(node) - 7, "edge")];
      const target = isSymlink(node) ? spelt(name) : -1;
      if (target >= 0) parts.push(arrow(112, rowOf(node) + 10, 66, rowAt(target) + 10, "spell"));
      // a symlink to a folder is not broken
      const isBroken = isSymlink(node) && end instanceof Refusal && end.errno !== "EISDIR";
      return [...parts, box(0, 66, index, isBroken ? "bad" : "name", path)];
    }
    /** @param {Inode} node @param {number} index */
    function drawInode(node, index) {
      const links = linksTo(world, node);
      const kind = links ? "inode" : "free";
      if (isFolder(node)) return box(112, 148, index, kind, node.name);
      return box(112, 148, index, kind, `${node.name}, ${links} link${links === 1 ? "" : "s"}`, quoted(node.text));
    }
    const height = rowAt(Math.max(1, names.length, inodes.length, files.length)) - 24;
    const drawing = svgElement("svg", { viewBox: `0 0 364 ${height}` });
    drawing.append(write("Names", 33, 16), write("Inodes", 186, 16), write("Open files", 328, 16));
    drawing.append(...names.flatMap(drawName), ...inodes.map(drawInode));
    files.forEach(([file, node], index) => {
      drawing.append(arrow(306, rowAt(index), 260, rowOf(node), "edge"), box(306, 58, index, "file", `fd ${file}`));
    });
    picture.replaceChildren(drawing);
  }
  /** @param {World} world @param {string} name @param {Inode} node @param {Inode | Refusal} end */
  function tableRow(world, name, node, end) {
    const held = isSymlink(node) ? `, holds ${quoted(node.text)}` : "";
    const reads = end instanceof Refusal ? element("b", { textContent: end.errno }) : quoted(end.text);
    return element(
      "tr",
      {},
      element("th", { scope: "row", textContent: name }),
      element("td", { textContent: node.name + held }),
      element("td", { textContent: isFolder(node) ? "" : linksTo(world, node) }),
      element("td", {}, reads),
    );
  }
  function changed(toLink = true) {
    const world = play(steps);
    const last = steps.at(-1);
    const errno = world.results.at(-1);
    draw(world);
    body.replaceChildren(
      ...world.names.map(({ path, node, end }) => tableRow(world, path, node, end)),
      ...world.files.map(([file, node]) => tableRow(world, `fd ${file}`, node, node)),
    );
    if (last) {
      const reason = why[`${last.split("-")[0]} ${errno}`] ?? why[errno];
      say.textContent = `${inWords(last)}: ${errno ? `${errno}. ${reason}` : "done."}`;
    } else say.textContent = "The folder is empty.";
    say.dataset.tone = errno ? "bad" : "good";
    const lines = steps.map((step, index) =>
      element("li", {}, `${inWords(step)} `, element("b", { textContent: world.results[index] ?? "" })),
    );
    log.replaceChildren(...lines);
    for (const [index, [, story]] of stories.entries()) {
      storyButtons[index].setAttribute("aria-pressed", String(story === steps.join(".")));
    }
    /** @type {[HTMLElement, boolean][]} */
    const able = [
      [undo, steps.length > 0],
      [redo, later.length > 0],
      [again, steps.length > 0],
      [go, steps.length < longest],
    ];
    for (const [one, can] of able) one.setAttribute("aria-disabled", String(!can));
    drawOperands();
    note.textContent = "";
    shared.save(toLink);
  }

  /** @param {string} text */
  function take(text) {
    const found = parse(text);
    if (!found) return false;
    steps = found;
    later = [];
    changed(false);
    return true;
  }
  const shared = connect(model, {
    root,
    note,
    value: () => steps.join("."),
    open(text, key) {
      if (take(text)) return "";
      take(start);
      const wanted = `It takes up to ${longest}, such as ${start}.`;
      return rejected(key, text, `is no sequence of calls; this is the default. ${wanted}`);
    },
    outside: take,
  });
  take(start);
  return shared.start(el);
}
export default { render };
