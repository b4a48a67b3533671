/** Every tensor of a checkpoint with what asked for it: the weights, and the buffers that are saved beside them. */
import type { Design, Init, Step } from "../../2-design/design.js";
import { layerBlocks, stepScope } from "../../2-design/layers.js";
import { buffersOf, weightsOf } from "../../2-design/weights.js";

export interface CheckpointTensor {
  readonly name: string;
  /** outermost axis first */
  readonly shape: readonly number[];
  readonly dtype: "f32" | "u8";
  /** how it starts; undefined for buffers: tables are drawn, biases are zeros */
  readonly init: Init | undefined;
  /** undefined outside the layers */
  readonly layer: number | undefined;
  /** the step of the layer's block that it belongs to */
  readonly step: Step | undefined;
  /** the name without layer and part: `experts.up.weight` */
  readonly local: string;
}

/** All tensors in checkpoint order: weights, then buffers. */
export function checkpointTensors(design: Design): readonly CheckpointTensor[] {
  const place = placer(design);
  return [
    ...weightsOf(design).map(({ name, shape, init }) => ({ name, shape, dtype: "f32" as const, init, ...place(name) })),
    ...buffersOf(design).map(({ name, shape, dtype }) => ({ name, shape, dtype, init: undefined, ...place(name) })),
  ];
}

function placer(design: Design): (name: string) => Pick<CheckpointTensor, "layer" | "step" | "local"> {
  const steps = layerBlocks(design).map((block) => new Map(block.steps.map((step) => [stepScope(step), step])));
  return (name) => {
    const [, number, scope, local] = /^layers\.(\d+)\.([^.]+)\.(.+)$/.exec(name) ?? [];
    if (number === undefined || scope === undefined || local === undefined) {
      return { layer: undefined, step: undefined, local: name };
    }
    return { layer: Number(number), step: steps[Number(number)]?.get(scope), local };
  };
}

/** Numbers in a tensor of a shape. */
export function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
