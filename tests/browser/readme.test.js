// README, as the Markdown of the installed frontends shows it in HACS and the Marketplace.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf-8");

/** Return the paths of the installed frontends' Markdown workers, by version. */
function workers() {
  const found = new Map();
  const venv = join(ROOT, ".venv");
  for (const version of existsSync(venv) ? readdirSync(venv) : []) {
    const lib = join(venv, version, "lib");
    for (const python of existsSync(lib) ? readdirSync(lib) : []) {
      const folder = join(lib, python, "site-packages", "hass_frontend", "frontend_latest");
      const files = existsSync(folder) ? readdirSync(folder) : [];
      const worker = files.find((name) => /^markdown-worker\..*\.js$/.test(name));
      if (worker) found.set(version, join(folder, worker));
    }
  }
  return found;
}

/** Return the HTML that a worker makes of Markdown. */
function render(path, markdown) {
  return new Promise((resolve, reject) => {
    const listeners = [];
    const worker = vm.createContext({
      addEventListener: (_, listener) => listeners.push(listener),
      removeEventListener: () => {},
      postMessage: ({ type, value }) =>
        type === "RAW" ? resolve(value) : reject(new Error(JSON.stringify(value))),
      MessageChannel,
      setTimeout,
      URL,
    });
    worker.self = worker;
    vm.runInContext(readFileSync(path, "utf-8"), worker, { filename: basename(path) });
    const values = [markdown, { breaks: true, gfm: true }, {}];
    const data = {
      id: "1",
      type: "APPLY",
      path: ["renderMarkdown"],
      argumentList: values.map((value) => ({ type: "RAW", value })),
    };
    assert.ok(listeners.length > 0);
    for (const listener of listeners) listener({ data, origin: "*" });
  });
}

const count = (text, pattern) => [...text.matchAll(pattern)].length;

for (const [version, path] of workers()) {
  test(`README in the frontend of Home Assistant ${version}`, async () => {
    const html = String(await render(path, README));
    assert.equal(count(html, /<img src="https:\/\/[^"]+"/g), count(README, /!\[/g));
    assert.equal(count(html, /<img\b/g), count(README, /!\[/g));
    assert.equal(count(html, /<a href="https:\/\/[^"]+"/g), count(html, /<a\b/g));
    assert.ok(count(html, /<a\b/g) > 30);
    assert.ok(html.includes("<h2"));
    assert.ok(!html.includes("&lt;"));
  });
}

test("HTML and relative addresses are not shown", async (context) => {
  const path = workers().get("2024.1.2");
  if (!path) return context.skip("Home Assistant 2024.1.2 is not installed");
  const html = String(await render(path, "<picture></picture> ![a](docs/images/a.png)"));
  assert.ok(html.includes("&lt;picture&gt;"));
  assert.ok(html.includes("<img src "));
});
