// Expressions, by GitHub's lexer, parser and evaluator; the functions that depend on a run are given here.
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { replacer } from "@actions/expressions/data/replacer";
import { reviver } from "@actions/expressions/data/reviver";
import { truthy } from "@actions/expressions/result";

/**
 * Every expression of a tree replaced by its value.
 *
 * `form` is "value" (JSON), "text" (every leaf as the string that a step would see) or "truth" (for a condition).
 * `status` is {success, failure, cancelled}.
 */
export function evaluateTree(tree, { contexts, status, form, hashFiles }) {
  const known = JSON.parse(JSON.stringify(contexts), reviver);
  const functions = statusFunctions(status, hashFiles);
  const names = Object.keys(contexts);
  const evaluate = ({ $expr, $line }) => {
    try {
      const parsed = new Parser(new Lexer($expr).lex().tokens, names, functions).parse();
      return new Evaluator(parsed, known, new Map(functions.map((f) => [f.name, f]))).evaluate();
    } catch (error) {
      throw new Error(`line ${$line}: ${error.message} in \${{ ${$expr} }}`, { cause: error });
    }
  };
  const leaf = (value) => {
    if (form === "truth") return truthy(value);
    if (form === "text") return value.coerceString();
    return JSON.parse(JSON.stringify(value, replacer));
  };
  const walk = (node) => {
    if (Array.isArray(node)) return node.map(walk);
    if (node === null || typeof node !== "object") return leaf(reviver("", node));
    if ("$expr" in node) return leaf(evaluate(node));
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
  };
  return walk(tree);
}

function statusFunctions(status, hashFiles) {
  const yes = (value) => new data.BooleanData(value);
  const hashed = (...patterns) => new data.StringData(hashFiles(patterns.map((p) => p.coerceString()).join("\n")));
  return [
    { name: "always", minArgs: 0, maxArgs: 0, call: () => yes(true) },
    { name: "cancelled", minArgs: 0, maxArgs: 0, call: () => yes(status.cancelled) },
    { name: "success", minArgs: 0, maxArgs: 0, call: () => yes(status.success) },
    { name: "failure", minArgs: 0, maxArgs: 0, call: () => yes(status.failure) },
    { name: "hashfiles", minArgs: 1, maxArgs: 255, call: hashed },
  ];
}
