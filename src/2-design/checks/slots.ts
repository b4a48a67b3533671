/** The words of Soft MoE come together, and leave nothing to choose, limit or balance. */
import type { Mixture, RuleUse } from "../design.js";
import { partText } from "../placed.js";
import { type Check, type CheckContext, inSlot, type RouterSite } from "./check.js";

export const slots: Check = {
  name: "slots",
  doc: "`with slots(n)`, `select all`, `dispatch softmax` and `weight softmax over slots` stand together or not at all.",
  run: (context) => {
    for (const site of context.routers) {
      const [dispatch] = inSlot(site.router, "dispatch");
      if (dispatch) soft(site, dispatch, context);
      else hard(site, context);
    }
  },
};

const text = ({ slot, text: words }: RuleUse): string => `${slot} ${words}`;

const pathOf = ({ name }: Mixture, at: number): string => `${name}.experts${at === 0 ? "" : `[${at}]`}`;

function soft({ router, mixture }: RouterSite, dispatch: RuleUse, { tell, label }: CheckContext): void {
  const secondary = label(dispatch.path, "mixes units");
  const wrong = (rule: RuleUse, needs: string): void =>
    tell("MOE3050", { rule: text(rule), needs, with: text(dispatch) }, rule.path, { secondary });
  for (const rule of inSlot(router, "select")) if (rule.rule !== "all") wrong(rule, "`select all`");
  for (const rule of inSlot(router, "weight"))
    if (rule.rule !== "softmax" || rule.args.over !== "slots") wrong(rule, "`weight softmax over slots`");
  for (const rule of router.rules.filter(meaningless)) wrong(rule, `a router without \`${rule.slot}\``);
  if (mixture?.unit.kind === "chunk" || mixture?.unit.kind === "sequence")
    tell(
      "MOE3050",
      { rule: `unit = ${mixture.unit.kind}`, needs: "tokens", with: text(dispatch) },
      `${mixture.name}.unit`,
      {
        secondary,
      },
    );
  mixture?.experts.forEach(({ ffn }, i) => {
    // a block or an attention compares tokens of a sequence; a slot is none
    const part = partText(ffn);
    if (part)
      tell(
        "MOE3050",
        { rule: `experts … of ${part}`, needs: "experts of single vectors", with: text(dispatch) },
        pathOf(mixture, i),
        {
          secondary,
        },
      );
  });
  if (!mixture || mixture.experts.every((group) => group.slots !== undefined)) return;
  const at = mixture.experts.findIndex((group) => group.slots === undefined);
  const experts = pathOf(mixture, at);
  tell("MOE3050", { rule: "experts …", needs: "`with slots(n)`", with: text(dispatch) }, experts, {
    secondary,
    help: ["add `with slots(1)`"],
  });
}

/** Rules about which units an expert gets, where every expert reads all of them. */
function meaningless({ slot, rule }: RuleUse): boolean {
  if (slot === "noise") return rule !== "jitter";
  if (slot === "limit") return rule !== "none";
  return slot === "balance" ? rule !== "z_loss" : ["mask", "gate", "bias", "group"].includes(slot);
}

function hard({ router, mixture, path }: RouterSite, { tell, trusts }: CheckContext): void {
  if (!trusts(path, "dispatch")) return;
  const help = ["add a line `dispatch softmax over tokens`"];
  const needs = "`dispatch softmax over tokens`";
  for (const rule of inSlot(router, "weight"))
    if (rule.args.over === "slots") tell("MOE3051", { rule: text(rule), needs }, rule.path, { help });
  mixture?.experts.forEach((group, i) => {
    if (group.slots === undefined) return;
    const experts = pathOf(mixture, i);
    tell("MOE3051", { rule: `with slots(${group.slots})`, needs }, experts, { help });
  });
}
