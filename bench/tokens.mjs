/**
 * Writes the training tokens of a seed design as a file of u16 ids, as `moec train` sees them, so that the peer can be
 * trained on the same text: `peers/torch_moe.py train --data tokens.bin`.
 *
 * node bench/tokens.mjs mask-moe tokens.bin
 */
import { writeFileSync } from "node:fs";
import { parse } from "../dist/src/1-syntax/parse.js";
import { resolve } from "../dist/src/2-design/resolve.js";
import { cacheFolder } from "../dist/src/host/cache-folder.js";
import { nodeHost } from "../dist/src/host/node.js";
import { prepareData } from "../dist/src/runtime/data/prepare.js";
import { specOf } from "./spec.mjs";

const [name, out] = process.argv.slice(2);
if (!name || !out) {
  process.stderr.write("usage: node bench/tokens.mjs mask-moe|mh-moe FILE\n");
  process.exit(1);
}
const { model, train } = resolve(parse(specOf(name)).ast).design;
const data = await prepareData(nodeHost, {
  patterns: train.data.globs,
  tokenizer: train.tokenizer,
  vocab: model.vocab,
  heldOut: train.evaluate.heldOut,
  seed: train.seed,
  cache: cacheFolder(nodeHost),
  report: (what) => process.stderr.write(`${what}\n`),
});
writeFileSync(out, Uint16Array.from(data.train));
process.stdout.write(`${out}: ${data.train.length} training tokens of ${data.files} files\n`);
