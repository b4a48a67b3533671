/** Texts line by line and word by word. */
import { describe, expect, it } from "vitest";
import { diffText, hunksOf } from "../../src/diff/text-diff.js";

const statuses = (a: string, b: string) => diffText(a, b).map(({ status }) => status);

describe("text", () => {
  it("ignores white space", () => {
    expect(statuses("a  b\n  c", "a b\nc   ")).toEqual(["same", "same"]);
  });

  it("marks the words that differ", () => {
    const [row] = diffText("for (int i = 0; i < 16; i++)", "for (int i = 0; i < 32; i++)");
    expect(row).toMatchObject({ status: "changed" });
    const only = (side: "before" | "after") => row![side]!.words.filter((word) => word.only).map(({ text }) => text);
    expect([only("before"), only("after")]).toEqual([["16"], ["32"]]);
  });

  it("keeps every line of both sides, in order, with its number", () => {
    const [a, b] = ["one\ntwo x y z\nthree\nfour", "zero\ntwo x y w\nfour\nfive"];
    const rows = diffText(a, b);
    const side = (which: "before" | "after") =>
      rows.flatMap((row) => (row[which] ? [row[which].words.map(({ text }) => text).join("")] : []));
    expect(side("before").join("\n")).toBe(a);
    expect(side("after").join("\n")).toBe(b);
    expect(rows.flatMap((row) => row.before?.number ?? [])).toEqual([1, 2, 3, 4]);
    expect(rows.find(({ status }) => status === "changed")?.after?.number).toBe(2);
  });

  it("puts the lines beside each other that are alike the most", () => {
    const rows = diffText(
      "for (int i = 0; i < rows; i += MR) pack(a, i, 256);",
      "for (int i = 0; i < rows; i++) unit[i] = sort[i];\nfor (int i = 0; i < rows; i += MR) pack(a, i, 128);",
    );
    expect(rows.map(({ status, after }) => [status, after?.number])).toEqual([
      ["added", 1],
      ["changed", 2],
    ]);
  });

  it("leaves out equal lines far from a difference", () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const rows = diffText(lines.join("\n"), lines.map((line, i) => (i === 10 ? "other words here" : line)).join("\n"));
    const hunks = hunksOf(rows, 2);
    expect(hunks.map(({ skipped }) => skipped)).toEqual([8]);
    expect(hunks[0]!.rows.length).toBe(6);
  });
});
