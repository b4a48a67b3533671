/** Codes 4xxx: shapes and numbers. Sizes that contradict each other, leave their range, or do not fit. */
import { count } from "./count.js";
import { error, type Family, warning } from "./entry.js";

export const shapeCodes = {
  MOE4001: error(
    "two sizes contradict each other",
    (p: { what: string; one: number; other: number }) =>
      `${p.what} is ${count(p.one)} in one place and ${count(p.other)} in another`,
  ),
  MOE4002: error(
    "attention heads do not divide the width",
    (p: { width: number; heads: number }) => `${count(p.width)} features cannot be split over ${count(p.heads)} heads`,
  ),
  MOE4003: error(
    "sub-token heads do not divide the width",
    (p: { width: number; heads: number }) =>
      `${count(p.width)} features cannot be split into ${count(p.heads)} equal sub-tokens`,
  ),
  MOE4004: error(
    "more experts are selected than there are",
    (p: { k: number; experts: number }) =>
      `${count(p.k)} experts are to be selected, but there are ${count(p.experts)}`,
  ),
  MOE4005: error(
    "router precision below f32",
    (p: { dtype: string }) => `the router computes in ${p.dtype}; routing needs f32`,
  ),
  MOE4006: error(
    "more parameters than the limit",
    // term: "experts: 10^12 × 3 × 256 × 512"
    (p: { parameters: bigint; limit: bigint; term: string }) =>
      `the model has ${count(p.parameters)} parameters, more than ${count(p.limit)}; most of them: ${p.term}`,
  ),
  MOE4007: error(
    "more memory than the limit",
    (p: { bytes: bigint; limit: bigint; term: string }) =>
      `training needs ${count(p.bytes)} bytes, more than ${count(p.limit)}; most of them: ${p.term}`,
  ),
  MOE4008: error(
    "a number out of range",
    // range: "at least 1", "between 0 and 1"
    (p: { what: string; value: number; range: string }) => `\`${p.what}\` must be ${p.range}, not ${count(p.value)}`,
  ),
  MOE4009: error(
    "a number that must be whole",
    (p: { what: string; value: number }) => `\`${p.what}\` must be a whole number, not ${count(p.value)}`,
  ),
  MOE4010: error(
    "key heads do not divide the heads",
    (p: { heads: number; kvHeads: number }) =>
      `${count(p.heads)} heads cannot share ${count(p.kvHeads)} key-value heads equally`,
  ),
  MOE4011: error(
    "rope needs an even head",
    (p: { headDim: number }) => `rope turns pairs of channels, and a head has ${count(p.headDim)}`,
  ),
  MOE4012: error("a repeat count that is too large", (p: { count: number; layers: number; limit: number }) =>
    p.layers === p.count
      ? `\`repeat ${count(p.count)}\` is more than the ${count(p.limit)} layers a model may have`
      : `\`repeat ${count(p.count)}\` makes ${count(p.layers)} layers, more than the ${count(p.limit)} a model may have`,
  ),
  MOE4013: error(
    "a batch that holds no whole sequence",
    (p: { batch: number; context: number }) =>
      `a batch of ${count(p.batch)} tokens is not a whole number of sequences of ${count(p.context)}`,
  ),
  MOE4014: error(
    "vocabulary sizes differ",
    (p: { model: number; tokenizer: number }) =>
      `the model knows ${count(p.model)} tokens, the tokenizer makes ${count(p.tokenizer)}`,
  ),
  MOE4015: error("a division by zero", (p: { what: string }) => `\`${p.what}\` divides by zero`),
  MOE4016: error(
    "a tier sees more experts than there are",
    (p: { tier: string; sees: number; experts: number }) =>
      `tier \`${p.tier}\` sees ${count(p.sees)} experts, but there are ${count(p.experts)}`,
  ),
  MOE4017: error(
    "a number too large to be exact",
    (p: { what: string }) => `\`${p.what}\` is larger than 2^53 and cannot be counted exactly`,
  ),
  MOE4018: warning(
    "a warm-up that never ends",
    (p: { warmup: number; steps: number }) =>
      `the warm-up takes ${count(p.warmup)} steps, the run only ${count(p.steps)}`,
  ),
  MOE4020: warning(
    "weights nobody optimises",
    (p: { weights: string }) => `no line optimises the ${p.weights}: they stay as they start`,
  ),
  MOE4021: error("weights that are optimised twice", (p: { weights: string }) => `two lines optimise the ${p.weights}`),
  MOE4022: error(
    "a layer that the model does not have",
    (p: { layer: number; layers: number }) =>
      `\`layers\` names layer ${count(p.layer)}, but the layers of the model are 0 to ${count(p.layers - 1)}`,
  ),
  MOE4023: error(
    "a merge of more or fewer models than there are experts",
    (p: { checkpoints: number; moe: string; experts: number }) =>
      `\`${p.moe}\` has ${count(p.experts)} experts, but is merged from ${count(p.checkpoints)} checkpoints`,
  ),
} as const satisfies Family<"4">;
