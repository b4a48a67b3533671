/**
 * Scalar expressions: the arithmetic inside a `map`. Truth values are 1 and 0. Kept as plain trees so
 * that the interpreter evaluates them, the gradient differentiates them, the planner fuses them by
 * substitution and every target prints them.
 */

export type Unary =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "rsqrt"
  | "recip"
  | "abs"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "cos"
  | "floor"
  | "not"
  | "sign";
export type BinaryOp = "add" | "sub" | "mul" | "div" | "min" | "max" | "lt" | "le" | "eq" | "and" | "or";

export type Expr =
  | { readonly op: "in"; readonly i: number }
  | { readonly op: "const"; readonly value: number }
  /** coordinate along an output axis */
  | { readonly op: "index"; readonly axis: string }
  | { readonly op: Unary; readonly a: Expr }
  | { readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly op: "select"; readonly c: Expr; readonly a: Expr; readonly b: Expr };
