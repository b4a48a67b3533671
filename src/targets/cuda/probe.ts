/**
 * What `moec doctor` says about the cuda target: the GPU and what builds kernels for it, and why there is none where
 * there is none. Facts only; printing them is the command's business.
 */
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { findCompiler } from "./build.js";
import { type CudaFact, findGpu } from "./device.js";

export interface CudaFacts {
  /** the GPU that a training would use; undefined where there is none */
  readonly gpu: CudaFact | undefined;
  /** version of CUDA that the driver knows: `13.0` */
  readonly driver: string | undefined;
  /** what builds kernels; undefined where nothing does */
  readonly compiler: string | undefined;
  /** why there is no GPU */
  readonly reason: string | undefined;
}

/** Looks for CUDA on this machine; a machine without is a fact, not an error. */
export async function cudaFacts(): Promise<CudaFacts> {
  const compiler = (await findCompiler())?.name;
  try {
    const { driver, fact } = await findGpu();
    const version = driver.version();
    return {
      gpu: fact,
      driver: `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`,
      compiler,
      reason: undefined,
    };
  } catch (cause) {
    const said = cause instanceof DiagnosticError ? cause.diagnostics[0]!.message : String(cause);
    const reason = said.replace(/^target `cuda` cannot run on this machine: /, "");
    return { gpu: undefined, driver: undefined, compiler, reason };
  }
}
