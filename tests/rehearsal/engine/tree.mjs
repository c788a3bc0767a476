// The parser's tokens as plain JSON: an expression becomes {"$expr", "$line"}, a step's mapping gets its "$line".
import { TokenType } from "@actions/workflow-parser/templates/tokens/types";
import { convertToIfCondition } from "@actions/workflow-parser/model/converter/if-condition";

const CONDITION = /^(jobs\/[^/]+(\/steps\/\d+)?|runs\/steps\/\d+)\/if$/;
const STEP = /^(jobs\/[^/]+|runs)\/steps\/\d+$/;

/** Conditions come out as expressions that hold a status function, `success() && (...)` where none is written. */
export function toTree(context, token, path = "") {
  if (CONDITION.test(path)) token = convertToIfCondition(context, token) ?? token;
  switch (token.templateTokenType) {
    case TokenType.Mapping: {
      const result = STEP.test(path) ? { $line: token.line } : {};
      for (const { key, value } of token) {
        const name = key.toString();
        if (key.isExpression) context.error(key, `the key ${name} is an expression: the rehearsal knows none`);
        result[name] = toTree(context, value, path ? `${path}/${name}` : name);
      }
      return result;
    }
    case TokenType.Sequence:
      return Array.from(token, (item, index) => toTree(context, item, `${path}/${index}`));
    case TokenType.BasicExpression:
      return { $expr: token.expression, $line: token.line };
    case TokenType.Null:
      return null;
    default:
      return token.value;
  }
}
