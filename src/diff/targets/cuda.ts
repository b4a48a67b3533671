/** The kernels of the cuda target: CUDA C++ functions, one or more a kernel, all in one file. */
import { compileCuda } from "../../pipeline.js";
import { type KernelTarget, ownKernels, type Texts } from "./kernel-target.js";

export const cudaKernels: KernelTarget = {
  name: "cuda",
  compile: (design, options) => {
    const { plan, choices, cuda } = compileCuda(design, options);
    let made: Texts | undefined;
    return {
      plan,
      choices,
      memory: cuda.arena,
      // blocks, threads and shared memory of every pass
      variants: new Map(cuda.kernels.map(({ name, passes }) => [name, JSON.stringify(passes.map(withoutName))])),
      own: ownKernels(plan, cuda.kernels),
      texts: () => {
        made ??= kernelsIn(cuda.source);
        return made;
      },
    };
  },
  filed: (files) => {
    const source = files.get("cuda/model.cu");
    return source === undefined ? undefined : kernelsIn(source);
  },
};

const withoutName = ({ entry: _entry, ...rest }: { readonly entry: string }): object => rest;

/** A kernel begins with a comment that starts with its name, and ends where the next one begins. */
function kernelsIn(source: string): Texts {
  const starts = [...source.matchAll(/^\/\* (\w+): /gm)];
  return new Map(
    starts.map(({ index, 1: name }, i) => [name!, source.slice(index, starts[i + 1]?.index ?? source.length).trim()]),
  );
}
