/** Scores a very large number of experts as sums of two small scores each. */
import { count } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const productKeys = defineRule({
  slot: "score",
  name: "product_keys",
  doc: "Scores a very large number of experts as sums of two small scores each.",
  example: "score product_keys(1024)",
  params: [
    count("keys", "how many keys each half has; there are keys × keys experts", { min: 1 }),
    count("width", "how wide a key is", { min: 1, default: 128, why: "as in PEER" }),
  ],
  clauses: [],
  needs: [],
});
