/** The door to the wgsl target in Node: a program on an adapter of this machine. */
import { findAdapter } from "./adapter.js";
import { type Adapter, openOn, type WgslDevice } from "./open.js";
import type { WgslProgram } from "./program.js";

export { profileOf, type WgslDevice } from "./open.js";

/** Opens a program on an adapter, found if not given. Errors: MOE5006, MOE5008, MOE6022. */
export async function openWgsl(program: WgslProgram, given?: Adapter): Promise<WgslDevice> {
  return openOn(program, given ?? (await findAdapter()));
}
