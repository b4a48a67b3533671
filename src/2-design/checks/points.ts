/** A part can read an earlier point of the stream: one that comes before it, in its own layer or the one before. */
import { suggest } from "../../diagnostics/suggest.js";
import type { Block, Design, Point, Step } from "../design.js";
import { joinedRuns } from "../layers.js";
import type { Check, CheckContext } from "./check.js";

export const points: Check = {
  name: "points",
  doc: "What a step reads comes before it, in every layer where its block stands.",
  run: (context) => {
    for (const block of Object.values(context.design.blocks)) {
      for (const [i, step] of block.steps.entries()) if (step.reads) checkPoint(block, i, step, step.reads, context);
    }
  },
};

function checkPoint(block: Block, i: number, step: Step, reads: Point, context: CheckContext): void {
  const path = `${block.name}.residual${i === 0 ? "" : `[${i}]`}.reading`;
  if (reads.layer === "previous") {
    checkPrevious(block, step, reads, path, context);
    return;
  }
  if (reads.after === undefined) return;
  const { part } = step;
  const at = block.steps.findIndex((each) => each.part === reads.after);
  if (at >= i) context.tell("MOE2029", { part, point: reads.after }, path, { help: [choices(block, i)] });
  else if (at < 0) missing(block, block.steps.slice(0, i), step, reads.after, path, context);
}

function missing(block: Block, steps: readonly Step[], step: Step, point: string, path: string, context: CheckContext) {
  // a step whose part could not be found is not there either
  if (!context.trusts(block.name, "residual") || context.unclear) return;
  const nearest = suggest(
    point,
    steps.map(({ part }) => part),
  );
  const before = step.reads?.layer === "previous" ? "previous." : "";
  const help = nearest === undefined ? choices(block, steps.length, before) : `did you mean \`${before}${nearest}\`?`;
  context.tell("MOE2028", { part: step.part, point, block: block.name }, path, { help: [help] });
}

function choices({ steps }: Block, upTo: number, before = ""): string {
  const names = ["input", ...steps.slice(0, upTo).map(({ part }) => part)].map((name) => `\`${before}${name}\``);
  const elsewhere = before === "" ? ", or a point of the layer before, such as `previous.input`" : "";
  return `it can read ${names.join(", ")}${elsewhere}`;
}

/** The layer before is another one in every place where the block stands; each is told once. */
function checkPrevious(block: Block, step: Step, { after }: Point, path: string, context: CheckContext): void {
  const { model, blocks, mixtures } = context.design;
  const expert = Object.values(mixtures).find(({ experts }) => experts.some(({ ffn }) => ffn.block === block.name));
  if (expert) context.tell("MOE2030", { block: block.name, where: `an expert of \`${expert.name}\`` }, path);
  for (const before of blocksBefore(block.name, context.design)) {
    if (before === undefined) {
      context.tell("MOE2030", { block: block.name, where: `the first layer of \`${model?.name}\`` }, path);
    } else {
      const there = blocks[before];
      const found = after === undefined || there?.steps.some(({ part }) => part === after);
      if (there && !found) missing(there, there.steps, step, after, path, context);
    }
  }
}

/** Names of the blocks that stand right before a block; undefined where nothing does. */
function blocksBefore(name: string, { model }: Design): ReadonlySet<string | undefined> {
  const runs = joinedRuns(model?.stack ?? []);
  return new Set(
    runs.flatMap(({ block, count }, i) => {
      if (block !== name) return [];
      return count > 1 ? [runs[i - 1]?.block, block] : [runs[i - 1]?.block];
    }),
  );
}
