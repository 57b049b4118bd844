// A struct of typed or chosen members, drawn byte by byte. Rules and sentences as in syslab/layouts/struct_layout.py.
function render({ model, el }) {
  const types = model.get("types"), room = model.get("room"), presets = model.get("presets"), anchor = model.get("anchor");
  const HOW = { one: "plain", bits: "bit-field", array: "array" }, EXAMPLE = "bool, int:3, char[4]";
  const some = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`, up = (at, to) => Math.ceil(at / to) * to, byName = n => types.find(t => t.name === n);
  const text = S => [...(S.packed ? [room.packed] : []), ...S.items.map(m => m.type.name + (m.how === "bits" ? `:${m.n}` : m.how === "array" ? `[${m.n}]` : ""))].join(",");
  const bitsOf = m => (m.how === "bits" ? m.n : 8 * m.type.size * (m.how === "array" ? m.n : 1));

  function member(item, number) {
    const where = `Member ${number}, “${item.slice(0, 30)}”:`, found = /^([a-z]+)(?::([0-9]{1,4})|\[([0-9]{1,4})\])?$/.exec(item);
    if (!found) throw `${where} cannot be read. A member is written like ${EXAMPLE}.`;
    const [, name, width, count] = found, type = byName(name);
    if (!type) throw `${where} no such type. There are ${types.map(t => t.name).join(", ")}.`;
    if (width !== undefined && !type.widest) throw `${where} a ${name} cannot be a bit-field.`;
    if (width !== undefined && +width > type.widest) throw `${where} a bit-field of type ${name} has at most ${some(type.widest, "bit")}.`;
    if (count !== undefined && (+count < 1 || +count > room.elements)) throw `${where} an array has 1 to ${room.elements} elements here.`;
    return width !== undefined ? { type, how: "bits", n: +width } : count !== undefined ? { type, how: "array", n: +count } : { type, how: "one", n: 1 };
  }
  function parse(s) {
    let items = s.split(",").map(x => x.trim());
    const packed = items[0] === room.packed;
    if (packed) items = items.slice(1);
    if (!items.length || (items.length === 1 && !items[0])) throw `Nothing is declared. A struct is written like ${EXAMPLE}.`;
    if (items.length > room.members) throw `There are ${items.length} members; there is room for ${room.members}.`;
    items = items.map((item, i) => member(item, i + 1));
    if (!items.some(bitsOf)) throw "All members have a width of 0; C wants one with a name.";
    return { packed, items };
  }
  function layOut(S) {
    let at = 0, align = 1, named = 0;
    const placed = S.items.map(m => {
      const unit = 8 * m.type.size, bits = bitsOf(m);
      if (!bits) at = up(at, unit);
      else if (m.how !== "bits") at = up(at, S.packed ? 8 : unit);
      else if (!S.packed && Math.floor(at / unit) !== Math.floor((at + bits - 1) / unit)) at = up(at, unit);
      if (!S.packed && bits) align = Math.max(align, m.type.align);
      const p = { m, at, bits, name: bits ? String.fromCharCode(97 + named++) : "" };
      at += bits;
      return p;
    });
    const size = up(at, 8 * align) / 8;
    if (size > room.bytes) throw `The struct has ${size} bytes; there is room for ${room.bytes}.`;
    return { placed, size, align, padding: 8 * size - placed.reduce((n, p) => n + p.bits, 0) };
  }
  const where = ({ m, at, bits }) => {
    if (!bits) return "the next unit begins";
    const end = at + bits - 1, first = at >> 3, last = end >> 3;
    if (m.how !== "bits") return first === last ? `byte ${first}` : `bytes ${first} to ${last}`;
    if (first !== last) return `byte ${first}, bit ${at & 7}, to byte ${last}, bit ${end & 7}`;
    return bits === 1 ? `byte ${first}, bit ${at & 7}` : `byte ${first}, bits ${at & 7} to ${end & 7}`;
  };
  const inC = ({ m, name }) => (m.how === "bits" ? `${m.type.c} ${name}:${m.n}` : `${m.type.c}${m.type.c.endsWith("*") ? "" : " "}${name}${m.how === "array" ? `[${m.n}]` : ""}`) + ";";

  let S, L;
  const id = uid(), packId = uid(), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const field = h("input", { id, type: "text", className: "bf-in", spellcheck: false, autocomplete: "off", onchange() { take(field.value); } });
  const pack = h("input", { id: packId, type: "checkbox", onchange() { change(s => { s.packed = pack.checked; }); } });
  const rows = h("ul", { className: "sl-rows", aria: { label: "Members" } });
  const add = h("button", { type: "button", className: "sl-add", textContent: "Add a member", onclick() { change(s => s.items.push({ ...s.items.at(-1) })); rows.lastChild.querySelector("select").focus(); } });
  const buttons = h("div", { className: "bf-presets" }, ...presets.map(([label, v]) => h("button", { type: "button", textContent: label, data: { v }, onclick() { take(v); } })));
  const head = h("p", { className: "sl-head", aria: { role: "status" } }), map = h("div", { className: "sl-map", aria: { role: "img" } }), source = h("pre", { className: "sl-c" });

  // returns and shows what is wrong with s; then the last good state stays
  function take(s, link = true) {
    try { const next = parse(s); L = layOut(next); S = next; } catch (why) {
      if (typeof why !== "string") throw why;
      return (note.textContent = why);
    }
    note.textContent = "";
    paint();
    if (link) fragment.set(model, anchor, text(S));
    if (model.get("value") !== text(S)) { model.set("value", text(S)); model.save_changes(); }
  }
  function change(how) {
    const next = { ...S, items: S.items.map(m => ({ ...m })) };
    how(next);
    if (take(text(next))) paint();
  }
  function row(p, i) {
    const { m } = p, n = i + 1, last = S.items.length - 1, limit = m.how === "bits" ? m.type.widest : room.elements;
    const edit = f => change(s => f(s.items[i], s.items)), focus = (at, key) => rows.children[at]?.querySelector(`[data-key=${key}]`)?.focus();
    const move = (to, key) => { edit((_, items) => items.splice(to, 0, ...items.splice(i, 1))); focus(to, key); };
    const button = (key, sign, label, off, onclick) => h("button", { type: "button", textContent: sign, disabled: off, data: { key }, aria: { label: `${label} member ${n}` }, onclick });
    const fix = x => { if (x.how === "bits" && !(x.n = Math.min(x.n, x.type.widest))) x.how = "one"; };
    return h("li", { className: "sl-row" }, h("b", { className: "sl-name", textContent: p.name || "–", data: { tint: i % 2 } }),
      h("select", { data: { key: "type" }, aria: { label: `Type of member ${n}` }, onchange() { const t = byName(this.value); edit(x => { x.type = t; fix(x); }); focus(i, "type"); } }, ...types.map(t => h("option", { value: t.name, textContent: t.name, selected: t === m.type }))),
      h("select", { data: { key: "how" }, aria: { label: `Form of member ${n}` }, onchange() { const how = this.value; edit(x => { x.how = how; x.n = how === "array" ? 2 : 1; fix(x); }); focus(i, "how"); } }, ...Object.entries(HOW).map(([k, label]) => h("option", { value: k, textContent: label, selected: k === m.how, disabled: k === "bits" && !m.type.widest }))),
      m.how === "one" ? h("span", { className: "sl-gap" }) : h("input", { type: "number", className: "bf-in", min: m.how === "bits" ? 0 : 1, max: limit, value: m.n, data: { key: "n" }, aria: { label: `${m.how === "bits" ? "Bits" : "Elements"} of member ${n}` }, onchange() { const v = this.value; edit(x => { x.n = v; }); focus(i, "n"); } }),
      h("span", { className: "sl-at", textContent: where(p) }),
      h("span", { className: "sl-do" }, button("up", "↑", "Move up", !i, () => move(i - 1, "up")), button("down", "↓", "Move down", i === last, () => move(i + 1, "down")),
        button("cut", "×", "Remove", !last, () => { edit((_, items) => items.splice(i, 1)); focus(Math.min(i, last - 1), "cut"); })));
  }
  function paint() {
    const { placed, size, align, padding } = L, gap = padding % 8 ? some(padding, "bit") : some(padding / 8, "byte");
    field.value = text(S);
    pack.checked = S.packed;
    head.textContent = `${some(size, "byte")}, aligned to ${align}; ${padding ? `${gap} of padding` : "no padding"}.`;
    rows.replaceChildren(...placed.map(row));
    const owner = new Array(size * 8).fill(-1);
    placed.forEach((p, i) => owner.fill(i, p.at, p.at + p.bits));
    map.replaceChildren(...Array.from({ length: size }, (_, b) => {
      const box = h("span", { className: "sl-bits" });
      for (let i = b * 8, j; i < (b + 1) * 8; i = j) {
        for (j = i + 1; j < (b + 1) * 8 && owner[j] === owner[i]; j++);
        const run = h("span", { className: "sl-run", textContent: placed[owner[i]]?.name ?? "", data: { n: j - i, tint: owner[i] < 0 ? "none" : owner[i] % 2 } });
        run.style.flexGrow = j - i;
        box.append(run);
      }
      return h("span", { className: "sl-byte" }, h("i", { textContent: b }), box);
    }));
    map.setAttribute("aria-label", placed.filter(p => p.bits).map(p => `${p.name}: ${where(p)}`).join("; ") + `. ${head.textContent}`);
    source.textContent = `struct s {\n${placed.map(p => `    ${inC(p)}\n`).join("")}}${S.packed ? " __attribute__((packed))" : ""};`;
    for (const b of buttons.children) b.setAttribute("aria-pressed", String(b.dataset.v === text(S)));
  }
  const root = h("div", { className: "rsn-w sl" }, buttons, h("div", { className: "sl-line" }, h("label", { htmlFor: id, textContent: "Struct" }), field), note, head, map,
    h("p", { className: "sl-key" }, "Bytes and bits count from left to right; hatched is padding."), rows,
    h("div", { className: "sl-line" }, add, h("label", { htmlFor: packId }, pack, ` ${room.packed}`)), source);
  el.append(root);
  const start = model.get("value");
  take(start, false);
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const why = take(s, false);
    if (!why) return;
    take(start, false);
    note.textContent = `The link’s #${anchor}=${s.slice(0, 60)} is no struct; this is the default. ${why}`;
  });
  const outside = () => { if (model.get("value") !== text(S)) take(model.get("value")); };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
