/** The stages of each block as boxes and lines of a picture, each box with the kernel that computes it. */
import type { Design } from "../2-design/design.js";
import { layerBlocks } from "../2-design/layers.js";
import type { Graph } from "../3-graph/graph.js";
import type { ProgramName } from "../3-graph/programs.js";
import type { KernelPlan, ProgramPlan } from "../5-plan/plan.js";
import type { CompiledView } from "../diff/compiled.js";
import { shorten } from "../diff/shorten.js";
import type { Side } from "../diff/side.js";
import { graphsOf } from "../pipeline.js";
import { type Layout, layeredLayout, type Placed } from "./layered-layout.js";
import { type Stage, stageGraph } from "./stage-graph.js";

export interface StagesView {
  /** embedding, blocks with how often they stand there, head: in order */
  readonly chain: readonly { readonly name: string; readonly note: string }[];
  readonly blocks: readonly BlockPicture[];
}

export interface BlockPicture {
  readonly name: string;
  readonly note: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly StageBox[];
  readonly lines: readonly { readonly d: string; readonly quiet: boolean }[];
}

export interface StageBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** where its texts stand */
  readonly tx: number;
  readonly ty: number;
  readonly sy: number;
  readonly label: string;
  readonly shape: string;
  /** class names: the kind of stage, and the part of the layer it belongs to */
  readonly look: string;
  readonly title: string;
  /** index in the list of kernels; −1 where no kernel is known to write it */
  readonly kernel: number;
}

const [high, rankHigh, letter, small, margin] = [34, 58, 6.7, 5.4, 10] as const;

/** Pictures of the forward pass; `order` are the plan's kernels in the order in which the page lists them. */
export function stagesView({ design, dispatch }: Side, compiled: CompiledView, order: readonly string[]): StagesView {
  const { plan, program, target } = compiled;
  const short = shorten(design).design;
  const graph = graphsOf(short, { target, dispatch, programs: [program as ProgramName] }).graphs[
    program as ProgramName
  ]!;
  const layers = layerBlocks(short);
  const names = [...new Set(layers.map(({ name }) => name))];
  const launches = plan.programs.find(({ name }) => name === program)!;
  const kernelOf = (stage: Stage) => order.indexOf(kernelName(stage, plan, launches) ?? "");
  const blocks = names.map((name) => {
    const layer = layers.findIndex((block) => block.name === name);
    return { ...picture(graph, `layers.${layer}.`, kernelOf), name, note: placesText(design, name) };
  });
  return { chain: chainOf(design), blocks };
}

function placesText(design: Design, block: string): string {
  const all = layerBlocks(design).map(({ name }) => name);
  const count = all.filter((name) => name === block).length;
  if (count === all.length) return count === 1 ? "the only layer" : `each of ${count} layers`;
  return `${count} of ${all.length} layers, first as layer ${all.indexOf(block)}`;
}

function chainOf({ model }: Design): StagesView["chain"] {
  if (!model) return [];
  const stack = model.stack.map(({ count, block }) => ({ name: block, note: `× ${count}` }));
  const { vocab, dModel, norm, embed } = model;
  return [
    { name: "tokens", note: `B × ${model.context}` },
    { name: "embed", note: `${vocab} × ${dModel}` },
    ...stack,
    { name: "norm", note: norm.kind },
    { name: "head", note: embed.tied ? "tied to the embedding" : `${vocab} × ${dModel}` },
    { name: "loss", note: "cross-entropy and balance" },
  ];
}

