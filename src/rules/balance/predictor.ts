/** Trains a small predictor of the selection, which replaces it when later units are not there yet. */
import { word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const predictor = defineRule({
  slot: "balance",
  name: "predictor",
  doc: "Trains a small predictor of the selection, which replaces it when later units are not there yet.",
  example: "balance predictor(bce)",
  params: [word("loss", ["bce"], "how it is trained", { default: "bce", why: "as in Mixture of Depths" })],
  clauses: [],
  needs: ["scores"],
});
