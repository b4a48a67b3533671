/**
 * Every unit goes to every expert, in their order: what is looked up by the numbers of a unit's experts is what lies
 * there already, and every expert has all units. Where the experts are then run densely, no index is made at all.
 */
import type { Node } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import { isEveryExpert } from "../in-place.js";
import { defineRewrite } from "./rewrite.js";

export const everyExpert = defineRewrite({
  name: "every-expert",
  doc: "Where every unit goes to every expert, gates are not looked up and edges are not counted.",
  plan({ graph, node, site, profile }) {
    const edges = node.inputs[1]!;
    if (!isEveryExpert(edges)) return { kind: "refused", why: `not all ${site.unitWord} go to every expert` };
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(edges));
    const replace = new Map(
      readers.flatMap((reader): [Node, Replace][] => {
        const known = whatItGives(reader, edges.axes.at(-1)!.size, site.units);
        return known === undefined ? [] : [[reader, known]];
      }),
    );
    if (replace.size === 0) return { kind: "refused", why: "nothing is looked up or counted by experts" };
    return { kind: "possible", why: site.because("allEdges").join(", "), gain: replace.size * profile.launch, replace };
  },
});

/** What a reader of the edges makes of them: gates as they lie, or the number of units for every expert. */
function whatItGives({ op, inputs }: Node, experts: number, units: number): Replace | undefined {
  if (op.kind === "histogram") return (g, { outputs }) => [g.map([], () => units, { axes: outputs[0]!.axes })];
  const byExpert = op.kind === "pick" && inputs[0]!.axes.at(-1)!.name === op.axis && inputs[0]!.axes.length === 2;
  if (!byExpert || inputs[0]!.axes.at(-1)!.size !== experts) return undefined;
  return (g, { outputs }, [gate]) => [g.view(gate!, outputs[0]!.axes)];
}
