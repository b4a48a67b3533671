/** Did-you-mean: near words are found, far ones are not offered. */
import { describe, expect, it } from "vitest";
import { count } from "../../src/diagnostics/catalogue/count.js";
import { editDistance, suggest } from "../../src/diagnostics/suggest.js";

describe("suggest", () => {
  const words = ["softmax", "sigmoid", "relu", "top", "per", "d_model", "load_balance"];
  it.each([
    ["sofmax", "softmax"],
    ["softmx", "softmax"],
    ["sotfmax", "softmax"],
    ["Softmax", "softmax"],
    ["sigmoed", "sigmoid"],
    ["rleu", "relu"],
    ["tpo", "top"],
    ["dModel", "d_model"],
    ["loadbalance", "load_balance"],
    ["load_balence", "load_balance"],
  ])("%s → %s", (word, expected) => {
    expect(suggest(word, words)).toBe(expected);
  });

  it.each(["banana", "x", "", "maximum", "softmaxsoftmax", "a".repeat(1000)])("has nothing for %s", (word) => {
    expect(suggest(word, words)).toBeUndefined();
  });

  it("prefers the nearest, then the first, and never the word itself", () => {
    expect(suggest("reluu", ["gelu", "relu"])).toBe("relu");
    expect(suggest("xelu", ["gelu", "relu"])).toBe("gelu");
    expect(suggest("relu", ["relu", "gelu"])).toBe("gelu");
  });
});

describe("edit distance", () => {
  it.each([
    ["", "", 0],
    ["abc", "", 3],
    ["abc", "abd", 1],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ])("%s to %s is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("count", () => {
  it.each([
    [256, "256"],
    [4096, "4096"],
    [14336, "14_336"],
    [10n ** 12n, "1_000_000_000_000"],
    [-12345, "-12_345"],
    [42.666666, "42.6667"],
    [1e300, "1e+300"],
    [Number.NaN, "NaN"],
  ])("%s", (value, text) => {
    expect(count(value)).toBe(text);
  });
});
