/** Small whole designs from text, and numbers for everything their graphs are given from outside. */

import type { Design } from "../../../src/2-design/design.js";
import { sizeOf } from "../../../src/3-graph/axes.js";
import type { Graph, Op, Value } from "../../../src/3-graph/graph.js";
import { interpret, type Run } from "../../../src/3-graph/interpreter.js";
import { buildProgram, type ProgramName } from "../../../src/3-graph/programs.js";
import { type Tensor, tensor } from "../../../src/3-graph/tensor.js";
import { verify } from "../../../src/3-graph/verify.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../../src/4-dispatch/rewrites/index.js";
import { checkSpec } from "../../../src/pipeline.js";
import { rotaryTable } from "../../numerics/tables.js";
import { noise } from "../run.js";

export interface Words {
  readonly unit?: string;
  readonly experts?: string;
  readonly shared?: string;
  /** lines of the table `Visible`; none: no table */
  readonly tiers?: string;
  readonly router: string;
  readonly layers?: number;
  readonly train?: string;
}

export const B = 2;
export const S = 6;
export const V = 13;

export const textOf = (w: Words): string => `edition 1
model Small {
  vocab = ${V}
  context = ${S}
  d_model = 8
  embed tokens tied
  repeat ${w.layers ?? 2} of Layer
  norm rms(eps: 1e-5)
  head linear
}
block Layer {
  residual Attend after rms
  residual Mixture after rms
}
attention Attend {
  heads = 2
  position = rope(base: 10_000)
  mask = causal
}
${w.tiers ? `table Visible {\n  key = token_id\n  value = subset(of: Mixture.experts)\n  ${w.tiers}\n  assign random(seed: 1) per layer\n}` : ""}
moe Mixture {
  unit = ${w.unit ?? "token"}
  ${w.experts ?? "experts 4 of swiglu(hidden: 5)"}
  ${w.shared ?? ""}
  router {
    ${w.router.trim().split("\n").join("\n    ")}
  }
}
train Pretrain {
  model = Small
  data = text(["*.md"])
  tokenizer = file("tokenizer.json")
  batch = 2 * context
  steps = 20
  ${w.train ?? "optimize adamw(lr: 1e-2, betas: [0.9, 0.95], decay: 0.1) for matrices\n  optimize adamw(lr: 1e-2, betas: [0.9, 0.95], decay: 0.0) for [router, norms, embeddings]\n  schedule warmup(4) then cosine(to: 10%)\n  clip norm(1.0)"}
}
`;

/** The design, or the diagnostics that stopped it. */
export function designOf(words: Words): Design {
  const { design, diagnostics } = checkSpec({ path: "small.moe", text: textOf(words) });
  if (design) return design;
  throw new Error(diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"));
}

/** One program of a design, its mixtures lowered by the strategy. */
export function programOf(design: Design, name: ProgramName, strategy = "one-hot"): Graph {
  const options = { strategies: { Mixture: strategy }, without: routerRewrites.map((each) => each.name) };
  return verify(buildProgram(design, name, { batch: B, seq: S }, (graph) => dispatch(graph, design, options).graph));
}

export type Leaves = Map<string, Tensor>;
export type Sees = (id: number, layer: number) => readonly number[];

/** Leaves by name: ids that repeat, tables as `sees` says, weights at random (norms near 1), states at their start. */
export function leavesOf(graph: Graph, sees: Sees = () => []): Leaves {
  const named = graph.nodes.flatMap(({ op, outputs }) => ("name" in op ? [{ op, value: outputs[0]! }] : []));
  return new Map(named.map(({ op, value }) => [op.name, leafOf(op, value, sees)]));
}

type LeafOp = Extract<Op, { name: string }>;

function leafOf(op: LeafOp, { axes, dtype }: Value, sees: Sees): Tensor {
  // each leaf has its own numbers, whatever else the graph needs
  const next = noise([...op.name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 2 ** 24, 7));
  const fill = (f: (i: number) => number): Tensor =>
    tensor(
      axes,
      Array.from({ length: sizeOf(axes) }, (_, i) => f(i)),
      dtype,
    );
  if (op.kind === "input")
    return fill((i) => (dtype === "i32" ? (i * i * 3 + i + (op.name === "targets" ? 4 : 1)) % V : 0));
  if (op.kind === "state") return fill(() => op.init);
  if (op.kind === "data" && op.source.kind === "rope") return rotaryTable(axes, op.source);
  if (op.kind === "data" && op.source.kind === "table") {
    const [{ layer, form }, width] = [op.source, axes[1]!.size];
    const row = (i: number): readonly number[] => sees(Math.floor(i / width), layer);
    if (form === "visible") return fill((i) => Number(row(i).includes(i % width)));
    return fill((i) => (form === "choices" && row(i).length === 1 ? -1 : (row(i)[i % width] ?? -1)));
  }
  return fill(() => (op.name.endsWith("norm.weight") ? 1 + 0.2 * next() : 0.6 * next()));
}

/** Builds and runs a program in one go. */
export function runProgram(
  words: Words,
  name: ProgramName,
  sees?: Sees,
  change: (leaves: Leaves) => void = () => undefined,
  strategy = "one-hot",
): Run {
  const graph = programOf(designOf(words), name, strategy);
  const leaves = leavesOf(graph, sees);
  change(leaves);
  return interpret(graph, leaves);
}
