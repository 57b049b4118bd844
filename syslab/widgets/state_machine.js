// States, events and what became of them: a drawing, a button for each event, and the way walked so far.
function render({ model, el }) {
  const states = model.get("states"), groups = model.get("groups"), toggles = model.get("toggles"), machines = model.get("machines"), texts = model.get("texts");
  const anchor = model.get("anchor"), start = model.get("value"), longest = model.get("longest");
  const events = groups.flatMap(([, list]) => list), told = Object.fromEntries(events.map(e => [e[0], e[3]]));
  const W = 128, H = 46, GX = 92, GY = 60, M = 3, columns = Math.max(...states.map(s => s.at[0])) + 1, rows = Math.max(...states.map(s => s.at[1])) + 1;
  const width = columns * (W + GX) - GX + 2 * M, height = rows * (H + GY) - GY + 2 * M, middle = s => [M + s.at[0] * (W + GX) + W / 2, M + s.at[1] * (H + GY) + H / 2];
  const svg = (tag, props = {}, ...kids) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(props)) e.setAttribute(k, v);
    e.append(...kids);
    return e;
  };
  let setting = [], path = [];
  const machine = (of = setting) => machines[of.join("|")];
  const edge = (at, event) => machine().edges[at]?.[event];
  // [from, event, to, text] for each event of the way; null where it cannot be walked
  function walk(of, way) {
    const m = machine(of), steps = [];
    let at = m?.start;
    if (!m || way.length > longest) return null;
    for (const event of way) {
      const e = m.edges[at]?.[event];
      if (!e) return null;
      steps.push([at, event, ...e]);
      at = e[0];
    }
    return steps;
  }
  const text = () => [...setting, ...path].join(".");
  function take(s) {
    const parts = s ? s.split(".") : [], of = parts.slice(0, toggles.length), way = parts.slice(toggles.length);
    if (of.length < toggles.length || !walk(of, way)) return false;
    [setting, path] = [of, way];
    return true;
  }
  const picture = svg("svg", { class: "sm-svg", viewBox: `0 0 ${width} ${height}`, role: "img" });
  const now = h("p", { className: "sm-now-line" }), head = h("p", { className: "sm-head", aria: { role: "status" } }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const list = h("ol", { className: "sm-path" }), walked = h("div", { className: "sm-walked" }, h("p", { className: "sm-cap", textContent: "So far" }), list);
  const radios = toggles.map((t, i) => {
    const name = uid();
    return t.options.map(([value]) => h("input", { type: "radio", name, value, onchange() { setting[i] = value; path = []; set(); } }));
  });
  const bars = toggles.map((t, i) => h("fieldset", { className: "sm-dim" }, h("legend", { textContent: t.label }),
    h("div", { className: "sm-row" }, ...t.options.map(([, words], j) => h("label", {}, radios[i][j], h("span", { textContent: words }))))));
  const keys = {};
  const panels = groups.map(([title, own]) => {
    const buttons = own.map(([id, words], i) => (keys[id] = h("button", { type: "button", className: "sm-key", textContent: words, tabIndex: i ? -1 : 0, onclick: () => send(id) })));
    const bar = h("div", { className: "sm-row", aria: { role: "group", label: title || "events" } }, ...buttons);
    bar.onkeydown = e => {
      const i = buttons.indexOf(document.activeElement), to = { ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1, Home: 0, End: -1 }[e.key];
      if (i < 0 || to === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      buttons.forEach(b => (b.tabIndex = -1));
      const next = buttons.at(to % buttons.length);
      next.tabIndex = 0;
      next.focus();
    };
    return h("div", { className: "sm-group" }, ...(title ? [h("p", { className: "sm-cap", textContent: title })] : []), bar);
  });
  const undo = h("button", { type: "button", className: "sm-do", textContent: "Undo", onclick() { if (path.length) { path.pop(); set(); } } });
  const again = h("button", { type: "button", className: "sm-do", textContent: "Start over", onclick() { path = []; set(); } });
  const root = h("div", { className: "rsn-w sm" }, ...bars, note, h("div", { className: "sm-view" }, picture, h("div", { className: "sm-told" }, now, head)), ...panels, h("div", { className: "sm-row sm-bar" }, undo, again), walked);
  function send(id) {
    const steps = walk(setting, path), at = steps.length ? steps.at(-1)[2] : machine().start;
    if (!edge(at, id) || path.length >= longest) {
      head.textContent = path.length >= longest ? `${longest} events are enough. Start over.` : `${told[id]}: not tried in ${states[at].name}.`;
      head.dataset.tone = "none";
      return;
    }
    path.push(id);
    set();
  }
  // a straight arrow between two boxes; beside the line if there is one the other way too
  function arrow(from, to, words, twin, kind) {
    const [ax, ay] = middle(states[from]), [bx, by] = middle(states[to]), long = Math.hypot(bx - ax, by - ay), [ux, uy] = [(bx - ax) / long, (by - ay) / long];
    const edgeAt = Math.min(Math.abs(ux) < 1e-6 ? 1e9 : W / 2 / Math.abs(ux), Math.abs(uy) < 1e-6 ? 1e9 : H / 2 / Math.abs(uy)), off = twin ? 10 : 0, [ox, oy] = [-uy * off, ux * off];
    const [x1, y1, x2, y2] = [ax + ux * edgeAt + ox, ay + uy * edgeAt + oy, bx - ux * (edgeAt + 1) + ox, by - uy * (edgeAt + 1) + oy], t = Math.abs(ux) < 0.01 || Math.abs(uy) < 0.01 ? 0.4 : 0.24;
    const tip = [[x2, y2], [x2 - ux * 9 - uy * 4.5, y2 - uy * 9 + ux * 4.5], [x2 - ux * 9 + uy * 4.5, y2 - uy * 9 - ux * 4.5]].map(p => p.map(n => n.toFixed(1)).join(",")).join(" ");
    const g = svg("g", { class: `sm-arrow ${kind}` }, svg("line", { x1, y1, x2: x2 - ux * 7, y2: y2 - uy * 7 }), svg("polygon", { points: tip }));
    if (words) g.append(svg("text", { x: x1 + (x2 - x1) * t, y: y1 + (y2 - y1) * t + 4, "text-anchor": "middle" }, words));
    return g;
  }
  function draw(at, last) {
    const m = machine(), seen = new Set([m.start]), queue = [m.start], drawn = new Map();
    while (queue.length) for (const [to] of Object.values(m.edges[queue.pop()] ?? {})) if (!seen.has(to)) { seen.add(to); queue.push(to); }
    for (const from of seen) for (const [id, , word] of events) {
      const e = word && edge(from, id);
      if (e && e[0] !== from) drawn.set(`${from} ${e[0]}`, [...(drawn.get(`${from} ${e[0]}`) ?? []), word]);
    }
    const went = last && last[0] !== last[2] ? `${last[0]} ${last[2]}` : "", arrows = [...drawn].map(([key, words]) => [...key.split(" ").map(Number), words.join(", "), key]);
    picture.replaceChildren(...arrows.map(([from, to, words, key]) => arrow(from, to, words, drawn.has(`${to} ${from}`), key === went ? "sm-last" : "")),
      ...(went && !drawn.has(went) ? [arrow(last[0], last[2], "", drawn.has(`${last[2]} ${last[0]}`), "sm-last sm-jump")] : []),
      ...states.map((s, i) => {
        const [x, y] = middle(s);
        return svg("g", { class: "sm-state" + (i === at ? " sm-now" : seen.has(i) ? "" : " sm-out") }, svg("rect", { x: x - W / 2, y: y - H / 2, width: W, height: H, rx: 7 }), svg("text", { x, y: y + 5, "text-anchor": "middle" }, s.name));
      }));
    picture.setAttribute("aria-label", `Now in ${states[at].name}. ` + arrows.map(([from, to, words]) => `${states[from].name} to ${states[to].name}: ${words}.`).join(" "));
  }
  function paint() {
    const steps = walk(setting, path), last = steps.at(-1), at = last ? last[2] : machine().start, [result, why, refused] = last ? texts[last[3]] : [];
    radios.forEach((own, i) => own.forEach(r => (r.checked = r.value === setting[i])));
    draw(at, last);
    now.replaceChildren(h("b", { textContent: states[at].name }), states[at].note ? ": " + states[at].note : "");
    head.textContent = last ? `${told[last[1]]}: ${result}. ${why}` : "Nothing has happened yet.";
    head.dataset.tone = !last ? "none" : refused ? "bad" : "good";
    for (const [id] of events) {
      const e = edge(at, id);
      keys[id].setAttribute("aria-disabled", String(!e));
      keys[id].classList.toggle("sm-no", !!e && texts[e[1]][2]);
    }
    for (const b of [undo, again]) b.setAttribute("aria-disabled", String(!path.length));
    walked.hidden = !path.length;
    list.replaceChildren(...steps.map(([, id, to, t]) => h("li", { className: texts[t][2] ? "sm-bad" : "" }, `${told[id]}: ${texts[t][0]} → `, h("b", { textContent: states[to].name }))));
  }
  function set(link = true) {
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    paint();
    if (link) { note.textContent = ""; fragment.set(model, anchor, text()); }
  }
  el.append(root);
  take(start);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const ok = take(s);
    if (!ok) take(start);
    set(false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} is no way through these states; this is the start. It takes ${[...toggles.map(t => t.label.toLowerCase()), "events"].join(".")}, such as ${[...setting, events[0][0]].join(".")}.`;
  });
  const outside = () => { if (model.get("value") !== text() && take(model.get("value"))) paint(); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
