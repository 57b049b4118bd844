// What the scripts of a page find there: Sphinx's search, and the modules that tools/sphinx_ext/widgets.py has written.
declare const Search: { htmlToText?: (html: string, anchor: string) => string } | undefined;
declare var rsn: Record<string, { render?: (place: object) => void; css: string }> | undefined;
