/**
 * What every widget needs: elements, one tab stop for many buttons, the reader's state in the link, in the
 * history, in the trait and in the browser's memory. syslab/widgets/base.py puts this in front of each widget that imports it.
 */

/**
 * The model that anywidget, or the book's loader, gives to a widget.
 * @template Traits
 * @typedef {object} Model
 * @property {<Name extends keyof Traits>(name: Name) => Traits[Name]} get
 * @property {<Name extends keyof Traits>(name: Name, value: Traits[Name]) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener?: () => void) => void} off
 * @property {boolean} [hosted]  true on a page of the book, which owns its address bar
 */

/**
 * @template Traits
 * @typedef {{ model: Model<Traits>, el: HTMLElement }} Place  what `render` gets
 */

/** @typedef {Node | string | number | null | undefined} Child  null and undefined are left out */

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]  of the element; `data` and `aria` are taken as data-* and aria-* attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const { data, aria, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data ?? {})) made.dataset[name] = value;
  for (const [name, value] of Object.entries(aria ?? {})) {
    made.setAttribute(name === "role" ? name : `aria-${name}`, value);
  }
  made.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child != null)));
  return made;
}

/**
 * The same for a drawing.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

let serial = 0;
/** An id that no other widget on the page has. */
export const uniqueId = () => `rsn-${++serial}-${Math.random().toString(36).slice(2, 7)}`;

/** The line where a widget says what it could not read. */
export const noteLine = () => element("p", { className: "bf-note", aria: { live: "polite" } });

/**
 * A field to type in.
 * @param {Record<string, any>} [properties]
 */
export const textField = (properties) =>
  element("input", { type: "text", className: "bf-in", spellcheck: false, autocomplete: "off", ...properties });

/** @param {string} textContent @param {() => void} onclick @param {Record<string, any>} [properties] */
export const button = (textContent, onclick, properties) =>
  element("button", { type: "button", textContent, onclick, ...properties });

/** @param {HTMLElement} field @param {unknown} wrong */
export const markInvalid = (field, wrong) =>
  wrong ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");

/**
 * Text with `backquotes`, the parts between them as code.
 * @param {string} text
 */
export const withCode = (text) =>
  text.split("`").map((part, index) => (index % 2 ? element("code", { textContent: part }) : part));

/**
 * The same without the backquotes.
 * @param {string} text
 */
export const withoutCode = (text) => text.replaceAll("`", "");

/**
 * Radio buttons under a heading; the classes are `${prefix}-dim` and `row`.
 * @param {{ prefix: string, row: string, legend: Child[], options: [string, string][], pick: (value: string) => void }} given
 *   options: [value, label]
 */
export function radioGroup({ prefix, row, legend, options, pick }) {
  const name = uniqueId();
  const inputs = options.map(([value]) =>
    element("input", { type: "radio", name, value, onchange: () => pick(value) }),
  );
  const labels = options.map(([, label], index) =>
    element("label", {}, inputs[index], element("span", { textContent: label })),
  );
  const box = element(
    "fieldset",
    { className: `${prefix}-dim` },
    element("legend", {}, ...legend),
    element("div", { className: row }, ...labels),
  );
  return { box, inputs };
}

// ── arrow keys ──

/**
 * Calls `go` with what `moves` has for the key, unless a modifier is held.
 * @template Move
 * @param {HTMLElement} target
 * @param {(event: KeyboardEvent) => Record<string, Move> | null} moves  null: not now
 * @param {(move: Move) => void} go
 */
export function onArrows(target, moves, go) {
  target.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const move = moves(event)?.[event.key];
    if (move === undefined) return;
    event.preventDefault();
    go(move);
  });
}

/** @param {number} at @param {number} count @returns {Record<string, number>} */
const inOrder = (at, count) => ({
  ArrowRight: at + 1,
  ArrowDown: at + 1,
  ArrowLeft: at - 1,
  ArrowUp: at - 1,
  Home: 0,
  End: count - 1,
});

/**
 * One tab stop for all buttons in `box`; arrow keys, Home and End move it, and it wraps around.
 * @param {HTMLElement} box
 * @param {(at: number, count: number) => Record<string, number>} [moves]  key -> index
 */
