/** Arithmetic of the language: expressions over named numbers. NaN stands for "wrong, and already reported". */
import type { Binary, Expr, Ref } from "../../1-syntax/ast.js";
import { suggest } from "../../diagnostics/suggest.js";
import { describe, exprText, refPath } from "./expr-text.js";
import { complain, didYouMean } from "./report.js";
import type { Reader } from "./session.js";

/** The number of an expression; `what` names the setting for messages. */
export function evaluate(expr: Expr, what: string, reader: Reader): number {
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "binary":
      return binary(expr, what, reader);
    case "ref":
      return reference(expr, what, reader);
    default:
      return wrongType(expr, what, "a number", reader);
  }
}

/** Reports that something else was expected; always NaN. */
export function wrongType(expr: Expr, what: string, expected: string, { source, report }: Reader): number {
  complain(report, "MOE2006", { what, expected, found: describe(expr) }, { source, span: expr.span });
  return Number.NaN;
}

function binary(expr: Binary, what: string, reader: Reader): number {
  const left = evaluate(expr.left, what, reader);
  const right = evaluate(expr.right, what, reader);
  switch (expr.op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? divisionByZero(expr, reader) : left / right;
    default:
      return wrongType(expr, what, "a number", reader);
  }
}

function divisionByZero(expr: Binary, { source, report }: Reader): number {
  complain(report, "MOE4015", { what: exprText(expr) }, { source, span: expr.right.span });
  return Number.NaN;
}

/** What exists only while the model runs. */
const runtimeNames: readonly string[] = ["token_id", "position", "step", "loss", "load"];

function reference(ref: Ref, what: string, reader: Reader): number {
  if (ref.args || ref.index) return wrongType(ref, what, "a number", reader);
  const name = refPath(ref);
  const found = reader.names.lookup(name);
  if (found !== undefined) return found;
  const site = { source: reader.source, span: ref.span };
  if (runtimeNames.includes(name)) {
    complain(reader.report, "MOE2026", { what: `\`${name}\`` }, site);
    return Number.NaN;
  }
  const nearest = suggest(name, reader.names.all());
  complain(reader.report, "MOE2002", { kind: "number", name }, site, { help: didYouMean(site, nearest) });
  return Number.NaN;
}
