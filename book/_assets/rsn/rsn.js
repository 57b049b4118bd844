// Copy buttons, predictions, folding, printing, the ledger's filter, search snippets, menus. No dependency.
(() => {
  /**
   * @template {HTMLElement} Found
   * @param {string} selector
   * @param {ParentNode} [within]
   */
  const all = (selector, within = document) => /** @type {NodeListOf<Found>} */ (within.querySelectorAll(selector));

  const memory = {
    /** @param {string} key */
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
      } catch {
        /* private window, file: page */
      }
    },
  };

  // ── code: what is copied ──

  /**
   * What the reader typed, without prompts and output; all of it where there is no prompt.
   * @param {HTMLElement} box
   */
  function withoutPrompts(box) {
    const lines = box.innerText.replace(/\n$/, "").split("\n");
    if (!lines.some((line) => /^(>>> |\$ )/.test(line))) return lines.join("\n");
    const prompt = /^(>>> |\.\.\. |\$ |# )/;
    return lines
      .filter((line) => prompt.test(line))
      .map((line) => line.replace(prompt, ""))
      .join("\n");
  }
  for (const box of all("div.highlight")) {
    const code = box.querySelector("pre");
    if (!code || (box.closest(".cell_output") && !box.closest(".asked"))) continue;
    const copy = document.createElement("button");
    Object.assign(copy, { type: "button", className: "copybtn", textContent: "Copy" });
    copy.setAttribute("aria-live", "polite");
    copy.onclick = async () => {
      try {
        await navigator.clipboard.writeText(withoutPrompts(code));
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        copy.textContent = "Press Ctrl+C";
      }
      setTimeout(() => {
        copy.textContent = "Copy";
      }, 1600);
    };
    box.append(copy);
  }

  // ── predictions: why an answer is right or wrong, and which one was chosen before ──

  const page = `predict:${location.pathname.split("/").slice(-2).join("/")}`;
  all("fieldset.predict").forEach((question, number) => {
    const key = page + number;
    /** @param {HTMLInputElement} input */
    const show = (input) => {
      for (const reason of all(".why", question)) reason.hidden = true;
      const why = /** @type {HTMLElement} */ (input.closest("label").nextElementSibling);
      why.hidden = false;
      question.querySelector(".say").textContent = why.textContent;
    };
    question.addEventListener("change", (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      show(input);
      memory.set(key, input.value);
    });
    const before = memory.get(key);
    /** @type {NodeListOf<HTMLInputElement>} */
    const inputs = all("input", question);
    const input = [...inputs].find((one) => one.value === before);
    if (!input) return;
    input.checked = true;
    show(input);
  });

  // ── a link that names nothing on this page; what a widget cannot read, the widget says ──

  function sayWhatIsMissing() {
    document.querySelector(".rsn-astray")?.remove();
    const hash = location.hash.slice(1);
    const known = [...all("[data-link]")].flatMap((widget) => widget.dataset.link.split(" "));
    const named = hash.split("&").filter((pair) => pair.includes("="));
    const names = named.map((pair) => pair.split(/[.=]/)[0]);
    const missing = names.filter((name) => !known.includes(name.toLowerCase()));
    let section = hash;
    try {
      section = decodeURIComponent(hash);
    } catch {
      /* it is no name then */
    }
    const isAstray = named.length ? missing.length : hash && !document.getElementById(section);
    const article = document.querySelector("article.bd-article");
    if (!article || !isAstray || hash.startsWith(":~:")) return;
    const said = document.createElement("p");
    said.className = "rsn-astray";
    said.setAttribute("role", "status");
    said.textContent = named.length
      ? `The link asks for “${missing.join("”, “").slice(0, 60)}”, but this page has nothing of that name.`
      : `The link leads to “${section.slice(0, 60)}”, but this page has no section of that name.`;
    article.prepend(said);
  }
  sayWhatIsMissing();
  addEventListener("hashchange", sayWhatIsMissing);

  // ── `.dropdown` admonitions become native <details> ──

  for (const box of all(".admonition.dropdown")) {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    const title = box.querySelector(":scope>.admonition-title");
    details.className = box.className;
    if (box.id) details.id = box.id;
    summary.className = "admonition-title";
    summary.append(...title.childNodes);
    title.remove();
    details.append(summary, ...box.childNodes);
    box.replaceWith(details);
  }

  // ── the ledger's filter ──

  for (const filter of all(".ledger-filter")) {
    filter.addEventListener("change", () => {
      const wanted = /** @type {HTMLInputElement} */ (filter.querySelector(":checked")).value;
      for (const row of all(".ledger tbody tr")) row.hidden = wanted !== "all" && !row.classList.contains(wanted);
      for (const part of all(".ledger-part")) part.hidden = !part.querySelector("tbody tr:not([hidden])");
    });
  }

  // ── search snippets from the article, not from the toolbar inside <main> ──

  if (typeof Search !== "undefined" && Search.htmlToText) {
    const original = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const article = new DOMParser().parseFromString(html, "text/html").querySelector("article.bd-article");
      return original(article ? `<div role="main">${article.innerHTML}</div>` : html, anchor);
    };
  }

  // the index is asked for the reader's words by name: "constructor" is no word of it, though every object has one
  if (typeof Search !== "undefined" && Search.setIndex) {
    /** @param {object} words */
    const bare = (words) =>
      Object.defineProperty(Object.assign(Object.create(null), words), "hasOwnProperty", {
        /** @param {string} word */
        value: (word) => Object.hasOwn(words, word),
      });
    /** @param {WordIndex} index */
    const own = (index) => Object.assign(index, { terms: bare(index.terms), titleterms: bare(index.titleterms) });
    const original = Search.setIndex;
    Search.setIndex = (index) => original(own(index));
    if (Search.hasIndex()) own(Search._index);
  }

  /** @type {HTMLInputElement | null} */ (
    document.querySelector(".bd-search-container form.bd-search input")
  )?.select();

  // ── menus, drawer, print ──

  /** @returns {NodeListOf<HTMLDetailsElement>} */
  const openMenus = () => all("details.rsn-menu[open]");
  addEventListener("beforeprint", () => {
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const folded = all("main details:not(.rsn-menu,.asked)");
    for (const details of folded) details.open = true;
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
    // a link within the page closes the drawer it was chosen in
    target.closest?.('dialog a[href^="#"]')?.closest("dialog").close();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      /** @type {HTMLElement} */ (menu.firstElementChild).focus();
    }
  });
})();
