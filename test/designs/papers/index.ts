/** Every paper beside its spec, in the order of the README of the specs. */
import { adamoe } from "./adamoe.js";
import { base } from "./base.js";
import { branch, branchTrainMix } from "./branch-train-mix.js";
import { cartesianMoe } from "./cartesian-moe.js";
import { deepseekMoe, deepseekV2, deepseekV3, deepseekV4 } from "./deepseek.js";
import { dsMoe } from "./ds-moe.js";
import { expertChoice } from "./expert-choice.js";
import { gptOss } from "./gpt-oss.js";
import { groveMoe } from "./grove-moe.js";
import { gshard } from "./gshard.js";
import { hashLayer } from "./hash-layer.js";
import { llama4 } from "./llama4.js";
import { longcat } from "./longcat.js";
import { maskMoe, maskMoeTwo } from "./mask-moe.js";
import { mhMoe, mhMoeThreeHeads, mhMoeTwoHeads } from "./mh-moe.js";
import { mixtral } from "./mixtral.js";
import { mixtureOfDepths } from "./mixture-of-depths.js";
import { moa, moaWithAll } from "./moa.js";
import { moePlusPlus } from "./moe-plus-plus.js";
import { mor1e } from "./mor1e.js";
import { noisyTopK } from "./noisy-top-k.js";
import { olmoe } from "./olmoe.js";
import type { PaperCase } from "./paper.js";
import { peer } from "./peer.js";
import { qwen3Moe } from "./qwen3-moe.js";
import { remoe } from "./remoe.js";
import { scMoe } from "./sc-moe.js";
import { softMoe } from "./soft-moe.js";
import { stableMoe, stableMoeLater } from "./stable-moe.js";
import { switchTransformer } from "./switch.js";
import { xMoe } from "./x-moe.js";
import { xmoe } from "./xmoe.js";

export const papers: readonly PaperCase[] = [
  maskMoe,
  maskMoeTwo,
  mhMoe,
  mhMoeTwoHeads,
  mhMoeThreeHeads,
  noisyTopK,
  switchTransformer,
  gshard,
  hashLayer,
  base,
  expertChoice,
  softMoe,
  stableMoe,
  stableMoeLater,
  xMoe,
  xmoe,
  deepseekMoe,
  deepseekV2,
  deepseekV3,
  deepseekV4,
  mixtral,
  qwen3Moe,
  olmoe,
  gptOss,
  groveMoe,
  llama4,
  longcat,
  remoe,
  moePlusPlus,
  adamoe,
  cartesianMoe,
  scMoe,
  dsMoe,
  moa,
  moaWithAll,
  peer,
  mor1e,
  mixtureOfDepths,
  branchTrainMix,
  branch,
];