export function rovingFocus(box, moves = inOrder) {
  /** @type {HTMLElement[]} */
  let items = [];
  let at = 0;
  const roving = {
    /** @param {HTMLElement[]} list @param {number} [index] */
    setItems(list, index = 0) {
      items = list;
      roving.moveTo(index);
    },
    /** @param {number} index @param {boolean} [focus] */
    moveTo(index, focus = false) {
      if (!items.length) return;
      at = ((index % items.length) + items.length) % items.length;
      items.forEach((item, i) => {
        item.tabIndex = i === at ? 0 : -1;
      });
      if (focus) items[at].focus();
    },
  };
  onArrows(
    box,
    (event) => (items.includes(/** @type {HTMLElement} */ (event.target)) ? moves(at, items.length) : null),
    (to) => roving.moveTo(to, true),
  );
  return roving;
}

// ── state in the address bar: #pfec=0x15&wait=0x100 ──

/** @typedef {Record<string, string>} Link  a widget's name and what it shows; `va.map` says more about `va` */

/** The parts of the address bar that say something, as they are written there. */
const written = () =>
  location.hash
    .slice(1)
    .split("&")
    .filter((pair) => pair.includes("="))
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);

/** @returns {Link}  names in small letters: a link may be typed by hand */
function inAddress() {
  const pairs = written().map(([name, text]) => {
    try {
      return [name.toLowerCase(), decodeURIComponent(text)];
    } catch {
      return [name.toLowerCase(), text];
    }
  });
  return Object.fromEntries(pairs.reverse()); // the first of a name counts
}

/** @param {Link} link */
const inLink = (link) => Object.entries(link).map(([name, text]) => `${name}=${encodeURIComponent(text)}`);

// Each entry of the history carries what all widgets showed, so that Back and Forward show it again. Who changes
// something makes no entry.

/** @type {Set<() => Link>} */
const shown = new Set();
/** @type {Set<(link: Link, isNew: boolean) => void>} */
const followers = new Set();

/** @returns {Link | undefined}  what this entry carries; a new one carries nothing */
const carried = () => history.state?.rsn;
const arrived = carried(); // of a page that is loaded again, or come back to

/** @param {string} [hash]  the address bar's new text */
function remember(hash) {
  try {
    const rsn = Object.assign({}, ...[...shown].map((tell) => tell()));
    history.replaceState({ ...history.state, rsn }, "", hash);
  } catch {
    /* sandboxed page */
  }
}
function follow() {
  const before = carried();
  const link = { ...before, ...inAddress() };
  for (const one of followers) one(link, !before);
  if (shown.size) remember();
}
/**
 * Following a link to what the address bar says already is no hashchange.
 * @param {MouseEvent} event
 */
function followAgain(event) {
  const link = /** @type {HTMLAnchorElement} */ (/** @type {Element} */ (event.target).closest?.("a[href]"));
  if (link?.hash === location.hash) for (const one of followers) one(inAddress(), true);
}

export const address = {
  /** @param {string} key @returns {string | undefined} */
  get: (key) => inAddress()[key],

  /**
   * Calls back now and whenever another address is opened.
   * @param {HTMLElement} root
   * @param {string[]} keys
   * @param {() => void} scroll
   * @param {(key: string, link: Link, isNew: boolean) => boolean | void} use  false: it is shown already
   * @returns {() => void} the clean-up
   */
  watch(root, keys, scroll, use) {
    root.dataset.link = keys.join(" ");
    const show = () => requestAnimationFrame(scroll);
    /** @param {Link} link @param {boolean} isNew */
    const look = (link, isNew) => {
      for (const key of keys) {
        if (link[key] === undefined) continue;
        if (use(key, link, isNew) === false || !isNew) continue; // the browser itself finds the place again
        if (document.readyState === "loading") addEventListener("DOMContentLoaded", show, { once: true });
        else show();
      }
    };
    look({ ...arrived, ...inAddress() }, !arrived);
    if (!followers.size) {
      addEventListener("hashchange", follow);
      document.addEventListener("click", followAgain);
    }
    followers.add(look);
    return () => {
      followers.delete(look);
      if (followers.size) return;
      removeEventListener("hashchange", follow);
      document.removeEventListener("click", followAgain);
    };
  },
};

/**
 * A button that copies a link to what is shown, and a line that says so.
 * @param {() => string} link
 */
function copyLink(link) {
  const said = element("span", { aria: { live: "polite" } });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link());
      said.textContent = "Copied";
    } catch {
      const field = textField({ value: link(), readOnly: true, aria: { label: "Link to what is shown" } });
      said.replaceChildren("Copy this: ", field);
      field.select();
    }
  };
  return element("p", { className: "rsn-link" }, said, button("Copy link", copy, { className: "rsn-quiet" }));
}

