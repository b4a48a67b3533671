/**
 * What a comparison sees of a compiled design: mixtures with their facts and choices, kernels with their plans and how
 * often they run, and the sums of one step. Plain data made from the pipeline's results; nothing is compared here.
 */
import type { Design } from "../2-design/design.js";
import type { Choice } from "../4-dispatch/dispatch.js";
import { factLines } from "../4-dispatch/explain-dispatch.js";
import type { Kernel, KernelPlan, Launch, ProgramPlan } from "../5-plan/plan.js";
import type { CompileOptions } from "../pipeline.js";
import { type FileState, filedView, type KernelView, kernelView, textView } from "./kernel-view.js";
import { shorten } from "./shorten.js";
import type { GeneratedFolder } from "./sides/generated.js";
import type { KernelTarget, Texts } from "./targets/kernel-target.js";

export interface CompiledView {
  /** whose kernels these are */
  readonly target: string;
  readonly sites: readonly SiteView[];
  readonly kernels: readonly KernelView[];
  /** the program that the step's numbers are about: `train`, or `evaluate` without a run */
  readonly program: string;
  readonly step: StepCost;
  /** a few layers were planned and counted for all: see `shorten.ts` */
  readonly deep: boolean;
  readonly plan: KernelPlan;
  /** texts of all kernels: those of the folder, where the side is one that was compiled for the target */
  readonly texts: () => Texts;
  /** the side is a folder of `moec compile`, and has nothing for the target */
  readonly unfiled: boolean;
}

export interface StepCost {
  readonly launches: number;
  readonly flops: number;
  /** read and written by all kernels */
  readonly bytes: number;
  /** bytes of everything on the device; unknown for designs of which a few layers were planned */
  readonly memory: number | undefined;
}

/** What is known about one mixture and what was decided. */
export interface SiteView {
  readonly site: string;
  readonly facts: readonly { readonly text: string; readonly because: string }[];
  readonly strategy: string;
  readonly why: string;
  /** of one layer and step, by the cost model */
  readonly seconds: number;
  readonly losers: readonly { readonly name: string; readonly reason: string }[];
  readonly rewrites: readonly { readonly name: string; readonly applied: boolean; readonly why: string }[];
}

/**
 * Compiles and looks; DiagnosticError for designs with words that have no meaning in the graph yet, and for those that
 * the target cannot hold. With a folder, kernels are as its files have them.
 */
export function compiledView(
  design: Design,
  target: KernelTarget,
  options: CompileOptions = {},
  folder?: GeneratedFolder,
): CompiledView {
  const { design: short, weights, deep } = shorten(design);
  const { plan, choices, variants, own, memory, texts } = target.compile(short, options);
  const main = plan.programs.find(({ name }) => name === "train") ?? plan.programs[0]!;
  const counted = plan.programs.map((program) => ({ program, times: timesOf(program, plan, weights) }));
  const counts = counted.map(({ program, times }) => ({ name: program.name, counts: countLaunches(program, times) }));
  const ofPlan = plan.kernels.map((kernel, i) => {
    const launches = counts.flatMap(({ name, counts: of }) => (of.has(i) ? [[name, of.get(i)!] as const] : []));
    return kernelView(kernel, Object.fromEntries(launches), variants.get(kernel.name));
  });
  const planned = [...ofPlan, ...own.map((name) => textView(name, texts().get(name) ?? ""))];
  const { times } = counted.find(({ program }) => program === main)!;
  const filed = folder && !deep ? target.filed(folder.files) : undefined;
  return {
    target: target.name,
    sites: choices.map(siteView),
    kernels: filed ? filedViews(planned, texts(), filed, folder!.edited.size > 0) : planned,
    program: main.name,
    step: { ...stepCost(main, plan, times), memory: deep ? undefined : memory },
    deep,
    plan,
    texts: filed ? () => filed : texts,
    unfiled: folder !== undefined && filed === undefined,
  };
}

/** The kernels that the files of a folder hold: those of the plan, those with another text, those that no plan knows. */
function filedViews(planned: readonly KernelView[], made: Texts, filed: Texts, edited: boolean): readonly KernelView[] {
  const state: FileState = edited ? "edited" : "other";
  const known = new Set(planned.map(({ name }) => name));
  return [
    ...planned.flatMap((view) => {
      const text = filed.get(view.name);
      if (text === undefined) return [];
      return text === made.get(view.name) ? view : filedView(view, text, state);
    }),
    ...[...filed].flatMap(([name, text]) => (known.has(name) ? [] : { ...textView(name, text), file: state })),
  ];
}

/** How many launches each launch of a program stands for. */
function timesOf({ launches }: ProgramPlan, plan: KernelPlan, weights: readonly number[]): readonly number[] {
  let layer: number | undefined;
  return launches.map((launch) => {
    // partial sums are finished right after they were left, also where they have no layer of their own
    const finishes = plan.kernels[launch.kernel]!.kind === "finish";
    layer = layerOf(launch, plan) ?? (finishes ? layer : undefined);
    return layer === undefined ? 1 : (weights[layer] ?? 1);
  });
}

function countLaunches({ launches }: ProgramPlan, times: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  launches.forEach((launch, i) => {
    counts.set(launch.kernel, (counts.get(launch.kernel) ?? 0) + times[i]!);
  });
  return counts;
}

/** The layer of a launch: its place, or for the optimiser the layer of the weight it changes. */
function layerOf({ scope, args }: Launch, { buffers }: KernelPlan): number | undefined {
  const names = [scope, ...args.map((id) => buffers[id]!.name)];
  const found = names
    .map((name) => /(?:^|\.)layers\.(\d+)\./.exec(`${name}.`)?.[1])
    .find((layer) => layer !== undefined);
  return found === undefined ? undefined : Number(found);
}

function stepCost({ launches }: ProgramPlan, { kernels }: KernelPlan, times: readonly number[]) {
  const cost = { launches: 0, flops: 0, bytes: 0 };
  launches.forEach((launch, i) => {
    const kernel = kernels[launch.kernel]!;
    const share = times[i]! * lengthShare(kernel, launch);
    cost.launches += times[i]!;
    cost.flops += share * kernel.flops;
    cost.bytes += share * kernel.bytes;
  });
  return cost;
}

/** Flat kernels serve several lengths; what they cost was counted for one of them. */
function lengthShare(kernel: Kernel, { count }: Launch): number {
  if (kernel.kind !== "flat" || count === undefined) return 1;
  const sizes = kernel.params.map(({ dims }) => dims.reduce((product, { size }) => product * size, 1));
  return count / Math.max(1, ...sizes);
}

function siteView(choice: Choice): SiteView {
  return {
    site: choice.site.site,
    facts: factLines(choice.site).map(([text, because = ""]) => ({ text, because })),
    strategy: choice.strategy.name,
    why: choice.why,
    seconds: choice.cost.seconds,
    losers: choice.losers.map(({ name, reason }) => ({ name, reason })),
    rewrites: choice.rewrites.map(({ name, applied, why }) => ({ name, applied, why })),
  };
}
