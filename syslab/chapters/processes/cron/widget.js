// The rules and words of layouts/crontab.py and firings.py.
const DAY = 1440, put = (text, words) => text.replace(/\{(\w+)\}/g, (_, k) => words[k] ?? "");
const clock = n => new Date(n * 6e4).toISOString().slice(0, 16).replace("T", " ");
const minutesOf = text => { const t = text.trim().replace("T", " "), n = Date.parse(t.replace(" ", "T") + ":00Z") / 6e4; return n && clock(n) === t ? n : NaN; };

function cronRules(R) {
  const fail = (key, words) => { throw Error(put(R.errors[key], words)); }, digits = t => /^[0-9]{1,9}$/.test(t), SET = /^([A-Za-z_]\w*)[ \t]*=/;
  function value(i, text) {
    const [field, low, high, names, listed] = R.fields[i], at = names.indexOf(text.toUpperCase());
    if (at >= 0) return at + low;
    if (!digits(text)) fail("item", { field, item: text.slice(0, 60), low, high, names: listed });
    if (+text < low || +text > high) fail("range", { field, item: text, low, high });
    return +text;
  }
  function values(i, text) {
    const [field, low, high] = R.fields[i], found = new Set();
    for (const item of text.split(",")) {
      const [, span, slash, step] = /^([^/]*)(\/?)(.*)$/.exec(item), [, first, dash, end] = /^([^-]*)(-?)(.*)$/.exec(span);
      let a = low, b = high;
      if (span !== "*") { a = value(i, first); b = dash ? value(i, end) : a; }
      if (slash && span !== "*" && !dash) fail("single", { field, item });
      if (b < a) fail("back", { field, item });
      if (slash && !digits(step)) value(i, item);
      if (slash && !+step) fail("step", { field, item });
      for (let v = a; v <= b; v += +step || 1) found.add(i === 4 ? v % 7 : v);
    }
    return [...found].sort((x, y) => x - y);
  }
  function percent(rest) {
    const parts = rest.split(/(?<!\\)%/).map(p => p.replaceAll("\\%", "%")), data = parts.slice(1).join("\n");
    return [parts[0], !data || data.endsWith("\n") ? data : data + "\n"];
  }
  function shellWords(s) {
    const words = [];
    let word = null, quote = "";
    const add = t => (word = (word ?? "") + t);
    for (let i = 0; i < s.length;) {
      const c = s[i++], next = s[i] ?? "";
      if (c === "\\" && quote !== "'" && next) { i++; add(!quote || '$`"\\'.includes(next) ? next : c + next); }
      else if (quote) c === quote ? (quote = "") : add(c);
      else if (c === "'" || c === '"') { quote = c; add(""); }
      else if (c === " " || c === "\t") { if (word !== null) words.push(word); word = null; }
      else if (";|&<>()".includes(c) || (c === "#" && word === null)) break;
      else add(c);
    }
    if (word !== null) words.push(word);
    return [words, !quote];
  }
  function parse(text) {
    text = text.replace(/^[ \t]+|[ \t]+$/g, "");
    const n = [...text].length;
    if (n > R.limit) fail("long", { n, limit: R.limit });
    if (!text) fail("empty");
    if (text[0] === "#") fail("comment");
    const set = SET.exec(text);
    if (set) fail("setting", { name: set[1] });
    let schedule, rest;
    if (text[0] === "@") {
      const m = /^([^ \t]+)(?:[ \t]+(.*))?$/.exec(text);
      if (!Object.hasOwn(R.nicknames, m[1])) fail("nickname", { item: m[1].slice(0, 60), names: R.names });
      schedule = R.nicknames[m[1]].split(" ").filter(Boolean); rest = m[2];
    } else {
      const m = /^((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+(.*))?$/.exec(text);
      if (!m) fail("few", { n: text.split(/[ \t]+/).length });
      schedule = m[1].split(/[ \t]+/); rest = m[2];
    }
    if (!rest) fail("command");
    const sets = schedule.map((s, i) => values(i, s)), timed = !!sets.length, [command, stdin] = percent(rest), [words, closed] = shellWords(command);
    const star = i => schedule[i]?.[0] === "*", name = words.find(w => !/^[A-Za-z_]\w*=/.test(w)) ?? "";
    const both = star(2) || star(4), fixed = !star(0) && !star(1);
    const on = {
      quoted: closed && /\s/.test(name), unclosed: !closed, percent: stdin, path: closed && name && !/[\s\/$`~]/.test(name), reboot: !timed,
      every: timed && schedule[0] === "*" && sets[1].length < 24, or: timed && !both,
      never: timed && both && sets[2][0] > Math.max(...sets[3].map(m => R.longest[m - 1])), fixed: timed && fixed, wild: timed && !fixed,
    };
    return { schedule, sets, command, stdin, words, name, both, fixed, notes: R.order.filter(k => on[k]) };
  }
  // [utc, offset, planned, again] of each firing after `start`
  function firings(L, zone, start, count) {
    const S = R.zones[zone], found = [], end = R.end;
    if (!L.sets.length || L.notes.includes("never")) return found;
    const at = n => S.flatMap(([from, off], i) => (n - off >= from && n - off < (S[i + 1]?.[0] ?? Infinity) ? [[n - off, off]] : []));
    const from = at(start)[0]?.[0] ?? start - S[S.findLastIndex(([t], i) => i && start - S[i - 1][1] >= t) - 1][1], D = L.sets.map(s => new Set(s));
    let last = start; // fixed lines go by the clock
    for (let day = Math.floor((start - DAY) / DAY) * DAY; day < end && found.length < count; day += DAY) {
      const date = new Date(day * 6e4), dom = D[2].has(date.getUTCDate()), dow = D[4].has(date.getUTCDay());
      if (!D[3].has(date.getUTCMonth() + 1) || !(L.both ? dom && dow : dom || dow)) continue;
      const today = [];
      for (const hour of L.sets[1]) for (const minute of L.sets[0]) {
        const n = day + hour * 60 + minute;
        if (!L.fixed) at(n).forEach(([utc, off], i) => utc > from && today.push([utc, off, n, i]));
        else if (n > last) {
          for (last = n; !at(last).length;) last++;
          today.push([...at(last)[0], n, 0]);
        }
      }
      found.push(...today.sort((a, b) => a[0] - b[0]));
    }
    return found.filter(([utc, off]) => utc + off < end).slice(0, count);
  }
  return { parse, firings };
}

function render({ model, el }) {
  const R = model.get("rules"), T = R.labels, anchor = model.get("anchor"), { parse, firings } = cronRules(R), COUNT = 6;
  const field = (label, input) => { input.id = uid(); return h("span", { className: "bf-field" }, h("label", { htmlFor: input.id, textContent: label }), input); };
  const plain = { type: "text", className: "bf-in", spellcheck: false, autocomplete: "off", oninput: take };
  const line = h("input", plain), start = h("input", plain);
  const zone = h("select", { onchange: take }, ...Object.keys(R.zones).map(z => h("option", { value: z, textContent: z })));
  const note = h("p", { className: "bf-note", aria: { live: "polite" } }), list = h("ol", { className: "cl-fires" }), facts = h("dl", { className: "cl-facts" }), says = h("ul", { className: "cl-notes" });
  const out = h("div", { className: "cl-out" }, h("div", {}, h("p", { className: "cl-h", textContent: T.fires }), list), says, facts);
  const buttons = h("div", { className: "bf-presets" }, ...model.get("presets").map(([label, v]) => h("button", { type: "button", textContent: label, onclick() { fill(v); take(); } })));
  const text = () => [zone.value, start.value.trim().replace(" ", "T"), line.value].join(",");
  const fill = v => { const [z, s] = v.split(",", 2); zone.value = z; start.value = s.replace("T", " "); line.value = v.slice(z.length + s.length + 2); };
  const summary = v => v.slice(0, 9).join(" ") + (v.length > 9 ? " …" : "");
  const t = (tag, textContent, className = "") => h(tag, { className, textContent }), code = s => t("code", s);

  const when = () => { const n = minutesOf(start.value); return n >= R.first && n < R.end && n; };
  function problem() {
    line.ariaInvalid = start.ariaInvalid = null;
    if (!when()) { start.ariaInvalid = "true"; return T.start_error; }
    try { parse(line.value); return ""; } catch (e) { line.ariaInvalid = "true"; return e.message; }
  }
  function paint() {
    const L = parse(line.value), F = firings(L, zone.value, when(), COUNT);
    list.replaceChildren(...F.map(([utc, off, planned, again], i) => {
      const why = planned !== utc + off ? put(T.moved, { planned: clock(planned).slice(11) }) : again ? T.again : "";
      return h("li", {}, t("b", R.days[new Date((utc + off) * 6e4).getUTCDay()] + " " + clock(utc + off)), " ", t("span", R.offsets[off], i && F[i - 1][1] !== off ? "cl-jump" : "cl-off"), t("span", why, "cl-why"));
    }), ...(F.length < COUNT ? [t("li", L.sets.length ? F.length ? T.end : T.none : T.reboot)] : []));
    says.replaceChildren(...L.notes.map(k => h("li", { data: { tone: R.bad.includes(k) ? "bad" : "plain" }, textContent: put(R.notes[k], { word: L.name }) })));
    const rows = [[T.fields, L.sets.map((v, i) => h("span", { className: "cl-set" }, R.fields[i][0] + " ", t("b", summary(v))))], [T.runs, [code(R.shell), code("-c"), code(L.command)]], [T.words, L.words.map(code)], [T.environment, R.environment.map(code)]];
    if (L.stdin) rows.push([T.stdin, [t("pre", L.stdin)]]);
    facts.replaceChildren(...rows.flatMap(([k, v]) => [t("dt", k), h("dd", {}, ...v)]));
  }
  function take() {
    const bad = (note.textContent = problem());
    out.classList.toggle("cl-old", !!bad);
    if (bad) return;
    paint();
    if (model.get("value") !== text()) { model.set("value", text()); model.save_changes(); }
    fragment.set(model, anchor, text());
  }
  const root = h("div", { className: "rsn-w cl" }, buttons, field(T.line, line), h("div", { className: "cl-row" }, field(T.zone, zone), field(T.start, start)), note, out);
  el.append(root);
  const first = model.get("value");
  fill(first); paint();
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    const parts = s.split(",");
    let why = T.link_form;
    if (parts.length > 2 && Object.hasOwn(R.zones, parts[0])) { fill(s); why = problem(); }
    if (why) { fill(first); problem(); }
    out.classList.remove("cl-old");
    paint();
    note.textContent = why ? put(T.link, { why }) : "";
  });
  const outside = () => { if (model.get("value") !== text()) { fill(model.get("value")); note.textContent = problem(); if (!note.textContent) paint(); } };
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
