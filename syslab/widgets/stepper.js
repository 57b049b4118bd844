// A flow step by step, in lanes. All steps lie in one grid cell, so nothing below moves; print shows them all.
function render({ model, el }) {
  const lanes = model.get("lanes"), steps = model.get("steps"), anchor = model.get("anchor"), last = steps.length;
  const root = h("div", { className: "rsn-w st", aria: { role: "group", label: `${last} steps, arrow keys move` } });
  const code = text => text.split("`").map((t, i) => (i % 2 ? h("code", { textContent: t }) : t));
  const plain = text => text.replaceAll("`", "");
  let now = model.get("value");
  const said = h("p", { className: "st-said", aria: { role: "status" } }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const dots = steps.map((s, i) => h("button", { type: "button", textContent: i + 1, title: plain(s.title), aria: { label: `Step ${i + 1}: ${plain(s.title)}` }, onclick: () => go(i + 1) }));
  const back = h("button", { type: "button", className: "st-go", textContent: "Back", onclick: () => go(now - 1) });
  const next = h("button", { type: "button", className: "st-go st-next", textContent: "Next", onclick: () => go(now + 1) });
  const pages = steps.map((s, n) => h("section", { className: "st-step" },
    h("p", { className: "st-title" }, h("span", { className: "st-count", textContent: `Step ${n + 1} of ${last}` }), ...code(s.title)),
    h("dl", { className: "st-lanes" }, ...lanes.map((name, i) => {
      const text = s.lanes[i], fresh = text && text !== (n ? steps[n - 1].lanes[i] : "");
      return h("div", { className: "st-lane" + (fresh ? " st-new" : "") + (text ? "" : " st-idle") },
        h("dt", { textContent: name }), h("dd", {}, ...(text ? code(text) : [h("span", { className: "st-none", textContent: "nothing" })])));
    })), ...(s.note ? [h("p", { className: "st-note" }, ...code(s.note))] : [])));
  function paint() {
    pages.forEach((p, i) => p.classList.toggle("st-now", i + 1 === now));
    dots.forEach((d, i) => { i + 1 === now ? d.setAttribute("aria-current", "step") : d.removeAttribute("aria-current"); d.tabIndex = i + 1 === now ? 0 : -1; });
    back.setAttribute("aria-disabled", String(now === 1));
    next.setAttribute("aria-disabled", String(now === last));
  }
  function go(n, link = true) {
    if (n < 1 || n > last) return;
    const moved = n !== now;
    now = n;
    if (model.get("value") !== n) { model.set("value", n); model.save_changes(); }
    paint();
    if (moved) {
      const s = steps[n - 1];
      said.textContent = plain([`Step ${n} of ${last}: ${s.title}.`, ...lanes.map((name, i) => s.lanes[i] && `${name}: ${s.lanes[i]}`), s.note].filter(Boolean).join(" "));
    }
    if (link) { note.textContent = ""; fragment.set(model, anchor, String(n)); }
  }
  root.onkeydown = e => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 1, End: last }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const inDots = dots.includes(document.activeElement);
    go(to);
    if (inDots) dots[now - 1].focus();
  };
  root.append(h("div", { className: "st-bar" }, back, next, h("div", { className: "st-dots" }, ...dots)), note, h("div", { className: "st-steps" }, ...pages), said);
  el.append(root);
  paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const ok = /^[1-9][0-9]{0,3}$/.test(s) && Number(s) <= last;
    go(ok ? Number(s) : 1, false);
    note.textContent = ok ? "" : `The link’s #${anchor}=${s.slice(0, 60)} names no step here; this is the first. It takes 1 to ${last}.`;
  });
  const outside = () => { if (model.get("value") !== now) go(model.get("value"), false); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
