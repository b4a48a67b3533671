/**
 * How the tests run. Generated C is built quickly rather than well (`-Og`), except in the tests that ask for the flags
 * of the product (`asShipped` in test/numerics/agree.ts). Files share the modules of their worker, so none may leave
 * anything behind there. The longest files come first, so that both workers end at about the same time.
 */
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longest = [
  "test/e2e/train",
  "test/targets/cuda/shipped",
  "test/targets/wgsl/designs",
  "test/targets/cuda/designs",
  "test/dispatch/random-designs",
  "test/numerics/designs",
  "test/designs/trained",
  "test/targets/wgsl/kernels",
  "test/targets/cuda/kernels",
  "test/diff/from-run",
  "test/numerics/routers",
  "test/numerics/architectures",
  "test/e2e",
];

/** Files by their place in the list of the longest; those that are not in it last, in the order they were. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.includes(`/${name}`));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/test-folder.ts",
    testTimeout: 180_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    isolate: false,
    sequence: { sequencer: LongestFirst },
    env: { MOEC_CFLAGS: process.env.MOEC_CFLAGS ?? "-Og" },
  },
});
