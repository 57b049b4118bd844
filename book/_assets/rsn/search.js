// The search page. tools/search writes what is looked up: `index` has every page, and of the words and the texts a query
// loads the pieces that it needs, as scripts, so that it works from file:// too. Answers come first (answers.js), then pages,
// each with its best sections and a sentence of the first.
(() => {
  /** @typedef {{ page: Page, title: string, anchor: string, number: number, words: Set<string> }} Section */
  /** @typedef {{ name: string, title: string, names: string[], words: Set<string>, isChapter: boolean, sections: Section[] }} Page */
  /** @typedef {{ page: Page, score: number, missing: number, sections: Section[] }} Hit */
  /** @typedef {{ word: string, matches: string[], sections: Set<number>, weight: number }} Found */

  const SHOWN = { answers: 4, pages: 10, sections: 3, quotes: 5 };
  const QUOTE = { least: 120, before: 110, most: 240 }; // letters
  const PASSING = /^(Exercises|Sources)$/; // sections that name things and do not explain them
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const { index } = rsnSearch;
  const stop = new Set(index.stop);

  /**
   * One of the files that tools/search has written.
   * @param {string} name
   * @returns {Promise<any>}
   */
  const load = (name) =>
    new Promise((resolve) => {
      if (rsnSearch[name]) return resolve(rsnSearch[name]);
      const script = document.createElement("script");
      script.src = src.replace(/\.js/, `/${name}.js`);
      script.onload = () => resolve(rsnSearch[name]);
      document.head.append(script);
    });
  /**
   * Of the pieces that begin with these, the one where `key` is, if anywhere.
   * @param {(string | number)[]} starts
   * @param {string | number} key
   */
  const pieceOf = (starts, key) => Math.max(0, starts.filter((start) => start <= key).length - 1);
  /** @param {"words" | "answers"} kind @param {string} key */
  const pieceWith = (kind, key) => load(`${kind}-${pieceOf(index[kind], key)}`);

  /**
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, string>} properties
   * @param {...(Node | string)} children
   * @returns {HTMLElementTagNameMap[Tag]}
   */
  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // ── words, as in tools/search/words.py ──

  /** @param {string} text @returns {string[]} */
  const tokens = (text) => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  /** @param {string} token */
  const stem = (token) =>
    /^[a-z]+$/.test(token) ? token.replace(/(?<=[a-z]{3})(?:ing|ed|ies|es|(?<!s)s|e|y)$/, "") : token;
  /** @param {string} text */
  const stems = (text) => tokens(text).map(stem);
  /** @param {string} text */
  const indexed = (text) => tokens(text).flatMap((token) => [token, ...token.split("_")].map(stem));
  /** @param {string} text */
  const phrase = (text) =>
    tokens(text)
      .map((token) => token.replace(/^0x0*(?=\w)/, ""))
      .join(" ");
  /** @param {string} text */
  const asName = (text) => stems(phrase(text)).join(" ") || text.trim();

  // ── pages ──

  let count = 0;
  /** @type {Page[]} */
  const pages = index.pages.map(([name, title, keywords, isChapter, listed]) => {
    const names = [title, ...keywords.split("|")].map(asName);
    /** @type {Page} */
    const page = {
      name,
      title,
      names,
      words: new Set(stems(`${title} ${keywords}`)),
      isChapter: !!isChapter,
      sections: [],
    };
    page.sections = listed.map(([heading, anchor]) => {
      const words = new Set(anchor ? stems(heading) : []); // the first has the page's title
      return { page, title: anchor ? heading : "Beginning", anchor, number: count++, words };
    });
    return page;
  });

  /**
   * The sections that have a word; if none has, those that have a word that begins with it.
   * @param {string} word
   * @returns {Promise<Found>}
   */
  async function lookUp(word) {
    const [spelled, steps] = await pieceWith("words", word);
    /** @type {string[]} */
    const known = spelled.split(" ");
    let matches = known.filter((one) => one === word);
    if (!matches.length && word.length > 2) matches = known.filter((one) => one.startsWith(word));
    /** @type {Set<number>} */
    const sections = new Set();
    for (const match of matches) {
      let at = 0;
      for (const step of steps[known.indexOf(match)]) {
        at += step;
        sections.add(at);
      }
    }
    return { word, matches, sections, weight: Math.log(2 + count / (1 + sections.size)) };
  }

  /**
   * What a page is worth. A word counts the more, the fewer sections have it; three times in a section's title, five times in
   * the page's own or its keywords. A page that is called what the query says, by one of these, comes first.
   * @param {Page} page
   * @param {Found[]} words
   * @param {string} name  the query
   * @returns {Hit}
   */
  function hitOf(page, words, name) {
    /** @type {Map<Section, number>} */
    const worth = new Map();
    let score = 0;
    let missing = 0;
    for (const { word, sections, weight } of words) {
      const inside = page.sections.filter((one) => sections.has(one.number) || one.words.has(word));
      const isNamed = page.words.has(word);
      const isTitled = inside.some((one) => one.words.has(word));
      if (!inside.length && !isNamed) missing += 1;
      score += weight * ((isNamed ? 5 : 0) + (isTitled ? 3 : 0) + Math.log2(1 + inside.length));
      for (const one of inside) {
        const factor = (one.words.has(word) ? 3 : 1) * (PASSING.test(one.title) ? 0.5 : 1);
        worth.set(one, (worth.get(one) ?? 0) + weight * factor * (asName(one.title) === name ? 2 : 1));
      }
    }
    const sections = [...worth.keys()].sort((a, b) => worth.get(b) - worth.get(a) || a.number - b.number);
    score = (score + (worth.get(sections[0]) ?? 0)) * (page.isChapter ? 1 : 0.5);
    const hasAll = words.every(({ sections: found }) => found.has(sections[0]?.number));
    // called so, and no section says it in these words: then its beginning
    if (!sections.length || (page.names.includes(name) && !hasAll)) sections.unshift(page.sections[0]);
    if (page.names.includes(name)) score += 100;
    return { page, score, missing, sections: [...new Set(sections)] };
  }

  /**
   * Pages that have all words, best first; if none has, those that have most of them.
   * @param {Found[]} words
   * @param {string} query
   */
  function rank(words, query) {
    const name = asName(query);
    const hits = pages.map((page) => hitOf(page, words, name));
    const least = Math.min(...hits.map((hit) => hit.missing));
    if (least === words.length) return [];
    return hits.filter((hit) => hit.missing === least).sort((a, b) => b.score - a.score);
  }

  // ── results ──

  /** @param {Section} section */
  const address = ({ page, anchor }) => `${page.name}.html${anchor && `#${anchor}`}`;

  /**
   * Puts the sentence that has most of the words, the rarer the better, into `box`, and makes the link lead to it: the browser then marks it there,
   * until the reader goes on.
   * @param {Section} section
   * @param {HTMLAnchorElement} link
   * @param {HTMLElement} box
   * @param {Map<string, number>} wanted
   */
  async function quote(section, link, box, wanted) {
    const piece = pieceOf(index.texts, section.number);
    /** @type {string[]} */
    const texts = await load(`texts-${piece}`);
    const sentences = texts[section.number - index.texts[piece]].split(/\n|(?<=[.:?!]) (?=[A-Z“])/);
    /** @param {string} text */
    const isWanted = (text) => indexed(text).some((word) => wanted.has(word));
    const worth = sentences.map((one) =>
      [...new Set(indexed(one))].reduce((sum, word) => sum + (wanted.get(word) ?? 0), 0),
    );
    const most = Math.max(...worth);
    const at = worth.indexOf(most);
    let shown = sentences[at];
    for (let next = at + 1; shown.length < QUOTE.least && next < sentences.length; next++)
      shown += ` ${sentences[next]}`;
    const parts = shown.split(/([\p{L}\p{N}_]+)/u);
    const first = most ? parts.findIndex((part, number) => number % 2 && isWanted(part)) : 0;
    let begin = first;
    while (begin > 0 && parts.slice(begin - 1, first).join("").length < QUOTE.before) begin--;
    let end = first;
    while (end < parts.length && parts.slice(begin, end + 1).join("").length < QUOTE.most) end++;
    const marked = parts.slice(begin, end).map((one) => (isWanted(one) ? element("mark", { textContent: one }) : one));
    box.replaceChildren(begin > 0 ? "… " : "", ...marked, end < parts.length ? " …" : "");
    if (!most)
      return box.append(element("i", {}, " The words are in a table, in code or in a widget of this section."));
    if (!("fragmentDirective" in document)) return;
    const words = sentences[at].split(" ");
    const from = Math.max(0, words.findIndex(isWanted) - 2);
    const some = encodeURIComponent(words.slice(from, from + 6).join(" ")).replaceAll("-", "%2D");
    link.href = `${address(section)}${section.anchor ? "" : "#"}:~:text=${some}`;
  }

  /** @param {Hit} hit @param {Map<string, number>} wanted */
  function pageItem({ page, sections }, wanted) {
    const [first, ...others] = sections.slice(0, SHOWN.sections);
    const link = element("a", { href: address(first) }, page.title);
    const context = element("p", { className: "context" });
    const item = element("li", {}, link, context);
    if (first.anchor) link.append(element("span", {}, ` › ${first.title}`));
    const links = others.flatMap((one) => [" · ", element("a", { href: address(one), textContent: one.title })]);
    if (links.length) item.append(element("p", { className: "rs-also" }, "Also in ", ...links.slice(1)));
    return { item, quote: () => quote(first, link, context, wanted) };
  }

  /** @param {{ label: string, text: string, href: string, chapter?: string }} answer */
  function answerItem({ label, text, href, chapter }) {
    const page = pages.find((one) => one.name === chapter);
    const more = page ? [" More in ", element("a", { href: `${page.name}.html`, textContent: page.title }), "."] : [];
    return element("li", {}, element("a", { href, textContent: label }), element("p", {}, text, ...more));
  }

  /**
   * A heading and a list; what is behind `shown` is folded.
   * @param {string} heading
   * @param {"ul" | "ol"} tag
   * @param {string} className
   * @param {HTMLElement[]} items
   * @param {number} shown
   * @param {string} [more]  what the folded ones are called
   */
  function list(heading, tag, className, items, shown, more = "more") {
    const box = element("section", {}, element("h2", { textContent: heading }));
    const folded = items.slice(shown);
    box.append(element(tag, { className }, ...items.slice(0, shown)));
    if (folded.length) {
      const summary = element("summary", { textContent: `${folded.length} ${more}` });
      box.append(element("details", {}, summary, element(tag, { className }, ...folded)));
    }
    return box;
  }

  /** @param {number} number @param {string} noun */
  const some = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  /** @param {string} query */
  async function show(query) {
    const status = element("p", { className: "search-summary" });
    const out = document.getElementById("search-results");
    status.setAttribute("role", "status");
    out.append(status);

    const said = [...new Set(tokens(query))];
    const telling = said.filter((token) => token.length > 1 && !stop.has(token));
    const asked = [...new Set((telling.length ? telling : said).map(stem))];
    const everything = await Promise.all(asked.map(lookUp));
    /** @param {Found} found */
    const isSomewhere = ({ word, matches }) => matches.length || pages.some((page) => page.words.has(word));
    const known = everything.filter((found) => isSomewhere(found) || !/^\d/.test(found.word));
    const words = known.length ? known : everything; // an unknown number beside words is for the answers
    const { best, rest } = await rsnSearch.answersTo(query, phrase(query), index, pieceWith, load);
    if (best.length + rest.length) {
      const all = [...best, ...rest].map(answerItem);
      const shown = Math.min(best.length, SHOWN.answers);
      const more = best.length > shown ? "more" : "other words that it could be";
      out.append(list("Answers", "ul", "rs-answers", all, shown, more));
    }

    const hits = words.length ? rank(words, query) : [];
    const wanted = new Map(
      words.flatMap(({ word, matches, weight }) => [word, ...matches].map((one) => [one, weight])),
    );
    const items = hits.map((hit) => pageItem(hit, wanted));
    const found = items.map(({ item }) => item);
    if (found.length) out.append(list("Pages", "ol", "search", found, SHOWN.pages, "more pages"));
    for (const one of items.slice(0, SHOWN.quotes)) await one.quote();
    const quoteRest = () => items.slice(SHOWN.quotes).map((one) => one.quote());
    addEventListener("scroll", quoteRest, { once: true });

    const lost = words.filter((one) => !isSomewhere(one) && !(best.length && /^\d/.test(one.word)));
    const unknown = lost.map(({ word }) => `“${said.find((token) => stem(token) === word)}”`).join(" or ");
    const counted = [some(best.length + rest.length, "answer"), some(hits.length, "page")].filter(
      (one) => !/^0/.test(one),
    );
    const total = counted.length ? `${counted.join(" and ")}.` : "Nothing found.";
    const why = unknown ? ` No page has ${unknown}.` : hits[0]?.missing ? " No page has all of these words." : "";
    status.textContent = total + why;
  }

  const query = (new URLSearchParams(location.search).get("q") ?? "").trim();
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=q]"))) {
    field.value = query;
  }
  if (query) show(query);
})();
