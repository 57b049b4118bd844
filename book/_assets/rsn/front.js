// The front page's field for a line of a log. It is read by the layout that the page's register has already, and shown there.
(() => {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("paste"));
  const state = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
  const layouts = /** @type {typeof import("../../../syslab/widgets/layouts.js")} */ (
    /** @type {unknown} */ (globalThis.rsn?.layouts)
  );
  if (!form || !state || !layouts) return;
  /** @type {{ state: { layouts?: import("../../../syslab/widgets/layouts.js").Layout[] } }[]} */
  const models = Object.values(JSON.parse(state.textContent));
  const layout = models.flatMap((model) => model.state.layouts ?? [])[0];
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("line"));
  const said = form.querySelector("[role=status]");

  /** @param {string} href @param {string} textContent */
  const link = (href, textContent) => Object.assign(document.createElement("a"), { href, textContent });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) {
      said.textContent = "Paste something first.";
      return;
    }
    const { value, how, error } = layouts.readWord(layout, text);
    if (error) {
      const search = link(`search.html?q=${encodeURIComponent(text.slice(0, 200))}`, "look for it in the book");
      said.replaceChildren(
        error.includes("cannot read") ? "This is no page fault that the field knows. " : `${error}. `,
        "Try ",
        link(form.action, "the desk"),
        ", or ",
        search,
        ".",
      );
      return;
    }
    const hex = `0x${value.toString(16)}`;
    const others = layouts.otherReadings(layout, text, value);
    const code = Object.assign(document.createElement("b"), { textContent: hex });
    said.replaceChildren(
      code,
      `, read as ${how}: ${layouts.sentence(layout, value)} `,
      link(`#${layout.anchor}=${hex}`, "Bit by bit"),
      ...others.flatMap((other) => {
        const otherHex = `0x${other.value.toString(16)}`;
        return [`. Read as ${other.how} it is `, link(`#${layout.anchor}=${otherHex}`, otherHex)];
      }),
      ".",
    );
    // the register below shows the same, and the reader stays here
    const { scrollX, scrollY } = window;
    history.replaceState(null, "", `#${layout.anchor}=${hex}`);
    dispatchEvent(new HashChangeEvent("hashchange"));
    requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(scrollX, scrollY)));
  });
})();
