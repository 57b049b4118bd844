// What the scripts of a page find there: Sphinx's search, and the modules that tools/sphinx_ext/widgets.py has written.
interface WordIndex {
  terms: object;
  titleterms: object;
}
declare const Search:
  | {
      htmlToText?: (html: string, anchor: string) => string;
      setIndex?: (index: WordIndex) => void;
      hasIndex: () => boolean;
      _index: WordIndex;
    }
  | undefined;
declare var rsn: Record<string, { render?: (place: object) => void; css: string }> | undefined;
declare var rsnChapters: Record<string, string[]> | undefined;
