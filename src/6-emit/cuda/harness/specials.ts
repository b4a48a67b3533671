/** What kernels that are one op mean: calls of the functions of that name in templates/cuda/harness. */
import type { SpecialKernel, SpecialOp } from "../../../5-plan/plan.js";
import { elements } from "../../gpu/sizes.js";
import { sortShape } from "../../gpu/special-params.js";
import {
  admitSizes,
  assignSizes,
  attentionSizes,
  rankSizes,
  ropeSizes,
  scatterSizes,
} from "../../gpu/special-sizes.js";
import { literal } from "./expressions.js";
import type { Meaning, MeaningContext } from "./statements.js";

type ToMeaning = (kernel: SpecialKernel, context: MeaningContext) => Meaning;

const SPECIAL: Readonly<Record<SpecialOp, ToMeaning>> = {
  partition: sort,
  histogram: sort,
  "histogram+partition": sort,
  bucket: sort,
  rank: (kernel) => {
    const { size, rows } = rankSizes(kernel);
    return { body: `  ranked(a, ${size}, unit);`, units: rows };
  },
  admit: (kernel) => {
    const { edges, k, experts, choices, to } = admitSizes(kernel);
    return { body: `  (void)unit;\n  admitted(a, ${edges}, ${k}, ${experts}, ${choices}, ${to});`, units: 1 };
  },
  assign: (kernel) => {
    const [units, experts] = assignSizes(kernel);
    return { body: `  assigned(a, ${units}, ${experts}, unit);`, units: elements(kernel.params[1]!) / units };
  },
  scatterAdd: (kernel) => {
    const { items, copies, width, rows, weight = -1, to } = scatterSizes(kernel);
    return { body: `  scattered(a, ${items}, ${copies}, ${width}, ${weight}, ${to}, unit);`, units: rows * width };
  },
  put: onlyOnCpu,
  rope: (kernel) => {
    const { pairs, width, headDim, sequence, inverse } = ropeSizes(kernel);
    return { body: `  turned(a, ${width}, ${headDim}, ${sequence}, ${inverse ? -1 : 1}, unit);`, units: pairs };
  },
  attention: (kernel) => {
    const { text, rows, heads } = attention(kernel);
    return { body: `  attended(a, ${text}, unit);`, units: rows * heads };
  },
  attentionAt: onlyOnCpu,
  attentionGrad: (kernel) => {
    const { text, rows, heads, kvHeads } = attention(kernel);
    return { body: `  attended_backward(a, ${text}, unit);`, units: rows * (heads + kvHeads) };
  },
};

function onlyOnCpu({ op }: SpecialKernel): never {
  throw new Error(`no cuda kernel does ${op}`);
}

export const specialMeaning = (kernel: SpecialKernel, context: MeaningContext): Meaning =>
  SPECIAL[kernel.op](kernel, context);

function sort(kernel: SpecialKernel, { tileRows }: MeaningContext): Meaning {
  const { edges, most, experts, offsets, rows, slots, load, room } = sortShape(kernel)!;
  const tiles = kernel.params.findIndex((p) => p.name === "tiles");
  const numbers = [
    edges,
    most,
    experts,
    room ?? 0,
    offsets ?? -1,
    rows ?? -1,
    slots ?? -1,
    load ?? -1,
    tiles,
    tileRows,
  ];
  return { body: `  (void)unit;\n  sorted(a, Sort{${numbers.join(", ")}});`, units: 1 };
}

function attention(kernel: SpecialKernel) {
  const { sequence, batch, heads, kvHeads, headDim, window = 0, causal } = attentionSizes(kernel);
  const rows = sequence * batch;
  const numbers = [rows, sequence, heads, kvHeads, headDim, window, causal, literal(Number(kernel.attributes.scale))];
  return { text: `Attention{${numbers.join(", ")}}`, rows, heads, kvHeads };
}