function picture(graph: Graph, prefix: string, kernelOf: (stage: Stage) => number) {
  const { stages, edges } = stageGraph(graph, prefix);
  const kernels = new Map(stages.map((stage) => [stage.id, kernelOf(stage)]));
  // other axes for the same numbers, rows by index: whoever reads them does that
  for (const { id, kind } of [...stages].reverse()) {
    if (kernels.get(id)! >= 0 || kind === "outside") continue;
    const readers = edges.filter(({ from }) => from === id).map(({ to }) => kernels.get(to)!);
    kernels.set(id, readers.find((kernel) => kernel >= 0) ?? -1);
  }
  const boxes = stages.map((stage) => ({ id: stage.id, width: widthOf(stage) }));
  const layout = layeredLayout(boxes, edges);
  const places = new Map(layout.boxes.map((each) => [each.id, each]));
  const outside = new Set(stages.filter(({ kind }) => kind === "outside").map(({ id }) => id));
  return {
    width: Math.ceil(layout.width) + 2 * margin,
    height: layout.ranks * rankHigh + margin,
    boxes: stages.map((stage) => boxOf(stage, places.get(stage.id)!, kernels.get(stage.id)!)),
    lines: layout.lines.map(({ from, points }) => ({ d: pathOf(points), quiet: outside.has(from) })),
  };
}

const labelOf = ({ id, kind, role }: Stage): string => (kind === "outside" ? role : id);
const widthOf = (stage: Stage): number =>
  Math.ceil(Math.max(labelOf(stage).length * letter, stage.shape.length * small) + 18);

function boxOf(stage: Stage, { x, rank }: Placed, kernel: number): StageBox {
  const width = widthOf(stage);
  const [left, top] = [round(margin + x - width / 2), rank * rankHigh + margin];
  const part = stage.id.includes("router.") ? "routing" : stage.id.includes("experts.") ? "experts" : "";
  const details = [
    stage.weights.length > 0 ? `reads ${stage.weights.join(", ")}` : "",
    stage.because === undefined ? "" : `because of ${stage.because}`,
    stage.leaves ? "leaves the layer" : "",
  ];
  return {
    x: left,
    y: top,
    width,
    height: high,
    tx: round(left + width / 2),
    ty: top + 14,
    sy: top + 27,
    label: labelOf(stage),
    shape: stage.shape,
    look: [stage.kind, part, stage.leaves ? "leaves" : ""].filter((word) => word !== "").join(" "),
    title: [`${stage.id}: ${stage.shape}`, ...details.filter((each) => each !== "")].join("\n"),
    kernel,
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** From the lower edge of a box to the upper edge of another, softly through the bends. */
function pathOf(points: Layout["lines"][number]["points"]): string {
  const x = ({ x: at }: Placed) => round(margin + at);
  const first = points[0]!;
  let y = first.rank * rankHigh + margin + high;
  const start = `M${x(first)} ${y}`;
  const pieces = points.slice(1).map((point, i) => {
    const last = i === points.length - 2;
    const to = point.rank * rankHigh + margin + (last ? 0 : high / 2);
    const middle = round((y + to) / 2);
    const piece = `C${x(points[i]!)} ${middle} ${x(point)} ${middle} ${x(point)} ${to}`;
    y = to;
    return piece;
  });
  return start + pieces.join("");
}

/** The kernel whose launch writes the stage's value, or the one in whose steps it was fused. */
function kernelName({ scope, role, id }: Stage, plan: KernelPlan, { launches }: ProgramPlan): string | undefined {
  if (scope === "") return undefined;
  const name = `${scope}.${role}`;
  const writes = launches.find(({ kernel, args }) =>
    args.some((buffer, i) => {
      const found = plan.buffers[buffer]!.name;
      return plan.kernels[kernel]!.params[i]!.access !== "read" && (found === name || found.startsWith(`${name}.`));
    }),
  );
  const part = id.split(".")[0]!;
  const layer = scope.split(".").slice(0, 2).join(".");
  const fused = launches.find(({ kernel, scope: place }) => {
    const { summary, name: own } = plan.kernels[kernel]!;
    return (
      place.startsWith(layer) && own.includes(part) && summary.split(", ").some((piece) => piece.endsWith(` ${role}`))
    );
  });
  const found = writes ?? fused;
  return found && plan.kernels[found.kernel]!.name;
}
