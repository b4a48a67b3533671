/** The kernels of the cpu target: C functions, all in one file. */
import { kernelToC } from "../../6-emit/cpu/program.js";
import { compileDesign } from "../../pipeline.js";
import type { KernelTarget, Texts } from "./kernel-target.js";

export const cpuKernels: KernelTarget = {
  name: "cpu",
  compile: (design, options) => {
    const { plan, choices } = compileDesign(design, options);
    let made: Texts | undefined;
    const texts = () => {
      made ??= new Map(plan.kernels.map((kernel) => [kernel.name, kernelToC(kernel).text.trim()]));
      return made;
    };
    return { plan, choices, memory: plan.memory.arena, variants: new Map(), own: [], texts };
  },
  filed: (files) => {
    const source = files.get("cpu/model.c");
    return source === undefined ? undefined : kernelsIn(source);
  },
};

/** A kernel is a comment and the function below it; it ends with the first line that is only a brace. */
const kernel = /(?:^\/\*(?:(?!\*\/)[\s\S])*\*\/\n)?^static KERNEL void (\w+)\([\s\S]*?^\}$/gm;

function kernelsIn(source: string): Texts {
  return new Map([...source.matchAll(kernel)].map(([text, name]) => [name!, text.trim()]));
}
