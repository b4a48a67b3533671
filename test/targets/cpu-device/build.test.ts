/** Choosing, building and caching: what is refused and why, and that nothing is built twice. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DiagnosticError } from "../../../src/diagnostics/diagnostic.js";
import { packageRoot } from "../../../src/host/package-root.js";
import { floats } from "../../../src/runtime/device.js";
import { buildNative } from "../../../src/targets/cpu/build-native.js";
import { builtFolder, cached } from "../../../src/targets/cpu/cache.js";
import { candidates, NATIVE_FLAGS, tryCompiler } from "../../../src/targets/cpu/compilers.js";
import { type CpuBuild, chooseBuild, openCpu } from "../../../src/targets/cpu/device.js";
import { cpuFacts } from "../../../src/targets/cpu/probe.js";
import { barrierSpins, processors, threadCount } from "../../../src/targets/cpu/threads.js";
import { wasmLayout } from "../../../src/targets/cpu/wasm-layout.js";
import { BYTES, builds, SOURCE } from "./builds.js";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "moec-test-"));
  vi.stubEnv("MOEC_CACHE", cache);
  vi.stubEnv("MOEC_CPU", "");
  vi.stubEnv("MOEC_THREADS", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

/** The diagnostic that a refused action throws, with its helps as one text. */
async function refusal(action: () => unknown): Promise<{ code: string; message: string; help: string }> {
  const error: unknown = await Promise.resolve()
    .then(action)
    .then(
      () => undefined,
      (cause: unknown) => cause,
    );
  expect(error).toBeInstanceOf(DiagnosticError);
  const { code, message, help = [] } = (error as DiagnosticError).diagnostics[0]!;
  return { code, message, help: help.map((each) => each.text).join("\n") };
}

const native = builds.find(({ kind }) => kind === "native")!;
const BROKEN =
  '#include "spmd.h"\nMOEC_EXPORT void moec_run(char *arena, int p, int t, int n) { arena = undeclared; }\n';

describe("choosing how to build", () => {
  it("takes WebAssembly and says why when no compiler is found", async () => {
    vi.stubEnv("PATH", cache);
    vi.stubEnv("CC", "");
    expect(candidates()).toEqual(["cc", "gcc", "clang"]);
    const why = "no C compiler works here (cc: not found; gcc: not found; clang: not found)";
    expect(await chooseBuild()).toEqual({ kind: "wasm", why });
    const { code, help } = await refusal(() => chooseBuild("native"));
    expect(code).toBe("MOE5005");
    expect(help).toContain("tried clang: not found");
  });

  it.skipIf(process.platform === "win32")("does not believe a compiler that only says it is one", async () => {
    const fake = join(cache, "cc");
    writeFileSync(fake, "#!/bin/sh\nexit 0\n");
    chmodSync(fake, 0o755);
    vi.stubEnv("CC", fake);
    expect((await tryCompiler(fake)).reason).toMatch(/cannot be loaded/);
    expect(await chooseBuild()).toMatchObject({ kind: "wasm", why: expect.stringContaining("cannot be loaded") });
  });

  it("honours CC alone, with its arguments", async () => {
    vi.stubEnv("CC", "no-such-compiler -m64");
    expect(await chooseBuild()).toMatchObject({
      kind: "wasm",
      why: expect.stringMatching(/no-such-compiler.*not found/),
    });
  });

  it.skipIf(native.missing)(
    "adds the flags of MOEC_CFLAGS, says so, and does without a compiler that refuses them",
    async () => {
      vi.stubEnv("CC", "");
      vi.stubEnv("MOEC_CFLAGS", " -O0  -g ");
      const { compiler } = (await chooseBuild()) as Extract<CpuBuild, { kind: "native" }>;
      expect(compiler.machineFlags.slice(-2)).toEqual(["-O0", "-g"]);
      expect(compiler.name).toMatch(/ -O0 -g$/);
      vi.stubEnv("MOEC_CFLAGS", "-fno-such-flag");
      expect(await chooseBuild()).toMatchObject({ kind: "wasm", why: expect.stringContaining("no-such-flag") });
    },
  );

  it("obeys MOEC_CPU and refuses other values", async () => {
    vi.stubEnv("MOEC_CPU", "wasm");
    expect(await chooseBuild()).toEqual({ kind: "wasm", why: "asked for" });
    vi.stubEnv("MOEC_CPU", "fast");
    const { code, message } = await refusal(() => chooseBuild());
    expect([code, message]).toEqual(["MOE5009", "`MOEC_CPU` is `fast`: expected `native` or `wasm`"]);
  });

  it("takes thread counts from 1 to 1024", async () => {
    expect(threadCount()).toBe(processors());
    vi.stubEnv("MOEC_THREADS", "3");
    expect([threadCount(), threadCount(5)]).toEqual([3, 5]);
    for (const text of ["0", "-1", "1.5", "many", "1025"]) {
      vi.stubEnv("MOEC_THREADS", text);
      expect((await refusal(() => threadCount())).code).toBe("MOE5009");
    }
    expect(barrierSpins("native", processors() + 1)).toBe(0);
  });

  it("tells what it found", async () => {
    const facts = await cpuFacts();
    expect(facts).toMatchObject({ cache, threads: processors(), wasm: { simd: true, threads: true } });
    expect(facts.chosen).toMatch(native.missing ? /^cpu wasm/ : /^cpu native/);
    for (const { name, reason } of facts.compilers) expect(name ?? reason).toMatch(/\S/);
  });
});

