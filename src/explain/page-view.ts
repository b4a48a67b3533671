/** What the page of one design shows, as plain data for its templates. Texts are not escaped here: the templates do that. */
import { weightsOf } from "../2-design/weights.js";
import { profileOf } from "../4-dispatch/profile.js";
import type { CompiledView, SiteView } from "../diff/compiled.js";
import { type Measure, mixtureMeasures, wholeMeasures } from "../diff/cost-layer.js";
import { sectionsOf } from "../diff/lines-of.js";
import { lineId } from "../diff/page/design-view.js";
import type { KernelPageView } from "../diff/page/kernel-page-view.js";
import { reachableParts } from "../diff/reachable.js";
import { plural, quantity, shapeText } from "../diff/render/numbers.js";
import { type CompiledSide, emptySide } from "../diff/side.js";
import { planTransfer } from "../diff/transfer/plan-transfer.js";
import { initValues, valuesText } from "../diff/values.js";
import { weightsLayer } from "../diff/weights-layer.js";
import { kernelsOfPage } from "./kernels-view.js";
import { memoryTimeline } from "./memory-timeline.js";
import { type MemoryView, memoryView } from "./memory-view.js";
import { rooflineOf } from "./roofline.js";
import { type RooflineView, rooflineView } from "./roofline-view.js";
import { type RoutingView, routingView } from "./routing-view.js";
import { type StagesView, stagesView } from "./stages-view.js";

export interface ExplainPageView {
  readonly title: string;
  readonly model: string;
  readonly label: string;
  readonly facts: readonly { readonly href: string; readonly name: string; readonly text: string }[];
  readonly stages: StagesView | undefined;
  readonly routing: readonly RoutingView[];
  readonly dispatch: readonly SiteView[];
  readonly cost: readonly { readonly name: string; readonly rows: readonly CostFact[] }[];
  readonly roofline: RooflineView | undefined;
  readonly memory: MemoryView | undefined;
  readonly weights: { readonly note: string; readonly rows: readonly WeightFact[] };
  readonly design: readonly SectionView[];
  readonly kernels: KernelPageView;
  /** why there is no plan */
  readonly refused: readonly string[];
}

export interface CostFact {
  readonly label: string;
  readonly text: string;
  readonly because: string;
}

export interface WeightFact {
  readonly name: string;
  readonly shape: string;
  readonly tensors: number;
  readonly numbers: string;
  readonly percent: string;
  readonly start: string;
}

export interface SectionView {
  readonly title: string;
  readonly id: string;
  readonly lines: readonly {
    readonly id: string;
    readonly slot: string;
    readonly text: string;
    readonly where: string;
    readonly because: string;
    readonly quiet: boolean;
  }[];
}

/** The view of one compiled side; `others` are the same design compiled for further targets. */
export function explainPageView(side: CompiledSide, others: readonly CompiledSide[] = []): ExplainPageView {
  const { design, compiled, label } = side;
  const sections = sectionsView(side);
  const roof = compiled && rooflineOf(compiled.kernels, compiled.program, profileOf(compiled.target));
  const order = kernelOrder(compiled, roof?.kernels.map(({ name }) => name) ?? []);
  const kernels = kernelsOfPage([side, ...others], order, roof, linkTargets(sections));
  const roofline = compiled && roof && rooflineView(roof, runWord(compiled.program), order);
  const timeline = compiled && !compiled.deep ? memoryTimeline(compiled.plan, compiled.program) : undefined;
  const memory = compiled && timeline && memoryView(timeline, runWord(compiled.program));
  const whole = wholeMeasures(design, compiled);
  const mixtures = Object.values(reachableParts(design).mixtures);
  const sites = compiled?.sites ?? [];
  return {
    title: `${design.model?.name ?? label}, explained`,
    model: design.model?.name ?? "no model",
    label,
    facts: factsOf(side, whole, roofline, memory),
    stages: compiled && stagesView(side, compiled, order),
    routing: mixtures.map((mixture) =>
      routingView(
        mixture,
        design,
        sites.find(({ site }) => site === mixture.name),
      ),
    ),
    dispatch: sites,
    cost: [
      { name: "whole model", rows: whole.map(costFact) },
      ...mixtures.map(({ name }) => ({
        name: `${name}, one layer`,
        rows: mixtureMeasures(design, name).map(costFact),
      })),
    ].filter(({ rows }) => rows.length > 0),
    roofline,
    memory,
    weights: weightFacts(side),
    design: sections,
    kernels,
    refused: side.refused.map(({ code, message }) => `${code}: ${message}`),
  };
}

