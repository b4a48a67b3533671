/** The benchmark of one mixture on the emulated machine: it runs, it checks itself, and it notices what is wrong. */
import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { whyNoEmulation } from "./fake.js";

const SLOW = 240_000;

function bench(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; rows: Record<string, unknown>[] }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["bench/cuda/run.mjs", "--json", ...flags],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        if (stdout === "") throw new Error(stderr);
        const rows = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        resolve({ code: error ? Number(error.code) : 0, rows });
      },
    );
  });
}

describe.skipIf(whyNoEmulation !== undefined)("bench/cuda", () => {
  it(
    "bf16: uniform, Zipf and one-hot routing are right, E not a power of two, ragged tails",
    async () => {
      const { code, rows } = await bench(["--shape", "150,40,24,6,2", "--times", "2"]);
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
});
