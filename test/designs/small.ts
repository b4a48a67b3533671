/** A shipped spec made small, its graphs, and numbers for everything they are given from outside. */
import { readFileSync } from "node:fs";
import type { Design } from "../../src/2-design/design.js";
import type { Graph, Op, Value } from "../../src/3-graph/graph.js";
import type { ProgramName } from "../../src/3-graph/programs.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { type CompileOptions, checkSpec, graphsOf } from "../../src/pipeline.js";
import { type PaperCase, sequences, type Variant, vocabulary } from "./papers/paper.js";

/** The design; throws what is wrong with it, warnings included. */
export function designOf({ spec, set }: Pick<PaperCase, "spec" | "set">): Design {
  const source = { path: `specs/${spec}.moe`, text: readFileSync(`specs/${spec}.moe`, "utf8") };
  const options = Object.entries(set).map(([path, value]) => ({ path, value }));
  const { design, diagnostics } = checkSpec(source, { set: options });
  if (design && diagnostics.length === 0) return design;
  throw new Error(`${spec}: ${diagnostics.map((d) => `${d.code} ${d.message}`).join("\n")}`);
}

/** One program, with the noise of every mixture among its results. */
export function programOf(design: Design, name: ProgramName, options: CompileOptions = {}): Graph {
  const graph = graphsOf(design, { ...options, batch: sequences, programs: [name] }).graphs[name]!;
  const noise = graph.nodes.filter(({ op }) => op.kind === "random");
  const nth = (node: (typeof noise)[number]): number => noise.filter((n) => n.at.scope === node.at.scope).indexOf(node);
  const named = noise.map((node) => [`noise.${node.at.scope}.${nth(node)}`, node.outputs[0]!] as const);
  return { ...graph, outputs: new Map([...graph.outputs, ...named]) };
}

export type Leaves = ReadonlyMap<string, Tensor>;

/** Values by name: ids that repeat, table rows as the paper has them, everything learned at random, by `seed`. */
export function leavesOf(graph: Graph, { sees = () => [], step = 3 }: PaperCase, variant?: Variant, seed = ""): Leaves {
  const leaves = new Map<string, Tensor>();
  for (const { op, outputs } of graph.nodes) {
    if (!("name" in op)) continue;
    const { axes, dtype } = outputs[0]!;
    leaves.set(op.name, tensor(axes, numbersOf(op, outputs[0]!, sees, variant, seed), dtype));
  }
  leaves.get("step")?.data.fill(step);
  return leaves;
}

type LeafOp = Extract<Op, { name: string }>;

function numbersOf(
  op: LeafOp,
  { axes }: Value,
  sees: NonNullable<PaperCase["sees"]>,
  variant: Variant | undefined,
  seed: string,
): number[] {
  const size = axes.reduce((n, axis) => n * axis.size, 1);
  const last = axes.at(-1)?.size ?? 1;
  const fill = (f: (i: number) => number): number[] => Array.from({ length: size }, (_, i) => f(i));
  if (op.kind === "input") {
    const shift = op.name === "targets" ? 4 : 1;
    return fill((i) => (axes.length === 0 ? 3 : (i * i * 3 + i + shift) % vocabulary));
  }
  if (op.kind === "data") {
    const { source } = op;
    if (source.kind === "rope")
      return fill((i) => Math[source.part](Math.floor(i / last) * source.base ** (-(i % last) / last)));
    const row = (i: number): readonly number[] => sees(Math.floor(i / last), source.layer);
    if (source.form === "visible") return fill((i) => Number(row(i).includes(i % last)));
    return fill((i) => (source.form === "choices" && row(i).length === 1 ? -1 : (row(i)[i % last] ?? -1)));
  }
  const next = random(op.name + seed);
  if (op.kind === "state") return variant === "tied" ? fill(() => 0) : fill(() => 0.1 * next());
  if (/norm\.weight$|temperature$/.test(op.name)) return fill(() => 1 + 0.2 * next());
  // multiplied with 100 before they are used
  if (/intuition\.(share|scale)$/.test(op.name)) return fill(() => 0.01 * next());
  const numbers = fill(() => 0.6 * next());
  if (!/router\.weight$/.test(op.name) || variant === undefined) return numbers;
  const twin = (i: number): number => (Math.floor(i / last) % 2 === 1 ? i - last : i);
  return numbers.map((_, i) => (variant === "tied" ? 0 : numbers[twin(i)]!));
}

/** Repeatable numbers in [-1, 1), others for every name. */
function random(name: string): () => number {
  let state = [...name].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  };
}
