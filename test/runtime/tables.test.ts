import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryHost } from "../../src/host/memory.js";
import { nodeHost } from "../../src/host/node.js";
import { readTableFile } from "../../src/runtime/table-file.js";
import { makeTable, needsCounts, type TableOptions } from "../../src/runtime/tables.js";

const maskMoe: TableOptions = {
  name: "Visible",
  vocab: 6,
  experts: 4,
  layers: 3,
  tiers: [
    { name: "frequent", coverage: 0.8, sees: 4 },
    { name: "infrequent", coverage: undefined, sees: 1 },
  ],
  assign: { kind: "random", seed: 17, perLayer: true },
  counts: [10, 50, 0, 30, 5, 5],
};

const rowsOf = (visible: Uint8Array, experts: number): number[][] =>
  Array.from({ length: visible.length / experts }, (_, id) =>
    Array.from({ length: experts }, (_, expert) => expert).filter((expert) => visible[id * experts + expert] === 1),
  );

describe("tiers", () => {
  test("the smallest prefix by count that reaches the coverage, exactly", () => {
    // 50 + 30 of 100 are 80 %: ids 1 and 3
    const { tierOf, tiers } = makeTable(maskMoe);
    expect([...tierOf]).toEqual([1, 0, 1, 0, 1, 1]);
    expect(tiers).toEqual([
      { name: "frequent", ids: 2, share: 0.8 },
      { name: "infrequent", ids: 4, share: 0.2 },
    ]);
  });
  test("ties go to the lower id, later tiers take what is left", () => {
    const tiers = [
      { name: "a", coverage: 0.25, sees: 1 },
      { name: "b", coverage: 0.75, sees: 2 },
      { name: "c", coverage: undefined, sees: 3 },
    ];
    const table = makeTable({ ...maskMoe, vocab: 4, counts: [1, 1, 1, 1], tiers });
    expect([...table.tierOf]).toEqual([0, 1, 1, 2]);
    expect(rowsOf(table.visible[0]!, 4).map((row) => row.length)).toEqual([1, 2, 2, 3]);
  });
  test("full coverage leaves the ids that never occur to the next tier", () => {
    const tiers = [
      { name: "seen", coverage: 1, sees: 2 },
      { name: "unseen", coverage: undefined, sees: 1 },
    ];
    expect([...makeTable({ ...maskMoe, tiers }).tierOf]).toEqual([0, 0, 1, 0, 0, 0]);
  });
  test("without coverage need no counts", () => {
    const tiers = [{ name: "all", coverage: undefined, sees: 2 }];
    const options: TableOptions = { ...maskMoe, tiers, counts: undefined };
    expect(needsCounts(options)).toBe(false);
    expect(makeTable(options).tiers).toEqual([{ name: "all", ids: 6, share: 0 }]);
  });
  test.each<[string, Partial<TableOptions>, string]>([
    ["missing", { counts: undefined }, "MOE6023: table `Visible` sorts ids"],
    [
      "too few",
      { counts: [1, 2] },
      "MOE6012: `Visible` does not hold the token counts: there are 2 counts for a vocabulary of 6",
    ],
    ["all zero", { counts: [0, 0, 0, 0, 0, 0] }, "all counts are zero"],
  ])("counts that are %s are refused", (_, changes, message) => {
    expect(() => makeTable({ ...maskMoe, ...changes })).toThrow(message);
  });
});

describe("assignments", () => {
  const kinds = ["random", "hash", "balanced"] as const;
  test("every row sees exactly as many experts as its tier says", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.integer(),
        fc.array(fc.nat(20), { minLength: 6, maxLength: 6 }),
        (kind, seed, counts) => {
          fc.pre(counts.some((each) => each > 0));
          const table = makeTable({ ...maskMoe, assign: { kind, seed, perLayer: true }, counts });
          expect(table.visible.length).toBe(3);
          for (const visible of table.visible) {
            expect(rowsOf(visible, 4).map((row) => row.length)).toEqual(
              Array.from(table.tierOf, (tier) => (tier === 0 ? 4 : 1)),
            );
          }
        },
      ),
    );
  });
  test("the same again from the same seed, another from another, one per layer when asked", () => {
    const wide = { ...maskMoe, vocab: 200, counts: Array.from({ length: 200 }, (_, i) => i) };
    for (const kind of ["random", "hash"] as const) {
      const make = (seed: number, perLayer: boolean) =>
        makeTable({ ...wide, assign: { kind, seed, perLayer } }).visible.map(String);
      expect(make(1, true)).toEqual(make(1, true));
      expect(make(1, true)).not.toEqual(make(2, true));
      expect(new Set(make(1, true)).size).toBe(3);
      expect(new Set(make(1, false)).size).toBe(1);
    }
  });
  test("random is uniform over the experts", () => {
    const tiers = [{ name: "all", coverage: undefined, sees: 2 }];
    const { visible } = makeTable({ ...maskMoe, vocab: 4000, tiers, counts: undefined, layers: 1 });
    const perExpert = [0, 1, 2, 3].map((expert) => rowsOf(visible[0]!, 4).filter((row) => row.includes(expert)).length);
    for (const each of perExpert) expect(Math.abs(each - 2000)).toBeLessThan(130);
  });
  test("hash depends on nothing but the id", () => {
    const tiers = [{ name: "all", coverage: undefined, sees: 1 }];
    const assign = { kind: "hash", seed: 3, perLayer: false } as const;
    const small = makeTable({ ...maskMoe, tiers, assign }).visible[0]!;
    const large = makeTable({ ...maskMoe, vocab: 50, counts: undefined, tiers, assign }).visible[0]!;
    expect(large.subarray(0, small.length)).toEqual(small);
  });
  test("balanced is greedy: most frequent first, least loaded, lowest expert", () => {
    const tiers = [{ name: "all", coverage: undefined, sees: 1 }];
    const assign = { kind: "balanced", seed: 0, perLayer: false } as const;
    // by count: 1 (50) → 0, 3 (30) → 1, 0 (10) → 2, 4 (5) → 3, 5 (5) → 3, 2 (0) → 2 or 3, both 10 → 2
    const { visible } = makeTable({ ...maskMoe, tiers, assign });
    expect(rowsOf(visible[0]!, 4)).toEqual([[2], [0], [2], [1], [3], [3]]);
  });
});

