/** Every dispatch strategy there is; of two that cost the same, the earlier is chosen. To add one: a file and a line here. */
import type { Strategy } from "../strategy.js";
import { dense } from "./dense.js";
import { gatherGemv } from "./gather-gemv.js";
import { oneHot } from "./one-hot.js";
import { paddedBatched } from "./padded-batched.js";
import { sortedGrouped } from "./sorted-grouped.js";
import { tablePermuted } from "./table-permuted.js";

export const strategies: readonly Strategy[] = [tablePermuted, sortedGrouped, paddedBatched, dense, gatherGemv, oneHot];
