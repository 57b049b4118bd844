// A program as a listing, and in a column for each lane the boundaries where that lane stops, numbered in order.
function render({ model, el }) {
  const lanes = model.get("lanes"), tapes = model.get("tapes"), anchor = model.get("anchor"), id = uid();
  const most = t => Math.max(...t.lanes.map(l => l.length));
  let tape = tapes[0], now = 1;
  const root = h("div", { className: "rsn-w it", aria: { role: "group", label: model.get("prompt") } });
  const pick = h("select", { id, onchange: () => go(pick.value, 1) }, ...tapes.map(t => h("option", { value: t.key, textContent: t.label })));
  const button = (text, by) => h("button", { type: "button", className: "it-go", textContent: text, onclick: () => go(tape.key, now + by) });
  const back = button("Back", -1), next = button("Next", 1), count = h("span", { className: "it-count" });
  const note = h("p", { className: "bf-note", aria: { live: "polite" } }), said = h("dl", { className: "it-said" });
  const heard = h("p", { className: "it-heard", aria: { role: "status" } });
  const wrap = h("div", { className: "it-wrap", tabIndex: 0, aria: { role: "region", label: "Listing with the stops" } }), about = h("p", { className: "it-about" });
  let chips = [];
  function draw() {
    chips = [];
    const rows = [];
    tape.cells.forEach(([group, text], i) => {
      if (group && group !== tape.cells[i - 1]?.[0]) rows.push(h("tr", { className: "it-group" }, h("th", { colSpan: lanes.length + 1, scope: "rowgroup", textContent: group })));
      rows.push(h("tr", {}, h("th", { scope: "row" }, h("code", { textContent: text })), ...tape.lanes.map((marks, lane) => {
        const cell = h("td");
        marks.forEach((m, k) => {
          if (m.at !== i) return;
          const chip = h("span", { className: "it-chip" + (m.other ? " it-other" : ""), textContent: k + 1, title: m.text });
          chips.push([lane, k + 1, chip]);
          cell.append(chip);
        });
        return cell;
      })));
    });
    wrap.replaceChildren(h("table", {}, h("caption", { textContent: "A number stands in front of the instruction that comes next" }),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", textContent: "Instruction" }), ...lanes.map(n => h("th", { scope: "col", textContent: n })))),
      h("tbody", {}, ...rows)));
    about.textContent = tape.note;
  }
  const words = lane => {
    const m = tape.lanes[lane][now - 1];
    return m ? m.text : "no more stops";
  };
  function paint() {
    for (const [, k, chip] of chips) {
      chip.classList.toggle("it-now", k === now);
      chip.classList.toggle("it-later", k > now);
      k === now ? chip.setAttribute("aria-current", "step") : chip.removeAttribute("aria-current");
    }
    pick.value = tape.key;
    count.textContent = `Stop ${now} of ${most(tape)}`;
    back.setAttribute("aria-disabled", String(now === 1));
    next.setAttribute("aria-disabled", String(now === most(tape)));
    said.replaceChildren(...lanes.map((n, i) => h("div", {}, h("dt", { textContent: n }), h("dd", { textContent: words(i) }))));
  }
  function go(key, n, link = true) {
    const t = tapes.find(t => t.key === key);
    if (!t || n < 1 || n > most(t)) return;
    const fresh = t !== tape;
    tape = t; now = n;
    if (fresh) draw();
    paint();
    const v = `${key}.${n}`;
    if (model.get("value") !== v) { model.set("value", v); model.save_changes(); }
    if (!link) return;
    heard.textContent = `Stop ${now}. ` + lanes.map((name, i) => `${name}: ${words(i)}.`).join(" ");
    note.textContent = "";
    fragment.set(model, anchor, v);
  }
  root.onkeydown = e => {
    if (e.altKey || e.ctrlKey || e.metaKey || e.target === pick || e.target === wrap) return;
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 1, End: most(tape) }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    go(tape.key, to);
  };
  const parse = s => {
    const [, key, n] = /^([A-Za-z0-9-]+)\.([1-9][0-9]{0,2})$/.exec(s) ?? [], t = tapes.find(t => t.key === key);
    return t && n <= most(t) ? [key, Number(n)] : null;
  };
  root.append(h("div", { className: "it-bar" }, h("label", { htmlFor: id, textContent: model.get("prompt") }), pick, back, next, count), note, said, wrap, about, heard);
  el.append(root);
  [tape, now] = (([k, n]) => [tapes.find(t => t.key === k), n])(parse(model.get("value")) ?? [tapes[0].key, 1]);
  draw(); paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const found = parse(s);
    go(...(found ?? [tapes[0].key, 1]), false);
    note.textContent = found ? "" : `The link’s #${anchor}=${s.slice(0, 60)} names no stop here; this is the first. It takes one of ${tapes.map(t => t.key).join(", ")}, a dot, and a number.`;
  });
  const outside = () => { const found = parse(model.get("value")); if (found && model.get("value") !== `${tape.key}.${now}`) go(...found, false); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
