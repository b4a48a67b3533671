/** What is counted of a kernel's traffic, against counts made by hand. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { runTool } from "../../../src/targets/cpu/run-tool.js";
import { whyNoEmulation } from "./fake.js";
import { compiler } from "./prelude.js";

const templates = resolve("templates/cuda");

interface Counted {
  readonly kernel: string;
  readonly [what: string]: unknown;
}

/** What the kernels of count.cpp are said to do. */
async function counted(): Promise<Map<string, Counted>> {
  const folder = mkdtempSync(join(tmpdir(), "moec-count-"));
  try {
    const how = ["-std=c++17", "-O1", "-fno-tree-sra", "-U_FORTIFY_SOURCE", "-Wno-unknown-pragmas", `-I${templates}`];
    const [object, program] = [join(folder, "count.o"), join(folder, "count")];
    const made = ["-DMOEC_COUNT", "-fsanitize=thread", "-c", "test/targets/cuda/count.cpp", "-o", object];
    const built = await runTool([compiler], [...how, ...made]);
    expect(built.complaint).toBe("");
    await runTool([compiler], [object, "-o", program, "-pthread"]);
    const lines = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
    return new Map(lines.map((line) => JSON.parse(line) as Counted).map((c) => [c.kernel, c]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nothing = [0, 0, 0, 0];

describe.skipIf(whyNoEmulation !== undefined)("counts of traffic", () => {
  it("are those made by hand: requests, bytes of use, sectors or turns, fewest that would do", async () => {
    const of = await counted();
    // six blocks of two warps: 128 bytes a warp in four sectors
    expect(of.get("side_by_side")).toMatchObject({
      blocks: 6,
      ran: 6,
      meetings: 0,
      reads: [12, 1536, 48, 48],
      writes: [12, 1536, 48, 48],
      shared_reads: nothing,
      shared_writes: nothing,
    });
    // two blocks of six: a sector for each lane; 64 bytes a warp in two
    expect(of.get("apart")).toMatchObject({ ran: 2, reads: [4, 512, 128, 16], writes: [4, 256, 8, 8] });
    // all lanes read the same number, every second writes
    expect(of.get("half_of_them")).toMatchObject({ reads: [12, 48, 12, 12], writes: [12, 768, 48, 24] });
    // 32 numbers of one bank take 32 turns
    expect(of.get("turned")).toMatchObject({
      meetings: 6,
      shared_writes: [12, 0, 384, 12],
      shared_reads: [12, 0, 12, 12],
    });
    // sixteen bytes a lane: eight lanes at a time, all in the same four banks
    expect(of.get("copied")).toMatchObject({
      reads: [12, 6144, 192, 192],
      shared_writes: [12, 0, 384, 48],
      shared_reads: [12, 0, 384, 48],
    });
  });
});
