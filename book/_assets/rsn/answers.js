// What a query is answered with before any page: on the search page, for search.js. A number or a line of a log is read by the
// layouts, as on the decoder desk; a name (SIGKILL, the NX bit, a CPUID leaf) is looked up. tools/search/answers.py says what.
(() => {
  /** @typedef {{ label: string, text: string, href: string, chapter?: string }} Answer  chapter: the page that explains it */
  /** @typedef {Answer & { rank: number }} Read  -1 a line that says what it is, 0 a likely word, 1 another, 2 an odd one */
  /** @typedef {import("../../../syslab/widgets/layouts.js").Layout} Layout */
  /**
   * @typedef {[
   *   layout: Layout, name: string, page: string, chapter: string, called: string, bare: number,
   *   least: string, most: string, bases: number[], isKnown: number
   * ]} Decoder  as Decoder in tools/search/answers.py
   */

  const NUMBER = /\b0x[0-9a-f_]+\b|\b\d[0-9a-f]*\b|\b[0-9a-f]{8,16}\b/gi;
  const UNLIKELY = 3; // answers that are shown where none is likely
  const BASES = { hex: 16, binary: 2, decimal: 10 };

  /**
   * What one layout makes of a query, null if it is not its word.
   * @param {Decoder} decoder
   * @param {string} given
   * @returns {Read | null}
   */
  function read([layout, name, page, chapter, , , least, most, bases, isKnown], given) {
    const { readWord, sentence, reservedBits, holds } = rsn.layouts;
    const { value, how } = readWord(layout, given);
    if (value === undefined) return null;
    const base = BASES[/** @type {keyof typeof BASES} */ (how.split(",")[0])]; // "hex, as logs print it without 0x"
    const hex = `0x${value.toString(16)}`;
    const isDecimal = layout.anchor === "shell-status" || (base === 10 && value < 10n);
    const number = isDecimal ? `${value}` : base === 10 ? `${value} (${hex})` : hex;
    const said = sentence(layout, value);
    const isOdd = reservedBits(layout, value).length || layout.impossible.some((one) => holds(one, value));
    const isInRange = bases.includes(base) && value >= BigInt(least) && value <= BigInt(most);
    const isLikely = isKnown ? layout.clauses[0].some((one) => holds(one, value)) : isInRange;
    return {
      rank: !base ? -1 : isOdd ? 2 : isLikely ? 0 : 1,
      label: `${number} as ${name}`,
      text: said.charAt(0).toUpperCase() + said.slice(1),
      href: `${page}.html#${layout.anchor}=${hex}`,
      chapter,
    };
  }

  /**
   * A number beside what it is called: "pfec 15", "CR4 0x3406f0". Logs write most of them in hex, without 0x.
   * @param {Decoder[]} decoders
   * @param {string} query
   */
  function readNamed(decoders, query) {
    const numbers = query.match(NUMBER) ?? [];
    if (numbers.length !== 1) return [];
    const [number] = numbers;
    const around = query.replace(number, " ");
    return decoders.flatMap((decoder) => {
      const [layout, , , , called, bare] = decoder;
      const isRefused = layout.readers.some(([pattern, base]) => !base && new RegExp(pattern, "i").test(query));
      if (isRefused || !new RegExp(called, "i").test(around)) return [];
      const answer = read(decoder, bare === 16 && !/^0x/i.test(number) ? `0x${number}` : number);
      return answer ? [{ ...answer, rank: -1 }] : [];
    });
  }

  /** @param {string} line @returns {Answer} */
  function crontab(line) {
    const state = encodeURIComponent(`UTC,${new Date().toISOString().slice(0, 16)},${line}`);
    const text = "What cron reads in it, when it runs next, and what the shell gets.";
    return { label: "A line of a crontab", text, href: `processes/cron.html#cron=${state}` };
  }

  /**
   * The answers to a query; `rest`: what a number is less likely to be.
   * @param {string} query
   * @param {string} said  as a phrase
   * @param {typeof rsnSearch.index} index
   * @param {(kind: "answers", key: string) => Promise<any>} pieceWith
   * @param {(name: string) => Promise<any>} load
   * @returns {Promise<{ best: Answer[], rest: Answer[] }>}
   */
  rsnSearch.answersTo = async (query, said, index, pieceWith, load) => {
    if (new RegExp(index.cron).test(query)) return { best: [crontab(query)], rest: [] };

    const names = new Set([said]);
    for (const [kind, pattern] of index.kinds) {
      const rest = said.replace(new RegExp(pattern), "").replace(/ +/g, " ").trim();
      if (rest !== said) names.add(`${kind} ${rest}`.trim()).add(rest);
    }
    /** @type {Map<string, Answer>} */
    const named = new Map();
    for (const name of names) {
      const rows = name ? new Map(await pieceWith("answers", name)).get(name) : null;
      for (const [label, text, href] of rows ?? []) named.set(label, { label, text, href });
    }

    /** @type {Read[]} */
    let found = [];
    if (/\d/.test(query)) {
      const decoders = /** @type {Decoder[]} */ (await load("decoders"));
      found = decoders.flatMap((decoder) => read(decoder, query) ?? []);
      if (!found.length) found = readNamed(decoders, query);
    }
    const lines = found.filter((one) => one.rank < 0);
    if (lines.length) return { best: [...lines, ...named.values()], rest: [] };
    const likely = found.filter((one) => one.rank === 0);
    const rest = found.filter((one) => one.rank > 0).sort((a, b) => a.rank - b.rank);
    const best = [...likely, ...named.values()];
    return best.length ? { best, rest } : { best: rest.splice(0, UNLIKELY), rest };
  };
})();
