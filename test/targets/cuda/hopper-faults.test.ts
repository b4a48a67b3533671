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
  { what: "no mistake", says: "right" },
  { what: "nobody waits for panels", says: "more threads arrive at a barrier than it counts" },
  { what: "a stage is given back before products are made", says: "wrong" },
  { what: "a panel of steps is read as one of lines", says: "wrong" },
  { what: "sums are read while products are at work", says: "wrong" },
  { what: "copies by threads are not shown to the engines", says: "before the engines can see what it copied" },
  { what: "the wrong phase is waited for", says: "nobody can go on" },
  { what: "fewer bytes are expected than come", says: "a block ends while copies are on their way" },
  { what: "products start without a fence", says: "a product starts before its sums are ready" },
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
