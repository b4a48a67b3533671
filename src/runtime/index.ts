/**
 * What generated trainers and their users import: trainers and runs, devices, data, tokenizers, tables, weights,
 * checkpoints, metrics.
 */

export { DiagnosticError } from "../diagnostics/diagnostic.js";
export { cacheFolder } from "../host/cache-folder.js";
export * from "../host/host.js";
export { nodeHost } from "../host/node.js";
export * from "./bundle.js";
export * from "./checkpoint.js";
export * from "./data/count-tokens.js";
export * from "./data/prepare.js";
export * from "./data/sampler.js";
export type { Device } from "./device.js";
export * from "./draw-token.js";
export * from "./dtype.js";
export * from "./engine.js";
export * from "./evaluate.js";
export * from "./generate-text.js";
export * from "./init.js";
export * from "./load.js";
export * from "./metrics.js";
export * from "./open-engine.js";
export * from "./predict.js";
export * from "./progress.js";
export * from "./read-bundle.js";
export * from "./rng.js";
export * from "./routing-tables.js";
export * from "./run.js";
export * from "./run-folder.js";
export * from "./safetensors.js";
export * from "./safetensors-write.js";
export { sha256 } from "./sha256.js";
export * from "./start-weights.js";
export type { StepReport } from "./step-report.js";
export * from "./step-results.js";
export * from "./table-file.js";
export * from "./tables.js";
export * from "./token-counts.js";
export { trainBpe } from "./tokenizer/bpe-train.js";
export { readTokenizer } from "./tokenizer/read-tokenizer.js";
export type { TokenArray } from "./tokenizer/token-buffer.js";
export { bpeTokenizer, byteTokenizer, type Tokenizer } from "./tokenizer/tokenizer.js";
export * from "./train.js";
export * from "./trainer.js";
