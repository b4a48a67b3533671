/** Rules that hold for some steps only leave no step with two rules in one place, and none without a rule it needs. */
import { needsOf } from "../../rules/index.js";
import { slots } from "../../words/router.js";
import type { RuleUse, Slot } from "../design.js";
import { type Phase, phasesOf, stretchText } from "../phases.js";
import { type Check, type CheckContext, inSlot, type RouterSite } from "./check.js";

export const phases: Check = {
  name: "phases",
  doc: "Rules of one slot that take turns cover every step exactly once.",
  run: (context) => {
    for (const site of context.routers) {
      if (site.router.rules.every(({ when }) => when === undefined)) continue;
      for (const use of site.router.rules) checkSpan(use, context);
      for (const { slot } of slots) checkSlot(site, slot, context);
    }
  },
};

/** `from step(5) until step(3)` never holds. */
function checkSpan({ when, path }: RuleUse, { tell }: CheckContext): void {
  const from = when?.fromStep ?? 0;
  if (when?.untilStep === undefined || when.untilStep > from) return;
  const range = from === 0 ? "at least 1" : `more than ${from}`;
  tell("MOE4008", { what: "until step", value: when.untilStep, range }, `${path}.until_step`);
}

/** One report for each slot: the first step in which it does not hold. */
function checkSlot(site: RouterSite, slot: Slot, context: CheckContext): void {
  const { rules } = site.router;
  const own = inSlot(site.router, slot);
  if (own.every((use) => use.when === undefined) || !context.trusts(site.path, slot)) return;
  for (const training of [true, false]) {
    for (const phase of phasesOf(rules, training)) {
      const [first, second] = phase.rules.filter((use) => use.slot === slot);
      if (first && second && !severalAllowed(slot))
        return doubled(site, first, second, when(phase, training, rules), context);
      if (first || !needed(slot, own, phase)) continue;
      context.tell("MOE3031", { router: name(site), slot, when: when(phase, training, rules) }, own[0]!.path, {
        help: [`add a line \`${slot} …\` for those steps`],
      });
      return;
    }
  }
}

function doubled(
  site: RouterSite,
  first: RuleUse,
  second: RuleUse,
  steps: string,
  { tell, label }: CheckContext,
): void {
  tell("MOE3030", { router: name(site), slot: second.slot, when: steps }, second.path, {
    secondary: label(first.path, "holds at the same time"),
    help: ["`until step(n)` holds in the first n steps, `from step(n)` in all later ones"],
  });
}

const severalAllowed = (slot: Slot): boolean => slots.find((each) => each.slot === slot)?.times === "0+";
const name = ({ mixture, router }: RouterSite): string => mixture?.name ?? router.name;

/** Whether a phase without a rule of the slot lacks something. */
function needed(slot: Slot, own: readonly RuleUse[], { rules }: Phase): boolean {
  const times = slots.find((each) => each.slot === slot)?.times;
  if (times === "1" || (times === "0-1" && own.length > 1)) return true;
  const needs = rules.flatMap(needsOf);
  if (slot === "gate") return needs.includes("gate");
  return slot === "score" && (needs.includes("scores") || needs.includes("key"));
}

/** The steps of a phase, and whether they are of training or inferring where that makes a difference. */
function when(phase: Phase, training: boolean, rules: readonly RuleUse[]): string {
  const modes = rules.some((use) => use.when?.phase !== undefined);
  return `${modes ? `while ${training ? "training" : "inferring"}, ` : ""}${stretchText(phase)}`;
}
