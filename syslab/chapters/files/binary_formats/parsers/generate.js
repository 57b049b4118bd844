// Writes elf64_headers.py and pe_headers.py from elf64.ksy and pe.ksy. Needs node and, in a folder of its own:
//   npm install kaitai-struct-compiler@0.11.0 js-yaml@4
//   NODE_PATH=that-folder/node_modules node generate.js
const fs = require("fs"), path = require("path"), crypto = require("crypto");
const compiler = require("kaitai-struct-compiler"), yaml = require("js-yaml");
(async () => {
  for (const name of ["elf64.ksy", "pe.ksy"]) {
    const text = fs.readFileSync(path.join(__dirname, name), "utf8"), sum = crypto.createHash("sha256").update(text).digest("hex");
    const made = await compiler.compile("python", yaml.load(text), null, false);
    for (const [file, code] of Object.entries(made))
      fs.writeFileSync(path.join(__dirname, file), `# ruff: noqa\n# mypy: ignore-errors\n# fmt: off\n# From ${name} (SHA-256 ${sum}) by kaitai-struct-compiler ${compiler.version}, see generate.js\n` + code.replace("# type: ignore\n", "").trimEnd() + "\n");
  }
})();
