// What the browser remembers of this book: to copy, to bring to another browser, to forget.
(() => {
  const box = document.querySelector(".remembered");
  if (!box) return;
  const OWN = "rsn:";
  const TAKEN = /^(quiz|predict):[\w./-]{1,120}$/;
  const LONGEST = 200; // an answer

  /** @returns {Record<string, string>} */
  function kept() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(OWN) && TAKEN.test(key.slice(OWN.length)));
    return Object.fromEntries(keys.sort().map((key) => [key.slice(OWN.length), localStorage.getItem(key)]));
  }
  const told = () => dispatchEvent(new Event("rsn-kept"));

  /** @param {string} text @returns {[string, string][]} what of it can be answers of this book */
  function answers(text) {
    const given = JSON.parse(text);
    if (typeof given !== "object" || !given || Array.isArray(given)) return [];
    return Object.entries(given).filter(
      ([key, value]) => TAKEN.test(key) && typeof value === "string" && value.length <= LONGEST,
    );
  }

  const field = Object.assign(document.createElement("textarea"), {
    id: "remembered",
    rows: 5,
    spellcheck: false,
    autocomplete: "off",
  });
  const label = Object.assign(document.createElement("label"), {
    htmlFor: field.id,
    textContent: "Your answers as text: Copy puts them here, and here you paste them",
  });
  const said = document.createElement("p");
  said.setAttribute("role", "status");

  /** @param {string} textContent @param {() => string | Promise<string>} act */
  function button(textContent, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent });
    made.onclick = async () => {
      try {
        said.textContent = await act();
      } catch {
        said.textContent = "This browser keeps nothing for this page, as in a private window.";
      }
    };
    return made;
  }

  /** @param {number} count */
  const counted = (count) => (count === 1 ? "1 answer" : `${count} answers`);

  const copy = button("Copy", async () => {
    const all = kept();
    const count = Object.keys(all).length;
    if (!count) return "Nothing is remembered yet.";
    field.value = JSON.stringify(all, null, 1);
    try {
      await navigator.clipboard.writeText(field.value);
      return `Copied: ${counted(count)}.`;
    } catch {
      field.select();
      return `${counted(count)}, selected for Ctrl+C.`;
    }
  });
  const take = button("Take over what I pasted", () => {
    /** @type {[string, string][]} */
    let found = [];
    try {
      found = answers(field.value);
    } catch {
      /* no JSON */
    }
    if (!found.length) return "There is no answer in it. Paste what Copy gave you in the other browser.";
    for (const [key, value] of found) localStorage.setItem(OWN + key, value);
    told();
    return `Taken over: ${counted(found.length)}.`;
  });
  const forget = button("Forget", () => {
    const all = kept();
    const count = Object.keys(all).length;
    if (!count) return "Nothing is remembered.";
    field.value = JSON.stringify(all, null, 1);
    for (const key of Object.keys(all)) localStorage.removeItem(OWN + key);
    told();
    return `Forgotten: ${counted(count)}. They are still in the field, should you want them back.`;
  });
  const buttons = document.createElement("div");
  buttons.append(copy, take, forget);
  box.replaceChildren(label, field, buttons, said);
})();
