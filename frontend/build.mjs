/**
 * Build the module that Home Assistant serves, from the sources in `src`.
 *
 *   node build.mjs [--watch | --check] [--out DIRECTORY] [--texts DIRECTORY]
 *
 * With --watch, build again after each change. With --check, fail if the built files differ
 * from those in the repository. Tests build into another directory, with the texts of
 * further languages.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { build, transform } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCES = join(HERE, "src");
const ENGLISH = "en";
const MODULE = "claude-pulse.js";
const DASHBOARD = "dashboard.js";

const { values: options } = parseArgs({
  options: {
    check: { type: "boolean" },
    out: {
      type: "string",
      default: join(HERE, "..", "custom_components", "claude_pulse", "frontend"),
    },
    texts: { type: "string" },
    watch: { type: "boolean" },
  },
});

const digest = (content) => createHash("sha256").update(content).digest("hex");

/** Return the files that decide about the built module. `scripts/card_hash.py` does the same. */
function inputs() {
  const sources = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(HERE, join(entry.parentPath ?? entry.path, entry.name)));
  const others = ["build.mjs", "package-lock.json", "tsconfig.json"];
  return [...sources, ...others].map((path) => path.replaceAll("\\", "/")).sort();
}

function hashOfInputs() {
  const lines = inputs().map((path) => `${path} ${digest(readFileSync(join(HERE, path)))}\n`);
  return digest(lines.join("")).slice(0, 16);
}

/** Minifies the styles, which esbuild takes for texts. */
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\/styles\.ts$/ }, async ({ path }) => {
      const parts = readFileSync(path, "utf8").split("`");
      for (let index = 1; index < parts.length; index += 2) {
        const { code } = await transform(parts[index], { loader: "css", minify: true });
        parts[index] = code.trim();
      }
      return { contents: parts.join("`"), loader: "ts" };
    });
  },
};

function textFiles() {
  const directories = [join(SOURCES, "texts"), options.texts].filter(Boolean);
  return directories.flatMap((one) => readdirSync(one).sort().map((name) => join(one, name)));
}

/** Return a module that is built from an entry point and its imports. */
async function bundle(entry, define = {}) {
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    bundle: true,
    charset: "utf8",
    define,
    entryPoints: [entry],
    format: "esm",
    legalComments: "none",
    minify: true,
    plugins: [styles],
    target: "es2020",
    write: false,
  });
  // In minified code, only templates have line breaks. HTML reads a break and its indent as
  // one space, and between blocks as none.
  return outputFiles[0].text
    .replace(/>\n {2,}(?=<\/?(div|li|ul|details)\b)/g, ">")
    .replace(/\n {2,}(?=>)/g, "")
    .replace(/\n {2,}/g, " ");
}

/** Return the built files by name: the modules, and the texts of each other language. */
async function built() {
  const files = new Map();
  const languages = {};
  for (const path of textFiles()) {
    const language = basename(path, ".json");
    if (language === ENGLISH) continue;
    const texts = JSON.stringify(JSON.parse(readFileSync(path, "utf8")));
    // The address changes with the content, so that a browser can keep it.
    const hash = digest(texts).slice(0, 8);
    languages[language] = hash;
    files.set(`texts/${language}-${hash}.json`, texts);
  }
  const dashboard = await bundle("src/dashboard.ts");
  files.set(DASHBOARD, dashboard);
  const module = await bundle("src/index.ts", {
    // Browsers load the one that belongs to the module, and an old module finds the new one.
    DASHBOARD: JSON.stringify(`./${DASHBOARD}?v=${digest(dashboard).slice(0, 8)}`),
    LANGUAGES: JSON.stringify(languages),
  });
  const banner = `/* Built from frontend/ of the repository. Sources: ${hashOfInputs()} */\n`;
  files.set(MODULE, banner + module);
  return files;
}

function write(files) {
  rmSync(join(options.out, "texts"), { force: true, recursive: true });
  for (const [name, content] of files) {
    mkdirSync(dirname(join(options.out, name)), { recursive: true });
    writeFileSync(join(options.out, name), content);
  }
}

function check(files) {
  const texts = join(options.out, "texts");
  const found = existsSync(texts) ? readdirSync(texts).map((name) => `texts/${name}`) : [];
  const different = [...new Set([...files.keys(), ...found])].filter((name) => {
    const path = join(options.out, name);
    return !existsSync(path) || readFileSync(path, "utf8") !== files.get(name);
  });
  if (!different.length) return;
  console.error(`${different.join(", ")}: not built from these sources. Run scripts/card`);
  process.exitCode = 1;
}

if (options.check) check(await built());
else write(await built());
if (options.watch) {
  let timer;
  console.log("Waiting for changes of frontend/src ...");
  watch(SOURCES, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        write(await built());
        console.log(`Built at ${new Date().toLocaleTimeString()}`);
      } catch {
        // esbuild has printed what is wrong.
      }
    }, 100);
  });
}