describe("memory", () => {
  it("refuses what the machine does not have", async () => {
    const { code } = await refusal(() => openCpu({ source: SOURCE, bytes: totalmem() * 2, force: "wasm" }));
    expect(code).toBe("MOE6022");
  });

  it("shows the arithmetic where 32-bit addresses end", async () => {
    expect(wasmLayout(2 ** 32 - 6 * 2 ** 20, 2)).toMatchObject({ arena: 6 * 2 ** 20, pages: 65_536 });
    const { code, message, help } = await refusal(() => wasmLayout(2 ** 32 - 6 * 2 ** 20 + 1, 2));
    expect([code, message]).toEqual([
      "MOE5008",
      "the model's memory in bytes needs 4288675841, target `cpu (WebAssembly)` allows 4288675840",
    ]);
    expect(help).toContain("2 threads and static data take 6291456");
  });

  it.skipIf(native.missing || totalmem() < 5.5e9)("sees natively beyond 4 GiB without copying", async () => {
    const source = `#include "spmd.h"
      MOEC_EXPORT void moec_run(char *arena, int program, int thread, int threads) {
        float *far = (float *)(arena + 5000000000);
        if (thread == 0) far[1] = far[0] * 2;
        moec_barrier((moec_control *)arena, threads);
      }`;
    const device = await openCpu({ source, bytes: 5_100_000_000, threads: 2, force: "native" });
    floats(device, 5_000_000_000, 1)[0] = 21;
    await device.run(0);
    expect(floats(device, 5_000_000_004, 1)[0]).toBe(42);
    await device.close();
    expect(floats(device, 5_000_000_004, 1)[0]).toBe(0);
  });
});

describe("building", () => {
  it("makes the same file once, even when two ask at the same time, and leaves nothing behind", async () => {
    let built = 0;
    const build = async (folder: string) => {
      built++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      writeFileSync(join(folder, "made"), "content");
      return join(folder, "made");
    };
    const files = await Promise.all([cached("name", build), cached("name", build)]);
    expect(files).toEqual([join(cache, "name"), join(cache, "name")]);
    await cached("name", build);
    expect(built).toBe(2);
    expect(readdirSync(cache)).toEqual(["name"]);
    await expect(cached("other", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(cache)).toEqual(["name"]);
  });

  it("says when the cache folder cannot be used", async () => {
    vi.stubEnv("MOEC_CACHE", join(packageRoot(), "package.json", "below-a-file"));
    expect(await refusal(() => builtFolder())).toMatchObject({
      code: "MOE6014",
      help: expect.stringMatching(/MOEC_CACHE/),
    });
  });

  for (const { kind, missing } of builds) {
    it.skipIf(missing)(`${kind}: calls a refused program our bug and keeps its source${missing ?? ""}`, async () => {
      const open = () =>
        openCpu({ source: BROKEN, bytes: BYTES, threads: 1, force: kind, headers: { "more.h": "// x\n" } });
      const { code, message, help } = await refusal(open);
      expect(code).toBe("MOE9001");
      expect(message).toMatch(/compiling the generated C with .*program\.c:2:.*undeclared/s);
      const kept = /kept in (.*)$/.exec(help)?.[1] ?? "";
      expect(readFileSync(join(kept, "program.c"), "utf8")).toBe(BROKEN);
      expect(readdirSync(kept)).toEqual(expect.arrayContaining(["more.h", "spmd.h"]));
    });

    it.skipIf(missing)(`${kind}: builds again only what has changed${missing ?? ""}`, async () => {
      const open = async (source: string, headers: Record<string, string> = {}) => {
        await (await openCpu({ source, headers, bytes: BYTES, threads: 1, force: kind })).close();
        return readdirSync(cache).length;
      };
      const include = `#include "more.h"\n${SOURCE}`;
      const counts = [await open(SOURCE), await open(SOURCE), await open(include, { "more.h": "/* 1 */\n" })];
      expect(counts).toEqual([1, 1, 2]);
      expect(await open(include, { "more.h": "/* 2 */\n" })).toBe(3);
    });
  }

  it.skipIf(native.missing)("has a native host without warnings", async () => {
    const { compiler } = await tryCompiler(candidates()[0]!);
    expect(existsSync(await buildNative({ source: SOURCE }, compiler!))).toBe(true);
    const templates = join(packageRoot(), "templates", "cpu");
    const strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", templates];
    const inputs = [join(templates, "host-native.c"), join(import.meta.dirname, "programs.c")];
    for (const input of inputs) execFileSync(compiler!.command[0]!, [...NATIVE_FLAGS, ...strict, input]);
  });
});
