// One function a request: parse, evaluate, glob.
import * as glob from "@actions/glob";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";
import { evaluateTree } from "./expressions.mjs";
import { toTree } from "./tree.mjs";

const SERVICES = { parse, evaluate, find };

/** Answers `{result}`, or `{errors: [text]}` where the request is at fault. */
export async function serve({ op, ...request }) {
  try {
    return await SERVICES[op](request);
  } catch (error) {
    return { errors: [error.message] };
  }
}

async function parse({ kind, file, content }) {
  const read = kind === "action" ? parseAction : parseWorkflow;
  const { context, value } = read({ name: file, content }, new NoOperationTraceWriter());
  let result;
  if (value && context.errors.count === 0) {
    // The conversion finds what the schema cannot: unknown needs, circles, ids given twice.
    if (kind === "workflow") await convertWorkflowTemplate(context, value);
    result = toTree(context, value);
  }
  const errors = context.errors.getErrors().map((error) => {
    const start = error.range?.start;
    return `${file}${start ? `:${start.line}:${start.column}` : ""}: ${error.rawMessage}`;
  });
  return errors.length ? { errors } : { result };
}

/** Evaluation is synchronous, hashing is not: what hashFiles() needs is hashed, then it is evaluated again. */
async function evaluate({ tree, contexts, status, form, workspace }) {
  const hashes = new Map();
  for (;;) {
    const wanted = [];
    const hashFiles = (patterns) => {
      if (!hashes.has(patterns)) wanted.push(patterns);
      return hashes.get(patterns) ?? "";
    };
    const result = evaluateTree(tree, { contexts, status, form, hashFiles });
    if (!wanted.length) return { result };
    for (const patterns of wanted) hashes.set(patterns, await hash(patterns, workspace));
  }
}

async function hash(patterns, workspace) {
  if (!workspace) throw new Error("hashFiles() is only known in the steps of a job");
  process.chdir(workspace);
  return glob.hashFiles(patterns, workspace);
}

async function find({ folder, patterns }) {
  process.chdir(folder);
  const globber = await glob.create(patterns.join("\n"), { matchDirectories: false, excludeHiddenFiles: true });
  return { result: { files: await globber.glob(), roots: globber.getSearchPaths() } };
}
