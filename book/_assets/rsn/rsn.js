// Copy buttons, predictions, folding, printing, the ledger's filter. No dependency.
(() => {
  const remember = (k, v) => { try { return v === undefined ? localStorage.getItem("rsn:" + k) : localStorage.setItem("rsn:" + k, v); } catch { return null; } };
  const prompted = pre => {
    const lines = pre.innerText.replace(/\n$/, "").split("\n");
    return lines.some(l => /^(>>> |\$ )/.test(l)) ? lines.filter(l => /^(>>> |\.\.\. |\$ |# )/.test(l)).map(l => l.replace(/^(>>> |\.\.\. |\$ |# )/, "")).join("\n") : lines.join("\n");
  };
  for (const box of document.querySelectorAll("div.highlight")) {
    const pre = box.querySelector("pre");
    if (!pre || (box.closest(".cell_output") && !box.closest(".asked"))) continue;
    const b = Object.assign(document.createElement("button"), { type: "button", className: "copybtn", textContent: "Copy" });
    b.setAttribute("aria-live", "polite");
    b.onclick = async () => {
      try { await navigator.clipboard.writeText(prompted(pre)); b.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(pre); b.textContent = "Press Ctrl+C"; }
      setTimeout(() => (b.textContent = "Copy"), 1600);
    };
    box.append(b);
  }
  // a code box or output that scrolls sideways must be reachable by keyboard
  for (const pre of document.querySelectorAll("div.highlight pre, .output pre")) if (pre.scrollWidth > pre.clientWidth) pre.tabIndex = 0;
  const key = "predict:" + location.pathname.split("/").slice(-2).join("/");
  document.querySelectorAll("fieldset.predict").forEach((q, n) => {
    const show = input => {
      for (const w of q.querySelectorAll(".why")) w.hidden = true;
      const why = input.closest("label").nextElementSibling;
      why.hidden = false;
      q.querySelector(".say").textContent = why.textContent;
    };
    q.addEventListener("change", e => { show(e.target); remember(key + n, e.target.value); });
    const last = remember(key + n), before = [...q.querySelectorAll("input")].find(input => input.value === last);
    if (before) { before.checked = true; show(before); }
  });
  // `.dropdown` admonitions become native <details>
  for (const a of document.querySelectorAll(".admonition.dropdown")) {
    const d = document.createElement("details"), s = document.createElement("summary"), t = a.querySelector(":scope>.admonition-title");
    d.className = a.className; if (a.id) d.id = a.id;
    s.className = "admonition-title"; s.append(...t.childNodes); t.remove();
    d.append(s, ...a.childNodes); a.replaceWith(d);
  }
  for (const f of document.querySelectorAll(".ledger-filter")) f.addEventListener("change", () => {
    const want = f.querySelector(":checked").value;
    for (const row of document.querySelectorAll(".ledger tbody tr")) row.hidden = want !== "all" && !row.classList.contains(want);
    for (const part of document.querySelectorAll(".ledger-part")) part.hidden = !part.querySelector("tbody tr:not([hidden])");
  });
  // search snippets from the article, not from the toolbar inside <main>
  if (typeof Search !== "undefined" && Search.htmlToText) {
    const original = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const a = new DOMParser().parseFromString(html, "text/html").querySelector("article.bd-article");
      return original(a ? `<div role="main">${a.innerHTML}</div>` : html, anchor);
    };
  }
  // the index is asked for the reader's words by name: "constructor" is no word of it, though every object has one
  if (typeof Search !== "undefined" && Search.setIndex) {
    const bare = words => Object.defineProperty(Object.assign(Object.create(null), words), "hasOwnProperty", { value: word => Object.hasOwn(words, word) });
    const own = index => Object.assign(index, { terms: bare(index.terms), titleterms: bare(index.titleterms) });
    const original = Search.setIndex;
    Search.setIndex = index => original(own(index));
    if (Search.hasIndex()) own(Search._index);
  }
  const menus = open => document.querySelectorAll(`details.rsn-menu${open ? "[open]" : ""}`);
  addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("main details:not(.rsn-menu,.asked)")) d.open = true; });
  document.addEventListener("click", e => { for (const m of menus(true)) if (!m.contains(e.target)) m.open = false; });
  // a link within the page closes the drawer it was chosen in
  document.addEventListener("click", e => e.target.closest?.('dialog a[href^="#"]')?.closest("dialog").close());
  addEventListener("keydown", e => { if (e.key === "Escape") for (const m of menus(true)) { m.open = false; m.firstElementChild.focus(); } });
})();
