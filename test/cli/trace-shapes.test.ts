import { expect, it } from "vitest";
import { weightsOf } from "../../src/2-design/weights.js";
import { shaped } from "../../src/cli/trace-shapes.js";
import { checkSpec } from "../../src/pipeline.js";
import { tiny } from "../e2e/machine.js";

const text = tiny.replace("experts 4 of", "shared 1 of swiglu(hidden: 8)\n  experts 4 of");
const { design } = checkSpec({ path: "tiny.moe", text });
const tensor = (name: string, ...shape: number[]) => {
  const size = shape.reduce((product, each) => product * each, 1);
  return { name, dtype: "F32", shape, data: new Float32Array(size).fill(1) } as const;
};

it("has the shapes of the contract, whatever axes a target kept", () => {
  const scope = "layers.0.mixture";
  const rows = [0, 1, 2].map(() => new Array<number>(17).fill(0));
  const results = [
    tensor("loss"),
    tensor("logits", 48, 256),
    tensor(`grad.${scope}.shared.down.weight`, 32, 8),
    tensor(`${scope}.edges.expert`, 3, 16, 4),
    tensor(`${scope}.edges.weight`, 3, 16, 4),
    tensor(`${scope}.router.scores`, 48, 4),
    tensor(`${scope}.load`, 4),
  ];
  const found = new Map(shaped({ design: design!, rows }, results).map((each) => [each.name, each]));
  const shapes = Object.fromEntries(results.map(({ name }) => [name, found.get(name)!.shape]));
  expect(shapes).toEqual({
    loss: [],
    logits: [3, 16, 256],
    [`grad.${scope}.shared.down.weight`]: [1, 32, 8],
    [`${scope}.edges.expert`]: [48, 4],
    [`${scope}.edges.weight`]: [48, 4],
    [`${scope}.router.scores`]: [48, 4],
    [`${scope}.load`]: [4],
  });
  // what nothing depends on has a gradient too
  for (const { name, shape } of weightsOf(design!)) expect(found.get(`grad.${name}`)?.shape).toEqual(shape);
  expect(found.get("grad.norm.weight")!.data.every((each) => each === 0)).toBe(true);
});
