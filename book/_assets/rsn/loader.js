// Draws the book's widgets on a page with no kernel: reads the state that tools/sphinx_ext/widgets.py left in the page, and
// calls each widget's own render() with a small model. The widgets' scripts stand before this one and have put their
// exports under `rsn`. Runs in <head> and draws each widget in the moment its place is parsed, so that nothing moves
// however slowly the page arrives; from any host and from file://.
(() => {
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]:not([data-drawn])';
  const state = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
  /** @type {Record<string, { module: string, state: Record<string, unknown> }>} */
  const models = state ? JSON.parse(state.textContent) : {};
  const modules = globalThis.rsn ?? {};

  for (const { css } of Object.values(modules)) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  /**
   * What anywidget gives to a widget, without a kernel behind it.
   * @param {Record<string, unknown>} values
   */
  function modelOf(values) {
    const now = structuredClone(values);
    /** @type {Map<string, (() => void)[]>} */
    const listeners = new Map();
    /** @param {string} event */
    const fire = (event) => {
      for (const listener of [...(listeners.get(event) ?? [])]) listener();
    };
    return {
      hosted: true,
      /** @param {string} name */
      get: (name) => now[name],
      /** @param {string} name @param {unknown} value */
      set(name, value) {
        now[name] = value;
        fire(`change:${name}`);
        fire("change");
      },
      save_changes() {},
      send() {},
      /** @param {string} event @param {() => void} listener */
      on(event, listener) {
        listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      },
      /** @param {string} event @param {() => void} [listener] */
      off(event, listener) {
        listeners.set(event, listener ? (listeners.get(event) ?? []).filter((other) => other !== listener) : []);
      },
    };
  }

  /** What stands in the place of controls that need a kernel. */
  function needsKernel() {
    const box = document.createElement("div");
    const text = document.createElement("p");
    box.className = "rsn-kernel";
    text.append("These controls drive a real experiment and need a kernel behind the page. ");
    for (const run of /** @type {NodeListOf<HTMLAnchorElement>} */ (
      document.querySelectorAll(".rsn-menu a[data-run]")
    )) {
      const link = document.createElement("a");
      text.append(Object.assign(link, { href: run.href, textContent: run.textContent, rel: "noopener" }), ". ");
    }
    text.append("What they show is recorded on this page.");
    box.append(text);
    return box;
  }

  /** @param {HTMLScriptElement} view */
  function draw(view) {
    let id;
    try {
      id = JSON.parse(view.textContent).model_id;
    } catch {
      return; // not parsed to its end yet
    }
    view.dataset.drawn = "";
    const place = view.closest(".cell_output") ?? view.parentElement;
    const model = models[id];
    if (!model) return view.after(needsKernel());
    const el = document.createElement("div");
    view.after(el);
    try {
      modules[model.module].render({ model: modelOf(model.state), el });
    } catch (error) {
      el.textContent = `This widget could not be drawn: ${error.message}`;
      console.error(error);
    }
    place.classList.add("rsn-drawn");
  }

  const drawAll = () => {
    for (const view of /** @type {NodeListOf<HTMLScriptElement>} */ (document.querySelectorAll(VIEW))) draw(view);
  };
  drawAll();
  if (document.readyState !== "loading") return;
  const parsing = new MutationObserver(drawAll);
  parsing.observe(document, { childList: true, subtree: true });
  addEventListener("DOMContentLoaded", () => {
    drawAll();
    parsing.disconnect();
  });
})();
