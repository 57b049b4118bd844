// A table that a search field narrows down: by number, by words, or by what a pasted line says.
function render({ model, el }) {
  const columns = model.get("columns"), rows = model.get("rows"), words = model.get("words"), anchor = model.get("anchor"), start = model.get("value");
  const readers = model.get("readers").map(p => new RegExp(p, "i")), id = uid();
  const number = s => { const t = s.trim().replaceAll("_", ""); try { return /^(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(t) ? BigInt(t) : null; } catch { return null; } };
  const index = rows.map((row, i) => ({ numbers: row.map(number), text: [...row, words[i] ?? ""].join(" ").toLowerCase() }));
  const find = h("input", { id, type: "search", className: "bf-in", spellcheck: false, autocomplete: "off", oninput: () => show(find.value) });
  const count = h("p", { className: "lu-count", aria: { role: "status" } }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const body = h("tbody", {}, ...rows.map(row => h("tr", {}, ...row.map((text, i) => h(i ? "td" : "th", { textContent: text, ...(i ? {} : { scope: "row" }), className: number(text) === null ? "" : "num" })))));
  const region = h("div", { className: "scroll lu-scroll", tabIndex: 0, aria: { role: "region", label: model.get("prompt") } },
    h("table", {}, h("thead", {}, h("tr", {}, ...columns.map(textContent => h("th", { scope: "col", textContent })))), body));
  const query = long => { const s = plainText(long.slice(0, 2000)); for (const r of readers) { const m = r.exec(s); if (m) return m[1]; } return s; };
  function matches(s) {
    const q = query(s).trim().toLowerCase(), n = number(q), parts = q.split(/\s+/).filter(Boolean);
    // whole words first: "io" is an exit of its own, and part of many names
    const whole = w => new RegExp(`(^|[^a-z0-9_])${w.replace(/[^a-z0-9_]/g, "\\$&")}($|[^a-z0-9_])`);
    const all = test => index.map(test);
    if (n !== null) return all(x => x.numbers.some(v => v === n));
    const exact = parts.map(whole), hits = all(x => exact.every(e => e.test(x.text)));
    return hits.some(Boolean) ? hits : all(x => parts.every(p => x.text.includes(p)));
  }
  function show(s, link = true) {
    const hits = matches(s), n = hits.filter(Boolean).length;
    [...body.children].forEach((tr, i) => (tr.hidden = !hits[i]));
    count.textContent = !s.trim() ? `${rows.length} rows.` : n ? `${n} of ${rows.length} rows.` : `No row has “${query(s).slice(0, 40)}”.`;
    if (model.get("value") !== s) { model.set("value", s); model.save_changes(); }
    if (link) { note.textContent = ""; if (n) fragment.set(model, anchor, s); }
    return n;
  }
  const root = h("div", { className: "rsn-w lu" }, h("div", { className: "lu-field" }, h("label", { htmlFor: id, textContent: model.get("prompt") }), find), count, note, region);
  el.append(root);
  find.value = start;
  show(start, false);
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    find.value = s;
    if (show(s, false)) { note.textContent = ""; return; }
    find.value = start;
    show(start, false);
    note.textContent = `The link’s #${anchor}=${s.slice(0, 60)} names no row here; this is the default. It takes a number or words.`;
  });
  const outside = () => { const s = model.get("value"); if (s !== find.value) { find.value = s; show(s, false); } };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
