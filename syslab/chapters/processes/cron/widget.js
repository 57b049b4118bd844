/**
 * A line of a crontab: what cron reads in it, when it runs, and what the shell gets. The rules are those of model.py and
 * firings.py beside it, the words come from Python (`rules`); a test compares the two over random lines.
 */
import { button, connect, element, markInvalid, noteLine, textField, uniqueId } from "../../../widgets/frame.js";

/**
 * @typedef {object} Rules
 * @property {[name: string, low: number, high: number, names: string[], listed: string][]} fields  the five of a schedule
 * @property {Record<string, string>} nicknames  of schedules; "" is at start-up
 * @property {string} names  of nicknames, in words
 * @property {Record<string, string>} errors  sentences, with {word} for what is put in
 * @property {Record<string, string>} notes  the same
 * @property {string[]} order  of notes
 * @property {string[]} bad  notes that are warnings
 * @property {Record<string, string>} labels
 * @property {number} limit  bytes of a command
 * @property {string[]} users  names that are users and no programs
 * @property {number[]} longest  days of each month
 * @property {Record<string, [from: number, offset: number][]>} zones  minutes since 1970 in UTC, and what is added from then on
 * @property {Record<number, string>} offsets  in words
 * @property {number} first  minutes since 1970: before and after these nothing is said
 * @property {number} end
 * @property {string[]} days  of the week
 * @property {string} shell
 * @property {string[]} environment
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {Rules} rules
 * @property {[label: string, value: string][]} presets
 * @property {string} value  zone, start and line, with commas between them
 */

/** @typedef {{ utc: number, offset: number, planned: number, again: boolean }} Firing  in minutes; planned: by the clock on the wall */

const DAY = 1440; // minutes
const MINUTE = 60_000; // milliseconds
const SHOWN_FIRINGS = 6;
const SHOWN_VALUES = 9;
const SETTING = /^([A-Za-z_]\w*)[ \t]*=/;

/** @param {string} text @param {Record<string, unknown>} [words] */
const filled = (text, words) => text.replace(/\{(\w+)\}/g, (_, name) => String(words?.[name] ?? ""));
/**
 * "2026-03-29 02:30".
 * @param {number} minutes  since 1970
 */
const clock = (minutes) => new Date(minutes * MINUTE).toISOString().slice(0, 16).replace("T", " ");
/**
 * Minutes since 1970, NaN for what is no time.
 * @param {string} text
 */
function minutesOf(text) {
  const said = text.trim().replace("T", " ");
  const minutes = Date.parse(`${said.replace(" ", "T")}:00Z`) / MINUTE;
  return minutes && clock(minutes) === said ? minutes : Number.NaN;
}

/** What is wrong with a line, in a sentence. */
class CrontabError extends Error {}

