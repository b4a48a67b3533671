/** The stack of a model, layer by layer. The design keeps it run-length coded; this is where the runs are unrolled. */
import type { Attention, Block, Design, Ffn, Model, Step } from "./design.js";

/** Layers of one block in a row. */
export type Run = Model["stack"][number];

/** Runs that stand several times in a row as a whole; a run that stands alone is a segment of its own. */
export interface Segment {
  readonly times: number;
  readonly runs: readonly Run[];
}

/** How many layers the model has. */
export function layerCount(model: Model): number {
  return model.stack.reduce((sum, run) => sum + run.count, 0);
}

/** The block of every layer, first layer first. */
export function layerBlocks(design: Design): readonly Block[] {
  const stack = design.model?.stack ?? [];
  return stack.flatMap(({ count, block }) => {
    const found = design.blocks[block];
    return found ? Array.from({ length: count }, () => found) : [];
  });
}

/** The mixtures that layers use as steps, each once, with the first layer and step that do. */
export function layerMixtures(design: Design): ReadonlyMap<string, { readonly layer: number; readonly step: Step }> {
  const found = new Map<string, { readonly layer: number; readonly step: Step }>();
  for (const [layer, { steps }] of layerBlocks(design).entries()) {
    for (const step of steps) {
      if (step.kind === "mixture" && !found.has(step.part)) found.set(step.part, { layer, step });
    }
  }
  return found;
}

/** Neighbours of the same block as one run, so that `Layer` twice and `repeat 2 of Layer` are one design. */
export function joinedRuns(runs: readonly Run[]): readonly Run[] {
  const out: { count: number; block: string }[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last?.block === run.block) last.count += run.count;
    else out.push({ ...run });
  }
  return out;
}

/** The stack from the first layer to the last, with whatever repeats told once. */
export function segmentsOf(stack: readonly Run[]): readonly Segment[] {
  const runs = joinedRuns(stack);
  const segments: Segment[] = [];
  for (let at = 0; at < runs.length; ) {
    const segment = segmentAt(runs, at);
    segments.push(segment);
    at += segment.times * segment.runs.length;
  }
  return segments;
}

/** The longest stretch from a place on that is some runs again and again; at most eight runs are looked at. */
function segmentAt(runs: readonly Run[], at: number): Segment {
  let best: Segment = { times: 1, runs: [runs[at]!] };
  for (let length = 2; length <= 8; length++) {
    const times = timesInRow(runs, at, length);
    if (times > 1 && times * length > best.times * best.runs.length)
      best = { times, runs: runs.slice(at, at + length) };
  }
  return best;
}

function timesInRow(runs: readonly Run[], at: number, length: number): number {
  const isAgain = (i: number): boolean => {
    const [run, first] = [runs[i], runs[at + ((i - at) % length)]!];
    return run !== undefined && run.block === first.block && run.count === first.count;
  };
  let end = at + length;
  while (isAgain(end)) end++;
  return Math.floor((end - at) / length);
}

/** `3 × First, 12 × [Dense, Sparse]`; `refer` gives the name a block is known by. */
export function stackText(stack: readonly Run[], refer: (name: string) => string = (name) => name): string {
  const renamed = stack.map(({ count, block }) => ({ count, block: refer(block) }));
  const inner = ({ count, block }: Run) => (count === 1 ? block : `${count} × ${block}`);
  return segmentsOf(renamed)
    .map(({ times, runs: [first, ...others] }) =>
      others.length === 0
        ? `${first!.count} × ${first!.block}`
        : `${times} × [${[first!, ...others].map(inner).join(", ")}]`,
    )
    .join(", ");
}

/** How many layers use each block, by name, in the order of first use. */
export function blockUses(design: Design): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { count, block } of design.model?.stack ?? []) uses.set(block, (uses.get(block) ?? 0) + count);
  return uses;
}

/** The name of a step's weights, `layers.{i}.<this>.…`: the part's own name in lower case. */
export function stepScope(step: Step): string {
  return step.part.toLowerCase();
}

/** Names of the blocks that a model runs: those of its stack, and those that are experts in one of them. */
export function reachedBlocks(design: Design): ReadonlySet<string> {
  const waiting = (design.model?.stack ?? []).map(({ block }) => block);
  const found = new Set<string>();
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const block = design.blocks[name];
    if (!block || found.has(name)) continue;
    found.add(name);
    for (const step of block.steps) waiting.push(...expertBlocks(design, step));
  }
  return found;
}

/** The attentions of a block: its steps, and experts of its mixtures. */
export function attentionsOf({ steps }: Pick<Block, "steps">, { attentions, mixtures }: Design): readonly Attention[] {
  const names = steps.flatMap(({ part, kind }) => {
    if (kind === "attention") return [part];
    const experts = kind === "mixture" ? (mixtures[part]?.experts ?? []) : [];
    return experts.flatMap(({ ffn }) => ffn.attention ?? []);
  });
  return names.flatMap((name) => attentions[name] ?? []);
}

/** The blocks that are experts of a step's mixture. */
export function expertBlocks(design: Design, { part, kind }: Step): readonly string[] {
  const mixture = kind === "mixture" ? design.mixtures[part] : undefined;
  const ffns: readonly Ffn[] = [...(mixture?.experts ?? []), ...(mixture?.shared ?? [])].map(({ ffn }) => ffn);
  return ffns.flatMap(({ block }) => (block === undefined ? [] : [block]));
}
