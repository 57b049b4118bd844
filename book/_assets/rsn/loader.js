// Draws the book's widgets on a page with no kernel: reads the state that myst-nb left in the page, and calls each
// anywidget's own render() with a small model. Runs in <head> and draws each widget in the moment its place is parsed,
// so that nothing moves however slowly the page arrives; from any host and from file://.
(() => {
  const state = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
  const page = state ? JSON.parse(state.textContent) : { state: {} }, models = page.state;
  const text = given => (typeof given === "number" ? page.shared[given] : given); // tools/sphinx_ext/widgets.py keeps each text once
  const modules = new Map();
  // our modules import nothing and end in `export default {...};`, so they can be evaluated without fetching anything
  const load = text => {
    if (!modules.has(text)) modules.set(text, new Function(text.replace(/^export default /m, "return "))());
    return modules.get(text);
  };
  const style = css => {
    if (!css || [...document.querySelectorAll("style[data-rsn]")].some(s => s.textContent === css)) return;
    const sheet = Object.assign(document.createElement("style"), { textContent: css });
    sheet.dataset.rsn = "";
    document.head.append(sheet);
  };
  const modelOf = values => {
    const now = structuredClone(values), listeners = new Map();
    const fire = name => { for (const f of [...(listeners.get(name) ?? [])]) f(); };
    return {
      hosted: true,
      get: key => now[key],
      set(key, value) { now[key] = value; fire("change:" + key); fire("change"); },
      save_changes() {}, send() {},
      on(name, f) { listeners.set(name, [...(listeners.get(name) ?? []), f]); },
      off(name, f) { listeners.set(name, f ? (listeners.get(name) ?? []).filter(g => g !== f) : []); },
    };
  };
  const needsKernel = () => {
    const box = document.createElement("div"), p = document.createElement("p");
    box.className = "rsn-kernel";
    p.append("These controls drive a real experiment and need a kernel behind the page. ");
    for (const a of document.querySelectorAll(".rsn-menu a[data-run]")) {
      const link = Object.assign(document.createElement("a"), { href: a.href, textContent: a.textContent, rel: "noopener" });
      p.append(link, ". ");
    }
    p.append("What they show is recorded on this page.");
    box.append(p);
    return box;
  };
  function draw(view) {
    let id;
    try { id = JSON.parse(view.textContent).model_id; } catch { return; } // not parsed to its end yet
    view.dataset.drawn = "";
    const values = models[id]?.state, place = view.closest(".cell_output") ?? view.parentElement;
    if (values?._esm === undefined) return view.after(needsKernel());
    const el = document.createElement("div");
    view.after(el);
    try {
      style(text(values._css));
      load(text(values._esm)).render({ model: modelOf(values), el });
    } catch (error) {
      el.textContent = "This widget could not be drawn: " + error.message;
      console.error(error);
    }
    place.classList.add("rsn-drawn");
  }
  const drawAll = () => document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]:not([data-drawn])').forEach(draw);
  drawAll();
  if (document.readyState !== "loading") return;
  const parsing = new MutationObserver(drawAll);
  parsing.observe(document, { childList: true, subtree: true });
  addEventListener("DOMContentLoaded", () => { drawAll(); parsing.disconnect(); });
})();
