// Copy buttons, predictions, folding, printing, the ledger's filter, menus. No dependency.
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
        dispatchEvent(new Event("rsn-kept"));
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

  // ── tables: what the browser searches is all there; a heat map is one Tab stop ──

  /** The browser finds nothing in a row that is not shown. */
  const unfold = () => {
    /** @type {NodeListOf<HTMLInputElement>} */
    const choices = all('.rows [value="all"]');
    for (const choice of choices) choice.checked = true;
  };
  addEventListener("keydown", (event) => {
    if (event.key === "F3" || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f")) unfold();
  });
  if (performance.getEntriesByType("navigation")[0]?.name.includes(":~:text=")) unfold();

  for (const map of all(".heat")) {
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const links = all("td a", map);
    const shown = () => [...links].filter((link) => link.offsetParent);
    /** @param {HTMLElement} [here] */
    const stop = (here) => {
      for (const link of links) link.tabIndex = link === here ? 0 : -1;
    };
    const first = () => stop(shown()[0]);
    first();
    map.addEventListener("change", first);
    map.addEventListener("focusin", (event) => {
      const here = /** @type {HTMLAnchorElement} */ (event.target);
      if ([...links].includes(here)) stop(here);
    });
    map.addEventListener("keydown", (event) => {
      const codes = shown();
      const here = /** @type {HTMLAnchorElement} */ (event.target);
      const at = codes.indexOf(here);
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      /** @param {HTMLElement} link */
      const column = (link) => link.closest("td").cellIndex;
      /** @param {HTMLElement} link */
      const beside = (link) => column(link) === column(here);
      /** @type {Record<string, HTMLElement | undefined>} */
      const moves = {
        ArrowRight: codes[at + 1],
        ArrowLeft: codes[at - 1],
        ArrowDown: codes.slice(at + 1).find(beside),
        ArrowUp: codes.slice(0, at).reverse().find(beside),
        Home: codes[0],
        End: codes[codes.length - 1],
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      moves[event.key]?.focus();
    });
  }

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

  // ── search: the field of its page has the focus ──

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
