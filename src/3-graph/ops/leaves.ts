/** Values that come from outside: inputs, tables, weights, kept states. Their shape is what was declared. */
import { ensure } from "../internal.js";
import type { OpDefinition } from "./definition.js";

type Leaf = "input" | "data" | "param" | "state";

const declared: OpDefinition<Leaf>["shape"] = (op, inputs, wanted) => {
  ensure(inputs.length === 0 && wanted.length === 1, () => `${op.kind} ${op.name} must be declared with one shape`);
  return wanted;
};

export const input: OpDefinition<"input"> = { shape: declared };
export const data: OpDefinition<"data"> = { shape: declared };
export const param: OpDefinition<"param"> = { shape: declared };
export const state: OpDefinition<"state"> = { shape: declared };
