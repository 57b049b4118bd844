/**
 * A page walk in numbers and words: how far it gets, what the entries say together, and why an access is refused. AND and
 * OR over the levels happen here; what the result allows is data that Python has computed.
 */

/**
 * @typedef {object} Switch  a bit of each entry
 * @property {string} name
 * @property {string} title
 * @property {"and" | "or" | ""} combine  over the levels
 * @property {[clear: string, set: string] | []} words  what the combination says
 */

/**
 * @typedef {object} Traits
 * @property {string} anchor
 * @property {string[]} levels  of entries, from the first
 * @property {string[]} tables  they stand in
 * @property {number[]} lows  the lowest bit of the address that picks an entry of each
 * @property {Switch[]} switches
 * @property {{ name: string, title: string }[]} leaf  more switches of the entry that maps the page: its memory type
 * @property {[entries: number, label: string][]} sizes  of the page
 * @property {[key: string, label: string][]} controls  what the CPU heeds
 * @property {Record<string, number[][]>} outcomes  control -> combination -> a code for each access, -1: allowed
 * @property {Record<number, string>} codes  in words
 * @property {[when: string, names: string[]][]} types  memory types by slot
 * @property {string[]} accesses  the kernel's, then the user's: `kernel read`
 * @property {string} access  the one that is tried at first
 * @property {string} address  that is walked at first, in hex
 * @property {string} value  the entries in hex with dots between them; then, where it is not the first or the default, the
 *   control, the access, the address, and `s` with the step
 */

/** @param {number} number */
export const pageFault = (number) => `#PF 0x${number.toString(16)}`;

class Walk {
  #traits;
  #levels;
  #tables;
  #lows;
  #switches;
  #controls;
  #accesses;
  #keys;
  #ownBits;
  #allBits;
  #home;
  #first;
  /** @param {import("../../../widgets/frame.js").Model<Traits>} model */
  constructor(model) {
    this.#traits = model;
    this.#levels = model.get("levels");
    this.#tables = model.get("tables");
    this.#lows = model.get("lows");
    this.#switches = model.get("switches");
    this.#controls = model.get("controls");
    this.#accesses = model.get("accesses");
    this.#keys = this.#controls.map(([key]) => key);
    this.#ownBits = (1 << this.#switches.length) - 1;
    this.#allBits = (1 << (this.#switches.length + model.get("leaf").length)) - 1;
    this.#home = BigInt(model.get("address"));
    this.#first = model.get("access");
    /** @type {number[]}  the switches of each, from bit 0 */
    this.entries = [];
    this.control = this.#keys[0];
    this.access = this.#first;
    this.address = this.#home;
    /** @type {number | null}  null: as far as the walk goes */
    this.step = null;
  }