describe("files", () => {
  const options = { path: "table.json", folder: ".", project: ".", vocab: 3, experts: 4, layers: 2 };
  const read = (content: string | Uint8Array, path = "table.json"): number[][][] => {
    const host = memoryHost({ files: { [path]: content } });
    return readTableFile(host, { ...options, path }).map((visible) => rowsOf(visible, 4));
  };
  const i32 = (...numbers: number[]): Uint8Array => new Uint8Array(Int32Array.from(numbers).buffer);
  const rows = [[0], [1, 3], [2]];

  test("hold rows for all layers or for each", () => {
    expect(read("[0,[3,1],[2]]")).toEqual([rows, rows]);
    expect(read("[[0,[1,3],2],[[3],[2],[1]]]")).toEqual([rows, [[3], [2], [1]]]);
    expect(read(Uint8Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0), "t.u8.bin")).toEqual([rows, rows]);
    expect(read(i32(0, -1, 3, 1, 2, -1), "t.bin")).toEqual([rows, rows]);
  });
  test.each<[string | Uint8Array, string, string]>([
    ["[0", "t.json", "it is not JSON"],
    ["{}", "t.json", "it is not a list"],
    ["[0,1]", "t.json", "it has 2 rows, the vocabulary has 3"],
    ["[0,1,4]", "t.json", "row 2 names 4; experts are 0 to 3"],
    ['[0,1,"x"]', "t.json", 'row 2 names "x"'],
    ["[0,[],1]", "t.json", "row 1 names no expert"],
    [Uint8Array.of(1, 0), "t.u8.bin", "it has 2 bytes, expected 12 or 24"],
    [new Uint8Array(12).fill(2), "t.u8.bin", "bytes other than 0 and 1"],
    [i32(0, 1), "t.bin", "are not 3 rows"],
    [i32(0, 1, 9), "t.bin", "row 2 names 9"],
    [i32(0, -1, 1), "t.bin", "row 1 names no expert"],
    ["", "t.bin", "its 0 bytes are not 3 rows"],
  ])("that do not fit are refused: %j in %s", (content, path, message) => {
    expect(() => read(content, path)).toThrow(/MOE6020: `t\.[a-z0-9.]+` is not a routing table for this model: /);
    expect(() => read(content, path)).toThrow(message);
  });
  test("must say what the tiers say", () => {
    const host = memoryHost({ files: { "t.json": "[0,1,[0,1,2,3],[0,1,2,3],2,3]" } });
    const read = readTableFile(host, { ...options, path: "t.json", vocab: 6, layers: 3 });
    const assign = { kind: "file", path: "t.json" } as const;
    expect(() => makeTable({ ...maskMoe, assign }, read)).toThrow(
      "MOE6020: `t.json` is not a routing table for this model: id 1 sees 1 experts in layer 0, tier frequent sees 4",
    );
    expect(makeTable({ ...maskMoe, assign, counts: [0, 0, 50, 50, 0, 0] }, read).visible).toBe(read);
  });

  describe("outside the project", () => {
    let root = "";
    beforeAll(() => {
      root = mkdtempSync(`${tmpdir()}/moec-table-`);
      mkdirSync(`${root}/project/specs`, { recursive: true });
      writeFileSync(`${root}/secret.json`, "[0,1,2]");
      writeFileSync(`${root}/project/good.json`, "[0,1,2]");
      symlinkSync("../../secret.json", `${root}/project/specs/link.json`);
    });
    afterAll(() => rmSync(root, { recursive: true }));
    const readReal = (path: string) =>
      readTableFile(nodeHost, { ...options, path, folder: `${root}/project/specs`, project: `${root}/project` });
    test("are refused, by name, by absolute path and through links", () => {
      for (const path of ["../../secret.json", `${root}/secret.json`, "link.json", "a/../../../secret.json"]) {
        expect(() => readReal(path)).toThrow(`MOE6009: \`${path}\` is outside the project folder`);
      }
    });
    test("inside are read from the spec's folder", () => {
      expect(readReal("../good.json").length).toBe(2);
      expect(() => readReal("good.json")).toThrow("MOE6013: `good.json` cannot be read");
    });
  });
});
