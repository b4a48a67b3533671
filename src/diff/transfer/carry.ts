/**
 * Carries a transfer out: the numbers of a checkpoint of one design as the first numbers of another one. What becomes
 * of each tensor was decided by `plan-transfer.ts`; the arithmetic is that of `how.ts`.
 */
import { type Carry, carriesNothing } from "../../runtime/carry.js";
import type { Safetensors } from "../../runtime/safetensors.js";
import { transferNumbers } from "./how.js";
import type { TransferPlan } from "./plan-transfer.js";

/**
 * The first numbers of every tensor of the new design; `model` holds those of the old design, checked before. Tensors
 * that the plan does not know start as they would.
 */
export function carryFrom({ tensors }: TransferPlan, model: Safetensors): Carry {
  const plans = new Map(tensors.map((each) => [each.tensor.name, each]));
  return ({ name, shape }, fresh) => {
    const how = plans.get(name)?.how;
    if (!how || how.kind === "init") return carriesNothing({ name, shape }, fresh);
    const source = model.tensors.get(how.from)!;
    const data = fresh instanceof Uint8Array ? (source.data() as Uint8Array) : source.float32();
    // the same kind of numbers in, the same kind out
    return transferNumbers(how, { shape, data: fresh }, { shape: source.shape, data }) as typeof fresh;
  };
}
