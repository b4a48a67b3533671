/**
 * Floating-point operations of a training step, by the convention that every number here is quoted with: matrix
 * products and attention only, 2 for each multiply-add, backward counted as twice forward, causal attention counted
 * for the half that is needed, router, norms and optimiser not counted. The same for every contender.
 */

/** Operations of one token, forward and backward, for a checked design. */
export function flopsPerToken(design) {
  const { model, blocks } = design;
  const layers = model.stack.flatMap(({ count, block }) => Array(count).fill(blocks[block]));
  const parts = layers.flatMap((block) => block.steps.map((step) => ofStep(design, step)));
  const head = 2 * model.dModel * model.vocab;
  return 3 * (parts.reduce((sum, each) => sum + each, 0) + head);
}

function ofStep(design, { kind, part }) {
  const width = design.model.dModel;
  if (kind === "attention") return ofAttention(design.attentions[part], width, design.model.context);
  if (kind === "dense") return ofFfn(design.denses[part].ffn, width);
  return ofMixture(design.mixtures[part], width);
}

function ofAttention({ heads, kvHeads, headDim, mask }, width, context) {
  const projections = 2 * width * headDim * (2 * heads + 2 * kvHeads);
  const seen = mask === "causal" ? (context + 1) / 2 : context;
  return projections + 4 * seen * heads * headDim;
}

/** Experts that a unit is sent to; only selections of a fixed number can be counted ahead. */
function ofMixture({ unit, experts, width: unitWidth, router }, width) {
  const select = router.rules.find(({ slot }) => slot === "select");
  const chosen = Number(select.args.k ?? 1);
  const units = unit.kind === "subtoken" ? unit.heads : 1;
  const projections = unit.kind === "subtoken" ? 2 * 2 * width * width : 0;
  return projections + units * chosen * ofFfn(experts[0].ffn, unitWidth);
}

/** Three matrices for the gated kinds, two for the others. */
function ofFfn({ kind, hidden }, width) {
  return 2 * (kind.endsWith("glu") ? 3 : 2) * width * hidden;
}
