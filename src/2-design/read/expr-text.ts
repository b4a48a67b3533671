/** Expressions as text, the way the formatter writes them. For provenance, messages and `explain`. */
import type { Arg, Binary, Expr } from "../../1-syntax/ast.js";

const strength: Readonly<Record<Binary["op"], number>> = {
  "<": 1,
  "<=": 1,
  ">": 1,
  ">=": 1,
  "==": 1,
  "!=": 1,
  "+": 2,
  "-": 2,
  "*": 3,
  "/": 3,
};

/** The text of an expression; numbers as they were written. */
export function exprText(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return expr.text;
    case "string":
      return JSON.stringify(expr.value);
    case "list":
      return `[${expr.items.map(exprText).join(", ")}]`;
    case "binary":
      return `${operand(expr.left, strength[expr.op])} ${expr.op} ${operand(expr.right, strength[expr.op] + 1)}`;
    case "ref": {
      const args = expr.args ? `(${expr.args.map(argText).join(", ")})` : "";
      const index = expr.index ? `[${exprText(expr.index)}]` : "";
      return refPath(expr) + args + index;
    }
  }
}

/** The texts of the words of a phrase, with single spaces; an expression that is not one word gets its parentheses. */
export function atomsText(atoms: readonly Expr[]): string {
  return atoms.map((atom) => (atom.kind === "binary" ? `(${exprText(atom)})` : exprText(atom))).join(" ");
}

/** The names of a reference, joined by dots. */
export function refPath(ref: { readonly path: readonly { readonly text: string }[] }): string {
  return ref.path.map((name) => name.text).join(".");
}

/** What an expression is, with its article, for messages. */
export function describe(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return `the number ${expr.text}`;
    case "string":
      return `the text ${JSON.stringify(expr.value)}`;
    case "list":
      return "a list";
    case "binary":
      return "an expression";
    case "ref":
      return `\`${exprText(expr)}\``;
  }
}

function argText(arg: Arg): string {
  return arg.name ? `${arg.name.text}: ${exprText(arg.value)}` : exprText(arg.value);
}

function operand(expr: Expr, least: number): string {
  const text = exprText(expr);
  return expr.kind === "binary" && strength[expr.op] < least ? `(${text})` : text;
}
