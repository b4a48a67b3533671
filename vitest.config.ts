/**
 * How the tests run. Generated C is built quickly rather than well (`-Og`), except in the tests that ask for the flags
 * of the product (`asShipped` in test/numerics/agree.ts).
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    env: { MOEC_CFLAGS: process.env.MOEC_CFLAGS ?? "-Og" },
  },
});
