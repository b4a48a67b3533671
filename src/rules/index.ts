/**
 * Every routing rule there is, slot by slot in the order of the seven steps. To add one: a file and a line here.
 */
import type { RuleUse, Slot } from "../2-design/design.js";
import { communication } from "./balance/communication.js";
import { device } from "./balance/device.js";
import { distill } from "./balance/distill.js";
import { entropy } from "./balance/entropy.js";
import { gshard } from "./balance/gshard.js";
import { importance } from "./balance/importance.js";
import { l1 } from "./balance/l1.js";
import { load } from "./balance/load.js";
import { mutualInformation } from "./balance/mutual-information.js";
import { predictor } from "./balance/predictor.js";
import { sequence } from "./balance/sequence.js";
import { stable } from "./balance/stable.js";
import { switchLoss } from "./balance/switch.js";
import { zLoss } from "./balance/z-loss.js";
import { loadBalance } from "./bias/load-balance.js";
import { quantileBias } from "./bias/quantile.js";
import { softmax as dispatchSoftmax } from "./dispatch/softmax.js";
import { identity } from "./gate/identity.js";
import { relu } from "./gate/relu.js";
import { sigmoid } from "./gate/sigmoid.js";
import { softmax as gateSoftmax } from "./gate/softmax.js";
import { sqrtSoftplus } from "./gate/sqrt-softplus.js";
import { keep } from "./group/keep.js";
import { capacity } from "./limit/capacity.js";
import { none } from "./limit/none.js";
import { table as maskTable } from "./mask/table.js";
import { gaussian } from "./noise/gaussian.js";
import { gumbel } from "./noise/gumbel.js";
import { jitter } from "./noise/jitter.js";
import { copy } from "./rest/copy.js";
import { zero } from "./rest/zero.js";
import type { Need, Rule } from "./rule.js";
import { cosine } from "./score/cosine.js";
import { embedding } from "./score/embedding.js";
import { linear } from "./score/linear.js";
import { mlp } from "./score/mlp.js";
import { productKeys } from "./score/product-keys.js";
import { above } from "./select/above.js";
import { all } from "./select/all.js";
import { balanced } from "./select/balanced.js";
import { mass } from "./select/mass.js";
import { positive } from "./select/positive.js";
import { table as selectTable } from "./select/table.js";
import { top } from "./select/top.js";
import { gate as weightGate } from "./weight/gate.js";
import { intuition } from "./weight/intuition.js";
import { one } from "./weight/one.js";
import { softmax as weightSoftmax } from "./weight/softmax.js";

export const rules: readonly Rule[] = [
  linear,
  cosine,
  mlp,
  productKeys,
  embedding,
  jitter,
  gaussian,
  gumbel,
  maskTable,
  gateSoftmax,
  sigmoid,
  relu,
  sqrtSoftplus,
  identity,
  loadBalance,
  quantileBias,
  keep,
  top,
  mass,
  above,
  positive,
  all,
  balanced,
  selectTable,
  copy,
  zero,
  dispatchSoftmax,
  weightGate,
  weightSoftmax,
  intuition,
  one,
  none,
  capacity,
  switchLoss,
  gshard,
  device,
  communication,
  sequence,
  zLoss,
  importance,
  load,
  entropy,
  l1,
  stable,
  distill,
  mutualInformation,
  predictor,
];

/** The rule of a name in a slot; undefined if there is none. */
export function findRule(slot: Slot, name: string): Rule | undefined {
  return rules.find((rule) => rule.slot === slot && rule.name === name);
}

/** What a line needs from the steps before it. */
export function needsOf({ slot, rule, args }: RuleUse): readonly Need[] {
  const found = findRule(slot, rule);
  return [...(found?.needs ?? []), ...(found?.needsMore?.(args) ?? [])];
}

/** The rules of a slot, in the order of the list. */
export function rulesOf(slot: Slot): readonly Rule[] {
  return rules.filter((rule) => rule.slot === slot);
}
