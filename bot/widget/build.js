/**
 * Builds the widget into built/: the module under a name with its hash, the loader that knows this name, one line that
 * gives the module a lasting address, the licences, and a manifest with the hashes of what all this was made from.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = new URL("./", import.meta.url);
const target = process.argv[2] ? new URL(`file://${process.argv[2].replace(/\/?$/, "/")}`) : new URL("built/", here);
const banner = "/*! Kefu widget, Apache-2.0. Contains Lit (BSD-3-Clause, Google LLC): see licenses.txt beside this file. */";

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });

const [code] = await bundled("src/index.ts", "es");
const name = `kefu-${sha256(code).slice(0, 12)}.js`;
await writeFile(new URL(name, target), code);
const [loader] = await bundled("src/loader.ts", "iife", { __MODULE__: JSON.stringify(name) });
await writeFile(new URL("widget.js", target), loader);
await writeFile(new URL("module.js", target), `export { KefuWidget } from "./${name}";\n`);
await cp(new URL("node_modules/lit/LICENSE", here), new URL("licenses.txt", target));
await writeFile(new URL("manifest.json", target), `${JSON.stringify(await manifest(), null, 2)}\n`);

async function bundled(entry, format, define = {}) {
  const result = await build({
    root: fileURLToPath(here),
    configFile: false,
    logLevel: "warn",
    define: { "process.env.NODE_ENV": '"production"', ...define },
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: fileURLToPath(new URL(entry, here)),
        preserveEntrySignatures: "strict",
        output: { format, comments: false },
      },
    },
  });
  const [{ output }] = Array.isArray(result) ? result : [result];
  return output.map((chunk) => `${banner}\n${chunk.code.trim()}\n`);
}

/** What the result depends on: sources and locked versions, by their hashes, and the files that came of them. */
async function manifest() {
  const sources = (await readdir(new URL("src/", here))).sort().map((file) => `src/${file}`);
  const inputs = ["build.js", "package.json", "package-lock.json", "tsconfig.json", ...sources];
  return { inputs: await hashes(inputs, here), outputs: await hashes((await readdir(target)).sort(), target) };
}

async function hashes(names, folder) {
  const each = await Promise.all(names.map(async (file) => [file, sha256(await readFile(new URL(file, folder)))]));
  return Object.fromEntries(each);
}

function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}
