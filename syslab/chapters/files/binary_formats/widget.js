// Bytes and what they mean. Which member lies where is data (Format.to_dict); the rules for reading it are here.
function render({ model, el }) {
  const samples = model.get("samples").map(s => ({ ...s, base: s.data.match(/../g).map(x => parseInt(x, 16)) })), anchor = model.get("anchor"), start = model.get("value");
  let S, edits, data, tree, cur = 0, per = 16, half = null, cells = [], rows = [];
  const x = n => "0x" + n.toString(16), two = n => n.toString(16).padStart(2, "0");
  const text = () => [S.key, ...[...edits].sort((a, b) => a[0] - b[0]).map(([o, b]) => `${o.toString(16)}-${two(b)}`)].join(".");

  // the twin of Format.read: members found so far, and why it went no further
  function readAll(F, bytes) {
    const found = [], values = new Map(), len = BigInt(bytes.length), num = t => (typeof t === "number" ? BigInt(t) : values.get(t));
    const one = s => {
      const from = s.at.map(num).reduce((a, b) => a + b, 0n), count = s.count ? num(s.count) : 1n, stride = num(s.stride), size = BigInt(s.size);
      if (s.count && count && stride < size) return `${s.stride} is ${stride}, but a ${s.name} has ${size} bytes.`;
      for (let i = 0n; i < count && i < F.most; i++) {
        const name = s.count ? `${s.name}[${i}]` : s.name, at = from + i * stride;
        if (at + size > len) return `${name} would be bytes ${x(at)} to ${x(at + size - 1n)}, but there are only ${x(len)} bytes here.`;
        for (const [member, offset, n, type, array, layout] of s.members) {
          const o = Number(at) + offset, raw = bytes.slice(o, o + n);
          const value = array ? raw.map(two).join("") : raw.reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);
          values.set(`${name}.${member}`, value);
          found.push({ group: name, title: s.title, name: `${name}.${member}`, member, o, n, type, value, raw, layout: F.layouts[layout] });
        }
        for (const [member, wanted, says] of s.checks) {
          const f = found.find(f => f.name === `${name}.${member}`);
          if (String(f.value) !== String(wanted)) { f.bad = true; return `${f.name} at ${x(f.o)}: ${says}`; }
        }
      }
      return count > F.most ? `${s.count} is ${count}; only ${F.most} entries are read.` : "";
    };
    let problem = "";
    for (const s of F.structures) problem ||= one(s);
    return { found, problem };
  }
  const meaning = f => {
    if (typeof f.value === "string") { const t = f.raw.map(c => (c > 32 && c < 127 ? String.fromCharCode(c) : ".")).join(""); return /\w\w/.test(t) ? t : ""; }
    const L = f.layout;
    return !L ? "" : L.fields.length > 1 ? sentence(L, f.value) : L.fields[0].values[f.value] ?? "no name known here";
  };
  const shown = f => (typeof f.value === "string" ? f.raw.slice(0, 8).map(two).join(" ") + (f.n > 8 ? " …" : "") : x(f.value));
  const at = o => tree.found.findLast(f => f.o <= o && o < f.o + f.n);

  const button = (className, onclick, ...kids) => h("button", { type: "button", tabIndex: -1, className, onclick }, ...kids), part = (className, textContent) => h("span", { className, textContent });
  const pick = h("select", { onchange() { S = samples[pick.value]; edits = new Map(); cur = 0; again(true); } }, ...samples.map((s, i) => h("option", { value: i, textContent: s.label })));
  const field = h("input", { className: "bf-in ht-in", type: "text", spellcheck: false, autocomplete: "off", onchange: typed, onkeydown(e) { if (e.key === "Enter") { e.preventDefault(); typed(); } } });
  const label = h("span", {}), reset = h("button", { type: "button", textContent: "Undo all edits", onclick() { edits = new Map(); again(true); } });
  const note = h("p", { className: "bf-note", aria: { live: "polite" } }), say = h("p", { className: "ht-say", aria: { role: "status" } }), problem = h("p", { className: "ht-bad", aria: { role: "status" } });
  const grid = h("div", { className: "ht-grid", aria: { role: "group", label: "bytes: arrow keys move, two hex digits change" } });
  const list = h("div", { className: "ht-tree", aria: { role: "group", label: "members: arrow keys move" } });

  function typed() {
    const m = /^\s*(?:0x)?([0-9a-f]{1,2})\s*$/i.exec(field.value);
    if (m) return put(cur, parseInt(m[1], 16));
    field.setAttribute("aria-invalid", "true");
    note.textContent = `“${field.value.slice(0, 20)}” at ${x(cur)} is no byte; accepted: two hex digits.`;
  }
  const put = (o, b) => { edits.set(o, b); again(true); };
  function draw() {
    grid.style.setProperty("--per", per);
    cells = data.map((_, o) => button("ht-b", () => choose(o, grid)));
    const kids = [];
    cells.forEach((c, o) => { if (o % per === 0) kids.push(part("ht-off", o.toString(16).padStart(3, "0"))); kids.push(c); });
    grid.replaceChildren(...kids);
  }
  function again(link) {
    for (const [o, b] of edits) if (b === S.base[o]) edits.delete(o);
    data = S.base.map((b, o) => edits.get(o) ?? b);
    tree = readAll(S.format, data);
    pick.value = samples.indexOf(S);
    if (cells.length !== data.length) draw();
    const on = document.activeElement, held = list.contains(on), top = list.scrollTop;
    rows = tree.found.map(f => button("ht-f" + (f.bad ? " ht-wrong" : ""), () => choose(f.o, list), part("ht-n", f.member), part("ht-v", shown(f)), part("ht-m", meaning(f))));
    const kids = [];
    tree.found.forEach((f, i) => { if (f.group !== tree.found[i - 1]?.group) kids.push(h("p", { className: "ht-h", textContent: `${f.title} · ${f.group}` })); kids.push(rows[i]); });
    list.replaceChildren(...kids);
    list.scrollTop = top;
    cells.forEach((c, o) => {
      const f = at(o);
      c.textContent = two(data[o]);
      c.className = "ht-b" + (edits.has(o) ? " ht-ed" : "") + (f ? " ht-g" + (tree.found.indexOf(f) % 2) : "");
      c.setAttribute("aria-label", `${x(o)}: ${two(data[o])}, ${f?.name ?? "not read"}${edits.has(o) ? ", edited" : ""}`);
    });
    problem.hidden = !(problem.textContent = tree.problem);
    reset.disabled = !edits.size;
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    if (link) { note.textContent = ""; fragment.set(model, anchor, text()); }
    choose(cur, held ? list : grid.contains(on) && grid);
  }
  // scrolls inside the panel only, never the page
  const into = (panel, e) => { const t = e.offsetTop; if (t < panel.scrollTop || t + e.offsetHeight > panel.scrollTop + panel.clientHeight) panel.scrollTop = t - panel.clientHeight / 3; };
  function choose(o, where) {
    cur = Math.max(0, Math.min(o, data.length - 1));
    half = null;
    const f = at(cur), i = tree.found.indexOf(f);
    cells.forEach((c, j) => { c.tabIndex = j === cur ? 0 : -1; c.classList.toggle("ht-on", !!f && j >= f.o && j < f.o + f.n); c.classList.toggle("ht-cur", j === cur); });
    rows.forEach((r, j) => { r.tabIndex = j === Math.max(i, 0) ? 0 : -1; r.setAttribute("aria-current", j === i); });
    label.textContent = `Byte at ${x(cur)}, hex`;
    field.value = two(data[cur]);
    field.removeAttribute("aria-invalid");
    const n = typeof f?.value === "bigint" && f.value > 9n ? ` = ${f.value}` : "", m = f && meaning(f);
    say.textContent = f ? `${f.name}, ${f.type} at ${x(f.o)}: ${shown(f)}${n}${m ? `. ${m.replace(/\.$/, "")}` : ""}.` : `Byte ${x(cur)}: in no member that was read.`;
    if (where) (where === grid ? cells[cur] : rows[i])?.focus({ preventScroll: true });
    into(grid, cells[cur]);
    if (f) into(list, rows[i]);
  }
  grid.onkeydown = e => {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const to = { ArrowLeft: cur - 1, ArrowRight: cur + 1, ArrowUp: cur - per, ArrowDown: cur + per, Home: cur - (cur % per), End: cur - (cur % per) + per - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); if (to >= 0) choose(to, grid); return; }
    if (!/^[0-9a-f]$/i.test(e.key)) return;
    e.preventDefault();
    const digit = parseInt(e.key, 16);
    if (half === null) { half = digit; cells[cur].textContent = e.key + "_"; return; }
    put(cur, half * 16 + digit);
    choose(cur + 1, grid);
  };
  grid.onfocusout = () => { if (half !== null) { half = null; cells[cur].textContent = two(data[cur]); } };
  list.onkeydown = e => {
    const i = rows.indexOf(document.activeElement), to = { ArrowUp: i - 1, ArrowDown: i + 1 }[e.key];
    if (i >= 0 && to !== undefined) { e.preventDefault(); if (tree.found[to]) choose(tree.found[to].o, list); }
  };
  function take(s) {
    const [key, ...parts] = s.split("."), sample = samples.find(t => t.key === key), made = new Map();
    if (!sample) return `“${key}” is none of ${samples.map(t => t.key).join(", ")}`;
    for (const p of parts) {
      const m = /^([0-9a-f]{1,4})-([0-9a-f]{2})$/.exec(p), o = m && parseInt(m[1], 16);
      if (!m) return `“${p}” is not an offset and a byte, such as 10-03`;
      if (o >= sample.base.length) return `offset ${x(o)} is outside: there are ${x(sample.base.length)} bytes`;
      made.set(o, parseInt(m[2], 16));
    }
    S = sample; edits = made; cur = [...made.keys()][0] ?? 0;
  }
  const root = h("div", { className: "rsn-w ht" }, h("div", { className: "ht-bar" }, ...[[part("", "File"), pick], [label, field]].map(l => h("label", { className: "ht-l" }, ...l)), reset), note, say, problem, h("div", { className: "ht-two" }, grid, list));
  el.append(root);
  take(start);
  again(false);
  const fit = new ResizeObserver(() => { const n = root.clientWidth < 420 ? 8 : 16; if (n !== per) { per = n; cells = []; again(false); } });
  fit.observe(root);
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const wrong = take(s);
    if (wrong) take(start);
    again(false);
    note.textContent = wrong ? `The link’s #${anchor}=${s.slice(0, 60)} could not be read: ${wrong}. This is the default.` : "";
  });
  const outside = () => { if (model.get("value") !== text() && !take(model.get("value"))) again(false); };
  model.on("change:value", outside);
  return () => { fit.disconnect(); unwatch(); model.off("change:value", outside); };
}
export default { render };
