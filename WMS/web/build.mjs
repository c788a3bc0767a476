// Builds the page into WMS/src/wms/serving/web: bundled modules with their hash in the name, ONNX Runtime Web as it is.
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../src/wms/serving/web");
const dist = join(here, "node_modules/onnxruntime-web/dist");
const { version } = JSON.parse(readFileSync(join(here, "node_modules/onnxruntime-web/package.json"), "utf8"));
const runtime = `ort-${version}`;

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, runtime), { recursive: true });

// It finds its WebAssembly beside itself, and starts its threads from its own file: so it is not bundled.
for (const name of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
  copyFileSync(join(dist, name), join(out, runtime, name));
}

const options = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "linked", outdir: out, write: true };
const hashed = async (name, extra = {}) => {
  const done = await esbuild.build({ ...options, ...extra, entryPoints: [join(here, "src", name)], entryNames: "[name]-[hash]", metafile: true });
  return Object.keys(done.metafile.outputs).map((path) => path.split("/").at(-1)).find((path) => /\.(js|css)$/.test(path));
};
const worker = await hashed("worker.js", { define: { RUNTIME: JSON.stringify(`./${runtime}/`) } });
const app = await hashed("app.js", { define: { WORKER: JSON.stringify(`./${worker}`) } });
const style = await hashed("style.css");
const page = readFileSync(join(here, "src/index.html"), "utf8").replace("style.css", style).replace("app.js", app);
writeFileSync(join(out, "index.html"), page);
cpSync(join(here, "src/icon.svg"), join(out, "icon.svg"));
copyFileSync(join(here, "node_modules/fflate/LICENSE"), join(out, "fflate-LICENSE.txt"));
writeFileSync(join(out, runtime, "LICENSE.txt"), "ONNX Runtime: MIT License, Copyright (c) Microsoft Corporation\nhttps://github.com/microsoft/onnxruntime/blob/main/LICENSE\n");

const shell = ["./", app, style, worker, "icon.svg"];
const build = createHash("sha256").update(page).update(runtime).digest("hex").slice(0, 12);
const define = { SHELL: JSON.stringify(shell), BUILD: JSON.stringify(build) };
await esbuild.build({ ...options, define, entryPoints: [join(here, "src/sw.js")], format: "iife" });
console.log(`${readdirSync(out).length} files in ${out}`);
