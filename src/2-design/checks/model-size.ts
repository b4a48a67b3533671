/** Absurd sizes are refused before anything is allocated, with the term that makes them absurd. */
import { count } from "../../diagnostics/catalogue/count.js";
import { layerCount } from "../layers.js";
import { parameterTerms } from "../sizes.js";
import type { Check, CheckContext } from "./check.js";

/** 1 TiB of f32 parameters: more than fits any machine this compiler runs on. */
export const PARAMETER_LIMIT = 1n << 38n;

/** 8 TiB: weights, gradients and both moments at the parameter limit, and as much again for activations. */
export const MEMORY_LIMIT = 1n << 43n;

export const modelSize: Check = {
  name: "model-size",
  doc: "The model has fewer parameters than 1 TiB of f32 holds, and a step fits 8 TiB.",
  run: (context) => {
    const terms = parameterTerms(context.design);
    if (!terms) return;
    const parameters = terms.reduce((sum, term) => sum + term.parameters, 0n);
    if (parameters <= PARAMETER_LIMIT) {
      checkStep(parameters, context);
      return;
    }
    const most = terms.reduce((a, b) => (b.parameters > a.parameters ? b : a));
    const [bytes, own] = [parameters * 4n, most.parameters * 4n].map(count);
    const help = [`in f32 that is ${bytes} bytes; \`${most.path}\` alone takes ${own}`];
    context.tell("MOE4006", { parameters, limit: PARAMETER_LIMIT, term: most.because }, most.path, { help });
  },
};

/** The least a step needs: what the optimiser keeps, and the residual stream of every layer. */
function checkStep(parameters: bigint, { design: { model, train }, tell }: CheckContext): void {
  if (!model || !train) return;
  const sizes = [train.batch, model.context, model.dModel, layerCount(model)];
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return;
  const stream = sizes.reduce((product, size) => product * BigInt(size), 4n);
  const bytes = parameters * 16n + stream;
  if (bytes <= MEMORY_LIMIT) return;
  const [batch, context, width, layers] = sizes.map(count);
  const term = `activations: ${batch} × ${context} tokens × ${layers} layers × ${width} × 4 bytes`;
  tell("MOE4007", { bytes, limit: MEMORY_LIMIT, term }, `${train.name}.batch`);
}
