/** The benchmark of one mixture on the emulated machine: it runs, it checks itself, and it notices what is wrong. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { whyNoEmulation } from "./fake.js";

const SLOW = 240_000;

function bench(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; rows: Record<string, unknown>[]; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["bench/cuda/run.mjs", "--json", ...flags],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        const lines = stdout.split("\n").filter((line) => line !== "");
        const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        resolve({ code: error ? Number(error.code) : 0, rows, stderr });
      },
    );
  });
}

describe.skipIf(whyNoEmulation !== undefined)("bench/cuda", () => {
  it(
    "bf16: uniform, Zipf and one-hot routing are right, E not a power of two, ragged tails",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "moec-bench-"));
      const [out, python] = [join(folder, "rows.jsonl"), join(folder, "python")];
      const peer = { name: "other", forward_ms: 1, both_ms: 3, megabytes: 2 };
      writeFileSync(python, `#!/bin/sh\necho '${JSON.stringify(peer)}'\necho no second >&2\nexit 1\n`, { mode: 0o755 });
      const flags = ["--shape", "150,40,24,6,2", "--times", "2", "--out", out];
      const { code, rows } = await bench(flags, { MOEC_PYTHON: python });
      expect(readFileSync(out, "utf8")).toBe(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      // what another library said before it failed is kept, with its reason
      expect(rows[0]!.peers).toEqual([peer, { name: "PyTorch", skipped: "no second" }]);
      expect(rows.map(({ routing, right }) => [routing, right])).toEqual([
        ["uniform", true],
        ["zipf", true],
        ["one-hot", true],
      ]);
      expect((rows[2]!.far as Record<string, number>).experts_without_rows).toBe(4);
      expect(code).toBe(0);
      expect(rows[0]).toMatchObject({ compute: "bf16", forward_ms: expect.any(Number), both_ms: expect.any(Number) });
    },
    SLOW,
  );
  it(
    "bf16 on Hopper",
    async () => {
      const asked = ["--turns", "off", "--shares", "on"];
      const flags = ["--shape", "150,40,24,6,2", "--routing", "zipf", "--check", ...asked];
      const { code, rows } = await bench(flags, { FAKE_CUDA_HOPPER: "1" });
      expect(rows.map(({ right }) => right)).toEqual([true]);
      expect(code).toBe(0);
    },
    SLOW,
  );
  it(
    "f32, sixteen experts a token",
    async () => {
      const { code, rows } = await bench([
        "--shape",
        "33,20,12,19,16",
        "--routing",
        "uniform",
        "--compute",
        "f32",
        "--check",
      ]);
      expect(rows[0]!.right).toBe(true);
      expect(code).toBe(0);
    },
    SLOW,
  );
  it("leaves out what the GPU has no memory for, and says what time was too short for", async () => {
    const small = await bench(["--shape", "sonic-512", "--routing", "zipf"], { FAKE_CUDA_MEGABYTES: "64" });
    expect(small.code).toBe(0);
    expect(small.rows.map((row) => row.skipped)).toEqual(["needs about 3.5 GB, Emulated GPU has 0.1 GB"]);
    const late = await bench(["--quick", "--minutes", "0"]);
    expect(late.rows).toEqual([]);
    expect(late.stderr).toContain("not measured: sonic-512 uniform, qwen3-30b uniform, sonic-512 zipf");
  });
});

it("the plan of the benchmark begins with what published numbers are compared at, and needs no GPU to be shown", async () => {
  const lines = await new Promise<string[]>((resolve) => {
    execFile(process.execPath, ["bench/cuda/run.mjs", "--dry-run"], (_, stdout) => resolve(stdout.trim().split("\n")));
  });
  expect(lines.length).toBe(27);
  expect(lines.slice(0, 2).map((line) => line.split(":")[0])).toEqual(["sonic-512 uniform", "qwen3-30b uniform"]);
  expect(lines[9]).toContain("sonic-512 zipf");
});
