/** Every rewrite of routers, and of what they hand to experts, there is, in the order in which they are tried. To add one: a file and a line here. */
import { everyExpert } from "./every-expert.js";
import { oneLegalExpert } from "./one-legal-expert.js";
import type { RouterRewrite } from "./rewrite.js";
import { scoreVisible } from "./score-visible.js";
import { skipKnownScores } from "./skip-known-scores.js";
import { weighInside } from "./weigh-inside.js";

export const routerRewrites: readonly RouterRewrite[] = [
  everyExpert,
  oneLegalExpert,
  scoreVisible,
  skipKnownScores,
  weighInside,
];
