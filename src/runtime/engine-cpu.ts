/** The engine of a design whose programs run on the processor: every buffer is a view of the device's own memory. */
import type { Buffer } from "../5-plan/plan.js";
import type { Bundle, CpuCode } from "./bundle.js";
import { type Device, floats, ints } from "./device.js";
import type { Engine, KeptRole, View } from "./engine.js";

/** The engine over an open device; `plannedBytes` is what the plan reserves. */
export function cpuEngine(plan: Bundle["plan"], code: CpuCode, device: Device, plannedBytes: number): Engine {
  const kept = new Map(plan.buffers.filter(({ role }) => role !== "work").map((each) => [keyOf(each), each]));
  const find = (role: KeptRole, name: string): Buffer =>
    kept.get(`${role}:${name}`) ?? missing(`a ${role} buffer called ${name}`);
  const program = (name: string) => plan.programs.find((each) => each.name === name) ?? missing(`a program ${name}`);
  const result = (of: string, name: string): Buffer | undefined => plan.buffers[program(of).outputs[name] ?? -1];
  return {
    device,
    plannedBytes,
    kept: (role) => [...kept.values()].filter((each) => each.role === role),
    has: (role, name) => kept.has(`${role}:${name}`),
    view: (role, name) => viewOf(device, find(role, name)),
    floats: (role, name) => floatsOf(device, find(role, name)),
    outputs: (of) => Object.keys(program(of).outputs),
    output: (of, name) => {
      const buffer = result(of, name);
      return buffer && asFloats(viewOf(device, buffer));
    },
    result: (of, name) => {
      const buffer = result(of, name);
      return buffer && { view: viewOf(device, buffer), shape: buffer.dims.map(({ size }) => size) };
    },
    look: async (buffers) => buffers.map((each) => floatsOf(device, plan.buffers[each]!)),
    run: (of) => device.run(numberOf(code.programs, of)),
    // views are the device's own memory
    push: async () => {},
    pull: async () => {},
    close: () => device.close(),
  };
}

const keyOf = ({ role, name }: Buffer): string => `${role}:${name}`;

function numberOf(programs: readonly string[], name: string): number {
  const number = programs.indexOf(name);
  return number >= 0 ? number : missing(`a program ${name}`);
}

/** Names come from the same compilation as the plan: a missing one is our mistake. */
function missing(what: string): never {
  throw new Error(`the plan does not have ${what}`);
}

function viewOf(device: Device, { dtype, offset, dims }: Buffer): View {
  const count = dims.reduce((product, { size }) => product * size, 1);
  if (dtype === "f32") return floats(device, offset, count);
  return dtype === "i32" ? ints(device, offset, count) : device.region(offset, count);
}

function floatsOf(device: Device, buffer: Buffer): Float32Array {
  const view = viewOf(device, buffer);
  return view instanceof Float32Array ? view : missing(`numbers of f32 in ${buffer.name}`);
}

/** Results are read as numbers, whatever they are kept as. */
const asFloats = (view: View): Float32Array => (view instanceof Float32Array ? view : Float32Array.from(view));
