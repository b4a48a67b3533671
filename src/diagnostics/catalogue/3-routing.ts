/** Codes 3xxx: the routing relation does not hold together. All are reported by stage 2. */
import { error, type Family, type NoParams, warning } from "./entry.js";

export const routingCodes = {
  MOE3001: error(
    "a routing slot is empty",
    (p: { router: string; slot: string }) => `router of \`${p.router}\` has no \`${p.slot}\``,
  ),
  MOE3002: error(
    "a routing slot is filled twice",
    (p: { router: string; slot: string }) => `router of \`${p.router}\` has more than one \`${p.slot}\``,
  ),
  MOE3003: error(
    "a rule reads a gate that was never made",
    (p: { rule: string }) => `\`${p.rule}\` reads a gate, but the router makes none`,
  ),
  MOE3004: error(
    "`over visible` without a mask",
    (p: { rule: string }) => `\`${p.rule} over visible\` needs a mask: every expert is visible here`,
  ),
  MOE3005: error(
    "groups do not divide the experts",
    (p: { experts: number; groups: number }) => `${p.experts} experts cannot be split into ${p.groups} equal groups`,
  ),
  MOE3006: error(
    "the groups that are kept hold too few experts",
    (p: { kept: number; k: number }) =>
      `the groups that are kept hold ${p.kept} experts, but ${p.k} are to be selected`,
  ),
  MOE3007: error(
    "a table row with no expert",
    (p: { table: string; tier: string }) => `tier \`${p.tier}\` of table \`${p.table}\` sees no expert`,
  ),
  MOE3008: error(
    "a selection that looks ahead in a causal model",
    (p: { rule: string }) => `\`${p.rule}\` looks at later tokens, and the model is causal`,
  ),
  MOE3009: warning(
    "a balance loss with nothing to learn",
    (p: { rule: string; table: string }) =>
      `\`${p.rule}\` has nothing to learn: table \`${p.table}\` alone decides the route`,
  ),
  MOE3010: warning(
    "capacity together with units that see one expert",
    (p: { table: string; tier: string }) =>
      `units of tier \`${p.tier}\` see one expert only: capacity can drop them for good`,
  ),
  MOE3011: warning(
    "copy or zero experts counted in a capacity",
    (p: { kind: string; count: number }) =>
      `${p.count} \`${p.kind}\` ${p.count === 1 ? "expert costs" : "experts cost"} nothing, but capacity counts ${p.count === 1 ? "it" : "them"}`,
  ),
  MOE3012: error(
    "a table whose tiers leave ids out",
    (p: { table: string }) => `the tiers of table \`${p.table}\` do not cover every id`,
  ),
  MOE3013: warning(
    "a learned router that nothing keeps balanced",
    (p: { router: string }) => `nothing keeps the router of \`${p.router}\` balanced`,
  ),
  MOE3014: error("a waiver without a reason", (p: { waiver: string }) => `\`allow ${p.waiver}\` gives no reason`),
  MOE3015: warning(
    "a waiver that waives nothing",
    (p: { waiver: string }) => `\`allow ${p.waiver}\` waives nothing here`,
  ),
  MOE3016: error(
    "a rule along an axis it does not know",
    (p: { rule: string; per: string }) => `\`${p.rule}\` cannot choose per ${p.per}`,
  ),
  MOE3017: error(
    "`per` names something else than the unit",
    (p: { per: string; unit: string }) => `the selection is per ${p.per}, but what is routed is the ${p.unit}`,
  ),
  MOE3018: error(
    "a rule that reads scores where there are none",
    (p: { rule: string }) => `\`${p.rule}\` reads scores, but the router makes none`,
  ),
  MOE3019: error("a mixture without experts", (p: { moe: string }) => `moe \`${p.moe}\` has no experts`),
  MOE3020: error(
    "a table that belongs to another mixture",
    (p: { table: string; of: string; used: string }) =>
      `table \`${p.table}\` is a subset of \`${p.of}.experts\`, but \`${p.used}\` uses it`,
  ),
  MOE3021: error(
    "several tiers are `otherwise`",
    (p: { table: string }) => `table \`${p.table}\` has two tiers \`otherwise\``,
  ),
  MOE3022: error(
    "a normalising weight over nothing",
    (p: { rule: string }) => `\`${p.rule}\` divides by the gates of the selected experts, but their sum may be 0`,
  ),
  MOE3023: error("a table without rows", (_: NoParams) => "a table needs at least one `tier`, or `assign file(…)`"),
  MOE3030: error(
    "rules of one slot that hold at the same time",
    // when: "from step 100 on"
    (p: { router: string; slot: string; when: string }) =>
      `router of \`${p.router}\` has more than one \`${p.slot}\` ${p.when}`,
  ),
  MOE3031: error(
    "a slot that is empty in some steps",
    (p: { router: string; slot: string; when: string }) => `router of \`${p.router}\` has no \`${p.slot}\` ${p.when}`,
  ),
  MOE3032: error(
    "a rule reads something that no line makes",
    // what: "a student"
    (p: { rule: string; what: string }) => `\`${p.rule}\` reads ${p.what}, but the router makes none`,
  ),
  MOE3033: error(
    "a target for experts that compute, where all do",
    (p: { moe: string }) => `\`target\` leaves edges for experts that compute nothing, but \`${p.moe}\` has none`,
  ),
  MOE3034: error(
    "a rule that needs the score of every expert, behind product keys",
    (p: { rule: string }) => `\`${p.rule}\` needs the score of every expert, and product keys score the best ones only`,
  ),
  MOE3040: error(
    "a block that needs a fixed number of tokens of every sequence",
    // what: "attention", "attention to all positions", "a mixture"
    (p: { block: string; moe: string; what: string; rule: string }) =>
      `block \`${p.block}\` as an expert of \`${p.moe}\` has ${p.what}: it needs a fixed number of tokens of every sequence, and \`select ${p.rule}\` does not give one`,
  ),
  MOE3041: error(
    "a block or an attention as an expert of something that is no token",
    // kind: "block", "attention"
    (p: { kind: string; part: string; moe: string; unit: string }) =>
      `${p.kind} \`${p.part}\` works on tokens, but \`${p.moe}\` routes a ${p.unit}`,
  ),
  MOE3042: error(
    "several attentions as experts of one mixture",
    (p: { moe: string; first: string; second: string }) =>
      `the experts of \`${p.moe}\` look into the keys and values of \`${p.first}\`, so that they cannot be \`${p.second}\` too`,
  ),
  MOE3050: error(
    "a rule that does not go with mixed units",
    (p: { rule: string; needs: string; with: string }) =>
      `\`${p.rule}\` does not go with \`${p.with}\`, which needs ${p.needs}`,
  ),
  MOE3051: error(
    "slots that nothing fills",
    (p: { rule: string; needs: string }) => `\`${p.rule}\` needs ${p.needs}: nothing is mixed into slots here`,
  ),
  MOE3052: error(
    "a predictor with nothing to predict",
    (p: { rule: string; select: string }) =>
      `\`${p.rule}\` has nothing to stand in for: \`${p.select}\` is not foretold`,
  ),
  MOE3053: error(
    "adjugates of experts that are not chosen one by one",
    (p: { moe: string; word: string }) => `the adjugates of \`${p.moe}\` do not go with \`${p.word}\``,
  ),
  MOE3054: warning(
    "a bias that changes nothing",
    (p: { bias: string; select: string }) =>
      `\`bias ${p.bias}\` changes nothing: \`select ${p.select}\` ranks no experts`,
  ),
} as const satisfies Family<"3">;