/** @param {Rules} rules */
export function cronRules(rules) {
  /** @param {string} key @param {Record<string, unknown>} [words] @returns {never} */
  const fail = (key, words) => {
    throw new CrontabError(filled(rules.errors[key], words));
  };
  /** @param {string} text */
  const isNumber = (text) => /^[0-9]{1,9}$/.test(text);

  /**
   * One value of a field.
   * @param {number} index
   * @param {string} text
   */
  function value(index, text) {
    const [field, low, high, names, listed] = rules.fields[index];
    const at = names.indexOf(text.toUpperCase());
    if (at >= 0) return at + low;
    if (text === "?") fail("question", { field });
    if (!isNumber(text)) fail("item", { field, item: text.slice(0, 60), low, high, names: listed });
    if (Number(text) < low || Number(text) > high) fail("range", { field, item: text, low, high });
    return Number(text);
  }
  /**
   * All values of a field, sorted.
   * @param {number} index
   * @param {string} text
   */
  function values(index, text) {
    const [field, low, high] = rules.fields[index];
    /** @type {Set<number>} */
    const found = new Set();
    for (const item of text.split(",")) {
      const [, span, slash, step] = /^([^/]*)(\/?)(.*)$/.exec(item);
      const [, first, dash, last] = /^([^-]*)(-?)(.*)$/.exec(span);
      let [from, to] = [low, high];
      if (span !== "*") {
        from = value(index, first);
        to = dash ? value(index, last) : from;
      }
      if (slash && span !== "*" && !dash) fail("single", { field, item });
      if (to < from) fail("back", { field, item });
      if (slash && !isNumber(step)) value(index, item);
      if (slash && !Number(step)) fail("step", { field, item });
      for (let one = from; one <= to; one += Number(step) || 1) found.add(index === 4 ? one % 7 : one);
    }
    return [...found].sort((a, b) => a - b);
  }
  /**
   * The command, and what it gets on standard input behind the first %.
   * @param {string} rest
   */
  function percent(rest) {
    const before = beforePercent(rest);
    const lines = rest.slice(before.length + 1).split(/(?<!\\)%/);
    const data = lines.map((part) => part.replaceAll("\\%", "%")).join("\n");
    const command = before.replace(/\\([\\%])/g, "$1");
    return { command, stdin: !data || data.endsWith("\n") ? data : `${data}\n`, isHalved: before.includes("\\\\") };
  }
  /** @param {string} rest  what of it stands before the first % that no backslash escapes */
  const beforePercent = (rest) => /** @type {RegExpExecArray} */ (/^(?:[^\\%]|\\.?)*/s.exec(rest))[0];
  /**
   * Which notes hold of the word that names the program.
   * @param {string} name
   * @param {boolean} isClosed
   */
  function asName(name, isClosed) {
    const blank = isClosed && /\s/.test(name);
    const path = /^[/.$~]/.test(name) && !/\s[-/~$]/.test(name);
    const user = rules.users.includes(name);
    const six = /^(\?|[0-9][0-9*?,/-]*)$/.test(name);
    return {
      user,
      six,
      quoted: blank && !path,
      blanks: blank && path,
      path: isClosed && name && !user && !six && !/[\s/$`~]/.test(name),
    };
  }
  /**
   * The shell's words, up to the first character that ends a command.
   * @param {string} text
   */
  function shellWords(text) {
    /** @type {string[]} */
    const words = [];
    /** @type {string | null}  null: between words */
    let word = null;
    let quote = "";
    /** @param {string} more */
    const add = (more) => {
      word = (word ?? "") + more;
    };
    for (let i = 0; i < text.length; ) {
      const character = text[i++];
      const next = text[i] ?? "";
      if (character === "\\" && quote !== "'" && next) {
        i++;
        add(!quote || '$`"\\'.includes(next) ? next : character + next);
      } else if (quote) {
        if (character === quote) quote = "";
        else add(character);
      } else if (character === "'" || character === '"') {
        quote = character;
        add("");
      } else if (character === " " || character === "\t") {
        if (word !== null) words.push(word);
        word = null;
      } else if (";|&<>()".includes(character) || (character === "#" && word === null)) break;
      else add(character);
    }
    if (word !== null) words.push(word);
    return { words, isClosed: !quote };
  }
  /**
   * The five fields, none for start-up, and the rest.
   * @param {string} line
   */
  function split(line) {
    if (line[0] === "@") {
      const [, name, rest] = /^([^ \t]+)(?:[ \t]+(.*))?$/.exec(line);
      if (!Object.hasOwn(rules.nicknames, name)) fail("nickname", { item: name.slice(0, 60), names: rules.names });
      return { schedule: rules.nicknames[name].split(" ").filter(Boolean), rest };
    }
    const match = /^((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+(.*))?$/.exec(line);
    if (!match) fail("few", { n: line.split(/[ \t]+/).length });
    return { schedule: match[1].split(/[ \t]+/), rest: match[2] };
  }
  /** @param {string} text */
  function parse(text) {
    const line = text.replace(/^[ \t]+|[ \t]+$/g, "");
    if (!line) fail("empty");
    if (line[0] === "#") fail("comment");
    const setting = SETTING.exec(line);
    if (setting) fail("setting", { name: setting[1] });
    const { schedule, rest } = split(line);
    const sets = schedule.map((field, index) => values(index, field));
    const isTimed = sets.length > 0;
    if (!rest) fail("command");
    if (rest[0] === "*") fail("star");
    const size = new TextEncoder().encode(rest).length;
    if (size > rules.limit) fail("long", { n: size, limit: rules.limit });
    const { command, stdin, isHalved } = percent(rest);
    const { words, isClosed } = shellWords(command);
    const name = words.find((word) => !/^[A-Za-z_]\w*=/.test(word)) ?? "";
    /** @param {number} index */
    const isStar = (index) => schedule[index]?.[0] === "*";
    const both = isStar(2) || isStar(4); // day of month and day of week have both to match
    const fixed = !isStar(0) && !isStar(1);
    /** @type {Record<string, unknown>} */
    const applies = {
      ...asName(name, isClosed),
      unclosed: !isClosed,
      percent: stdin,
      backslash: isHalved,
      reboot: !isTimed,
      every: isTimed && schedule[0] === "*" && sets[1].length < 24,
      or: isTimed && !both,
      never: isTimed && both && sets[2][0] > Math.max(...sets[3].map((month) => rules.longest[month - 1])),
      fixed: isTimed && fixed,
      wild: isTimed && !fixed,
    };
    return { sets, command, stdin, words, name, both, fixed, notes: rules.order.filter((key) => applies[key]) };
  }

  /**
   * The first runs after a time on the clock on the wall.
   * @param {ReturnType<typeof parse>} line
   * @param {string} zone
   * @param {number} start  minutes since 1970, as that clock shows them
   * @param {number} count
   */
  function firings(line, zone, start, count) {
    /** @type {Firing[]} */
    const found = [];
    if (!line.sets.length || line.notes.includes("never")) return found;
    const spans = rules.zones[zone];
    const end = rules.end;
    /**
     * When the clock on the wall shows a time: never, once or twice.
     * @param {number} shown
     */
    const moments = (shown) =>
      spans.flatMap(([from, offset], index) => {
        const utc = shown - offset;
        return utc >= from && utc < (spans[index + 1]?.[0] ?? Number.POSITIVE_INFINITY) ? [{ utc, offset }] : [];
      });
    /** A start that the clock leaves out is read by the offset before. */
    const skipped = () => {
      const after = spans.map(([from], index) => index > 0 && start - spans[index - 1][1] >= from).lastIndexOf(true);
      return start - spans[after - 1][1];
    };
    const from = moments(start)[0]?.utc ?? skipped();
    const [minutes, hours] = line.sets;
    const [, , days, months, weekdays] = line.sets.map((set) => new Set(set));
    for (let day = Math.floor((start - DAY) / DAY) * DAY; day < end && found.length < count; day += DAY) {
      const date = new Date(day * MINUTE);
      const [byMonth, byWeek] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
      if (!months.has(date.getUTCMonth() + 1) || !(line.both ? byMonth && byWeek : byMonth || byWeek)) continue;
      /** @type {Firing[]} */
      const today = [];
      for (const hour of hours) {
        for (const minute of minutes) {
          const planned = day + hour * 60 + minute;
          if (!line.fixed) {
            moments(planned).forEach((moment, index) => {
              if (moment.utc > from) today.push({ ...moment, planned, again: index > 0 });
            });
          } else if (planned > start) {
            let at = planned; // what the clock leaves out runs right after, each time of it
            while (!moments(at).length) at++;
            today.push({ ...moments(at)[0], planned, again: false });
          }
        }
      }
      found.push(...today.sort((a, b) => a.utc - b.utc));
    }
    return found.filter(({ utc, offset }) => utc + offset < end).slice(0, count);
  }
  return { parse, firings };
}

/** @param {import("../../../widgets/frame.js").Place<Traits>} place */
function render({ model, el }) {
  const rules = model.get("rules");
  const { labels } = rules;
  const first = model.get("value");
  const { parse, firings } = cronRules(rules);

  /** @param {string} label @param {HTMLElement} input */
  function labelled(label, input) {
    input.id = uniqueId();
    return element(
      "span",
      { className: "bf-field" },
      element("label", { htmlFor: input.id, textContent: label }),
      input,
    );
  }
  const line = textField({ oninput: take });
  const start = textField({ oninput: take });
  const zone = element(
    "select",
    { onchange: take },
    ...Object.keys(rules.zones).map((name) => element("option", { value: name, textContent: name })),
  );
  const note = noteLine();
  const list = element("ol", { className: "cl-fires" });
  const facts = element("dl", { className: "cl-facts" });
  const notes = element("ul", { className: "cl-notes" });
  const out = element(
    "div",
    { className: "cl-out" },
    element("div", {}, element("p", { className: "cl-h", textContent: labels.fires }), list),
    notes,
    facts,
  );
  const presets = model.get("presets").map(([label, value]) =>
    button(label, () => {
      fill(value);
      take();
    }),
  );
  const root = element(
    "div",
    { className: "rsn-w cl" },
    element("div", { className: "bf-presets" }, ...presets),
    labelled(labels.line, line),
    element("div", { className: "cl-row" }, labelled(labels.zone, zone), labelled(labels.start, start)),
    note,
    out,
  );

  let now = first; // the last good state
  /** @param {string} value */
  function fill(value) {
    const [name, from] = value.split(",", 2);
    zone.value = name;
    start.value = from.replace("T", " ");
    line.value = value.slice(name.length + from.length + 2);
  }
  /** Minutes since 1970, or 0 for what cannot be said. */
  function startTime() {
    const minutes = minutesOf(start.value);
    return minutes >= rules.first && minutes < rules.end ? minutes : 0;
  }
  /** Marks the field that is wrong and returns why, or "". */
  function problem() {
    markInvalid(line, false);
    markInvalid(start, !startTime());
    if (!startTime()) return labels.start_error;
    try {
      parse(line.value);
      return "";
    } catch (error) {
      if (!(error instanceof CrontabError)) throw error;
      markInvalid(line, true);
      return error.message;
    }
  }
  /** @param {Firing} firing @param {number} index @param {Firing[]} all */
  function firingLine({ utc, offset, planned, again }, index, all) {
    let why = again ? labels.again : "";
    if (planned !== utc + offset) why = filled(labels.moved, { planned: clock(planned).slice(11) });
    const jumps = index > 0 && all[index - 1].offset !== offset;
    return element(
      "li",
      {},
      element("b", {
        textContent: `${rules.days[new Date((utc + offset) * MINUTE).getUTCDay()]} ${clock(utc + offset)}`,
      }),
      " ",
      element("span", { className: jumps ? "cl-jump" : "cl-off", textContent: rules.offsets[offset] }),
      element("span", { className: "cl-why", textContent: why }),
    );
  }
  /** @param {number[]} values */
  const summary = (values) => values.slice(0, SHOWN_VALUES).join(" ") + (values.length > SHOWN_VALUES ? " …" : "");
  /** @param {string} textContent */
  const code = (textContent) => element("code", { textContent });

  function paint() {
    const read = parse(line.value);
    const runs = firings(read, zone.value, startTime(), SHOWN_FIRINGS);
    const lines = runs.map(firingLine);
    if (runs.length < SHOWN_FIRINGS) {
      const none = runs.length ? labels.end : labels.none;
      lines.push(element("li", { textContent: read.sets.length ? none : labels.reboot }));
    }
    list.replaceChildren(...lines);
    notes.replaceChildren(
      ...read.notes.map((key) =>
        element("li", {
          data: { tone: rules.bad.includes(key) ? "bad" : "plain" },
          textContent: filled(rules.notes[key], { word: read.name }),
        }),
      ),
    );
    const sets = read.sets.map((values, index) =>
      element(
        "span",
        { className: "cl-set" },
        `${rules.fields[index][0]} `,
        element("b", { textContent: summary(values) }),
      ),
    );
    /** @type {[string, HTMLElement[]][]} */
    const told = [
      [labels.fields, sets],
      [labels.runs, [code(rules.shell), code("-c"), code(read.command)]],
      [labels.words, read.words.map(code)],
      [labels.environment, [...rules.environment.map(code), element("span", { textContent: labels.pam })]],
    ];
    if (read.stdin) told.push([labels.stdin, [element("pre", { textContent: read.stdin })]]);
    facts.replaceChildren(
      ...told.flatMap(([term, parts]) => [element("dt", { textContent: term }), element("dd", {}, ...parts)]),
    );
  }
  /** What the reader typed; what cannot be read leaves the last good state, greyed. */
  function take() {
    const wrong = problem();
    out.classList.toggle("cl-old", !!wrong);
    note.textContent = wrong;
    if (wrong) return;
    now = [zone.value, start.value.trim().replace(" ", "T"), line.value].join(",");
    paint();
    shared.save();
  }

  const shared = connect(model, {
    root,
    note,
    value: () => now,
    open(said) {
      const [name, ...rest] = said.split(",");
      let why = labels.link_form;
      if (rest.length > 1 && Object.hasOwn(rules.zones, name)) {
        fill(said);
        why = problem();
      }
      if (why) {
        fill(first);
        problem();
      }
      now = why ? first : said;
      out.classList.remove("cl-old");
      paint();
      shared.save(false);
      return why && filled(labels.link, { why });
    },
    outside(said) {
      fill(said);
      note.textContent = problem();
      if (note.textContent) return;
      now = said;
      paint();
    },
  });
  fill(first);
  paint();
  return shared.start(el);
}
export default { render };
