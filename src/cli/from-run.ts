/** `--from RUN`: what a new run takes over from the newest checkpoint of another one, and how a person is told. */
import type { Design } from "../2-design/design.js";
import { buffersOf, weightsOf } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import { weightLines } from "../diff/render/weights-text.js";
import { openSide } from "../diff/sides/open-side.js";
import { carryFrom } from "../diff/transfer/carry.js";
import { planTransfer } from "../diff/transfer/plan-transfer.js";
import { weightsLayer } from "../diff/weights-layer.js";
import { holdsHfModel, openHfModel } from "../hugging-face/open-model.js";
import type { Carry, Origin } from "../runtime/carry.js";
import { checkTensors, openCheckpoint } from "../runtime/checkpoint.js";
import type { TokenizerChoice } from "../runtime/data/prepare.js";
import { readManifest, tokenizerPath } from "../runtime/run-folder.js";
import type { Safetensors } from "../runtime/safetensors.js";
import { expectedModel } from "../runtime/start-weights.js";
import type { Cli } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface FromRun {
  readonly origin: Origin;
  readonly carry: Carry;
  /** the earlier run's own, where its ids go on and were made from its data */
  readonly tokenizer: TokenizerChoice | undefined;
  /** what becomes of every tensor: the weights as `moec diff` tells them */
  readonly lines: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * Opens a run, or a Hugging Face model, and plans what of it `design` starts with. Errors: MOE6013 where there is none,
 * MOE6016 where a run has no checkpoint, MOE6004 to MOE6007 and MOE6018 for one that does not hold what its spec says,
 * MOE6041 for a model that cannot be said.
 */
export function fromRun(cli: Cli, folder: string, design: Design): FromRun {
  const { earlier, model, step, spec, tokenizer } = holdsHfModel(cli.host, folder)
    ? openModel(cli, folder, design)
    : openRun(cli, folder, design);
  const plan = planTransfer(earlier, design);
  const layer = weightsLayer(plan);
  const nothing = plan.tensors.every(({ status }) => status === "re-initialised");
  return {
    origin: { run: folder, step, spec },
    carry: carryFrom(plan, model),
    tokenizer,
    lines: [`starting from ${folder} at step ${step}`, ...weightLines(layer, "listed", cli.colour)],
    warnings: nothing ? [diagnose("MOE6040", { run: folder })] : [],
  };
}

interface Earlier {
  readonly earlier: Design;
  readonly model: Safetensors;
  readonly step: number;
  readonly spec: Origin["spec"];
  readonly tokenizer: TokenizerChoice | undefined;
}

function openRun(cli: Cli, folder: string, design: Design): Earlier {
  const { host } = cli;
  const { spec } = readManifest(host, folder);
  const earlier = openSide(folder, { host, readSpec: (path) => readSpec(host, path), set: [], dispatch: {} }).design;
  const { model, step } = openCheckpoint(host, folder);
  checkTensors(model, expectedModel({ weights: weightsOf(earlier), buffers: buffersOf(earlier) }));
  return { earlier, model, step, spec, tokenizer: keptTokenizer(cli, folder, earlier, design) };
}

/** A model says nothing of a run: its ids are those of the new one, with the tokenizer beside the model if there is one. */
function openModel({ host }: Cli, folder: string, { train }: Design): Earlier {
  const { design, model } = openHfModel(host, folder);
  const path = tokenizerPath(folder);
  const tokenizer = host.kind(path) === "file" ? ({ kind: "file", path } as const) : undefined;
  return { earlier: { ...design, train }, model, step: 0, spec: design.spec, tokenizer };
}

/** A vocabulary that was trained on other data would give the same ids to other tokens. */
function keptTokenizer({ host }: Cli, folder: string, before: Design, after: Design): TokenizerChoice | undefined {
  const [a, b] = [before.train?.tokenizer, after.train?.tokenizer];
  const path = tokenizerPath(folder);
  const isSame = a?.kind === "bpe" && b?.kind === "bpe" && a.vocab === b.vocab;
  return isSame && host.kind(path) === "file" ? { kind: "file", path } : undefined;
}

/** MOE6021: a run that is resumed has its own weights already. */
export function refuseResume(from: string): never {
  const expected = "a new run: `--resume` goes on with the weights that the run has";
  throw new DiagnosticError([diagnose("MOE6021", { flag: "--from", value: from, expected })]);
}