/** What one run of a program is called. */
const runWord = (program: string): string => (program === "train" ? "training step" : `run of ${program}`);

/** Those that take longest first, then those of other programs. */
function kernelOrder(compiled: CompiledView | undefined, bound: readonly string[]): readonly string[] {
  const known = new Set(bound);
  return [...bound, ...(compiled?.kernels ?? []).map(({ name }) => name).filter((name) => !known.has(name))];
}

function factsOf(
  { compiled, refused }: CompiledSide,
  whole: readonly Measure[],
  roofline: RooflineView | undefined,
  memory: MemoryView | undefined,
): ExplainPageView["facts"] {
  const number = (key: Measure["key"]) => {
    const found = whole.find((each) => each.key === key);
    return found ? quantity(found.value, found.unit) : "unknown";
  };
  const sites = (compiled?.sites ?? []).map(({ site, strategy }) => `${site} by ${strategy}`);
  const why = refused[0]?.message ?? "nothing to compile";
  return [
    {
      href: "#weights",
      name: "Weights",
      text: `${number("parameters")} parameters, ${number("active")} met by a token`,
    },
    { href: "#cost", name: "Cost", text: `${number("flops_forward")} FLOP a token forward` },
    { href: "#routing", name: "Dispatch", text: sites.join(", ") || why },
    {
      href: roofline ? "#roofline" : "#kernels",
      name: "Kernels",
      text: roofline ? `${compiled!.kernels.length} kernels. ${roofline.headline}` : why,
    },
    { href: "#memory", name: "Memory", text: memory?.headline ?? "not planned" },
  ];
}

function costFact({ label, value, unit, because }: Measure): CostFact {
  return { label, text: quantity(value, unit), because };
}

function weightFacts({ design }: CompiledSide): ExplainPageView["weights"] {
  const { rows } = weightsLayer(planTransfer(emptySide().design, design));
  const starts = new Map(weightsOf(design).map(({ name, init }) => [name, valuesText(initValues(init))]));
  const all = rows.reduce((sum, { numbers }) => sum + numbers, 0);
  return {
    note: `${plural(
      rows.reduce((sum, { tensors }) => sum + tensors, 0),
      "tensor",
    )}, those of layers told together`,
    rows: rows.map(({ name, after, tensors, numbers }) => ({
      name,
      shape: shapeText(after),
      tensors,
      numbers: quantity(numbers, "count"),
      percent: ((100 * numbers) / Math.max(1, all)).toFixed(2),
      start: starts.get(name.replace(/\{(\d+)[^}]*\}/, "$1")) ?? "drawn from token counts, or zeros",
    })),
  };
}

function sectionsView({ design }: CompiledSide): readonly SectionView[] {
  return sectionsOf(design).map(({ kind, name, lines }) => ({
    title: `${kind} ${name}`,
    id: lineId("after", name),
    lines: lines.map(({ path, slot, text, line, from, because }) => ({
      id: lineId("after", path),
      slot,
      text,
      where: line === undefined ? from : `line ${line}`,
      because: [...new Set(Object.values(because))].join("; "),
      quiet: from === "default" || from === "derived",
    })),
  }));
}

function linkTargets(sections: readonly SectionView[]): ReadonlySet<string> {
  return new Set(sections.flatMap(({ id, lines }) => [id, ...lines.map((line) => line.id)]));
}
