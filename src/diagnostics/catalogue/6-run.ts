/** Codes 6xxx: files, data and training. What goes wrong outside the spec, while a command runs. */
import { count } from "./count.js";
import { error, type Family, warning } from "./entry.js";

const shape = (dims: readonly number[]): string => `[${dims.join(", ")}]`;

export const runCodes = {
  MOE6001: error(
    "no data files",
    (p: { patterns: readonly string[] }) =>
      `no file matches ${p.patterns.map((pattern) => `"${pattern}"`).join(" or ")}`,
  ),
  MOE6002: error("the data is empty", (p: { files: number }) => `the ${count(p.files)} data files hold no text`),
  MOE6003: error(
    "too little data",
    (p: { tokens: number; needed: number }) =>
      `the data has ${count(p.tokens)} tokens; one batch needs ${count(p.needed)}`,
  ),
  MOE6004: error(
    "a tensor is missing",
    (p: { file: string; tensor: string }) => `\`${p.file}\` has no tensor \`${p.tensor}\``,
  ),
  MOE6005: error(
    "a tensor that the model does not have",
    (p: { file: string; tensor: string }) => `\`${p.file}\` has a tensor \`${p.tensor}\` that the model does not have`,
  ),
  MOE6006: error(
    "a tensor of another shape",
    (p: { file: string; tensor: string; found: readonly number[]; expected: readonly number[] }) =>
      `\`${p.tensor}\` in \`${p.file}\` is ${shape(p.found)}, the model needs ${shape(p.expected)}`,
  ),
  MOE6007: error(
    "a damaged tensor file",
    // reason: "it ends 4096 bytes too early"
    (p: { file: string; reason: string }) => `\`${p.file}\` is not a whole safetensors file: ${p.reason}`,
  ),
  MOE6008: error("the disk is full", (p: { file: string }) => `the disk is full: \`${p.file}\` was not written`),
  MOE6009: error(
    "a file outside the project",
    (p: { file: string; root: string }) => `\`${p.file}\` is outside the project folder \`${p.root}\``,
  ),
  MOE6010: error(
    "a file that is not ours",
    (p: { file: string }) => `\`${p.file}\` was not written by moec and would be overwritten`,
  ),
  MOE6011: error(
    "the training diverged",
    // what: "the loss", "layers.3.mixture.router.weight"
    (p: { step: number; what: string; value: string }) =>
      `training diverged at step ${count(p.step)}: ${p.what} is ${p.value}`,
  ),
  MOE6012: error(
    "token counts that cannot be used",
    (p: { file: string; reason: string }) => `\`${p.file}\` does not hold the token counts: ${p.reason}`,
  ),
  MOE6013: error(
    "a file that cannot be read",
    (p: { file: string; reason: string }) => `\`${p.file}\` cannot be read: ${p.reason}`,
  ),
  MOE6014: error(
    "a file that cannot be written",
    (p: { file: string; reason: string }) => `\`${p.file}\` cannot be written: ${p.reason}`,
  ),
  MOE6015: error(
    "tokens that cannot be used",
    (p: { file: string; reason: string }) => `\`${p.file}\` does not hold token ids: ${p.reason}`,
  ),
  MOE6016: error(
    "nothing to resume",
    // step: the one that was asked for, where there are others
    (p: { folder: string; step?: number | undefined }) =>
      `\`${p.folder}\` holds no checkpoint${p.step === undefined ? "" : ` of step ${p.step}`}`,
  ),
  MOE6017: error(
    "a run of another design",
    (p: { folder: string }) => `the run in \`${p.folder}\` was made from another design`,
  ),
  MOE6018: error(
    "a tensor of another type",
    (p: { file: string; tensor: string; found: string; expected: string }) =>
      `\`${p.tensor}\` in \`${p.file}\` is ${p.found}, the model needs ${p.expected}`,
  ),
  MOE6019: error(
    "a tokenizer that cannot be used",
    (p: { file: string; reason: string }) => `the tokenizer \`${p.file}\` cannot be used: ${p.reason}`,
  ),
  MOE6020: error(
    "a routing table file that cannot be used",
    (p: { file: string; reason: string }) => `\`${p.file}\` is not a routing table for this model: ${p.reason}`,
  ),
  MOE6021: error(
    "a flag that cannot be understood",
    (p: { flag: string; value: string; expected: string }) => `\`${p.flag} ${p.value}\`: expected ${p.expected}`,
  ),
  MOE6022: error(
    "not enough memory",
    (p: { needed: number | bigint; what: string }) => `the machine has no ${count(p.needed)} bytes for ${p.what}`,
  ),
  MOE6023: error(
    "the table needs token counts",
    (p: { table: string }) => `table \`${p.table}\` sorts ids by how often they occur, and there are no counts`,
  ),
  MOE6024: warning(
    "an expert that receives nothing",
    (p: { layer: number; expert: number; steps: number }) =>
      `expert ${p.expert} of layer ${p.layer} received nothing for ${count(p.steps)} steps`,
  ),
  MOE6025: error("a file that is already there", (p: { folder: string }) => `\`${p.folder}\` already holds a run`),
  MOE6026: warning(
    "text that is not UTF-8",
    (p: { file: string; files: number; replaced: number }) =>
      `${count(p.replaced)} places in ${count(p.files)} data files are not UTF-8 and read as U+FFFD, first in \`${p.file}\``,
  ),
  MOE6027: error(
    "a record that cannot be used",
    (p: { file: string; line: number; reason: string }) => `\`${p.file}\`, record ${count(p.line)}: ${p.reason}`,
  ),
  MOE6028: warning("a pattern without files", (p: { pattern: string }) => `no file matches "${p.pattern}"`),
  MOE6029: error(
    "a resumed run with other data",
    // what: "the number of training tokens"
    (p: { what: string; before: number | string; now: number | string }) =>
      `the run cannot go on where it stopped: ${p.what} was ${p.before} and is ${p.now}`,
  ),
  MOE6030: error(
    "a checkpoint that cannot be used",
    (p: { folder: string; reason: string }) => `the checkpoint \`${p.folder}\` cannot be used: ${p.reason}`,
  ),
  MOE6031: warning(
    "a cache that cannot be written",
    (p: { folder: string; reason: string }) => `nothing was kept in the cache \`${p.folder}\`: ${p.reason}`,
  ),
  MOE6032: error(
    "data of two kinds",
    (p: { text: string; tokens: string }) =>
      `\`${p.text}\` holds text and \`${p.tokens}\` holds token ids; a run reads one kind`,
  ),
  MOE6033: warning(
    "experts with very uneven load",
    (p: { layer: number; ratio: string; steps: number }) =>
      `in layer ${p.layer} the busiest expert took ${p.ratio} times the mean load over ${count(p.steps)} steps`,
  ),
  MOE6034: error("an unknown command", (p: { command: string }) => `there is no command \`${p.command}\``),
  MOE6035: error(
    "an unknown flag",
    (p: { flag: string; command: string }) => `\`${p.command}\` has no flag \`${p.flag}\``,
  ),
  MOE6036: error(
    "an argument that is missing",
    (p: { command: string; what: string }) => `\`${p.command}\` needs ${p.what}`,
  ),
  MOE6037: error(
    "more arguments than a command takes",
    (p: { command: string }) => `\`${p.command}\` was given more arguments than it takes`,
  ),
  MOE6038: error(
    "a version that git does not have",
    (p: { file: string; ref: string; reason: string }) => `\`${p.file}\` at \`${p.ref}\` cannot be read: ${p.reason}`,
  ),
  MOE6039: error(
    "a run that is under way",
    (p: { folder: string; process: string }) => `${p.process} is training in \`${p.folder}\``,
  ),
  MOE6040: warning(
    "a start that takes nothing over",
    (p: { run: string }) => `nothing of \`${p.run}\` fits this design: every weight starts anew`,
  ),
  MOE6041: error(
    "a config that no spec can say",
    (p: { file: string; reason: string }) => `\`${p.file}\` cannot be imported: ${p.reason}`,
  ),
  MOE6042: error(
    "a design that a family cannot hold",
    (p: { family: string; reasons: readonly string[] }) =>
      `\`${p.family}\` cannot hold this design: ${p.reasons.slice(0, 3).join("; ")}${p.reasons.length > 3 ? `; and ${p.reasons.length - 3} more` : ""}`,
  ),
  MOE6051: warning(
    "a GPU that was lost",
    (p: { reason: string; step: number }) =>
      `the GPU was lost (${p.reason}): going on from the checkpoint of step ${p.step}`,
  ),
  MOE6052: error(
    "a GPU that was lost before anything was saved",
    (p: { reason: string }) => `the GPU was lost (${p.reason}) and there is no newer checkpoint to go on from`,
  ),
  MOE6043: error("output that was lost", (p: { reason: string }) => `the output could not be written: ${p.reason}`),
  MOE6050: error(
    "a layer that an expert could be taken from in several ways",
    (p: { file: string; layer: string; parts: readonly string[] }) =>
      `\`${p.layer}\` of \`${p.file}\` has ${p.parts.length} parts that an expert could be: ${p.parts.join(", ")}`,
  ),
  MOE6053: error(
    "models with different tokenizers, to be made one",
    (p: { run: string; first: string }) =>
      `\`${p.run}\` was trained with another tokenizer than \`${p.first}\`: the same id is another token`,
  ),
} as const satisfies Family<"6">;
