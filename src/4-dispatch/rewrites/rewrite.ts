/**
 * What a rewrite of a router is: one file of this folder. It looks at one layer, and either says how to replace some
 * of its nodes or why it leaves them alone. Facts make it worth a look; the graph decides whether it is legal.
 */
import type { Design } from "../../2-design/design.js";
import type { Graph, Node } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import type { SiteFacts } from "../facts.js";
import type { Profile } from "../profile.js";

export interface Layer {
  readonly design: Design;
  readonly graph: Graph;
  /** the `experts` node; its scope is the layer's */
  readonly node: Node;
  readonly site: SiteFacts;
  readonly profile: Profile;
}

export type Plan =
  /** not legal, or nothing to do; no wish changes that */
  | { readonly kind: "refused"; readonly why: string }
  /** legal; worth it if `gain` is positive (seconds per layer and step, by the cost model) */
  | {
      readonly kind: "possible";
      readonly why: string;
      readonly gain: number;
      readonly replace: ReadonlyMap<Node, Replace>;
    };

export interface RouterRewrite {
  readonly name: string;
  /** one sentence */
  readonly doc: string;
  readonly plan: (layer: Layer) => Plan;
}

/** Describes a rewrite; the only thing a file of this folder exports. */
export function defineRewrite(rewrite: RouterRewrite): RouterRewrite {
  return rewrite;
}
