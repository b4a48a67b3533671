/** The fields of a step's metrics as TypeScript types; `runtime/step-results.ts` fills them. */

export interface MetricField {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

const always: readonly MetricField[] = [
  { name: "step", type: "number", doc: "Steps done." },
  { name: "loss", type: "number", doc: "Cross-entropy and balance losses, nats." },
  { name: "cross_entropy", type: "number", doc: "Mean over the predicted tokens, nats." },
  { name: "balance", type: "number", doc: "Balance losses of all mixtures." },
  { name: "lr", type: "number", doc: "Learning rate of the step." },
  { name: "grad_norm", type: "number", doc: "L2 norm of all gradients, before clipping." },
  { name: "tokens_per_second", type: "number", doc: "Speed of the step." },
  { name: "load_max_over_mean", type: "number", doc: "The busiest expert against the mean, worst layer." },
  { name: "dead_experts", type: "number", doc: "Experts without tokens, all layers." },
  { name: "dropped", type: "number", doc: "Share of the edges that a limit removed." },
];

const watched: readonly (MetricField & { readonly watch: string })[] = [
  {
    watch: "router_entropy",
    name: "router_entropy",
    type: "readonly number[]",
    doc: "Mean entropy of the gate, layer by layer, nats.",
  },
  {
    watch: "expert_load",
    name: "expert_load",
    type: "readonly (readonly number[])[]",
    doc: "Edges of every expert, layer by layer.",
  },
];

/** The fields of a design that watches these. */
export function metricFields(watch: readonly string[]): readonly MetricField[] {
  return [...always, ...watched.filter((each) => watch.includes(each.watch))];
}
