/** Runs the rewrites of routers over a graph, each over all layers, and keeps a record of what became of each. */
import type { Design } from "../2-design/design.js";
import type { Graph, Node } from "../3-graph/graph.js";
import { type Replace, rewrite } from "../3-graph/rewrite.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";
import { factsOf } from "./facts.js";
import type { Profile } from "./profile.js";
import { routerRewrites } from "./rewrites/index.js";
import type { Layer, Plan, RouterRewrite } from "./rewrites/rewrite.js";

/** What became of one rewrite in one mixture. */
export interface Rewritten {
  readonly site: string;
  readonly name: string;
  readonly applied: boolean;
  readonly why: string;
}

export interface RewriteWishes {
  /** rewrites that are not wanted */
  readonly without?: readonly string[];
  /** rewrites that are wanted wherever they are legal */
  readonly always?: readonly string[];
}

/** Applies every rewrite that is legal and worth it; MOE5010 for a wish about a rewrite that does not exist. */
export function rewriteRouters(graph: Graph, design: Design, profile: Profile, wishes: RewriteWishes) {
  for (const name of [...(wishes.without ?? []), ...(wishes.always ?? [])]) checkName(name);
  const rewrites: Rewritten[] = [];
  let current = graph;
  for (const each of routerRewrites) {
    const plans = layersOf(current, design, profile).map((layer) => judge(layer, each, wishes));
    rewrites.push(...firstOfSite(plans.map(({ record }) => record)));
    const replace = new Map(plans.flatMap((plan) => [...plan.replace]));
    if (replace.size > 0) current = rewrite(current, (g, node, inputs) => replace.get(node)?.(g, node, inputs));
  }
  return { graph: current, rewrites };
}

function layersOf(graph: Graph, design: Design, profile: Profile): readonly Layer[] {
  const nodes = graph.nodes.filter((node) => node.op.kind === "experts");
  return nodes.map((node) => ({ design, graph, node, site: factsOf(design, node), profile }));
}

interface Judged {
  readonly record: Rewritten;
  readonly replace: ReadonlyMap<Node, Replace>;
}

function judge(layer: Layer, rewriting: RouterRewrite, wishes: RewriteWishes): Judged {
  const { name } = rewriting;
  const plan = rewriting.plan(layer);
  const { applied, why } = verdict(plan, wishes.without?.includes(name), wishes.always?.includes(name));
  const replace = applied && plan.kind === "possible" ? plan.replace : new Map<Node, Replace>();
  return { record: { site: layer.site.site, name, applied, why }, replace };
}

function verdict(plan: Plan, unwanted = false, forced = false): { readonly applied: boolean; readonly why: string } {
  if (plan.kind === "refused") return { applied: false, why: plan.why };
  if (unwanted) return { applied: false, why: "turned off with --no-rewrite" };
  if (forced || plan.gain > 0) return { applied: true, why: plan.why };
  return { applied: false, why: `legal (${plan.why}), but would cost ${duration(-plan.gain)} more a layer` };
}

/** `12.3 µs`, `4.56 ms`, `1.06 s`. */
export function duration(seconds: number): string {
  const [factor, unit] = seconds < 999.5e-6 ? [1e6, "µs"] : seconds < 0.9995 ? [1e3, "ms"] : [1, "s"];
  return `${Number((seconds * factor).toPrecision(3))} ${unit}`;
}

/** Layers of one mixture differ in weights and tables only, so they share their fate. */
function firstOfSite(records: readonly Rewritten[]): readonly Rewritten[] {
  return records.filter((record, i) => records.findIndex(({ site }) => site === record.site) === i);
}

function checkName(name: string): void {
  const names = routerRewrites.map((each) => each.name);
  if (names.includes(name)) return;
  const near = suggest(name, names);
  const help = near === undefined ? `rewrites: ${names.join(", ")}` : `did you mean \`${near}\`?`;
  throw new DiagnosticError([diagnose("MOE5010", { rewrite: name }, { help: [help] })]);
}
