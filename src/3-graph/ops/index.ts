/** Every op, by kind. A new op is one file and one line here; the compiler refuses until it is complete. */
import { admit } from "./admit.js";
import { assign } from "./assign.js";
import { attention } from "./attention.js";
import { attentionGrad } from "./attention-grad.js";
import { bucket } from "./bucket.js";
import { contract } from "./contract.js";
import type { Kind, OpDefinition } from "./definition.js";
import { experts } from "./experts.js";
import { histogram } from "./histogram.js";
import { data, input, param, state } from "./leaves.js";
import { map } from "./map.js";
import { partition } from "./partition.js";
import { pick } from "./pick.js";
import { put } from "./put.js";
import { random } from "./random.js";
import { rank } from "./rank.js";
import { reduce } from "./reduce.js";
import { rope } from "./rope.js";
import { scatterAdd } from "./scatter-add.js";
import { spread } from "./spread.js";
import { stop } from "./stop.js";
import { take } from "./take.js";
import { topK } from "./top-k.js";
import { view } from "./view.js";

const table: { readonly [K in Kind]: OpDefinition<K> } = {
  input,
  data,
  param,
  state,
  map,
  reduce,
  contract,
  view,
  take,
  scatterAdd,
  put,
  pick,
  spread,
  topK,
  rank,
  admit,
  assign,
  histogram,
  partition,
  bucket,
  rope,
  attention,
  attentionGrad,
  random,
  stop,
  experts,
};

/** The definition of an op; it takes ops of that kind and no other. */
export function definitionOf<K extends Kind>(kind: K): OpDefinition<K> {
  return table[kind];
}

/** Names of all ops, in the order of the table. */
export const kinds = Object.keys(table) as readonly Kind[];
