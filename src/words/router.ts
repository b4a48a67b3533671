/** The slots of `router` and `allow`. The words of each slot are the rules (`src/rules`). */
import type { Slot } from "../2-design/design.js";
import { clause, count, phrase, text, value, word } from "./params.js";
import type { Clause, Line, Vocabulary } from "./pattern.js";

export interface SlotWord {
  readonly slot: Slot;
  readonly doc: string;
  readonly times: "1" | "0-1" | "0+";
  /** the rule that applies when none is written */
  readonly default?: { readonly rule: string; readonly why: string };
}

/** In the order of the seven steps. */
export const slots: readonly SlotWord[] = [
  { slot: "score", doc: "one number (logit) per unit and expert; several add up", times: "0+" },
  { slot: "noise", doc: "makes the scores of training less certain", times: "0+" },
  { slot: "mask", doc: "which experts a unit may see; several must all agree", times: "0+" },
  { slot: "gate", doc: "turns scores into how much an expert is wanted", times: "0-1" },
  { slot: "bias", doc: "added for choosing only, never part of the weight", times: "0+" },
  { slot: "group", doc: "lets a unit choose within a few groups of experts only", times: "0-1" },
  { slot: "select", doc: "which pairs of unit and expert become edges", times: "1" },
  {
    slot: "rest",
    doc: "what a unit without an edge gives",
    times: "0-1",
    default: { rule: "copy", why: "a unit nobody chose is not lost" },
  },
  { slot: "dispatch", doc: "what an expert reads, when it is not single units", times: "0-1" },
  { slot: "weight", doc: "how much the output of an expert counts", times: "1" },
  {
    slot: "limit",
    doc: "how many edges an expert takes",
    times: "0-1",
    default: { rule: "none", why: "nothing is dropped unless asked for" },
  },
  { slot: "balance", doc: "what keeps the experts evenly used", times: "0+" },
];

/** Words any rule may take: when it applies. */
export const whenClauses: readonly Clause[] = [
  clause(
    "while",
    value(word("while", ["training", "inferring"], "in which phase the rule applies", { optional: true })),
    "in which phase the rule applies",
  ),
  {
    words: ["until"],
    arg: "until",
    doc: "the rule applies in the first so many steps only",
    pieces: [stepPiece("until")],
  },
  { words: ["from"], arg: "from_", doc: "the rule applies after so many steps", pieces: [stepPiece("from_")] },
];

function stepPiece(arg: string) {
  const step = { name: "step", doc: "a training step", params: [count(`${arg}_step`, "the step")] };
  return { piece: "choice", arg, doc: "a training step", choices: [step] } as const;
}

/** Waivers. */
export const waivers = ["lookahead", "imbalance", "drop"] as const;

export const allowLine: Line = phrase(
  "allow",
  "Says that something unusual is meant.",
  [value(word("what", waivers, "what is allowed"))],
  {
    times: "0+",
    clauses: [clause("because", value(text("because", "the reason", { optional: true })), "the reason")],
    example: 'allow lookahead because "encoder only"',
  },
);

/** The slots as lines; their words come from the rules. */
export const routerWords: Vocabulary = {
  name: "router",
  a: "a router",
  doc: "Turns units into edges to experts: unit → score → legal → select → weight → limit → balance.",
  lines: [
    ...slots.map(
      ({ slot, doc, times }): Line => ({
        name: slot,
        doc,
        shape: "phrase",
        times,
        pieces: [],
        clauses: [],
        example: slot,
      }),
    ),
    allowLine,
  ],
};
