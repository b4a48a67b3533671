/**
 * The routing of a mixture as a picture: the seven steps in order, each with the lines that decide it, what they mean
 * and what is known because of them; and a drawing of a few units and the experts they may see and take.
 */
import type { Design, Mixture, RuleUse } from "../2-design/design.js";
import { nothingSaid, provenanceText, routingSteps, ruleMeaning, unitText } from "../2-design/explain.js";
import type { SiteView } from "../diff/compiled.js";
import { lineId } from "../diff/page/design-view.js";
import { type DrawingView, routingDrawing } from "./routing-drawing.js";

export interface RoutingView {
  readonly name: string;
  readonly steps: readonly RoutingStep[];
  readonly drawing: DrawingView | undefined;
  /** facts that no step states */
  readonly others: SiteView["facts"];
}

export interface RoutingStep {
  readonly number: number;
  readonly name: string;
  readonly lines: readonly RoutingLine[];
  readonly facts: readonly string[];
  /** nothing was said for this step */
  readonly silent: boolean;
}

export interface RoutingLine {
  readonly text: string;
  readonly meaning: string;
  readonly where: string;
  /** where the page shows the line; empty where it does not */
  readonly id: string;
}

/** The picture of a mixture; `site` is what dispatch knows of it, where the design was compiled. */
export function routingView(mixture: Mixture, design: Design, site: SiteView | undefined): RoutingView {
  const told = new Set<string>();
  const steps = routingSteps.map(({ name, slots }, i): RoutingStep => {
    const rules = slots.flatMap((slot) => mixture.router.rules.filter((rule) => rule.slot === slot));
    const own = (site?.facts ?? []).filter(({ because }) => slots.some((slot) => because.startsWith(`${slot} `)));
    for (const { text } of own) told.add(text);
    const lines = name === "unit" ? [unitLine(mixture, design)] : rules.map((rule) => ruleLine(rule, design));
    const silent = lines.length === 0;
    const nothing = { text: nothingSaid[name] ?? "none", meaning: "", where: "", id: "" };
    return { number: i + 1, name, lines: silent ? [nothing] : lines, facts: own.map(({ text }) => text), silent };
  });
  const others = (site?.facts ?? []).filter(({ text }) => !told.has(text));
  return { name: mixture.name, steps, drawing: routingDrawing(mixture, design), others };
}

function unitLine({ name, unit }: Mixture, design: Design): RoutingLine {
  const path = `${name}.unit`;
  return { text: unitText(unit), meaning: "what is routed", where: whereOf(path, design), id: lineId("after", path) };
}

function ruleLine(rule: RuleUse, design: Design): RoutingLine {
  const { slot, text, path } = rule;
  const meaning = ruleMeaning(rule);
  return { text: `${slot} ${text}`, meaning, where: whereOf(path, design), id: lineId("after", path) };
}

function whereOf(path: string, { provenance }: Design): string {
  const found = provenance[path];
  return found ? provenanceText(found) : "";
}
