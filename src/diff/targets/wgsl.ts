/** The kernels of the wgsl target: a module each, a file each. */
import { compileWgsl } from "../../pipeline.js";
import { type KernelTarget, ownKernels, withoutOrigin } from "./kernel-target.js";

export const wgslKernels: KernelTarget = {
  name: "wgsl",
  compile: (design, options) => {
    const { plan, choices, wgsl } = compileWgsl(design, options);
    const { kernels, memories } = wgsl;
    return {
      plan,
      choices,
      memory: memories.reduce((sum, bytes) => sum + bytes, 0),
      // how large tensors are cut into bindings, and how many workgroups there are
      variants: new Map(kernels.map(({ name, passes }) => [name, JSON.stringify(passes)])),
      own: ownKernels(plan, kernels),
      texts: () => new Map(kernels.map(({ name, code }) => [name, withoutOrigin(code)])),
    };
  },
  filed: (files) => {
    const own = [...files].filter(([path]) => /^wgsl\/\w+\.wgsl$/.test(path));
    if (own.length === 0) return undefined;
    return new Map(own.map(([path, text]) => [path.slice("wgsl/".length, -".wgsl".length), withoutOrigin(text)]));
  },
};
