/** `moec explain FILE --stage`: what a stage made of a design, as text: graph, dispatch, or plan. */
import type { Design } from "../2-design/design.js";
import { printGraph } from "../3-graph/print.js";
import { explainChoice } from "../4-dispatch/explain-dispatch.js";
import { printPlan } from "../5-plan/print-plan.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { compileDesign, graphsOf } from "../pipeline.js";
import { type DispatchFlags, dispatchWishes } from "./flags.js";

type Show = (design: Design, wishes: ReturnType<typeof dispatchWishes>) => string;

const stages: Readonly<Record<string, Show>> = {
  graph: (design, wishes) =>
    Object.entries(graphsOf(design, wishes).graphs)
      .map(([name, graph]) => `program ${name}\n${printGraph(graph!)}`)
      .join("\n"),
  dispatch: (design, wishes) =>
    `${graphsOf(design, wishes)
      .choices.map((choice) => explainChoice(choice).join("\n"))
      .join("\n\n")}\n`,
  plan: (design, wishes) => printPlan(compileDesign(design, wishes).plan),
};

/** The text of a stage; MOE6021 for one that does not exist, MOE2021 for a design that has no model to compile. */
export function explainStage(design: Design, stage: string, flags: DispatchFlags): string {
  const show = stages[stage];
  if (!show) {
    const params = { flag: "--stage", value: stage, expected: Object.keys(stages).join(", ") };
    throw new DiagnosticError([diagnose("MOE6021", params)]);
  }
  if (!design.model) throw new DiagnosticError([diagnose("MOE2021", { what: "model" })]);
  return show(design, dispatchWishes(flags));
}
