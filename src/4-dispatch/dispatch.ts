/**
 * Stage 4: every `experts` node becomes ordinary ops, by the strategy that its facts allow and its cost favours, after
 * the router has been rewritten where facts make part of it needless. Runs before the gradient, so that the backward
 * pass follows from what was chosen.
 */
import type { Design } from "../2-design/design.js";
import { isDispatched } from "../2-design/placed.js";
import { compact } from "../3-graph/compact.js";
import type { Graph, Node } from "../3-graph/graph.js";
import { rewrite } from "../3-graph/rewrite.js";
import { verify } from "../3-graph/verify.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";
import { choose, type Decision } from "./choose.js";
import { factsOf, type SiteFacts } from "./facts.js";
import { type Profile, profileOf } from "./profile.js";
import { type Rewritten, rewriteRouters } from "./rewrites.js";
import { readCall } from "./site.js";
import { sortsFirst } from "./sorts-first.js";

export interface DispatchOptions {
  /** whose cost model decides; `cpu` unless said */
  readonly target?: string;
  /** strategies that were asked for, by mixture */
  readonly strategies?: Readonly<Record<string, string>>;
  /** mixtures whose strategy was measured and not wished for: the cheapest stands in where it is not legal */
  readonly measured?: readonly string[];
  /** nobody asks for gradients */
  readonly forwardOnly?: boolean;
  /** rewrites that are not wanted */
  readonly without?: readonly string[];
  /** rewrites that are wanted wherever they are legal, whatever they cost */
  readonly always?: readonly string[];
}

export interface Choice extends Decision {
  /** the mixture as it stood before it was lowered */
  readonly node: Node;
  readonly site: SiteFacts;
  readonly profile: Profile;
  readonly rewrites: readonly Rewritten[];
}

export interface Dispatched {
  /** no `experts` node is left */
  readonly graph: Graph;
  /** one per mixture, in the order of the layers */
  readonly choices: readonly Choice[];
  /** weights that nothing reads any more: their gradient is exactly zero, and the graph no longer names them */
  readonly idle: readonly string[];
}

/** Lowers every mixture of a forward graph; MOE5002–5004 and 5010 for wishes that cannot be met. */
export function dispatch(graph: Graph, design: Design, options: DispatchOptions = {}): Dispatched {
  const profile = profileOf(options.target ?? "cpu");
  checkSites(graph, design, Object.keys(options.strategies ?? {}));
  // readers that nobody needs would forbid rewrites
  const routed = rewriteRouters(compact(graph), design, profile, options);
  const choices = sitesOf(routed.graph).map((node): Choice => {
    const site = factsOf(design, node, options.forwardOnly);
    const wanted = options.strategies?.[site.site];
    const measured = options.measured?.includes(site.site) ?? false;
    const decision = choose(site, profile, wanted, measured);
    return { ...decision, node, site, profile, rewrites: routed.rewrites.filter((each) => each.site === site.site) };
  });
  const lowered = verify(sortsFirst(lower(routed.graph, choices)));
  const left = new Set(weightNames(lowered));
  return { graph: lowered, choices, idle: weightNames(graph).filter((name) => !left.has(name)) };
}

const weightNames = (graph: Graph): readonly string[] =>
  graph.nodes.flatMap(({ op }) => (op.kind === "param" ? [op.name] : []));

function lower(graph: Graph, choices: readonly Choice[]): Graph {
  return rewrite(graph, (g, node, inputs) => {
    if (node.op.kind !== "experts") return undefined;
    const { site: name } = node.op;
    const { strategy, site } = choices.find((choice) => choice.site.site === name)!;
    return [strategy.lower(g, readCall(g, node, inputs), site)];
  });
}

/** The first `experts` node of every mixture: its layers only differ in weights and tables. */
export function sitesOf(graph: Graph): readonly Node[] {
  const sites = new Map<string, Node>();
  for (const node of graph.nodes)
    if (node.op.kind === "experts" && !sites.has(node.op.site)) sites.set(node.op.site, node);
  return [...sites.values()];
}

function checkSites(graph: Graph, design: Design, wanted: readonly string[]): void {
  const names = sitesOf(graph).flatMap(({ op }) => (op.kind === "experts" ? [op.site] : []));
  for (const site of wanted) {
    if (names.includes(site)) continue;
    const near = suggest(site, names);
    const help = names.length === 0 ? [] : [near ? `did you mean \`${near}\`?` : `mixtures: ${names.join(", ")}`];
    throw new DiagnosticError([diagnose("MOE5004", { site, ...whyNot(design, site) }, { help })]);
  }
}

/** Why a mixture of the design is not dispatched; nothing where it is simply not there. */
function whyNot(design: Design, site: string): { readonly why?: string } {
  const mixture = Object.hasOwn(design.mixtures, site) ? design.mixtures[site] : undefined;
  if (mixture === undefined) return {};
  const part = mixture.experts.every(({ ffn }) => ffn.block !== undefined) ? "whole blocks" : "attentions";
  return {
    why: isDispatched(mixture, design)
      ? "the model does not dispatch it"
      : `its experts are ${part}, which run where they stand`,
  };
}
