// Answers one JSON request a line with one JSON reply a line. It does what only GitHub's own libraries can do
// right: read workflow and action files, evaluate expressions, match globs. Python decides everything else.
import { register } from "node:module";
import { createInterface } from "node:readline";

// The parser imports its schema as JSON without import attributes, which Node refuses.
const JSON_AS_MODULE = `
  import { readFile } from "node:fs/promises";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    const source = "export default " + (await readFile(new URL(url), "utf8"));
    return { format: "module", shortCircuit: true, source };
  }`;
register("data:text/javascript," + encodeURIComponent(JSON_AS_MODULE));

// @actions/glob writes debug lines to the standard output, which belongs to the replies.
const reply = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;

const { serve } = await import("./requests.mjs");
for await (const line of createInterface({ input: process.stdin })) {
  reply(JSON.stringify(await serve(JSON.parse(line))) + "\n");
}
