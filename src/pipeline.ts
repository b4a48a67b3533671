/**
 * The order of compilation, written once: text → tree → design → graph → dispatch → gradient → plan → C.
 * Every stage is a pure function; nothing here reads files or prints.
 */
import type { SourceFile } from "./1-syntax/ast.js";
import { parse } from "./1-syntax/parse.js";
import { uncompilable } from "./2-design/compilable.js";
import type { Design } from "./2-design/design.js";
import type { SetOption } from "./2-design/read/overrides.js";
import { resolve } from "./2-design/resolve.js";
import { type WeightSpec, weightsOf } from "./2-design/weights.js";
import { mixtureAlone } from "./3-graph/forward/alone.js";
import { differentiate } from "./3-graph/gradient.js";
import type { Graph } from "./3-graph/graph.js";
import { buildProgram, isForwardOnly, type ProgramName } from "./3-graph/programs.js";
import { verify } from "./3-graph/verify.js";
import { type Choice, type DispatchOptions, dispatch } from "./4-dispatch/dispatch.js";
import { FUSION } from "./5-plan/cluster-kinds.js";
import type { KernelPlan } from "./5-plan/plan.js";
import { planPrograms } from "./5-plan/plan-programs.js";
import { type CProgram, planToC } from "./6-emit/cpu/program.js";
import { planToCuda } from "./6-emit/cuda/program.js";
import { planToWgsl } from "./6-emit/wgsl/program.js";
import { diagnose } from "./diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "./diagnostics/diagnostic.js";
import { version } from "./host/version.js";
import type { CudaProgram, Tier } from "./targets/cuda/program.js";
import type { WgslProfile } from "./targets/wgsl/limits.js";
import type { WgslProgram } from "./targets/wgsl/program.js";

export interface CheckOptions {
  /** values of `--set path=value` */
  readonly set?: readonly SetOption[];
}

export interface CompileOptions extends CheckOptions, DispatchOptions {
  /** B, sequences per step; the design's own if not given */
  readonly batch?: number;
  /** S, tokens per sequence; the design's context if not given */
  readonly seq?: number;
  /** strategies that were asked for, by mixture: `--dispatch Mixture=padded-batched` */
  readonly dispatch?: Readonly<Record<string, string>>;
  /** which programs; all that the design allows if not given */
  readonly programs?: readonly ProgramName[];
}

