/** What `explain` prints, and designs as JSON. */
import { describe, expect, it } from "vitest";
import { designFromJson, designToJson } from "../../src/2-design/design-json.js";
import { explainDesign } from "../../src/2-design/explain.js";
import { explainCode } from "../../src/2-design/explain-code.js";
import { explainPath, nearestPath } from "../../src/2-design/explain-path.js";
import { allWords, explainWord, nearestWord } from "../../src/2-design/explain-word.js";
import { rules } from "../../src/rules/index.js";
import { designOf, resolveText, specText } from "./resolve-text.js";

describe("explain", () => {
  it.each(["mask-moe", "mh-moe"])("%s", async (name) => {
    const { design } = resolveText(specText(name), {}, `specs/${name}.moe`);
    const text = explainDesign(design!);
    await expect(text).toMatchFileSnapshot(`expected/explain-${name}.txt`);
    const mixture = text.split("\n\n")[1] ?? "";
    expect(mixture.split("\n").length).toBeLessThanOrEqual(30);
  });

  it("explains files without a model", async () => {
    const { design } = resolveText(specText("zoo"), {}, "zoo.moe");
    await expect(explainDesign(design!)).toMatchFileSnapshot("expected/explain-zoo.txt");
  });

  it("explains every word of the language", () => {
    for (const word of allWords()) expect(explainWord(word), word).toContain(word);
    for (const rule of rules) if (!rule.indexed) expect(explainWord(rule.name)).toContain(rule.doc);
    expect(explainWord("nonsense")).toBeUndefined();
    expect(nearestWord("softmx")).toBe("softmax");
  });

  it("explains a path with everything below it", () => {
    const design = designOf(specText("mask-moe"));
    expect(explainPath(design, "Attend.head_dim")).toBe("Attend.head_dim  32  (= d_model / heads = 256 / 8)\n");
    expect(explainPath(design, "Mixture.router.select")).toContain("Mixture.router.select.k       1  (line 50)");
    expect(explainPath(design, "Mixture.rooter")).toBeUndefined();
    expect(nearestPath(design, "Attend.hed_dim")).toBe("Attend.head_dim");
  });

  it("explains a code", () => {
    const page = "# MOE4003: sub-token heads do not divide the width\n\nA sub-token is a slice.\n";
    expect(explainCode("MOE4003", page)).toBe(
      "error MOE4003: sub-token heads do not divide the width\n\nA sub-token is a slice.\n",
    );
  });
});

describe("JSON", () => {
  it.each(["mask-moe", "mh-moe", "zoo"])("%s comes back as it was", (name) => {
    const { design } = resolveText(specText(name));
    const text = designToJson(design!);
    expect(designFromJson(text)).toEqual(JSON.parse(JSON.stringify(design)));
    expect(designToJson(designFromJson(text))).toBe(text);
  });

  it("is the same whatever the order of lines that commute", () => {
    const text = specText("mask-moe");
    const lines = ["    score linear\n", "    gate softmax over visible\n"];
    const moved = text.replace(lines[0]!, "").replace(lines[1]!, lines[1]! + lines[0]!);
    const json = (each: string) =>
      designToJson({ ...designOf(each), spec: { path: "", hash: "" } }, { provenance: false });
    expect(json(moved)).toBe(json(text));
  });

  it("is refused when it is something else", () => {
    expect(() => designFromJson("[]")).toThrow(TypeError);
  });
});

it("the hash of a spec is that of its formatted text", () => {
  const text = specText("mask-moe");
  const spaced = text.replace("vocab = 4096", "vocab   =   4096");
  expect(designOf(spaced).spec.hash).toBe(designOf(text).spec.hash);
  expect(designOf(text.replace("4096", "4095"), ["Pretrain.tokenizer.vocab=4095"]).spec.hash).not.toBe(
    designOf(text).spec.hash,
  );
});
