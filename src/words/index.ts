/** All vocabularies, by the word that opens the block. */
import { attentionWords } from "./attention.js";
import { blockWords } from "./block.js";
import { denseWords } from "./dense.js";
import { modelWords } from "./model.js";
import { moeWords } from "./moe.js";
import { routerWords } from "./router.js";
import { tableWords } from "./table.js";
import { trainWords } from "./train.js";

export const vocabularies = {
  model: modelWords,
  block: blockWords,
  attention: attentionWords,
  dense: denseWords,
  moe: moeWords,
  router: routerWords,
  table: tableWords,
  train: trainWords,
} as const;
