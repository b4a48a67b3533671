/** Random trees, written in random ways: the parser finds the tree again, and the formatter does not change it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { format } from "../../../src/1-syntax/fmt.js";
import { readNumber } from "../../../src/1-syntax/literals.js";
import { treeOf } from "../../syntax/tree-of.js";
import { expectedTree, layouts, trees, write } from "./layouts.js";

it("finds the tree behind any layout, before and after formatting", () => {
  const property = fc.property(trees, layouts, (tree, layout) => {
    const text = write(tree, layout());
    const expected = expectedTree(tree, (number) => readNumber(number)!);
    expect(treeOf(text)).toEqual(expected);
    const formatted = format({ path: "random.moe", text });
    expect(treeOf(formatted)).toEqual(expected);
    expect(format({ path: "random.moe", text: formatted })).toBe(formatted);
    expect(countComments(formatted)).toBe(countComments(text));
  });
  fc.assert(property, { numRuns: 600, seed: 4 });
});

function countComments(text: string): number {
  const withoutTexts = text.replace(/"(?:[^"\\]|\\.)*"/g, "");
  return withoutTexts.match(/\/\/ (a comment|between|behind|before|after|last|inside|alone|odd)/g)?.length ?? 0;
}
