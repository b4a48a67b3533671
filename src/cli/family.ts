/** The shipped designs in the order in which they are shown, and the README of their folder. For the project itself. */
import { parse } from "../1-syntax/parse.js";
import { type FamilyMember, familyTable } from "../2-design/family.js";
import { fill } from "../6-emit/templates.js";
import { checkDesign } from "./compile-design.js";
import type { Cli } from "./output.js";
import { readSpec } from "./read-spec.js";

/** From the seeds over the classics to the large released models and what is further from a softmax and a top-k. */
export const family: readonly string[] = [
  "mask-moe",
  "mh-moe",
  "mh-moe-v2-h2",
  "mh-moe-v2-h3",
  "noisy-top-k",
  "switch",
  "gshard",
  "hash-layer",
  "base",
  "expert-choice",
  "soft-moe",
  "stable-moe",
  "x-moe",
  "xmoe",
  "deepseek-moe",
  "deepseek-v2",
  "deepseek-v3",
  "deepseek-v4",
  "mixtral",
  "qwen3-moe",
  "olmoe",
  "gpt-oss",
  "grove-moe",
  "llama4",
  "longcat",
  "remoe",
  "moe-plus-plus",
  "adamoe",
  "cartesian-moe",
  "sc-moe",
  "ds-moe",
  "moa",
  "peer",
  "mor1e",
  "mixture-of-depths",
  "branch-train-mix",
  "branch",
];

/** The text of specs/README.md. */
export function familyReadme(cli: Cli): string {
  return fill("report/SPECS.md", { table: familyTable(family.map((name) => memberOf(cli, name))) });
}

function memberOf(cli: Cli, name: string): FamilyMember {
  const source = readSpec(cli.host, `specs/${name}.moe`);
  const model = parse(source).ast.entries.find((entry) => entry.name.text === "model");
  return { design: checkDesign(cli, source, []), doc: model?.doc };
}
