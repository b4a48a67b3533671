/** The door to the cuda target in Node: a program on a GPU of this machine. */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { buildCuda } from "./build.js";
import { cannotRun, type Driver, openDriver } from "./driver.js";
import type { CudaProgram, Tier } from "./program.js";
import { type CudaRunner, NoMemory, openRunner } from "./runner.js";

export interface CudaDevice extends CudaRunner {
  /** one line for people: `cuda (NVIDIA H100 80GB HBM3)` */
  readonly description: string;
}

/** Oldest compute capability (times ten) that kernels are written for. */
const OLDEST = 80;

/** The capability whose own units there are kernels for. */
const HOPPER = 90;

/** What kernels for a GPU of this compute capability (times ten) are written for. */
export const tierOf = (capability: number): Tier => (capability === HOPPER ? "hopper" : "portable");

/** What is known of a GPU before anything is opened on it. */
export interface CudaFact {
  readonly name: string;
  /** compute capability times ten */
  readonly capability: number;
  readonly bytes: number;
}

/** The GPU that would be used. Errors: MOE5006 without a driver or a device that is new enough. */
export async function findGpu(): Promise<{
  readonly driver: Driver;
  readonly device: number;
  readonly fact: CudaFact;
}> {
  const driver = await openDriver();
  if (driver.deviceCount() === 0) throw cannotRun("the CUDA driver knows no device");
  const device = 0;
  const capability = 10 * driver.attribute(device, "major") + driver.attribute(device, "minor");
  const fact = { name: driver.deviceName(device), capability, bytes: driver.deviceMemory(device) };
  if (capability < OLDEST)
    throw cannotRun(`${fact.name} has compute capability ${capability / 10}; kernels need 8.0 or newer`);
  return { driver, device, fact };
}

/** Builds a program (or takes it from the cache) and opens it. Errors: MOE5006, MOE6022, MOE9001. */
export async function openCuda(program: CudaProgram): Promise<CudaDevice> {
  const { driver, device, fact } = await findGpu();
  if (program.tier === "hopper" && fact.capability !== HOPPER)
    throw cannotRun(`its kernels are for compute capability 9.0; ${fact.name} has ${fact.capability / 10}`);
  const image = await buildCuda(program, fact.capability);
  driver.enter(device);
  try {
    const runner = openRunner(driver, device, program, image);
    return {
      ...runner,
      description: `cuda (${fact.name})`,
      close: () => {
        runner.close();
        driver.leave(device);
      },
    };
  } catch (cause) {
    driver.leave(device);
    if (!(cause instanceof NoMemory)) throw cause;
    const help = ["make the model or the batch smaller: `moec explain FILE --stage plan` shows what needs the memory"];
    throw new DiagnosticError([
      diagnose("MOE6022", { needed: cause.bytes, what: `the model's tensors on ${fact.name}` }, { help }),
    ]);
  }
}
