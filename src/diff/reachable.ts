/**
 * The part of a design that takes part in a comparison. With a model it is what the model and its run use: a block
 * that nobody uses, or a router that was only inherited from, changes nothing. Without a model it is everything.
 */
import type { Design, Ffn, Step } from "../2-design/design.js";

export type Parts = Pick<Design, "blocks" | "attentions" | "denses" | "mixtures" | "routers" | "tables">;

/** The declarations that matter, each under its own name. */
export function reachableParts(design: Design): Parts {
  if (!design.model) return design;
  const blocks = usedBlocks(design);
  const steps = Object.values(blocks).flatMap(({ steps }) => steps);
  const mixtures = pick(design.mixtures, namesOf(steps, "mixture"));
  return {
    blocks,
    attentions: pick(design.attentions, namesOf(steps, "attention")),
    denses: pick(design.denses, namesOf(steps, "dense")),
    mixtures,
    routers: {},
    tables: pick(design.tables, usedTables(mixtures)),
  };
}

/** Blocks of the stack, and those that serve as experts of their mixtures, in the order of first use. */
function usedBlocks(design: Design): Design["blocks"] {
  const waiting = (design.model?.stack ?? []).map(({ block }) => block);
  const found = new Set<string>();
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const block = design.blocks[name];
    if (!block || found.has(name)) continue;
    found.add(name);
    for (const step of block.steps) waiting.push(...expertBlocks(design, step));
  }
  return pick(design.blocks, found);
}

function expertBlocks(design: Design, { part, kind }: Step): readonly string[] {
  const mixture = kind === "mixture" ? design.mixtures[part] : undefined;
  const ffns: readonly Ffn[] = [...(mixture?.experts ?? []), ...(mixture?.shared ?? [])].map(({ ffn }) => ffn);
  return ffns.flatMap(({ block }) => (block === undefined ? [] : [block]));
}

function namesOf(steps: readonly Step[], kind: Step["kind"]): ReadonlySet<string> {
  return new Set(steps.filter((step) => step.kind === kind).map(({ part }) => part));
}

function usedTables(mixtures: Design["mixtures"]): ReadonlySet<string> {
  const rules = Object.values(mixtures).flatMap(({ router }) => router.rules);
  return new Set(rules.flatMap(({ args }) => (typeof args.table === "string" ? [args.table] : [])));
}

function pick<T>(all: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries([...names].flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}
