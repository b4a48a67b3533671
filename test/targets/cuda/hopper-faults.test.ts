/** The emulated machine is no easier than Hopper: each mistake that races there is seen here every time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runTool } from "../../../src/targets/cpu/run-tool.js";

const compiler = process.env.CXX || "g++";
const there = (await runTool([compiler], ["--version"])).ok;
const folder = mkdtempSync(join(tmpdir(), "moec-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, "faults");

/** In the order of the program's numbers. */
const faults = [
  // of five rows of two tensors, 512 and 256 bytes each, every sector is written once
  { what: "no mistake", says: "right, threads wrote 3840 bytes of global memory in 120 sectors" },
  { what: "nobody waits for panels", says: "two boxes are on their way to one panel" },
  { what: "a stage is given back before products are made", says: "wrong" },
  { what: "a panel of steps is read as one of lines", says: "wrong" },
  { what: "sums are read while products are at work", says: "wrong" },
  { what: "copies by threads are not shown to the engines", says: "before the engines can see what it copied" },
  { what: "the wrong phase is waited for", says: "nobody can go on" },
  { what: "fewer bytes are expected than come", says: "two boxes are on their way to one panel" },
  { what: "products start without a fence", says: "a product starts before its sums are ready" },
  { what: "what is read behind products is read before it has come", says: "wrong" },
  { what: "it is asked for again before it is read", says: "two boxes are on their way to one panel" },
  { what: "a panel is written without a swizzle", says: "lanes of a warp meet at a bank of shared memory" },
  { what: "results are not shown to the engine", says: "before the engine can see what threads wrote" },
  { what: "results are sent before all lanes have written them", says: "before the engine can see what threads wrote" },
  { what: "a panel is written again while it leaves", says: "a panel changes before the copy engine has read it" },
  { what: "what threads wrote is not counted as a group", says: "a panel changes before the copy engine has read it" },
  { what: "a box is not cut at the end of an expert's run", says: "wrong" },
  { what: "nobody waits for the last boxes", says: "boxes are on their way out of it" },
  {
    what: "panels of the other block are written before it has read them",
    says: "two boxes are on their way to one panel",
  },
  {
    what: "bytes that the other block brings are not counted",
    says: "two boxes are on their way to one panel",
  },
  {
    what: "a block ends while the other still gives back what it has read",
    says: "has ended that another reaches for",
  },
] as const;

describe.skipIf(!there)("a mistake on the emulated Hopper", () => {
  it("builds", async () => {
    const source = resolve("test/targets/cuda/hopper-faults.cpp");
    const flags = ["-std=c++17", "-O1", "-U_FORTIFY_SOURCE", "-Wno-psabi", `-I${resolve("templates/cuda")}`];
    expect(await runTool([compiler], [...flags, source, "-o", program])).toMatchObject({ ok: true });
  }, 60_000);
  it.each(faults.map((fault, number) => ({ ...fault, number })))("$what: $says", async ({ number, says }) => {
    const { stdout, complaint } = await runTool([program], [`${number}`]);
    expect(`${stdout} ${complaint}`).toContain(says);
  });
});
