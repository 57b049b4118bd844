// The reader as scheduler: programs in lanes, their store buffers, memory. States and moves come from a model.
function render({ model, el }) {
  const lanes = model.get("lanes"), memory = model.get("memory"), moves = model.get("moves"), outcomes = model.get("outcomes"), graphs = Object.fromEntries(model.get("graphs")), anchor = model.get("anchor");
  const keys = model.get("graphs").map(g => g[0]), home = model.get("value");
  let key, path, tail = ""; // tail: steps taken back, for the slider
  const follow = (k, letters) => {
    let at = 0;
    const seen = [0];
    for (const c of letters) {
      const to = graphs[k].states[at][4];
      if (!Object.hasOwn(to, c)) return null;
      seen.push(at = to[c]);
    }
    return seen;
  };
  const parse = s => {
    const dot = s.indexOf("."), k = s.slice(0, dot), letters = s.slice(dot + 1);
    return dot > 0 && Object.hasOwn(graphs, k) && letters.length < 200 && follow(k, letters) ? [k, letters] : null;
  };
  const text = () => key + "." + path;
  const pickId = uid(), pick = h("select", { id: pickId, onchange() { key = pick.value; path = tail = ""; set(); } }, ...keys.map(k => h("option", { value: k, textContent: graphs[k].title })));
  const runs = h("span", { className: "il-runs" }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const cards = lanes.map((name, lane) => {
    const list = h("ol"), buffer = h("span", { className: "il-cell" });
    const buttons = moves.filter(m => m[1] === lane).map(m => h("button", { type: "button", className: "il-move", data: { move: m[0] }, onclick: () => go(m[0]) }));
    return { list, buffer, buttons, box: h("section", { className: "il-lane", aria: { label: name } }, h("p", { className: "il-name", textContent: name }), list,
      h("p", { className: "il-buffer" }, "Store buffer ", buffer), h("div", { className: "il-moves" }, ...buttons)) };
  });
  const cells = memory.map(name => h("span", { className: "il-cell" }));
  const mem = h("section", { className: "il-memory", aria: { label: "Memory" } }, h("p", { className: "il-name", textContent: "Memory" }), h("p", {}, ...memory.flatMap((name, i) => [h("span", { className: "il-var" }, name + " ", cells[i])])));
  const sliderId = uid(), slider = h("input", { type: "range", id: sliderId, min: 0, oninput() { const all = path + tail, n = Number(slider.value); path = all.slice(0, n); tail = all.slice(n); set(); } });
  const back = h("button", { type: "button", textContent: "Undo", onclick() { if (!path) return; tail = path.slice(-1) + tail; path = path.slice(0, -1); set(); } });
  const reset = h("button", { type: "button", textContent: "Start over", onclick() { path = tail = ""; set(); } });
  const log = h("ol", { className: "il-log" }), say = h("p", { className: "il-say", aria: { role: "status" } });
  const describe = (k, at, letter) => {
    const [, lane, , told] = moves.find(m => m[0] === letter), [done, buffers] = graphs[k].states[at];
    return `${lanes[lane]}: ` + told.replace("{}", graphs[k].programs[lane][done[lane]] ?? "").replace("[]", buffers[lane].split(", ")[0]);
  };
  function paint() {
    const G = graphs[key], seen = follow(key, path), at = seen.at(-1), [done, buffers, values, outcome, after] = G.states[at];
    pick.value = key;
    cards.forEach((c, lane) => {
      c.list.replaceChildren(...G.programs[lane].map((line, i) => h("li", { className: i < done[lane] ? "il-done" : i === done[lane] ? "il-now" : "", textContent: line, ...(i === done[lane] ? { aria: { current: "step" } } : {}) })));
      c.buffer.textContent = buffers[lane] || "empty";
      c.buffer.classList.toggle("il-full", !!buffers[lane]);
      for (const b of c.buttons) {
        const can = Object.hasOwn(after, b.dataset.move);
        b.textContent = moves.find(m => m[0] === b.dataset.move)[2];
        b.setAttribute("aria-disabled", String(!can));
        b.setAttribute("aria-label", `${lanes[lane]}: ${b.textContent}`);
      }
    });
    values.forEach((v, i) => { cells[i].textContent = v; cells[i].classList.toggle("il-full", !!v); });
    log.replaceChildren(...[...path].map((c, i) => h("li", { textContent: describe(key, seen[i], c) })));
    const all = path + tail;
    slider.max = Math.max(1, all.length);
    slider.value = path.length;
    slider.disabled = !all.length;
    slider.setAttribute("aria-valuetext", `step ${path.length} of ${all.length}`);
    back.setAttribute("aria-disabled", String(!path));
    reset.setAttribute("aria-disabled", String(!all));
    runs.replaceChildren(...outcomes.map(([name]) => {
      const run = G.runs.find(r => r[0] === name);
      return h("button", { type: "button", textContent: name, aria: { disabled: String(!run), pressed: String(!!run && run[1] === path) }, title: run ? "show a shortest run that ends so" : "no run ends so",
        onclick() { if (run) { path = run[1]; tail = ""; set(); } else note.textContent = `No run ends so: ${G.states.length} states were searched, all there are.`; } });
    }));
    const told = outcomes.find(o => o[0] === outcome);
    say.textContent = !told ? (path ? `Step ${path.length}.` : "Nothing has happened yet. Which step comes first is up to you.") : told[2];
    say.dataset.tone = told ? told[1] : "";
  }
  function go(letter) {
    if (!Object.hasOwn(graphs[key].states[follow(key, path).at(-1)][4], letter)) return;
    tail = tail[0] === letter ? tail.slice(1) : "";
    path += letter;
    set();
  }
  function set(link = true) {
    note.textContent = "";
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    const kept = document.activeElement?.closest?.(".il-runs") ? [...runs.children].indexOf(document.activeElement) : -1;
    paint();
    if (kept >= 0) runs.children[kept].focus();
    if (link) fragment.set(model, anchor, text());
  }
  const root = h("div", { className: "rsn-w il" }, h("div", { className: "bf-field il-pick" }, h("label", { htmlFor: pickId, textContent: "How it is written" }), pick),
    h("div", { className: "il-board" }, cards[0].box, mem, ...cards.slice(1).map(c => c.box)), say,
    h("div", { className: "il-bar" }, back, reset, h("label", { htmlFor: sliderId, textContent: "Scrub" }), slider),
    h("div", { className: "il-bar" }, h("span", { textContent: "Show a run:" }), runs), note,
    h("details", { open: true }, h("summary", { textContent: "What has happened" }), log));
  el.append(root);
  const take = s => { const p = parse(s); if (p) { [key, path] = p; tail = ""; } return !!p; };
  take(home);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const ok = take(s);
    if (!ok) take(home);
    set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} is no run here; this is the default. It takes ${keys.join(", ")}, a dot, and steps out of ${moves.map(m => m[0]).join(" ")}.`;
  });
  const outside = () => { if (model.get("value") !== text() && take(model.get("value"))) paint(); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
