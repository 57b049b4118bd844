// What the reader has solved, from what quizzes and predictions keep in the browser. A chapter is solved when all its
// exercises are, and begun by a prediction or one of them. tools/sphinx_ext/progress.py puts `rsnChapters` in front.
(() => {
  /** @type {Record<string, string[]>} chapter -> the anchors of its exercises, in the book's order */
  const chapters = globalThis.rsnChapters ?? {};
  const paths = Object.keys(chapters);
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  /** @param {string} href */
  const pathOf = (href) =>
    href.startsWith(root.href) ? href.slice(root.href.length).replace(/(\.html)?([#?].*)?$/, "") : "";
  const here = pathOf(location.href);

  /** @param {string} key */
  function isKept(key) {
    try {
      return localStorage.getItem(`rsn:${key}`) !== null;
    } catch {
      return false; // private window, file: page
    }
  }
  /** @param {string} path */
  function stateOf(path) {
    const of = chapters[path].length;
    const solved = chapters[path].filter((anchor) => isKept(`quiz:${anchor}`)).length;
    const isBegun = solved > 0 || isKept(`predict:${path}.html0`);
    const done = of && solved === of ? "solved" : isBegun ? "begun" : "";
    return { done, text: solved ? `${solved} of ${of} exercises solved` : done };
  }

  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll(".bd-links a");
  for (const link of links) {
    const path = pathOf(link.href);
    if (chapters[path]) link.dataset.chapter = path;
  }

  /**
   * The text of a part of `box` that is made when it is first needed.
   * @param {Element} box
   * @param {string} className
   * @param {string} textContent
   */
  function say(box, className, textContent) {
    const part = box.querySelector(`.${className}`);
    if (part) part.textContent = textContent;
    else if (textContent) box.append(Object.assign(document.createElement("span"), { className, textContent }));
  }

  function show() {
    const states = Object.fromEntries(paths.map((path) => [path, stateOf(path)]));
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-chapter]"))) {
      const { done, text } = states[one.dataset.chapter] ?? { done: "", text: "" };
      one.dataset.done = done;
      if (one.tagName === "A") say(one, "sr-only", text && ` (${text})`);
    }
    for (const part of document.querySelectorAll(".bd-links .caption")) {
      const mine = [...part.nextElementSibling.querySelectorAll("a")].filter((link) => link.dataset.chapter);
      const solved = mine.filter((link) => link.dataset.done === "solved").length;
      say(part, "count", solved ? ` ${solved} of ${mine.length}` : "");
    }
    const line = document.querySelector(".onward .solved");
    if (line && states[here]) {
      const { done, text } = states[here];
      line.textContent = done === "solved" ? "All exercises of this chapter are solved." : text && `So far: ${text}.`;
    }
    showCourse(states);
  }

  const course = document.querySelector(".course [role=status]");
  const unread = course ? [...course.childNodes] : [];
  /**
   * The front page: how many, and what comes next, which is what was begun or follows what was solved last.
   * @param {Record<string, { done: string, text: string }>} states
   */
  function showCourse(states) {
    if (!course) return;
    const solved = paths.filter((path) => states[path].done === "solved");
    const begun = paths.find((path) => states[path].done === "begun");
    if (!solved.length && !begun) return course.replaceChildren(...unread);
    const last = paths.indexOf(solved.at(-1));
    const next = begun ?? [...paths.slice(last + 1), ...paths].find((path) => !states[path].done);
    const count = Object.assign(document.createElement("b"), {
      textContent: `${solved.length} of ${paths.length} solved`,
    });
    if (!next) return course.replaceChildren(count, ", which is all there is.");
    const title = document.querySelector(`.map [data-chapter="${next}"]`).firstChild.textContent;
    const link = Object.assign(document.createElement("a"), { href: `${root.href}${next}.html`, textContent: title });
    const { done, text } = states[next];
    course.replaceChildren(count, "; next: ", link, done ? `, ${text}.` : ".");
  }

  show();
  for (const event of ["storage", "rsn-kept"]) addEventListener(event, show); // another tab, and this one
  addEventListener("pageshow", (event) => event.persisted && show());
})();
