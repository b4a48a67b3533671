/** Generated kernels against the interpreter, on small hand-made graphs that are built as one program. */
import { beforeAll, describe, expect, it } from "vitest";
import { asShipped, built } from "./agree.js";
import { compareAll, withPrefix } from "./agree-many.js";
import { choosing } from "./choosing.js";
import { mixtures, transformers } from "./graphs.js";

const groups = [
  { what: "a transformer layer", examples: transformers },
  { what: "a mixture", examples: mixtures },
  { what: "what chooses", examples: choosing },
];
const all = groups.flatMap(({ examples }) => examples).map((example, i) => ({ ...example, prefix: `k${i}` }));

asShipped();

let far: ReadonlyMap<string, number>;
beforeAll(async () => {
  const cases = all.map(({ make, prefix }) => {
    const { graph, leaves } = make();
    return withPrefix(prefix, graph, leaves);
  });
  far = await compareAll(cases, built);
});

describe.each(groups)(`$what in generated C (${built})`, ({ examples }) => {
  it.each(examples)("$name", ({ name }) => {
    const { prefix } = all.find((each) => each.name === name)!;
    const mine = [...far].filter(([output]) => output.startsWith(`${prefix} `));
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
