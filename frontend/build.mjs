/**
 * Build the module that Home Assistant serves, from the sources in `src`.
 *
 *   node build.mjs [--watch] [--check]
 *
 * With --watch, build again after each change. With --check, fail if the built files differ
 * from those in the repository.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCES = join(HERE, "src");
const TARGET = join(HERE, "..", "custom_components", "claude_pulse", "frontend");
const ENGLISH = "en";

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

/** Return the built files by name: the module, and the texts of each other language. */
async function built() {
  const files = new Map();
  const languages = {};
  for (const name of readdirSync(join(SOURCES, "texts")).sort()) {
    const language = name.replace(/\.json$/, "");
    if (language === ENGLISH) continue;
    const texts = JSON.stringify(JSON.parse(readFileSync(join(SOURCES, "texts", name), "utf8")));
    // The address changes with the content, so that a browser can keep it.
    const file = `texts/${language}-${digest(texts).slice(0, 8)}.json`;
    languages[language] = `./${file}`;
    files.set(file, texts);
  }
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    banner: { js: `/* Built from frontend/ of the repository. Sources: ${hashOfInputs()} */` },
    bundle: true,
    charset: "utf8",
    define: { LANGUAGES: JSON.stringify(languages) },
    entryPoints: ["src/index.ts"],
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2020",
    write: false,
  });
  files.set("claude-pulse.js", outputFiles[0].text);
  return files;
}

function write(files) {
  rmSync(join(TARGET, "texts"), { force: true, recursive: true });
  for (const [name, content] of files) {
    mkdirSync(dirname(join(TARGET, name)), { recursive: true });
    writeFileSync(join(TARGET, name), content);
  }
}

function check(files) {
  const different = [...files].filter(([name, content]) => {
    try {
      return readFileSync(join(TARGET, name), "utf8") !== content;
    } catch {
      return true;
    }
  });
  if (!different.length) return;
  const names = different.map(([name]) => name).join(", ");
  console.error(`${names}: not built from these sources. Run npm run build in frontend/`);
  process.exitCode = 1;
}

const options = new Set(process.argv.slice(2));
if (options.has("--check")) check(await built());
else write(await built());
if (options.has("--watch")) {
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
