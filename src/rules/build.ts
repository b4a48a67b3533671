/**
 * What a routing rule computes: it reads the state that the slots before it left and returns what it changes.
 * The slots run in the order of the seven steps; nothing here knows which rules exist.
 */
import type { RuleArgs, RuleUse, Unit } from "../2-design/design.js";
import type { GraphBuilder } from "../3-graph/builder.js";
import type { Expr } from "../3-graph/expr.js";
import type { Term } from "../3-graph/expr-build.js";
import type { Axis, Value } from "../3-graph/graph.js";

/** What the mixture gives every rule. */
export interface RouterSite {
  readonly g: GraphBuilder;
  /** units [U, C] */
  readonly x: Value;
  /** U */
  readonly units: Axis;
  /** E */
  readonly experts: Axis;
  /** what is scored: the experts, or their slots [SL] where they read mixtures of units */
  readonly scored: Axis;
  /** the expert of each slot, as an expression in the slot's number; undefined where experts have no slots */
  readonly expertOfSlot: ((slot: Term) => Term) | undefined;
  readonly unit: Unit["kind"];
  /** V, for weights by token id */
  readonly vocab: Axis;
  /** units of one sequence lie together: how many there are */
  readonly unitsPerSequence: number;
  /** token ids of the units [U] i32 */
  readonly ids: () => Value;
  /** what the sequence of each unit begins with, n tokens of it [U, D]; nothing learns from it */
  readonly opening: (n: number) => Value;
  /** a weight of the router by its last names, e.g. `router.weight` */
  readonly param: (name: string, axes: readonly Axis[]) => Value;
  /** a table of this layer */
  readonly table: (name: string, form: "visible" | "experts") => Value;
  /** numbers kept between steps that an update changes; they start as `mixtureBuffers` says */
  readonly state: (name: string, axes: readonly Axis[]) => Value;
  /** random numbers of this use, a new stream for every rule of every layer */
  readonly random: (axes: readonly Axis[]) => Value;
  readonly training: boolean;
  /** text is being written: later units are not there yet */
  readonly sampling: boolean;
  /** scores of the predictor that stands in for a selection that looks ahead, made on demand */
  readonly predicted: (() => Value) | undefined;
  /** steps trained before this one [] f32 */
  readonly step: () => Value;
  /** what this router's last use, a layer before, scored [U, E]; undefined in the first layer */
  readonly previousScores: Value | undefined;
  /** whether an expert computes something: has weights of its own, unlike copies, zeros and constants */
  readonly computes: (expert: number) => boolean;
}

/** Scores of very many experts, of which only the best are looked at. */
export interface SplitScores {
  /** choices of a unit; each has k edges, those of the first choice first */
  readonly heads: number;
  /** the k best experts of every choice and their scores [U, heads·k] */
  readonly best: (k: number) => { readonly edges: Value; readonly scores: Value };
}

export interface RouterState {
  /** units [U, C] as the router sees them, where that is not as the experts do */
  readonly x?: Value;
  /** [U, E], the sum of all scores */
  readonly logits?: Value;
  /** [U, n], scores as they were made, where they are not one per expert */
  readonly scores?: Value;
  /** [U, E], the scores before any noise was added to them; undefined: no noise was */
  readonly clean?: Value;
  /** standard deviation of the normal noise of the scores, [U, E] or [] */
  readonly noiseSize?: Value;
  /** [U, E], scores of a light router that is taught to choose as this one does */
  readonly student?: Value;
  /** scores that nobody writes down for all experts; there are then no `logits` */
  readonly split?: SplitScores;
  /** scores of the chosen experts [U, K], where there are no others */
  readonly chosenScores?: Value;
  /** what makes the gate of a score, where only chosen experts have one */
  readonly gateOf?: (score: Expr) => Term;
  /** [U, E] u8 or f32 truth; undefined: every expert is legal */
  readonly legal?: Value;
  /** [U, E]; exactly 0 where an expert is not legal */
  readonly gate?: Value;
  /** which function made the gate, where its rows can be probabilities: those of `softmax` add up to 1, `other` ones once divided by their sum */
  readonly gateKind?: "softmax" | "other";
  /** [U, E], what is chosen by; undefined: the gate, or the logits */
  readonly key?: Value;
  /** the key is −inf for experts outside the groups that a unit may choose in, legal or not */
  readonly inGroups?: boolean;
  /** [U, K] i32, -1 for none */
  readonly edges?: Value;
  /** [U, K] i32, what was selected before some edges were left out at random; undefined where none were */
  readonly candidates?: Value;
  /** false where the edges of a unit do not stand best first */
  readonly inOrder?: boolean;
  /** most edges that any expert has, whatever the scores; undefined where nothing limits them */
  readonly room?: number;
  /** [U, K] */
  readonly weight?: Value;
  /** [B, S, SL], how much of each unit of a sequence a slot reads */
  readonly mixing?: Value;
  /** [U, SL], how much each slot counts for a unit */
  readonly slotWeight?: Value;
  readonly weightOnInput?: boolean;
  /** weights are those of the edges that a limit leaves */
  readonly weighsKept?: boolean;
  /** edges have gone to other experts than those that were weighed */
  readonly moved?: boolean;
  /** [U], what the unit itself counts in place of experts without room */
  readonly copied?: Value;
  /** units that no expert chose pass through unchanged; a truth value [] where that depends on the step */
  readonly restCopy?: boolean | Value;
  /** edges per expert before any limit [E] */
  readonly load?: Value;
  /** losses to be added to the total */
  readonly losses?: readonly Value[];
  /** updates that need the load or the edges before any limit, made once these are known */
  readonly afterLoad?: readonly ((load: Value, edges: Value) => { readonly target: Value; readonly value: Value })[];
  readonly updates?: readonly { readonly target: Value; readonly value: Value }[];
}

export type RuleBuild = (site: RouterSite, state: RouterState, args: RuleArgs, use: RuleUse) => RouterState;
