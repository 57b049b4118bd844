// Names, inodes, open files by the rules of layouts/link_model.py; a test compares.
function render({ model, el }) {
  const [calls, paths, targets, why, stories, anchor, start, [longest, most, first]] = "calls paths targets why stories anchor value limits".split(" ").map(k => model.get(k));
  const call = key => calls.find(c => c[0] === key), words = { p: new Map(paths), t: new Map(targets) };
  // [call, operands] of a step, if it is one
  const read = s => {
    const [key, ...ops] = s.split("-"), c = call(key), said = ops.map((o, i) => (c?.[2][i] === "f" ? o.match(/^[1-9]?[0-9]$/)?.[0] : words[c?.[2][i]]?.get(o)));
    return c && ops.length === c[2].length && said.every(x => x) ? [c, said] : null;
  };
  const no = name => { throw { errno: name }; }, attempt = f => { try { return f(); } catch (e) { if (!e.errno) throw e; return e; } };
  const isDir = n => n?.kind === "directory", isLink = n => n?.kind === "symlink", quoted = s => `“${s}”`;
  const inode = (number, kind, text, parent) => ({ number, kind, text, parent, name: `${kind} ${number}`, entries: new Map() });
  // what each call gave, every name and where it leads, the open files
  function play(steps) {
    const top = inode(0, "directory", "", inode(0, "directory")), files = new Map(), names = [];
    let made = 0;
    const walk = (path, follow) => {
      let at = top, rest = path.split("/"), seen = 0;
      for (;;) {
        const name = rest.shift(), node = at.entries.get(name);
        if (name === "..") at = at.parent ?? at;
        else if (!node && rest.length) no("ENOENT");
        else if (isLink(node) && (rest.length || follow)) {
          if (++seen > most) no("ELOOP");
          rest = [...node.text.split("/"), ...rest];
        } else if (!rest.length) return { at, name, node };
        else at = isDir(node) ? node : no("ENOTDIR");
      }
    };
    const there = (path, follow) => [walk(path, follow)].find(w => w.node) ?? no("ENOENT");
    const put = (path, node) => { const w = walk(path); if (w.node) no("EEXIST"); w.at.entries.set(w.name, node(w.at)); };
    const make = (path, kind, text) => put(path, at => inode(++made, kind, text ?? "text " + made, at));
    const leads = path => { const { node } = there(path, true); return isDir(node) ? no("EISDIR") : node; };
    const above = n => (n ? [n, ...above(n.parent)] : []);
    const act = {
      create: p => make(p, "file"), symlink: (t, p) => make(p, "symlink", t), mkdir: p => make(p, "directory"),
      link(p, q) { const { node } = there(p); put(q, () => (isDir(node) ? no("EPERM") : node)); },
      unlink(p) { const { at, name, node } = there(p); isDir(node) ? no("EISDIR") : at.entries.delete(name); },
      rmdir(p) { const { at, name, node } = there(p); !isDir(node) ? no("ENOTDIR") : node.entries.size ? no("ENOTEMPTY") : at.entries.delete(name); },
      rename(p, q) {
        const a = walk(p), b = walk(q), n = a.node, over = b.node;
        if (!n) no("ENOENT");
        if (above(b.at).includes(n)) no("EINVAL");
        if (over && a.at !== b.at && above(a.at).includes(over)) no("ENOTEMPTY");
        if (n === over) return;
        if (over && isDir(n) !== isDir(over)) no(isDir(n) ? "ENOTDIR" : "EISDIR");
        if (over?.entries.size) no("ENOTEMPTY");
        a.at.entries.delete(a.name);
        b.at.entries.set(b.name, n);
        n.parent = b.at;
      },
      open(p) { let fd = first; while (files.has(fd)) fd++; files.set(fd, leads(p)); },
      close: fd => files.delete(Number(fd)) || no("EBADF"),
    };
    const results = steps.map(s => { const [c, ops] = read(s); return attempt(() => void act[c[0]](...ops))?.errno; });
    const list = (dir, at) => [...at.entries].sort().forEach(([name, node]) => { const path = dir + name; names.push({ path, dir, node, to: attempt(() => leads(path)) }); list(path + "/", node); });
    list("", top);
    return { results, names, files: [...files].sort((a, b) => a[0] - b[0]), links: n => names.filter(x => x.node === n).length };
  }
  const parse = s => { const all = s ? s.split(".") : []; return all.length <= longest && all.every(read) ? all : null; };
  const shown = s => { const [c, ops] = read(s); let i = 0; return c[1].replaceAll("{}", () => ops[i++]); };
  let steps, later;
  const value = () => steps.join("."), say = h("p", { className: "lg-say", role: "status" }), note = h("p", { className: "bf-note", aria: { live: "polite" } });
  const button = (textContent, onclick) => h("button", { className: "lg-do", textContent, onclick });
  const to = (now, then = [], link) => { [steps, later] = [now, then]; set(link); };
  const body = h("tbody"), picture = h("div", { className: "lg-pic", aria: { role: "img", label: "Names, inodes, open files, as in the table" } }), table = h("table", { innerHTML: "<thead><tr><th>Name<th>Inode<th>Links<th>Opened, reads" }, body), log = h("ol", { className: "lg-log" });
  const shows = stories.map(([label, s]) => button(label, () => to(parse(s))));
  const ops = h("div", { className: "lg-ops", onchange: ready }), picks = () => [...ops.querySelectorAll("select")].map(x => x.value);
  const which = h("select", { onchange: operands }, ...calls.map(c => h("option", { textContent: c[0] })));
  const step = () => [which.value, ...picks()].join("-");
  const go = button("", () => to([...steps, step()].slice(0, longest)));
  const undo = button("Undo", () => to(steps.slice(0, -1), [...steps.slice(-1), ...later])), redo = button("Redo", () => to([...steps, ...later.slice(0, 1)], later.slice(1))), again = button("Start over", () => to([]));
  function ready() { go.textContent = shown(step()); }
  function operands() {
    const was = picks(), [, , kinds, labels] = call(which.value), fds = play(steps).files.map(f => f[0]);
    ops.innerHTML = [...kinds].map((k, i) => {
      const all = words[k] ? [...words[k]] : (fds[0] ? fds : [first]).map(n => [n, n]);
      return `<label>${labels[i]}<select>${all.map(([v, t]) => `<option value="${v}"${v === (was[i] ?? all[i]?.[0]) ? " selected" : ""}>${t}</option>`).join("")}</select></label>`;
    }).join("");
    ready();
  }
  // a dashed arrow goes from a symlink to the name that it spelt
  function draw({ names, files, links }) {
    const inodes = [...new Set([...names.map(x => x.node), ...files.map(f => f[1])])].sort((a, b) => a.number - b.number), y = i => 50 + i * 54, at = n => y(inodes.indexOf(n));
    const label = (t, x, y) => `<text x="${x}" y="${y}">${t}</text>`;
    const box = (x, w, i, cls, t, more) => `<g class="lg-${cls}"><rect x="${x}" y="${y(i) - 21}" width="${w}"/>${label(t, x + w / 2, y(i) + (more ? -3 : 5))}${more ? label(more, x + w / 2, y(i) + 14) : ""}</g>`;
    const arrow = (x1, y1, x2, y2, cls) => { const x = x2 - Math.sign(x2 - x1) * 9, m = (x1 + x2) / 2; return `<g class="lg-${cls}"><path d="M${x1} ${y1}C${m} ${y1} ${m} ${y2} ${x} ${y2}"/><polygon points="${x2},${y2} ${x},${y2 - 4.5} ${x},${y2 + 4.5}"/></g>`; };
    const spelt = n => { const p = []; for (const s of (n.dir + n.node.text).split("/")) s === ".." && p.length ? p.pop() : p.push(s); return names.findIndex(x => x.path === p.join("/")); };
    picture.innerHTML = `<svg viewBox="0 0 364 ${y(Math.max(1, names.length, inodes.length, files.length)) - 24}">` + [label("Names", 33, 16), label("Inodes", 186, 16), label("Open files", 328, 16),
      ...names.map((n, i) => arrow(66, y(i), 112, at(n.node) - 7, "edge") + (isLink(n.node) && spelt(n) >= 0 ? arrow(112, at(n.node) + 10, 66, y(spelt(n)) + 10, "spell") : "") + box(0, 66, i, isLink(n.node) && /^E[^I]/.test(n.to.errno) ? "bad" : "name", n.path)),
      ...inodes.map((n, i) => box(112, 148, i, links(n) ? "inode" : "free", n.name + (isDir(n) ? "" : `, ${links(n)} link${links(n) === 1 ? "" : "s"}`), isDir(n) ? "" : quoted(n.text))),
      ...files.map(([fd, n], i) => arrow(306, y(i), 260, at(n), "edge") + box(306, 58, i, "file", "fd " + fd))].join("") + "</svg>";
  }
  function set(link = true) {
    const state = play(steps), last = steps.at(-1), errno = state.results.at(-1);
    if (model.get("value") !== value()) { model.set("value", value()); model.save_changes(); }
    draw(state);
    body.innerHTML = [...state.names.map(n => [n.path, n.node, n.to]), ...state.files.map(([fd, n]) => ["fd " + fd, n, n])].map(([name, n, to]) => `<tr><th scope="row">${name}<td>${n.name}${isLink(n) ? ", holds " + quoted(n.text) : ""}<td>${isDir(n) ? "" : state.links(n)}<td>${to.errno ? `<b>${to.errno}</b>` : quoted(to.text)}`).join("");
    say.textContent = last ? `${shown(last)}: ${errno ? `${errno}. ${why[last.split("-")[0] + " " + errno] ?? why[errno]}` : "done."}` : "The folder is empty.";
    say.dataset.tone = errno ? "bad" : "good";
    log.innerHTML = steps.map((s, i) => `<li>${shown(s)} <b>${state.results[i] ?? ""}</b>`).join("");
    shows.forEach((b, i) => b.setAttribute("aria-pressed", stories[i][1] === value()));
    [undo, redo, again, go].forEach((b, i) => b.setAttribute("aria-disabled", ![steps[0], later[0], steps[0], steps.length < longest][i]));
    operands();
    note.textContent = "";
    if (link) fragment.set(model, anchor, value());
  }
  const row = (...kids) => h("div", { className: "lg-row" }, ...kids);
  const root = h("div", { className: "rsn-w lg" }, row(...shows), row(h("label", {}, "Call", which), ops, go), say, note, h("div", { className: "lg-view" }, picture,
    table),
    row(undo, redo, again), log);
  el.append(root);
  const take = s => { const found = parse(s); if (found) to(found, [], false); return found; };
  take(start);
  const unwatch = fragment.watch([anchor], root, (_, s) => {
    if (take(s)) return;
    take(start);
    note.textContent = `The link’s #${anchor}=${s.slice(0, 60)} is no sequence of calls; this is the default. It takes up to ${longest}, such as ${start}.`;
  });
  const outside = () => model.get("value") !== value() && take(model.get("value"));
  model.on("change:value", outside);
  return () => { unwatch(); model.off("change:value", outside); };
}
export default { render };
