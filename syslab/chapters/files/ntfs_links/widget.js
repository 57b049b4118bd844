// A buffer made from a target, or read from bytes. Offsets, patterns and sentences come from syslab/layouts/reparse.py.
function render({ model, el }) {
  const R = model.get("rules"), presets = model.get("presets"), anchor = model.get("anchor");
  const hex = n => "0x" + n.toString(16), h2 = b => b.toString(16).padStart(2, "0");
  const put = (text, ...given) => text.replace(/\{(\d)\}/g, (_, i) => String(given[i]));
  const bad = (key, ...given) => { throw { says: put(R.says[key], ...given) }; };
  const lone = s => { // index of the first half of a surrogate pair that stands alone
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i), d = s.charCodeAt(i + 1);
      if (c >= 0xd800 && c < 0xdc00 && d >= 0xdc00 && d < 0xe000) i++;
      else if (c >= 0xd800 && c < 0xe000) return i;
    }
    return -1;
  };
  const units = s => Array.from({ length: s.length }, (_, i) => s.charCodeAt(i)).flatMap(u => [u & 255, u >> 8]);
  const number = (v, size) => Array.from({ length: size }, (_, i) => Math.floor(v / 256 ** i) % 256);
  const valueAt = (b, at, size) => b.slice(at, at + size).reduce((v, x, i) => v + x * 256 ** i, 0);

  function encode(key, target) {
    const k = R.kinds.find(x => x.key === key) ?? bad("kind", key);
    if (!target) bad("empty");
    for (const [c, why] of [["\0", "nul"], ["/", "slash"]]) if (target.includes(c)) bad(why, target.indexOf(c) + 1);
    if (lone(target) >= 0) bad("half", lone(target) + 1);
    const form = k.forms.find(([p]) => new RegExp(p).test(target));
    if (!form) throw { says: put(k.refuses, target) };
    if (k.terminated && /\\\.\.?(\\|$)/.test(target)) bad("dots", target);
    const followed = units(form[2] + target.slice(form[1])), shown = units(target), end = k.terminated ? [0, 0] : [];
    const path = [...followed, ...end, ...shown, ...end], size = k.path + path.length;
    if (size > R.most) bad("long", size);
    const values = [k.tag, size - 8, 0, 0, followed.length, followed.length + end.length, shown.length, k.flags];
    return [...k.parts.flatMap(([, , bytes], i) => number(values[i], bytes)), ...path];
  }
  function decode(b) {
    if (b.length > R.most) bad("much", b.length);
    if (b.length < 8) bad("short", b.length);
    const [tag, length] = R.kinds[0].parts.map(([, at, size]) => valueAt(b, at, size)), same = R.kinds.filter(k => k.tag === tag);
    if (!same.length) bad("tag", "0x" + tag.toString(16).padStart(8, "0"), R.others[tag] ? `, ${R.others[tag]}` : "");
    if (length !== b.length - 8) bad("length", length, b.length - 8);
    const bits = k => valueAt(b, ...k.parts.at(-1).slice(1, 3)), k = same.length > 1 ? same.find(x => x.flags === bits(x) % 2) : same[0];
    if (b.length < k.path) bad("head", b.length, k.path);
    const v = Object.fromEntries(k.parts.map(([name, at, size]) => [name, valueAt(b, at, size)]));
    const owner = k.parts.flatMap(([name, , size]) => Array(size).fill(name)), names = {}, spare = R.texts.at(-1)[0];
    while (owner.length < b.length) owner.push(spare);
    for (const [i, [name]] of R.texts.slice(0, 2).entries()) {
      const two = k.parts.slice(3 + 2 * i, 5 + 2 * i);
      for (const [part, at] of two) if (v[part] % 2) bad("unit", at, at + 1, part, v[part]);
      const [start, size] = two.map(([part]) => v[part]), room = b.length - k.path;
      if (start + size > room) bad("past", name, start + size, room);
      let text = "";
      for (let j = k.path + start; j < k.path + start + size; j += 2) text += String.fromCharCode(b[j] + 256 * b[j + 1]);
      if (lone(text) >= 0) bad("utf16", k.path + start + 2 * lone(text), name);
      names[name] = text;
      for (let j = k.path + start; j < k.path + start + size; j++) if (owner[j] === spare) owner[j] = name;
    }
    const runs = [];
    owner.forEach((name, i) => { const last = runs.at(-1); last?.[2] === name ? last[1]++ : runs.push([i, 1, name]); });
    const [followed, shown] = R.texts.map(([name]) => names[name]), away = !followed.startsWith(R.nt), odd = [], extra = k.parts[7] && v[k.parts[7][0]], rest = v[k.parts[2][0]];
    if (rest) odd.push(put(R.says.reserved, hex(rest)));
    if (extra > 1) odd.push(put(R.says.flags, hex(extra)));
    if (!followed) odd.push(R.says.none);
    else if (k.flags) { if (!away) odd.push(R.says.both); }
    else if (away) odd.push(k.terminated ? R.says.local : R.says.lost);
    return { k, v, names, followed, shown, runs, notes: odd, sentence: put(k.says, followed) };
  }
  function readHex(text) {
    if (text.length > 8 * R.most) bad("much", Math.floor(text.length / 2));
    const clean = text.replace(/0x|[ \t\r\n,:]/g, m => " ".repeat(m.length)), at = clean.search(/[^0-9A-Fa-f ]/u);
    if (at >= 0) bad("hex", at + 1, String.fromCodePoint(clean.codePointAt(at)));
    const digits = clean.replaceAll(" ", "");
    if (digits.length % 2) bad("odd", digits.length);
    return (digits.match(/../g) ?? []).map(x => parseInt(x, 16));
  }
  const parse = s => { // a state: [kind or "bytes", the rest]
    const i = s.indexOf(":");
    return i < 0 ? [s, ""] : [s.slice(0, i), s.slice(i + 1)];
  };

  const ids = [uid(), uid(), uid()], root = h("div", { className: "rsn-w rb" });
  const kind = h("select", { id: ids[0], onchange: make }, ...R.kinds.map(k => h("option", { value: k.key, textContent: k.label })));
  const box = (id, tag, more) => h(tag, { id, className: "bf-in", spellcheck: false, autocomplete: "off", ...more });
  const target = box(ids[1], "input", { type: "text", oninput: make }), bytes = box(ids[2], "textarea", { rows: 3, oninput: () => set("bytes:" + bytes.value.trim(), bytes) });
  const note = h("p", { className: "bf-note", aria: { live: "polite" } }), say = h("p", { className: "rb-say" }), odd = h("ul", { className: "rb-odd" });
  const out = h("div", { className: "rb-out", aria: { role: "status" } }, say, odd), dump = h("div", { className: "rb-dump", aria: { role: "img" } }), list = h("tbody");
  const label = (i, text, input) => h("div", { className: "bf-field" }, h("label", { htmlFor: ids[i], textContent: text }), input);
  const buttons = h("div", { className: "bf-presets" }, ...presets.map(([text, v]) => h("button", { type: "button", textContent: text, data: { v }, onclick: () => set(v) })));
  const heads = ["No.", "Bytes", "Field", "Value"].map((t, i) => h("th", { scope: "col", textContent: t, className: i < 2 ? "num" : "" }));
  const table = h("div", { className: "scroll", tabIndex: 0, aria: { role: "region", label: "Fields of the buffer" } }, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), list));
  root.append(buttons, h("div", { className: "rb-bar" }, label(0, "Kind", kind), label(1, "Target", target)), label(2, "Bytes, in hex", bytes), note, out, dump, table);
  el.append(root);
  let now = "";

  function make() { set(`${kind.value}:${target.value}`, target); }
  function paint(b, d) {
    const titles = Object.fromEntries([...R.texts, ...d.k.parts.map(([name, , , title]) => [name, title])]);
    dump.replaceChildren(...d.runs.map(([at, size, name], i) => h("span", { className: "rb-run", data: { hue: i % 6, spare: name in d.v || name in d.names ? "" : "1" } },
      h("sup", { textContent: i + 1 }), b.slice(at, at + Math.min(size, 128)).map(h2).join(" ") + (size > 128 ? " …" : ""))));
    dump.setAttribute("aria-label", `${b.length} bytes in ${d.runs.length} runs; the table names them`);
    list.replaceChildren(...d.runs.map(([at, size, name], i) => h("tr", {},
      h("td", { className: "num" }, h("span", { className: "rb-chip", data: { hue: i % 6, spare: name in d.v || name in d.names ? "" : "1" }, textContent: i + 1 })),
      h("td", { className: "num", textContent: size > 1 ? `${at}–${at + size - 1}` : at }), h("td", {}, name, h("small", { textContent: titles[name] })),
      h("td", { className: "rb-value", textContent: d.names[name] ?? (name in d.v ? (at ? d.v[name] : hex(d.v[name])) : b.slice(at, at + Math.min(size, 8)).map(h2).join(" ") + (size > 8 ? " …" : "")) }))));
  }
  // `typed`: the field the reader is in, which stays as it was typed
  function set(s, typed, link = true) {
    now = s;
    const [key, rest] = parse(s);
    let b = [], d = null, error = "";
    try { b = key === "bytes" ? readHex(rest) : encode(key, rest); d = decode(b); } catch (e) { if (!e.says) throw e; error = e.says; }
    if (key !== "bytes") { if (R.kinds.some(k => k.key === key)) kind.value = key; if (typed !== target) target.value = rest; }
    else if (d) { kind.value = d.k.key; target.value = d.shown; }
    else target.value = "";
    if (typed !== bytes) bytes.value = key === "bytes" ? rest : b.map(h2).join(" ");
    for (const [field, wrong] of [[target, error && key !== "bytes"], [bytes, error && key === "bytes"]]) wrong ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    say.textContent = error || `${d.sentence} ${b.length} bytes.`;
    out.dataset.tone = error ? "bad" : "good";
    odd.replaceChildren(...(d?.notes ?? []).map(t => h("li", { textContent: t })));
    dump.hidden = table.hidden = !d;
    if (d) paint(b, d);
    for (const x of buttons.children) x.setAttribute("aria-pressed", String(x.dataset.v === s));
    if (model.get("value") !== s) { model.set("value", s); model.save_changes(); }
    if (link) { note.textContent = ""; if (s.length < 2000 && lone(s) < 0) fragment.set(model, anchor, s); }
    return error;
  }
  const start = model.get("value");
  set(start, null, false);
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const error = set(s, null, false);
    note.textContent = "";
    if (!error) return;
    set(start, null, false);
    note.textContent = `The link’s #${anchor}=${s.slice(0, 60)} cannot be shown; this is the default. ${error}`;
  });
  const outside = () => { if (model.get("value") !== now) set(model.get("value"), null, false); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
