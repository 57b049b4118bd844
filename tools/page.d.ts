// What the scripts of a page find there: the modules that tools/sphinx_ext/widgets.py has written, and on the search page what
// tools/search has.
interface SearchIndex {
  pages: [
    name: string,
    title: string,
    keywords: string,
    isChapter: number,
    sections: [title: string, anchor: string][],
  ][];
  stop: string[];
  kinds: [kind: string, pattern: string][];
  cron: string;
  words: string[];
  answers: string[];
  texts: number[];
}
interface SearchAnswer {
  label: string;
  text: string;
  href: string;
  chapter?: string;
}
declare var rsnSearch: Record<string, unknown> & {
  index: SearchIndex;
  answersTo: (
    query: string,
    said: string,
    index: SearchIndex,
    pieceWith: (kind: "answers", key: string) => Promise<[string, string[][]][]>,
    load: (name: string) => Promise<unknown>,
  ) => Promise<{ best: SearchAnswer[]; rest: SearchAnswer[] }>;
};
declare var rsn:
  | (Record<string, { render?: (place: object) => void; css: string }> & {
      layouts?: typeof import("../syslab/widgets/layouts.js") & { css: string };
    })
  | undefined;
declare var rsnChapters: Record<string, string[]> | undefined;
