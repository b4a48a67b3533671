/** A shipped spec beside its paper: how the spec is made small, and the same small model from the equations. */

import { part, swiglu } from "../equations.js";
import type { Layer, LayerInput, Paper, Step } from "../language-model.js";
import type { Vec } from "../tape.js";

export interface PaperCase {
  /** file in `specs/`, without its ending */
  readonly spec: string;
  /** values in place of the spec's, as after `--set` */
  readonly set: Readonly<Record<string, string>>;
  /** the layers that the spec is expected to have */
  readonly layers: readonly (readonly Step[])[];
  /** the same where inferring differs from training */
  readonly inferring?: readonly (readonly Step[])[];
  /** the step of training that is looked at; 3 where not said */
  readonly step?: number;
  /** experts of a table's row, for designs with a table */
  readonly sees?: (id: number, layer: number) => readonly number[];
  /** further ways of choosing numbers that the design must survive; all of them where not said */
  readonly without?: readonly Variant[];
}

/** Router weights all 0: everything is tied; twins: every second expert has the scores of the one before. */
export type Variant = "tied" | "twins";

export const vocabulary = 13;
export const width = 8;
export const sequence = 6;
export const sequences = 2;

/** What makes a model of that name small; `layers` as after `repeat`. */
export const small = (model: string, layers = "2 of Layer"): Record<string, string> => ({
  [`${model}.repeat`]: layers,
  [`${model}.vocab`]: String(vocabulary),
  [`${model}.context`]: String(sequence),
  [`${model}.d_model`]: String(width),
  "Pretrain.tokenizer": 'file("tokenizer.json")',
  "Attend.heads": "2",
});

export const attend: Step = { name: "attend", attention: { heads: 2 } };

export const mixture = (paper: Paper, name = "mixture"): Step => ({ name, mixture: paper });

/** The same layer several times. */
export const repeat = (n: number, ...steps: readonly Step[]): Step[][] => Array.from({ length: n }, () => [...steps]);

/** Expert e of E of a layer's swiglu experts, with or without a limit. */
export const swigluExpert =
  ({ weight }: LayerInput, E: number, limit?: number, of = "experts") =>
  (e: number, x: Vec): Vec => {
    const [gate, up, down] = ["gate", "up", "down"].map((name) => part(weight(`${of}.${name}.weight`), e, E));
    return swiglu(gate!, up!, down!, x, limit);
  };

/** A feed-forward step of a swiglu. */
export const swigluStep: Step = {
  name: "feedforward",
  dense: (weight, x) => swiglu(weight("gate.weight"), weight("up.weight"), weight("down.weight"), x),
};

export type { Layer, LayerInput, Paper, Step };
