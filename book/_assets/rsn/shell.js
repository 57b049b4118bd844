// The frame around the text: light and dark, the search dialog, the drawers of a narrow window, the table of contents. It
// stands in place of the theme's script, most of which is for version menus, announcements and search while typing.
(() => {
  /** @param {string} selector @returns {NodeListOf<HTMLElement>} */
  const all = (selector) => document.querySelectorAll(selector);
  /** @param {string} id */
  const dialog = (id) => /** @type {HTMLDialogElement | null} */ (document.getElementById(id));

  /**
   * A click beside a dialog closes it.
   * @param {HTMLDialogElement} box
   */
  function closeByClickBeside(box) {
    box.addEventListener("click", (event) => {
      const { left, right, top, bottom } = box.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      if (box.open && (x < left || x > right || y < top || y > bottom)) box.close();
    });
  }

  // ── light, dark, or as the system has it ──

  const { dataset } = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  /** @param {string} mode */
  function setMode(mode) {
    const automatic = system.matches ? "dark" : "light";
    dataset.mode = mode;
    dataset.theme = mode === "auto" ? automatic : mode;
    try {
      localStorage.setItem("mode", mode);
      localStorage.setItem("theme", dataset.theme);
    } catch {
      /* private window, file: page */
    }
  }
  setMode(["light", "dark"].includes(dataset.mode) ? dataset.mode : "auto");
  system.addEventListener("change", () => {
    if (dataset.mode === "auto") dataset.theme = system.matches ? "dark" : "light";
  });
  for (const button of all(".theme-switch-button")) {
    button.addEventListener("click", () => {
      // first the one that looks different
      const order = system.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
      setMode(order[(order.indexOf(dataset.mode) + 1) % order.length]);
    });
  }

  // ── search: a dialog, or on the search page its own field; Ctrl+K, on a Mac ⌘K ──

  const isMac = /^(Mac|iPhone)/.test(navigator.platform);
  const searchDialog = dialog("pst-search-dialog");
  const ownField = /** @type {HTMLInputElement | null} */ (
    document.querySelector(":not(#pst-search-dialog) > form.bd-search input")
  );
  function toggleSearch() {
    if (!ownField) {
      if (searchDialog?.open) searchDialog.close();
      else searchDialog?.showModal();
    } else if (document.activeElement === ownField) ownField.blur();
    else {
      ownField.select();
      ownField.scrollIntoView({ block: "center" });
    }
  }
  if (searchDialog) closeByClickBeside(searchDialog);
  for (const button of all(".search-button__button")) button.onclick = toggleSearch;
  if (isMac) for (const key of all(".search-button__kbd-shortcut .kbd-shortcut__modifier")) key.textContent = "⌘";
  addEventListener(
    "keydown",
    (event) => {
      const [wanted, other] = isMac ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
      if (!wanted || other || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      toggleSearch();
    },
    true,
  );

  // ── drawers: on a narrow window a sidebar's content moves into a dialog and back ──

  /** @param {HTMLElement} from @param {HTMLElement} to */
  function moveContent(from, to) {
    to.append(...from.childNodes);
    const classes = [...from.classList];
    from.classList.remove(...classes);
    to.classList.add(...classes);
  }
  for (const name of ["primary", "secondary"]) {
    const toggle = document.querySelector(`.${name}-toggle`);
    const sidebar = document.getElementById(`pst-${name}-sidebar`);
    const drawer = dialog(`pst-${name}-sidebar-modal`);
    if (!toggle || !sidebar || !drawer) continue;
    toggle.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      moveContent(sidebar, drawer);
      drawer.showModal(); // which remembers what had the focus
    });
    drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // what it does by itself, a browser may leave out the second time
      drawer.close();
    });
    drawer.addEventListener("close", () => moveContent(drawer, sidebar));
    closeByClickBeside(drawer);
  }

  // ── the navigation keeps its place from page to page ──

  const sidebar = document.querySelector("div.bd-sidebar");
  const links = all(".bd-docs-nav .active");
  if (sidebar && document.querySelector(".bd-docs-nav")) {
    const key = "sidebar-scroll-top";
    /** @type {string | null} */
    let before = null;
    try {
      before = sessionStorage.getItem(key);
    } catch {
      /* private window, file: page */
    }
    const active = links[links.length - 1];
    if (before !== null) sidebar.scrollTop = Number(before);
    else if (active && active.getBoundingClientRect().y > innerHeight / 2) {
      const down = active.getBoundingClientRect().y - sidebar.getBoundingClientRect().y;
      sidebar.scrollTop = down - sidebar.clientHeight / 4;
    }
    addEventListener("pagehide", () => {
      try {
        sessionStorage.setItem(key, String(sidebar.scrollTop));
      } catch {
        /* the same */
      }
    });
  }

  // ── the table of contents marks the section that is being read ──

  const entries = all("#pst-page-toc-nav .toc-entry");
  const anchors = /** @type {HTMLAnchorElement[]} */ ([...all("#pst-page-toc-nav a")]);
  let isFollowing = true; // not while the page scrolls to a section that was clicked
  /** @param {HTMLAnchorElement} link */
  function mark(link) {
    for (const one of anchors) {
      one.classList.toggle("active", one === link);
      if (one === link) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    for (const entry of entries) entry.classList.toggle("active", entry.contains(link));
  }
  /** @param {string} hash */
  function markHash(hash) {
    const link = hash.length > 1 && anchors.find((one) => one.hash === hash);
    if (!link) return;
    isFollowing = false;
    setTimeout(() => {
      isFollowing = true;
    }, 1000);
    mark(link);
  }
  if (anchors.length) {
    markHash(location.hash);
    addEventListener("hashchange", () => markHash(location.hash));
    addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest?.("a");
      if (link?.hash === location.hash && link.origin === location.origin) markHash(link.hash);
    });
    /** @type {Map<Element, HTMLAnchorElement>} */
    const linkOf = new Map();
    for (const link of anchors) {
      const section = link.getAttribute("href").startsWith("#") && document.getElementById(link.hash.slice(1));
      if (section) linkOf.set(section.querySelector("h1,h2,h3,h4,h5,h6") ?? section, link);
    }
    const header = document.getElementById("pst-header")?.getBoundingClientRect().height ?? 0;
    const reading = new IntersectionObserver(
      (changes) => {
        const last = changes.filter((change) => change.isIntersecting).pop();
        if (last && isFollowing) mark(linkOf.get(last.target));
      },
      { rootMargin: `-${header}px 0px -70% 0px` },
    );
    for (const heading of linkOf.keys()) reading.observe(heading);
  }

  // ── a box that scrolls must be reachable by keyboard ──

  function reachScrolling() {
    // all are measured before one is changed: a change in between would lay the whole page out again for each box
    const boxes = [...all("pre, .cell_output > .output, .pst-scrollable-table-container")];
    const scrolls = boxes.map((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    boxes.forEach((box, i) => {
      box.tabIndex = scrolls[i] ? 0 : -1;
    });
  }
  reachScrolling();
  addEventListener("load", reachScrolling);
  addEventListener("resize", reachScrolling);
})();
