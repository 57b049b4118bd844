// Stands in every page's <head> itself, because it must run before the first paint: the reader's choice of light or dark,
// without a flash of the other, and the font. tools/sphinx_ext/policy.py allows this one script by its hash.
(() => {
  const { dataset } = document.documentElement;
  const isDark = matchMedia("(prefers-color-scheme:dark)").matches;
  dataset.mode = localStorage.getItem("mode") || "auto";
  dataset.theme = localStorage.getItem("theme") || "auto";
  // the theme resolves "auto" only in its deferred script
  if (dataset.theme === "auto") dataset.theme = isDark ? "dark" : "light";
  // a font's preload must be crossorigin, and that is an error on a file: page
  if (location.protocol === "file:") return;
  const preload = document.createElement("link");
  const href = `${dataset.content_root}_static/rsn/recursive-rsn.woff2`;
  document.head.append(
    Object.assign(preload, { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href }),
  );
})();
