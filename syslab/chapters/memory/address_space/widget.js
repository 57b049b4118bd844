// An address space drawn to scale: regions in a strip and in a table, zoom by buttons and keys, and where an address lies.
function render({ model, el }) {
  const width = BigInt(model.get("width")), END = 1n << width, anchor = model.get("anchor"), L = { name: "address", width: Number(width), readers: [], accepts: "hex (0x7fff00000000), decimal" };
  const spaces = model.get("spaces").map(s => ({ ...s, regions: s.regions.map(([a, b, name, kind]) => ({ a: BigInt(a), b: BigInt(b), name, kind })), views: s.views.map(([t, a, b]) => [t, BigInt(a), BigInt(b)]) }));
  const start = BigInt(model.get("value"));
  let S = spaces[0], lo = 0n, hi = END - 1n, log = true, v = start, cur = null, shown = [];

  const hex = n => pad(L, n), UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const size = n => {
    let u = 0;
    while (u < 6 && n >> BigInt(10 * (u + 1))) u++;
    const unit = 1n << BigInt(10 * u), tenths = (n * 10n + unit / 2n) / unit;
    return `${tenths * unit === n * 10n ? "" : "~"}${Number(tenths) / 10} ${UNITS[u]}`;
  };
  // percent of the way down; on the log scale every doubling of the distance from the two ends of what is shown takes the same room
  const log2 = n => Math.log2(Number(n) + 4096) - 12;
  const place = n => {
    const span = hi + 1n - lo, d = n - lo;
    if (!log) return Number((d * 1000000n) / span) / 10000;
    const room = log2(span / 2n);
    return d < span / 2n ? (50 * log2(d)) / room : 100 - (50 * log2(span - d)) / room;
  };
  const find = n => S.regions.find(r => r.a <= n && n <= r.b);

  const strip = h("div", { className: "am-strip", aria: { hidden: "true" } }), rows = h("tbody"), say = h("p", { className: "am-say", aria: { role: "status" } });
  const line = h("p", { className: "am-line" }), note = h("p", { className: "bf-note", aria: { live: "polite" } }), win = h("p", { className: "am-win", aria: { live: "polite" } });
  const pick = h("select", { onchange() { S = spaces[pick.value]; cur = null; go(0n, END - 1n); } }, ...spaces.map((s, i) => h("option", { value: i, textContent: s.label })));
  const field = h("input", { className: "bf-in", type: "text", spellcheck: false, autocomplete: "off", onchange: () => take(field.value), onkeydown(e) { if (e.key === "Enter") { e.preventDefault(); take(field.value); } } });
  const button = (text, onclick) => h("button", { type: "button", textContent: text, onclick });
  const views = h("div", { className: "am-views", aria: { role: "group", label: "Show" } }), zin = button("Zoom in", () => zoom(1)), zout = button("Zoom out", () => zoom(-1));
  const scale = ["Log", "Linear"].map((t, i) => button(t, () => { log = !i; paint(); }));

  // in: to the chosen region, else to the quarter around the address; out: four times as much
  function zoom(way) {
    const span = hi - lo + 1n, clip = (a, n) => { a = a < 0n ? 0n : a + n > END ? END - n : a; go(a, a + n - 1n); };
    if (way < 0) { const n = span * 4n > END ? END : span * 4n; return clip((lo + hi + 1n) / 2n - n / 2n, n); }
    const r = cur !== null && shown[cur];
    if (r && r.b > r.a && !(r.a === lo && r.b === hi)) return go(r.a, r.b);
    const n = span / 4n < 64n ? 64n : span / 4n, mid = v >= lo && v <= hi ? v : (lo + hi) / 2n;
    clip(mid - n / 2n, n);
  }
  function go(a, b) { lo = a; hi = b; paint(); }

  function choose(i, focus) {
    cur = (i + shown.length) % shown.length;
    [...rows.children].forEach((tr, j) => { const b = tr.querySelector("button"); b.tabIndex = j === cur ? 0 : -1; b.setAttribute("aria-current", j === cur); if (focus && j === cur) b.focus(); });
    [...strip.querySelectorAll(".am-r")].forEach((d, j) => d.classList.toggle("am-on", j === cur));
    zin.disabled = false;
  }
  rows.onkeydown = e => {
    const i = cur ?? 0, to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: shown.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); choose(to, true); }
    else if (e.key === "+" || e.key === "-") { e.preventDefault(); zoom(e.key === "+" ? 1 : -1); rows.querySelector("[tabindex='0']")?.focus(); }
  };

  function paint() {
    shown = S.regions.filter(r => r.b >= lo && r.a <= hi);
    const here = cur === null ? null : cur;
    cur = null;
    strip.replaceChildren(...shown.map((r, i) => {
      const top = place(r.a < lo ? lo : r.a), end = place((r.b > hi ? hi : r.b) + 1n);
      const d = h("div", { className: "am-r", data: { kind: r.kind }, onclick: () => choose(i, false) }, h("span", { textContent: r.name }));
      d.style.top = top + "%"; d.style.height = `max(1px, ${end - top}%)`;
      if (end - top < 5) d.classList.add("am-thin");
      return d;
    }));
    if (v >= lo && v <= hi) { const m = h("div", { className: "am-mark" }); m.style.top = place(v) + "%"; strip.append(m); }
    rows.replaceChildren(...shown.map((r, i) => h("tr", { data: { kind: r.kind } },
      h("td", {}, h("span", { className: "am-key" }), h("button", { type: "button", tabIndex: i ? -1 : 0, textContent: r.name, onclick() { choose(i, false); look(r.a); } })),
      h("td", { className: "num", textContent: hex(r.a) }), h("td", { className: "num", textContent: size(r.b - r.a + 1n) }))));
    if (shown[1] === undefined && shown[0]) choose(0, false); else if (here !== null && shown.length) choose(Math.min(here, shown.length - 1), false);
    win.textContent = `${hex(lo)} to ${hex(hi)}, ${size(hi - lo + 1n)}. ${shown.length ? `${shown.length} region${shown.length > 1 ? "s" : ""}.` : "Nothing is listed here."}`;
    scale.forEach((b, i) => b.setAttribute("aria-pressed", log === !i));
    views.replaceChildren(...S.views.map(([t, a, b]) => { const x = button(t, () => { cur = null; go(a, b); }); x.setAttribute("aria-pressed", a === lo && b === hi); return x; }));
    zout.disabled = lo === 0n && hi === END - 1n;
    zin.disabled = hi - lo < 64n;
    line.textContent = S.line;
    tell();
  }
  function tell() {
    const r = find(v), x = hex(v), a = h("a", { href: `#${anchor}=0x${v.toString(16)}`, textContent: x });
    field.value = x;
    field.removeAttribute("aria-invalid");
    say.replaceChildren(model.get("follows") && model.hosted ? a : x, r ? `: ${r.name}, ${hex(r.a)} to ${hex(r.b)}, ${size(r.b - r.a + 1n)}.` : ": nothing is listed there.");
  }
  function look(n, text = "", link = true) {
    v = n;
    note.textContent = text;
    if (BigInt(model.get("value")) !== v) { model.set("value", hex(v)); model.save_changes(); }
    if (v < lo || v > hi) { cur = null; go(0n, END - 1n); } else { const i = cur, had = rows.contains(document.activeElement); paint(); if (i !== null) choose(i, had); }
    if (link) fragment.set(model, anchor, "0x" + v.toString(16));
  }
  function take(text) {
    const t = plainText(text).trim(), r = read(L, /^[0-9]*[a-f][0-9a-f]*$/i.test(t) ? "0x" + t : text);
    if (!r.error) return look(r.value);
    field.value = text; field.setAttribute("aria-invalid", "true"); note.textContent = r.error;
  }

  const label = (text, e) => h("label", { className: "am-field" }, h("span", { textContent: text }), e);
  const root = h("div", { className: "rsn-w am" }, h("div", { className: "am-bar" }, spaces[1] ? label("Map", pick) : null, label("Address", field)),
    line, note, say, h("div", { className: "am-bar am-btns" }, views, h("div", { className: "am-views", aria: { role: "group", label: "Zoom" } }, zin, zout), h("div", { className: "am-views", aria: { role: "group", label: "Scale" } }, ...scale)), win,
    h("div", { className: "am-body" }, strip, h("div", { className: "scroll", tabIndex: 0, aria: { role: "region", label: "regions shown" } }, h("table", {}, h("thead", {}, h("tr", {}, ...["Region", "Start", "Size"].map(t => h("th", { scope: "col", textContent: t })))), rows))));
  el.append(root);
  paint();

  const follow = model.get("follows");
  const unwatch = fragment.watch([anchor], follow ? { scrollIntoView() {} } : root, (_, s) => {
    const r = read(L, s);
    if (r.error) look(start, `The link’s #${anchor}=${s.slice(0, 60)} could not be read (${r.error}). This is the default.`, false);
    else look(r.value, "", false);
  });
  // the widget in front writes the address bar without an event
  const sync = () => setTimeout(() => { const s = model.hosted && fragment.get(anchor), r = s && read(L, s); if (r && !r.error && r.value !== v) look(r.value, "", false); });
  const events = follow ? ["click", "change", "keyup", "paste"] : [];
  events.forEach(t => document.addEventListener(t, sync));
  const outside = () => { const n = BigInt(model.get("value")); if (n !== v) look(n, "", false); };
  model.on("change:value", outside);
  return () => { unwatch(); events.forEach(t => document.removeEventListener(t, sync)); model.off("change:value", outside); };
}
export default { render };
