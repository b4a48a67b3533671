/** The kernels that make copies in 16 bits of weights before a run: one text, a dispatch for each weight or part of one. */
import type { WgslBinding, WgslKernel, WgslPass } from "../../targets/wgsl/program.js";
import { blocks } from "../gpu/sizes.js";
import { halvesOf } from "./halves.js";
import type { Shadow } from "./stored.js";
import { assemble, type Context, grid } from "./view.js";

const LANES = 256;
/** Numbers that a workgroup copies. */
const SPAN = 4 * LANES;

export function shadowKernel({ several }: Shadow, i: number, context: Pick<Context, "from" | "profile">): WgslKernel {
  const name = `weights_to_f16${i === 0 ? "" : `_${i + 1}`}`;
  const about = { name, summary: "copies of weights in 16 bits, for products to read", because: [] };
  const code = assemble(about, "shadow.wgsl", { lanes: LANES, four: halvesOf(context.profile).four }, context);
  const passes = several ? partPasses(several, context) : [passOf({ perWorkgroup: SPAN })];
  // 4 bytes are read and 2 written for each number
  return { name, code, flops: 0, bytes: 6, passes };
}

function partPasses(
  { numbers, atATime }: NonNullable<Shadow["several"]>,
  { profile }: Pick<Context, "profile">,
): WgslPass[] {
  return Array.from({ length: blocks(numbers, atATime) }, (_, n) => {
    const first = n * atATime;
    const count = Math.min(atATime, numbers - first);
    return passOf(grid(blocks(count, SPAN), profile), { first, count });
  });
}

/** The weight and its copy, whole or from a number on. */
function passOf(workgroups: WgslPass["workgroups"], part?: { first: number; count: number }): WgslPass {
  const show = (param: number, each: number, count: number): WgslBinding["of"] => ({
    kind: "param",
    param,
    ...(part && { part: { offset: part.first * each, bytes: count * each } }),
  });
  const count = part?.count ?? 0;
  const bindings: WgslBinding[] = [
    { binding: 0, access: "read", of: show(0, 4, count) },
    { binding: 1, access: "write", of: show(1, 2, 4 * blocks(count, 4)) },
  ];
  return { entry: "main", workgroups, bindings };
}
