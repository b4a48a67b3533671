/** The shipped designs, made small, and numbers for everything their graphs are given from outside. */
import { readFileSync } from "node:fs";
import type { Graph } from "../../src/3-graph/graph.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { checkSpec } from "../../src/pipeline.js";
import { leavesOf, randomLeaves } from "./agree.js";
import { rotaryTable } from "./tables.js";

/** A shipped spec with some values set; throws what is wrong with it. */
export function designOf(spec: string, set: Record<string, string>) {
  const source = { path: `specs/${spec}.moe`, text: readFileSync(`specs/${spec}.moe`, "utf8") };
  const { design, diagnostics } = checkSpec(source, {
    set: Object.entries(set).map(([path, value]) => ({ path, value })),
  });
  if (!design) throw new Error(diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"));
  return design;
}

/** Leaves for a graph: token ids, tables as `visible` says, rotary angles, random weights. */
export function leavesFor(
  graph: Graph,
  vocab: number,
  visible: (id: number, expert: number, layer: number) => number,
): Map<string, Tensor> {
  const given = new Map<string, Tensor>();
  for (const node of leavesOf(graph)) {
    const v = node.outputs[0]!;
    const size = v.axes.reduce((n, a) => n * a.size, 1);
    const { op } = node;
    if (op.kind === "input" && v.dtype === "i32") {
      const shift = op.name === "targets" ? 5 : 0;
      given.set(
        op.name,
        tensor(
          v.axes,
          Array.from({ length: size }, (_, i) => (i * i * 7 + i + shift) % vocab),
          "i32",
        ),
      );
    } else if (op.kind === "input") given.set(op.name, tensor(v.axes, new Array<number>(size).fill(3)));
    else if (op.kind === "data" && op.source.kind === "rope") given.set(op.name, rotaryTable(v.axes, op.source));
    else if (op.kind === "data" && op.source.kind === "table") {
      const { layer, form } = op.source;
      const width = v.axes[1]!.size;
      const list = (id: number) => {
        const all = Array.from({ length: 64 }, (_, e) => e).filter((e) => visible(id, e, layer) === 1);
        return form === "choices" && all.length === 1 ? [] : all;
      };
      const cell = (i: number) =>
        form === "visible"
          ? visible(Math.floor(i / width), i % width, layer)
          : (list(Math.floor(i / width))[i % width] ?? -1);
      given.set(
        op.name,
        tensor(
          v.axes,
          Array.from({ length: size }, (_, i) => cell(i)),
          form === "visible" ? "u8" : "i32",
        ),
      );
    }
  }
  return new Map(randomLeaves(graph, given, 11, 0.3));
}

const small = { "Pretrain.tokenizer": "bpe(vocab: 261)" };
const mask = { ...small, "MaskMoE.vocab": "261", "MaskMoE.context": "24" };
const mh = { ...small, "MHMoE.vocab": "261", "MHMoE.context": "24" };

/** The seed designs at small sizes: even and odd widths, empty and overfull experts. */
export const designCases = [
  {
    name: "MaskMoE",
    spec: "mask-moe",
    set: { ...mask, "MaskMoE.d_model": "32", "Attend.heads": "2", "Mixture.experts": "8 of swiglu(hidden: 24)" },
    visible: (id: number, e: number, l: number) =>
      id % 3 === 0 ? Number((id + e + l) % 2 === 0) : Number(e === (id + l) % 8),
  },
  {
    name: "MaskMoE, odd widths",
    spec: "mask-moe",
    set: { ...mask, "MaskMoE.d_model": "28", "Attend.heads": "7", "Mixture.experts": "5 of swiglu(hidden: 19)" },
    visible: (id: number, e: number, l: number) => (id % 2 === 0 ? 1 : Number(e === (id + l) % 5)),
  },
  {
    name: "MaskMoE, one expert has every token",
    spec: "mask-moe",
    set: { ...mask, "MaskMoE.d_model": "32", "Attend.heads": "2", "Mixture.experts": "4 of swiglu(hidden: 24)" },
    visible: (_: number, e: number) => Number(e === 1),
  },
  {
    name: "MaskMoE, more edges asked for than experts visible",
    spec: "mask-moe",
    set: {
      ...mask,
      "MaskMoE.d_model": "32",
      "Attend.heads": "2",
      "Mixture.experts": "6 of swiglu(hidden: 24)",
      "Mixture.router.select": "top(3) per token",
    },
    visible: (id: number, e: number) => (id % 2 === 0 ? Number(e < 2) : Number(e === id % 6)),
  },
  {
    name: "MH-MoE",
    spec: "mh-moe",
    set: { ...mh, "MHMoE.d_model": "32", "Attend.heads": "2", "Mixture.experts": "8 of swiglu(hidden: 24)" },
    visible: () => 1,
  },
  {
    name: "MH-MoE, odd widths, three heads",
    spec: "mh-moe",
    set: {
      ...mh,
      "MHMoE.d_model": "30",
      "Attend.heads": "5",
      "Mixture.unit": "subtoken(heads: 3, split: linear, merge: linear)",
      "Mixture.experts": "5 of swiglu(hidden: 19)",
    },
    visible: () => 1,
  },
];
