/** What can be checked but not compiled is said so, with a code. */
import { describe, expect, it } from "vitest";
import { uncompilable } from "../../src/2-design/compilable.js";
import { designOf, modelWith, specText } from "./resolve-text.js";

const refused = (mixture: string) =>
  uncompilable(designOf(modelWith(mixture))).map(({ code, message }) => `${code} ${message.split("`")[1]}`);

describe("uncompilable", () => {
  it.each(["mask-moe", "mh-moe"])("says nothing about %s", (name) => {
    expect(uncompilable(designOf(specText(name)))).toEqual([]);
  });

  it("names what a block cannot hold as an expert, and that it cannot be shared", () => {
    const depth = `block Inner { residual Near; residual Tables }
attention Near { heads = 2; window = 4 }
table Ids { key = token_id; value = subset(of: Tables.experts); tier all otherwise sees 1; assign hash(seed: 1) }
moe Tables { experts 2 of relu(hidden: 4); router { select Ids[token_id]; weight one } }
moe Mixture {
  experts 1 of block(Inner)
  shared 1 of block(Inner)
  router {
    score linear
    gate sigmoid
    select top(25%) per sequence
    weight gate
    allow lookahead because "a test"
    allow imbalance because "a test"
  }
}`;
    expect(refused(depth)).toEqual([
      "MOE5011 block(Inner) with a window in Near",
      "MOE5011 block(Inner) with a table in Tables",
      "MOE5011 experts of block",
    ]);
  });

  it("looks at the mixtures of the model only", () => {
    const text = `moe Mixture { experts 2 of relu(hidden: 4); router { score linear; gate softmax; select top(1); weight gate; balance switch } }
moe Spare { experts 2 of relu(hidden: 4); shared 1 of block(Layer); router { score linear; gate softmax; select top(1); weight gate; balance switch } }`;
    expect(refused(text)).toEqual([]);
  });
});