  /** What links say. */
  text() {
    const parts = this.entries.map((entry) => entry.toString(16));
    if (this.control !== this.#keys[0]) parts.push(this.control);
    if (this.access !== this.#first) parts.push(this.access.replace(" ", "-"));
    if (this.address !== this.#home) parts.push(`0x${this.address.toString(16)}`);
    if (this.now() !== this.end()) parts.push(`s${this.now()}`);
    return parts.join(".");
  }
  /** @param {string} said */
  take(said) {
    const parts = said.split(".");
    const last = () => parts[parts.length - 1] ?? "";
    const step = /^s\d$/.test(last()) ? Number(parts.pop().slice(1)) : null;
    const address = /^0x[0-9a-f]{1,16}$/i.test(last()) ? BigInt(parts.pop()) : this.#home;
    const named = this.#accesses.find((name) => name.replace(" ", "-") === last());
    if (named) parts.pop();
    const access = named ?? this.#first;
    const control = this.#keys.includes(last()) ? parts.pop() : this.#keys[0];
    const entries = parts.map((part) => (/^[0-9a-f]{1,2}$/i.test(part) ? Number.parseInt(part, 16) : -1));
    const fits = entries.every((entry, row) => entry >= 0 && entry <= (row === entries.length - 1 ? this.#allBits : this.#ownBits));
    if (!fits || !this.#traits.get("sizes").some(([count]) => count === entries.length)) return false;
    Object.assign(this, { entries, control, access, address, step });
    return true;
  }
  /**
   * A page of another size: entries are left out, or made as the last one.
   * @param {number} count
   */
  resize(count) {
    const last = this.entries[this.entries.length - 1];
    const above = this.entries.slice(0, -1).map((entry) => entry & this.#ownBits);
    while (above.length < count - 1) above.push(last & this.#ownBits);
    this.entries = [...above.slice(0, count - 1), last];
  }

  /**
   * Bits of the address.
   * @param {number} low
   * @param {number} count
   */
  bits(low, count) {
    return Number((this.address >> BigInt(low)) & ((1n << BigInt(count)) - 1n));
  }
  /** Those above the translated ones. */
  above() {
    return this.address >> BigInt(this.#lows[0] + 9);
  }
  isCanonical() {
    return BigInt.asUintN(64, BigInt.asIntN(this.#lows[0] + 9, this.address)) === this.address;
  }
  /** The first entry that is not present, or -1. The first switch is P. */
  stop() {
    return this.isCanonical() ? this.entries.findIndex((entry) => !(entry & 1)) : -1;
  }
  /** The last step: 0 is CR3, then one for each entry, then the page. */
  end() {
    if (!this.isCanonical()) return 0;
    return this.stop() < 0 ? this.entries.length + 1 : this.stop() + 1;
  }
  now() {
    return Math.min(this.step ?? this.end(), this.end());
  }

  /**
   * Levels whose switch is `wanted`.
   * @param {number} bit
   * @param {number} wanted
   */
  levelsWith(bit, wanted) {
    return this.#levels.filter((_, at) => at < this.entries.length && ((this.entries[at] >> bit) & 1) === wanted);
  }
  /** The switches over all this.#levels. */
  combined() {
    return this.#switches.reduce((all, { combine }, bit) => {
      const isSet = combine === "and" ? !this.levelsWith(bit, 0).length : this.levelsWith(bit, 1).length > 0;
      return all | (Number(isSet) << bit);
    }, 0);
  }
  /**
   * The six outcomes, or -1 for allowed.
   * @param {string} [control]
   * @returns {number[]}
   */
  codes(control = this.control) {
    return this.#traits.get("outcomes")[control][this.combined()];
  }
  /**
   * That of the chosen access.
   * @param {string} [control]
   */
  code(control) {
    return this.codes(control)[this.#accesses.indexOf(this.access)];
  }
  /** What the CPU answers in the end; "" if the access is made. */
  refused() {
    if (!this.isCanonical()) return "#GP";
    return this.code() < 0 ? "" : pageFault(this.code());
  }
  /**
   * That of all six, and the words for it.
   * @returns {[string, string][]}
   */
  answers() {
    return this.codes().map((code) => {
      if (!this.isCanonical()) return ["#GP", "error code 0"];
      return code < 0 ? ["", "allowed"] : [pageFault(code), this.#traits.get("codes")[code] || "no bit set"];
    });
  }
  /** The fewest switches that would have to be another way for the access to be made. */
  reasons() {
    if (this.stop() >= 0) return [0];
    if (this.code() < 0) return [];
    const [all, column] = [this.combined(), this.#accesses.indexOf(this.access)];
    const table = this.#traits.get("outcomes")[this.control];
    const size = (/** @type {number} */ set) => set.toString(2).replaceAll("0", "").length;
    const sets = table.map((_, set) => set).filter((set) => table[all ^ set][column] < 0);
    const fewest = sets.sort((a, b) => size(a) - size(b))[0] ?? 0;
    return this.#switches.map((_, bit) => bit).filter((bit) => (fewest >> bit) & 1);
  }
  /** Which entries are a reason. */
  guilty() {
    if (this.stop() >= 0) return this.entries.map((_, row) => row === this.stop());
    const [all, bits] = [this.combined(), this.isCanonical() ? this.reasons() : []];
    return this.entries.map((entry) => bits.some((bit) => !(((entry ^ all) >> bit) & 1)));
  }

  /** @param {number} number */
  inWords(number) {
    return `${pageFault(number)} (${this.#traits.get("codes")[number] || "no bit set"})`;
  }
  /**
   * A switch that takes something away: where.
   * @param {number} bit
   */
  where(bit) {
    const isSet = (this.combined() >> bit) & 1;
    const found = this.levelsWith(bit, isSet);
    return `${isSet ? "set" : "clear"} in ${found.length === this.entries.length ? "every entry" : found.join(", ")}`;
  }
  /**
   * What happens at this step.
   * @returns {string}
   */
  sentence() {
    const [at, count] = [this.now(), this.entries.length];
    if (!this.isCanonical()) {
      return `The address is not canonical: bits 63:${this.#lows[0] + 9} do not repeat bit ${this.#lows[0] + 8}. The CPU raises #GP and asks no table.`;
    }
    if (!at) return `CR3 has the physical address of the ${this.#tables[0]}. The walk for a ${this.access} begins there.`;
    if (at <= count) return this.atEntry(at - 1);
    if (this.code() < 0) {
      return `The ${this.access} is made: ${count} entries have led to the byte, and together they allow it.`;
    }
    const why = this.reasons().map((bit) => `${this.#switches[bit].name} is ${this.where(bit)}`);
    const [, label] = this.#controls.find(([key]) => key === this.control);
    const guard = this.code(this.#keys[0]) < 0 ? `, and the CPU has ${label}` : "";
    return `The walk is complete, but the ${this.access} is refused with ${this.inWords(this.code())}: ${why.join("; ")}${guard}.`;
  }
  /** @param {number} k */
  atEntry(k) {
    const index = this.bits(this.#lows[k], 9);
    const found = `${this.#levels[k]} ${index}, picked by bits ${this.#lows[k] + 8}:${this.#lows[k]}, stands 0x${(index * 8).toString(16)} bytes into the ${this.#tables[k]}. `;
    if (this.stop() === k) {
      return `${found}P is clear, and the walk ends here with ${this.inWords(this.code())}. No right is looked at.`;
    }
    const taken = this.#switches.flatMap(({ name, words, combine }, bit) => {
      const isSet = (this.entries[k] >> bit) & 1;
      return words.length && isSet === Number(combine === "or") ? [`${name} = ${isSet}, ${words[isSet]}`] : [];
    });
    const leads = k === this.entries.length - 1 ? "maps the page" : `leads on to the ${this.#tables[k + 1]}`;
    return `${found}It ${leads}${taken.length ? `. It also says ${taken.join("; ")}: that is judged when all entries are known` : ""}.`;
  }
  /**
   * All levels together: name and words of each line.
   * @returns {[string, string][]}
   */
  together() {
    if (!this.isCanonical()) return [["", "Nothing, as none of them is read."]];
    if (this.stop() >= 0) return [["", `Nothing, as the ${this.#levels[this.stop()]} is not present.`]];
    const slot = this.entries[this.entries.length - 1] >> this.#switches.length;
    const types = this.#traits.get("types").map(([when, names]) => `${names[slot]} (${when})`);
    const lines = this.#switches.flatMap(({ name, words, combine }, bit) => {
      const isSet = (this.combined() >> bit) & 1;
      const taken = isSet === Number(combine === "or") ? `: ${this.where(bit)}` : "";
      return words.length ? [/** @type {[string, string]} */ ([name, words[isSet] + taken])] : [];
    });
    return [...lines, [`Memory type ${slot}`, types.join("; ")]];
  }
}

/** @param {import("../../../widgets/frame.js").Model<Traits>} model */
export const walkOf = (model) => new Walk(model);