export interface Checked {
  /** undefined when there is any error */
  readonly design: Design | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Compiled {
  readonly design: Design;
  readonly weights: readonly WeightSpec[];
  readonly graphs: Readonly<Partial<Record<ProgramName, Graph>>>;
  /** how each mixture is run, in the order of the layers */
  readonly choices: readonly Choice[];
  readonly plan: KernelPlan;
  readonly c: CProgram;
}

export interface CompiledWgsl extends Pick<Compiled, "design" | "choices" | "plan"> {
  readonly wgsl: WgslProgram;
}

export interface CompiledCuda extends Pick<Compiled, "design" | "choices" | "plan"> {
  readonly cuda: CudaProgram;
}

/** Stages 1 and 2: everything that is wrong with a spec, in the order of its text. */
export function checkSpec(source: SourceFile, options: CheckOptions = {}): Checked {
  const { ast, diagnostics, broken } = parse(source);
  const resolved = resolve(ast, { ...(options.set && { set: options.set }), broken });
  const all = [...diagnostics, ...resolved.diagnostics];
  const wrong = all.some((d) => d.severity === "error");
  return { design: wrong ? undefined : resolved.design, diagnostics: all };
}

/** All stages. `compiled` is undefined when the spec has errors; wishes that cannot be met throw DiagnosticError. */
export function compileSpec(source: SourceFile, options: CompileOptions = {}): Checked & { compiled?: Compiled } {
  const checked = checkSpec(source, options);
  if (!checked.design) return checked;
  return { ...checked, compiled: compileDesign(checked.design, options) };
}

/** Stages 3 to 6 of a design that has a model. */
export function compileDesign(design: Design, options: CompileOptions = {}): Compiled {
  const { graphs, choices } = graphsOf(design, options);
  const plan = planPrograms(graphs as Record<string, Graph>, { fusion: FUSION.cpu });
  const { path, hash } = design.spec;
  const c = planToC(plan, { title: design.model!.name, spec: path, hash, version: version() });
  return { design, weights: weightsOf(design), graphs, choices, plan, c };
}

/** Stages 3 to 6 for WebGPU; texts assume no more than every adapter allows, unless a profile says what is there. */
export function compileWgsl(design: Design, options: CompileOptions = {}, profile?: WgslProfile): CompiledWgsl {
  const { graphs, choices } = graphsOf(design, options);
  // a product that keeps rows hot for later work is for caches; a GPU's tiles are done at once
  const plan = planPrograms(graphs as Record<string, Graph>, { fusion: FUSION.gpu });
  const { path, hash } = design.spec;
  const from = { title: design.model!.name, spec: path, hash, version: version() };
  // WGSL has no bf16; f32 is never less exact
  const compute = design.model!.dtype.compute === "f16" ? "f16" : "f32";
  return { design, choices, plan, wgsl: planToWgsl(plan, { ...from, compute, ...(profile && { profile }) }) };
}

/** Stages 3 to 6 for NVIDIA GPUs: for all of them, unless a tier says for which. Errors: MOE5007, MOE5008. */
export function compileCuda(design: Design, options: CompileOptions = {}, tier: Tier = "portable"): CompiledCuda {
  const { graphs, choices } = graphsOf(design, options);
  const plan = planPrograms(graphs as Record<string, Graph>, { fusion: FUSION.gpu });
  const { path, hash } = design.spec;
  const from = { title: design.model!.name, spec: path, hash, version: version() };
  const cuda = planToCuda(plan, { ...from, compute: cudaCompute(design), tier });
  return { design, choices, plan, cuda };
}

/** What the cuda target makes a design's products in. Errors: MOE5007 for f16. */
export function cudaCompute(design: Design): "f32" | "bf16" {
  const { compute } = design.model!.dtype;
  if (compute === "f16") throw new DiagnosticError([diagnose("MOE5007", { target: "cuda", what: "products in f16" })]);
  return compute;
}

/**
 * Stages 3 to 5 of one mixture by itself, for the target's harness: programs `forward`, and `both` with the gradients of
 * its tokens and weights.
 */
export function planMixture(design: Design, name: string, options: CompileOptions = {}): KernelPlan {
  const size = { batch: options.batch ?? design.train?.batch ?? 1, seq: options.seq ?? design.model!.context };
  const own = { ...options, ...(options.dispatch && { strategies: options.dispatch }) };
  const lowered = (withLoss: boolean): Graph =>
    dispatch(verify(mixtureAlone(design, name, size, withLoss)), design, { ...own, forwardOnly: !withLoss }).graph;
  const graphs = { forward: lowered(false), both: verify(differentiate(lowered(true))) };
  return planPrograms(graphs, { fusion: FUSION.gpu });
}

/** Stages 3 and 4: the programs of a design as graphs, every mixture dispatched. */
export function graphsOf(design: Design, options: CompileOptions = {}): Pick<Compiled, "graphs" | "choices"> {
  const refused = uncompilable(design);
  if (refused.length > 0) throw new DiagnosticError(refused);
  const size = { batch: options.batch ?? design.train?.batch ?? 1, seq: options.seq ?? design.model!.context };
  const names: readonly ProgramName[] = options.programs ?? (design.train ? ["train", "evaluate"] : ["evaluate"]);
  let choices: readonly Choice[] = [];
  const lower = (graph: Graph, name: ProgramName): Graph => {
    const dispatched = dispatch(verify(graph), design, {
      ...options,
      forwardOnly: isForwardOnly(name),
      // what was wished for many tokens says nothing about one
      ...(options.dispatch && name !== "decode" && { strategies: options.dispatch }),
    });
    if (choices.length === 0) choices = dispatched.choices;
    return dispatched.graph;
  };
  const graphs = Object.fromEntries(
    names.map((name) => [name, verify(buildProgram(design, name, size, (graph) => lower(graph, name)))]),
  );
  return { graphs, choices };
}