/**
 * Why a link was not followed: the end of the sentence is the widget's.
 * @param {string} key
 * @param {string} text
 * @param {string} why
 */
export const rejected = (key, text, why) => `The link’s #${key}=${text.slice(0, 60)} ${why}`;

/**
 * Joins what a widget shows with its trait, with links, with the history, and with changes from outside.
 * @template Value
 * @param {Model<any>} model
 * @param {object} given
 * @param {HTMLElement} given.root
 * @param {HTMLElement} given.note  says why a link was rejected; empty again when the reader changes something
 * @param {() => Value} given.value  the trait's value for what is shown
 * @param {() => string} [given.text]  the same in a link; without it, `value`
 * @param {() => Link} [given.more]  what else is seen, by name; "" is left out
 * @param {(text: string, key: string, more: Link) => string} given.open  shows what a link says and returns "", or shows
 *   the default and returns why; what `more` lacks is the default
 * @param {(value: Value) => void} given.outside  shows a value that was set from outside
 * @param {string} [given.trait]
 * @param {string[]} [given.keys]  its names in links; without them, the trait `anchor`
 * @param {() => string} [given.key]  the name that `text` belongs to now
 * @param {() => void} [given.scroll]  brings the widget into view
 */
export function connect(model, given) {
  const { root, note, value, more, open, outside, trait = "value", keys = [model.get("anchor")] } = given;
  const text = given.text ?? (() => String(value()));
  const key = given.key ?? (() => keys[0]);
  const scroll = given.scroll ?? (() => root.scrollIntoView({ block: "center" }));
  const differs = () => String(model.get(trait)) !== String(value());
  /** @returns {Link} */
  const tell = () => {
    const extra = Object.entries(more?.() ?? {}).filter(([, said]) => said);
    return { [key()]: text(), ...Object.fromEntries(extra.map(([name, said]) => [`${key()}.${name}`, said])) };
  };
  // only the hosted page owns its address bar; in JupyterLab it is the application's
  function toAddress() {
    if (!model.hosted || !key()) return;
    const others = written().filter(([name]) => {
      const [own, rest] = name.toLowerCase().split(".");
      return !keys.includes(own) || (rest !== undefined && !more);
    });
    remember(`#${[...others.map((pair) => pair.join("=")), ...inLink(tell())].join("&")}`);
  }
  return {
    /** What is shown has changed; `toLink` if the reader did it. */
    save(toLink = true) {
      if (differs()) {
        model.set(trait, value());
        model.save_changes();
      }
      if (!toLink) return;
      note.textContent = "";
      toAddress();
    },
    /**
     * Puts the widget into its place; returns the clean-up.
     * @param {HTMLElement} el
     */
    start(el) {
      const page = model.hosted ? location.href.split(/[?#]/)[0] : model.get("_page");
      if (page && key()) root.append(copyLink(() => `${page}#${inLink(tell()).join("&")}`));
      el.append(root);
      const unwatch = address.watch(root, keys, scroll, (name, link, isNew) => {
        const now = tell();
        const others = more ? Object.keys({ ...link, ...now }).filter((one) => one.startsWith(`${name}.`)) : [];
        const names = [name, ...others];
        if (!isNew && names.every((one) => link[one] === now[one])) return false;
        const wanted = isNew ? { ...now, ...link } : link; // a link within the page changes what it names
        const extra = others.map((one) => [one.slice(name.length + 1), wanted[one] ?? ""]);
        note.textContent = open(link[name], name, Object.fromEntries(extra));
        if (isNew && extra.length && !note.textContent) toAddress();
      });
      if (model.hosted) {
        shown.add(tell);
        // not before: Sphinx empties the entry when it takes the searched words out of the address
        if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => remember(), { once: true });
        else remember();
      }
      const changed = () => {
        if (differs()) outside(model.get(trait));
      };
      model.on(`change:${trait}`, changed);
      return () => {
        shown.delete(tell);
        unwatch();
        model.off(`change:${trait}`, changed);
      };
    },
  };
}

/** What the reader solved stays solved, where the browser lets a page remember. */
export const memory = {
  /** @param {string} key @returns {string | null} */
  get(key) {
    try {
      return localStorage.getItem(`rsn:${key}`);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      localStorage.setItem(`rsn:${key}`, value);
      dispatchEvent(new Event("rsn-kept")); // the ticks beside the chapters
    } catch {
      /* private window, file: page */
    }
  },
};
