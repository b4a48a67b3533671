/**
 * What a routing rule is: one word of one slot, described as data in one file `src/rules/<slot>/<name>.ts`. The
 * description feeds checking, `explain`, completion, formatting, diff and the reference docs; `facts` feeds dispatch;
 * `build` says what the rule computes, as nodes of the graph. A rule without `build` can be checked, not compiled.
 */
import type { Init, RuleArgs, Slot, Table, Unit } from "../2-design/design.js";
import type { Clause, Param, Piece } from "../words/pattern.js";
import type { Amount } from "./amounts.js";
import type { RuleBuild } from "./build.js";

/** What a rule may ask about the mixture it routes for. */
export interface RuleContext {
  /** E */
  readonly experts: number;
  readonly unit: Unit;
  readonly tables: Readonly<Record<string, Table>>;
}

/** What dispatch may rely on. A fact that is not stated is not known. */
export interface Facts {
  /** most edges a unit can have */
  readonly edgesPerUnit?: number;
  /** every unit has exactly `edgesPerUnit` edges as long as that many experts are legal for it */
  readonly exactEdges?: boolean;
  /** every expert takes the same number of units of the batch or of each sequence */
  readonly rowsPerExpert?: Amount;
  /** every sequence chooses so many of its units; the others have no edge */
  readonly unitsPerSequence?: Amount;
  /** the token id alone decides the experts of every unit */
  readonly route?: "table";
  /** name of the table that says which experts are legal, or which are chosen */
  readonly table?: string;
  /** most experts that are legal for a unit */
  readonly legalPerUnit?: number;
  /** units of some tier see one expert only, so their route is known before scoring */
  readonly someRoutesKnown?: boolean;
  /** every legal pair of unit and expert is an edge */
  readonly allEdges?: boolean;
  /** reads the logits of every expert, so none may be left out */
  readonly readsAllLogits?: boolean;
  /** edges may be removed after selection */
  readonly drops?: boolean;
  /** at most ceil(room·k·U/E) edges per expert */
  readonly room?: number;
  /** the experts see the weighted input and their output is not weighted again */
  readonly weightOnInput?: boolean;
  /** a unit chooses so many times over: its edges are so many times `edgesPerUnit`, and may name an expert twice */
  readonly choices?: number;
}

/** Sizes that the weights of a rule are made of. */
export interface RuleSizes {
  /** E */
  readonly experts: number;
  /** how many numbers a score makes for a unit: E, or the slots of all experts where they read mixtures of units */
  readonly scored: number;
  /** C, of the units */
  readonly width: number;
  /** D, of tokens */
  readonly model: number;
  /** V */
  readonly vocab: number;
  /** how many numbers foretell the choice of a unit: E where experts choose, 1 where sequences do */
  readonly foretold: number;
}

/** A weight that a rule learns. */
export interface RuleWeight {
  /** last part of its name: `weight` of a score is `router.weight`, and `router.1.weight` of a second one */
  readonly name: string;
  readonly shape: readonly number[];
  /** how it starts, whatever the spec says of the router's weights; drawn like all matrices unless said */
  readonly init?: Init;
}

/** Numbers that a rule keeps between steps and moves itself. */
export interface RuleState {
  /** last part of its name: `router.load_bias` is `load_bias` */
  readonly name: string;
  readonly shape: readonly number[];
  /** what every number is at the start; 0 unless said */
  readonly init?: number;
}

/** What a rule needs from the steps before it. */
export type Need = "scores" | "gate" | "mask" | "ids" | "key" | "noise" | "student";

export interface Rule {
  readonly slot: Slot;
  readonly name: string;
  /** one sentence */
  readonly doc: string;
  /** the same for one use of it, where its arguments change what it does; `doc` unless said */
  readonly means?: (args: RuleArgs) => string;
  /** a line that uses it */
  readonly example: string;
  /** arguments in parentheses, in the order in which they may stand without a name */
  readonly params: readonly Param[];
  /** number before the rule's name: `group 8 keep …` */
  readonly lead?: Param;
  /** the rule is written as `Name[key]`, and its arguments are `table` and `key` */
  readonly indexed?: boolean;
  /** what must follow the name: `keep top(4)` */
  readonly head?: readonly Piece[];
  /** words that may follow */
  readonly clauses: readonly Clause[];
  readonly needs: readonly Need[];
  /** what it needs besides with some arguments */
  readonly needsMore?: (args: RuleArgs) => readonly Need[];
  /** whether it can do without the scores of all experts, as behind product keys; no unless said */
  readonly fewScores?: (args: RuleArgs) => boolean;
  /** whether it looks at units that come later in the sequence */
  readonly looksAhead?: (args: RuleArgs) => boolean;
  readonly facts?: (args: RuleArgs, context: RuleContext) => Facts;
  /** what it learns, under the names that `build` asks for */
  readonly weights?: (args: RuleArgs, sizes: RuleSizes) => readonly RuleWeight[];
  /** what it keeps between steps */
  readonly state?: (args: RuleArgs, sizes: Pick<RuleSizes, "experts">) => readonly RuleState[];
  readonly build?: RuleBuild;
}

/** Describes a rule; the only thing a rule file exports. */
export function defineRule(rule: Rule): Rule {
  return rule;
}
