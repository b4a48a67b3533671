/** Rules that read noise or a student need a line that makes it. */
import { needsOf } from "../../rules/index.js";
import type { Need } from "../../rules/rule.js";
import type { Router } from "../design.js";
import { type Check, inSlot } from "./check.js";

interface Helper {
  readonly need: Need;
  readonly what: string;
  readonly line: string;
  readonly made: (router: Router) => boolean;
}

const helpers: readonly Helper[] = [
  {
    need: "noise",
    what: "the normal noise of the scores",
    line: "noise gaussian(learned) while training",
    made: (router) => inSlot(router, "noise").some(({ rule }) => rule === "gaussian"),
  },
  {
    need: "student",
    what: "a student",
    line: "score embedding as student",
    made: (router) => inSlot(router, "score").some(({ args }) => args.as === "student"),
  },
];

export const helpersMade: Check = {
  name: "helpers-made",
  doc: "A rule that reads noise or a student stands in a router that makes it.",
  run: ({ routers, tell, trusts }) => {
    for (const { router, path } of routers) {
      for (const { need, what, line, made } of helpers) {
        const reader = router.rules.find((use) => needsOf(use).includes(need));
        if (!reader || made(router) || !trusts(path, line.split(" ")[0]!)) continue;
        tell("MOE3032", { rule: `${reader.slot} ${reader.text}`, what }, reader.path, {
          help: [`add a line \`${line}\``],
        });
      }
    }
  },
};
