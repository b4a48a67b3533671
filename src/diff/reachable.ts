/**
 * The part of a design that takes part in a comparison. With a model it is what the model and its run use: a block
 * that nobody uses, or a router that was only inherited from, changes nothing. Without a model it is everything.
 */
import type { Design, Step } from "../2-design/design.js";
import { reachedBlocks } from "../2-design/layers.js";

export type Parts = Pick<Design, "blocks" | "attentions" | "denses" | "mixtures" | "routers" | "tables">;

/** The declarations that matter, each under its own name. */
export function reachableParts(design: Design): Parts {
  if (!design.model) return design;
  const blocks = pick(design.blocks, reachedBlocks(design));
  const steps = Object.values(blocks).flatMap(({ steps }) => steps);
  const mixtures = pick(design.mixtures, namesOf(steps, "mixture"));
  return {
    blocks,
    attentions: pick(design.attentions, new Set([...namesOf(steps, "attention"), ...expertAttentions(mixtures)])),
    denses: pick(design.denses, namesOf(steps, "dense")),
    mixtures,
    routers: {},
    tables: pick(design.tables, usedTables(mixtures)),
  };
}

function namesOf(steps: readonly Step[], kind: Step["kind"]): ReadonlySet<string> {
  return new Set(steps.filter((step) => step.kind === kind).map(({ part }) => part));
}

/** Attentions that are experts. */
function expertAttentions(mixtures: Design["mixtures"]): readonly string[] {
  const groups = Object.values(mixtures).flatMap(({ experts }) => experts);
  return groups.flatMap(({ ffn }) => (ffn.attention === undefined ? [] : [ffn.attention]));
}

function usedTables(mixtures: Design["mixtures"]): ReadonlySet<string> {
  const rules = Object.values(mixtures).flatMap(({ router }) => router.rules);
  return new Set(rules.flatMap(({ args }) => (typeof args.table === "string" ? [args.table] : [])));
}

function pick<T>(all: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries([...names].flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}
