/**
 * What the page shows, as plain data for its templates: everything that a template prints is decided here. Texts are
 * not escaped here: the templates do that.
 */
import type { Comparison } from "../compare.js";
import { plural } from "../render/numbers.js";
import { type CostView, costView } from "./cost-view.js";
import { type DesignView, designView, linkTargets } from "./design-view.js";
import { type Compared, type KernelPageView, kernelPageView } from "./kernel-page-view.js";
import { type RunPageView, runPageView } from "./run-view.js";
import { type WeightsView, weightsView } from "./weights-view.js";

export interface PageView {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly same: boolean;
  /** one short fact for each layer, with a link to it */
  readonly facts: readonly { readonly href: string; readonly name: string; readonly text: string }[];
  readonly design: DesignView;
  readonly weights: WeightsView;
  readonly cost: CostView;
  readonly dispatch: DispatchView;
  readonly kernels: KernelPageView;
  readonly runs: RunPageView | undefined;
  readonly promise: string;
  readonly breaks: readonly { readonly promise: string; readonly because: string }[];
}

export interface DispatchView {
  readonly note: string;
  readonly sites: readonly SitePageView[];
}

export interface SitePageView {
  readonly site: string;
  readonly same: boolean;
  readonly strategies: readonly {
    readonly side: string;
    readonly name: string;
    readonly why: string;
    readonly losers: readonly { readonly name: string; readonly reason: string }[];
  }[];
  readonly facts: readonly {
    readonly status: "added" | "removed";
    readonly sign: string;
    readonly text: string;
    readonly because: string;
  }[];
  readonly rewrites: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/** The view of what was compared for the first target; kernels are shown of all of them. */
export function pageView(first: Compared, others: readonly Compared[] = []): PageView {
  const { comparison, before, after } = first;
  const design = designView(before.design, after.design, comparison.design);
  const weights = weightsView(comparison.weights);
  const cost = costView(comparison.cost);
  const dispatch = dispatchView(comparison);
  const kernels = kernelPageView([first, ...others], linkTargets(design));
  return {
    title: `${before.label} → ${after.label}`,
    before: before.label,
    after: after.label,
    same: comparison.same,
    facts: [
      { href: "#design", name: "Design", text: design.counts },
      { href: "#weights", name: "Weights", text: weights.counts },
      { href: "#cost", name: "Cost", text: cost.headline },
      { href: "#dispatch", name: "Dispatch", text: dispatch.note },
      {
        href: "#kernels",
        name: "Kernels",
        text: kernels.counts.map(({ count, status }) => `${count} ${status}`).join(", ") || kernels.note,
      },
    ],
    design,
    weights,
    cost,
    dispatch,
    kernels,
    runs: comparison.runs && runPageView(comparison.runs),
    promise: comparison.keeps,
    breaks: comparison.breaks,
  };
}

function dispatchView({ dispatch, refused }: Comparison): DispatchView {
  if (!dispatch) return { note: refused[0]?.message ?? "nothing to dispatch", sites: [] };
  const sites = dispatch.sites.map((each): SitePageView => {
    const sides = [
      { side: "before", chosen: each.before },
      { side: "after", chosen: each.after },
    ];
    const strategies = sides.flatMap(({ side, chosen }) =>
      chosen ? [{ side, name: chosen.strategy, why: chosen.why, losers: chosen.losers }] : [],
    );
    const facts = [
      ...each.lost.map((fact) => ({ status: "removed" as const, sign: "−", ...fact })),
      ...each.gained.map((fact) => ({ status: "added" as const, sign: "+", ...fact })),
    ];
    const rewrites = each.rewrites.map(({ name, before, after }) => ({
      name,
      before: before ?? "none",
      after: after ?? "none",
    }));
    return { site: each.site, same: each.same, strategies, facts, rewrites };
  });
  const changed = sites.filter(({ same }) => !same).length;
  return {
    note:
      changed === 0
        ? `${plural(sites.length, "mixture")} as before`
        : `${changed} of ${plural(sites.length, "mixture")} otherwise, or for other reasons`,
    sites,
  };
}
