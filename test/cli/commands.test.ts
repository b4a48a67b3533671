/** Every command as far as it goes without a compiler of C: what it prints, what it writes, its exit code. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sha256 } from "../../src/runtime/sha256.js";
import { texts, tiny } from "../e2e/machine.js";
import { commandLineOn } from "./command-line.js";

// whatever GPU this machine has, or another file has put in its place
beforeAll(() => void vi.stubEnv("MOEC_LIBCUDA", "no-such-libcuda.so"));
afterAll(() => void vi.unstubAllEnvs());

describe("usage", () => {
  it("shows help without arguments, and the version", async () => {
    const { moec } = commandLineOn();
    const help = await moec();
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["check", "fmt", "compile", "init", "trace", "train", "sample", "explain", "bench", "doctor"]) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
    }
    expect((await moec("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const flags = await moec("train", "--help");
    expect(flags.stdout).toContain("--resume");
    expect(flags.stdout).not.toContain("default: []");
    for (const args of [
      ["train", "-h"],
      ["help", "train"],
    ])
      expect(await moec(...args)).toEqual(flags);
  });

  it.each([
    [["trian", "a.moe"], "MOE6034", "did you mean `moec train`?"],
    [["specs/a.moe"], "MOE6034", "moec train specs/a.moe"],
    [["explain", "Mixture.router.selct"], "MOE2024", "Mixture.router.select"],
    [["help", "trian"], "MOE6034", "did you mean `moec train`?"],
    [["compile", "tiny.moe", "--device", "H100"], "MOE6021", "cuda with `--device`"],
    [["compile", "tiny.moe", "--harness"], "MOE6021", "cuda with `--harness`"],
    [["check", "a.moe", "--jsno"], "MOE6035", "did you mean `--json`?"],
    [["check"], "MOE6036", "`FILE`"],
    [["init", "a.moe"], "MOE6036", "`--out`"],
    [["train", "a.moe", "b.moe"], "MOE6037", "moec train --help"],
    [["train", "a.moe", "--steps", "many"], "MOE6021", "a whole number from 1"],
    [["train", "a.moe", "--steps", "0"], "MOE6021", "a whole number from 1"],
    [["train", "a.moe", "--steps"], "MOE6021", "a value"],
    [["train", "tiny.moe", "--set", "steps"], "MOE6021", "path=value"],
    [["train", "tiny.moe", "--dispatch", "Mixture"], "MOE6021", "Site=strategy"],
    [["train", "tiny.moe", "--dispatch", "Mixture=fastest"], "MOE5002", "fastest"],
    [["train", "tiny.moe", "--dispatch", "Mixtrue=one-hot"], "MOE5004", "did you mean `Mixture`?"],
    [["train", "tiny.moe", "--target", "cup"], "MOE5001", "did you mean `cpu`?"],
    [["train", "tiny.moe", "--target", "cuda"], "MOE5006", "cuda"],
    [["train", "tiny.moe", "--set", "Pretrain.stesp=3"], "MOE2024", "Pretrain.stesp"],
    [["train", "tniy.moe"], "MOE6013", "did you mean `tiny.moe`?"],
    [["train", "tiny.moe", "--resume"], "MOE6016", "runs/tiny"],
    [["train", "tiny.moe", "--data", "nothing/*.txt"], "MOE6001", "nothing/*.txt"],
    [["train", "router-only.moe"], "MOE2021", "no `model`"],
    [["sample", "runs/none", "--prompt", "a"], "MOE6013", "runs/none/manifest.json"],
    [["explain", "MOE9999"], "MOE2002", "MOE9999"],
    [["explain", "swich"], "MOE2024", "did you mean `switch`?"],
    [["explain", "tiny.moe", "--stage", "grap"], "MOE6021", "graph, dispatch, plan"],
    [["explain", "Mixture.router.selct", "tiny.moe"], "MOE2024", "Mixture.router.select"],
  ])("%j is refused with %s", async (args, code, hint) => {
    const { moec, host } = commandLineOn({
      "tiny.moe": tiny,
      "router-only.moe": "edition 1\n",
      "not-text.moe": new Uint8Array(4),
      ...texts(),
    });
    const before = [...host.files.keys()];
    const outcome = await moec(...args);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.stderr).toContain(hint);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect([...host.files.keys()].filter((path) => path.startsWith("/project/runs"))).toEqual([]);
    expect(before.every((path) => host.files.has(path))).toBe(true);
  });

  it("says that a bug is a bug, with the place but without our folders", async () => {
    const { moec, host } = commandLineOn({ "tiny.moe": tiny });
    host.readText = () => {
      throw new RangeError("nobody thought of this");
    };
    const { code, stderr } = await moec("check", "tiny.moe");
    expect(code).toBe(2);
    expect(stderr).toContain("error[MOE9001]: this is a bug in moec, not in your files");
    expect(stderr).toContain("RangeError: nobody thought of this");
    expect(stderr).not.toContain(process.cwd());
  });
});

describe("check", () => {
  const broken = tiny.replace("select top(1)", "selct top(1)").replace("heads = 2", "heads = 5");

  it("passes a clean spec", async () => {
    const { moec } = commandLineOn({ "tiny.moe": tiny });
    expect(await moec("check", "tiny.moe")).toEqual({ code: 0, stdout: "tiny.moe: no mistakes\n", stderr: "" });
    expect(await moec("check", "tiny.moe", "--json")).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
  });

  it("reports all mistakes of all files in one run", async () => {
    const { moec } = commandLineOn({ "a.moe": broken, "b.moe": tiny });
    const { code, stdout } = await moec("check", "a.moe", "missing.moe", "b.moe");
    expect(code).toBe(1);
    expect(stdout).toContain("help: did you mean `select`?");
    expect(stdout).toContain("a.moe:20:11");
    expect(stdout).toContain("error[MOE6013]: `missing.moe` cannot be read");
    expect(stdout).toContain("b.moe: no mistakes");
  });

  it("refuses what is not text in one line", async () => {
    const { moec } = commandLineOn({ "a.moe": "\0\x01\ufffd\x06 weights" });
    const { code, stdout } = await moec("check", "a.moe");
    expect(code).toBe(1);
    expect(stdout).toContain("error[MOE6013]: `a.moe` cannot be read: it is not text");
    expect(stdout).toContain("1 error\n");
  });

  it("gives them to tools", async () => {
    const { moec } = commandLineOn({ "a.moe": broken });
    const json = JSON.parse((await moec("check", "a.moe", "--json")).stdout);
    expect(json.map((each: { code: string }) => each.code)).toContain("MOE2001");
    expect(json[0].primary).toMatchObject({ file: "a.moe", line: expect.any(Number), column: expect.any(Number) });
    expect((await moec("check", "a.moe", "--format", "line")).stdout).toMatch(/^a\.moe:\d+:\d+: error\[MOE\d+\]: /);
    expect((await moec("check", "a.moe", "--format", "github")).stdout).toMatch(/^::error file=a\.moe,line=\d+/);
  });

  it("refuses absurd sizes at once", async () => {
    const { moec } = commandLineOn({ "a.moe": tiny.replace("experts 4 of", "experts 1_000_000_000_000 of") });
    await moec("check", "a.moe");
    const start = performance.now();
    const { code, stdout } = await moec("check", "a.moe");
    expect(performance.now() - start).toBeLessThan(500);
    expect(code).toBe(1);
    expect(stdout).toMatch(/error\[MOE4\d{3}\]/);
  });
});

describe("fmt", () => {
  const messy = tiny.replace("  vocab = 256", "      vocab   =    256").replace("rms(eps: 1e-5)", "rms( eps:1e-5 )");

  it("formats in place, once", async () => {
    const { moec, host } = commandLineOn({ "a.moe": messy });
    expect(await moec("fmt", "a.moe", "--check")).toEqual({ code: 1, stdout: "a.moe: not formatted\n", stderr: "" });
    expect(host.readText("a.moe")).toBe(messy);
    expect(await moec("fmt", "a.moe")).toEqual({ code: 0, stdout: "a.moe: formatted\n", stderr: "" });
    const formatted = host.readText("a.moe");
    expect(formatted).toContain("\n  vocab = 256\n");
    expect(await moec("fmt", "a.moe", "--check")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("takes nothing away where the disk is full", async () => {
    const before = `${tiny}\n\n\n`;
    const { moec, host } = commandLineOn({ "a.moe": before }, { capacity: before.length + 100 });
    const { code, stderr } = await moec("fmt", "a.moe");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6008]");
    expect([host.readText("a.moe"), host.list(".")]).toEqual([before, ["a.moe"]]);
  });

  it("leaves a file with syntax errors alone", async () => {
    const text = messy.replace("mask = causal\n}", "mask = causal\n");
    const { moec, host } = commandLineOn({ "a.moe": text });
    const { code, stderr } = await moec("fmt", "a.moe");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE1");
    expect(host.readText("a.moe")).toBe(text);
  });
});

describe("explain", () => {
  it("knows specs, codes, words and paths", async () => {
    const { moec, host } = commandLineOn({ "tiny.moe": tiny });
    const readText = host.readText;
    host.readText = (path) => (path.endsWith("MOE4003.md") ? "# MOE4003: title\n\nThe page.\n" : readText(path));
    expect((await moec("explain", "tiny.moe")).stdout).toMatch(/Tiny, tiny\.moe\n[\s\S]*dispatch by [\w-]+: /);
    expect((await moec("explain", "moe4003")).stdout).toContain("The page.");
    expect((await moec("explain", "switch")).stdout).toContain("a rule of slot balance");
    expect((await moec("explain", "Mixture.router.select")).stdout).toContain("top(1) per token");
    expect((await moec("explain", "Mixture.router.select", "tiny.moe")).stdout).toContain("top(1) per token");
    expect((await moec("explain", "Pretrain.steps", "tiny.moe", "--set", "Pretrain.steps=7")).stdout).toContain("7");
  });

  it("prints what each stage made", async () => {
    const { moec } = commandLineOn({ "tiny.moe": tiny });
    expect((await moec("explain", "tiny.moe", "--stage", "graph")).stdout).toContain(
      "param layers.1.mixture.router.weight",
    );
    const dispatch = await moec("explain", "tiny.moe", "--stage", "dispatch", "--dispatch", "Mixture=one-hot");
    expect(dispatch.stdout).toContain("dispatch by one-hot: asked for");
    expect((await moec("explain", "tiny.moe", "--stage", "plan")).stdout).toMatch(
      /^memory: [\d.]+ MB = .*\n\nprogram train: \d+ launches/,
    );
  });
});

describe("compile", () => {
  const hashes = (files: ReadonlyMap<string, Uint8Array>) => [...files].map(([path, bytes]) => [path, sha256(bytes)]);

  it("writes a folder of files that say where they come from, the same every time", async () => {
    const [one, two] = [commandLineOn({ "specs/tiny.moe": tiny }), commandLineOn({ "specs/tiny.moe": tiny })];
    // every file but the manifest
    const counted = expect.stringContaining("10 files, 10 of them changed");
    expect(await one.moec("compile", "specs/tiny.moe")).toMatchObject({ code: 0, stderr: "", stdout: counted });
    await two.moec("compile", "./specs/../specs/tiny.moe");
    expect(hashes(one.host.files)).toEqual(hashes(two.host.files));
    const written = [...one.host.files.keys()].filter((path) => path.startsWith("/project/generated/tiny/"));
    expect(written.map((path) => path.slice("/project/generated/tiny/".length)).sort()).toEqual([
      "README.md",
      "cpu/buffers.h",
      "cpu/core.h",
      "cpu/model.c",
      "cpu/rows.h",
      "cpu/spmd.h",
      "design.json",
      "manifest.json",
      "plan.json",
      "ts/trainer.js",
      "ts/trainer.ts",
    ]);
    for (const path of ["README.md", "cpu/model.c", "ts/trainer.ts", "ts/trainer.js"]) {
      const text = one.host.readText(`generated/tiny/${path}`);
      expect(text.slice(0, 600)).toMatch(/Generated by moec \d+\.\d+\.\d+ from specs\/tiny\.moe/);
      expect(text.slice(0, 600)).toContain(JSON.parse(one.host.readText("generated/tiny/design.json")).spec.hash);
    }
    const { code, stdout } = await one.moec("compile", "specs/tiny.moe", "--sample");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^generated\/tiny-sample: 8 files/) });
    expect(one.host.readText("generated/tiny-sample/cpu/model.c")).toContain("static void program_decode(");
    const gpu = await one.moec("compile", "specs/tiny.moe", "--sample", "--target", "wgsl");
    expect(gpu).toMatchObject({ code: 1, stderr: expect.stringContaining("error[MOE6021]") });
    const all = written.map((path) => one.host.readText(path)).join("\n");
    expect(all).not.toContain(process.cwd());
    expect(all).not.toMatch(/\b20\d\d-\d\d-\d\d\b/);
    expect((await one.moec("compile", "specs/tiny.moe")).stdout).toContain("0 of them changed");
  });

  it("replaces its own files, takes away what is stale, and never touches somebody else's", async () => {
    const { moec, host } = commandLineOn({ "tiny.moe": tiny });
    await moec("compile", "tiny.moe", "--out", "out");
    const before = host.readText("out/cpu/model.c");
    await moec("compile", "tiny.moe", "--out", "out", "--set", "Tiny.d_model=64");
    expect(host.readText("out/cpu/model.c")).not.toBe(before);
    host.write("out/notes.txt", "mine");
    await moec("compile", "tiny.moe", "--out", "out");
    expect(host.readText("out/cpu/model.c")).toBe(before);
    expect(host.readText("out/notes.txt")).toBe("mine");

    const other = commandLineOn({ "tiny.moe": tiny, "out/cpu/model.c": "int main(void) { return 0; }\n" });
    const { code, stderr } = await other.moec("compile", "tiny.moe", "--out", "out");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6010]: `out/cpu/model.c` was not written by moec");
    expect(other.host.list("out")).toEqual(["cpu"]);
  });

  it("reports a full disk", async () => {
    const { moec } = commandLineOn({ "tiny.moe": tiny }, { capacity: 60_000 });
    const { code, stderr } = await moec("compile", "tiny.moe");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6008]: the disk is full");
  });
});

describe("init", () => {
  const counts = (numbers: readonly unknown[]) => ({ "tiny.moe": tiny, "counts.json": JSON.stringify(numbers) });
  const call = ["init", "tiny.moe", "--out", "w.safetensors", "--counts", "counts.json"] as const;

  it.each([
    ["too few counts", [1, 2, 3], "it has 3 numbers, the vocabulary has 256"],
    ["a count that is none", Array.from({ length: 256 }, (_, i) => (i === 7 ? -1 : 1)), "the count of id 7 is -1"],
    ["no count at all", new Array(256).fill(0), "all counts are zero"],
  ])("refuses %s", async (_, numbers, reason) => {
    const { moec, host } = commandLineOn(counts(numbers));
    const { code, stderr } = await moec(...call);
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6012]");
    expect(stderr).toContain(reason);
    expect(host.kind("w.safetensors")).toBeUndefined();
  });

  it("needs no data where no table asks for counts", async () => {
    const plain = tiny.replace(/table Visible \{[\s\S]*?\n\}\n\n/, "").replace("    mask Visible[token_id]\n", "");
    const { moec, host } = commandLineOn({ "plain.moe": plain.replaceAll(" over visible", "") });
    expect(await moec("init", "plain.moe", "--out", "w.safetensors")).toMatchObject({ code: 0, stderr: "" });
    expect(host.kind("w.safetensors")).toBe("file");
  });

  it("never leaves half a file when the disk is full", async () => {
    const { moec, host } = commandLineOn(counts(new Array(256).fill(1)), { capacity: 50_000 });
    const { code, stderr } = await moec(...call);
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6008]");
    expect([...host.files.keys()].some((path) => path.includes("safetensors"))).toBe(false);
  });
});

describe("trace", () => {
  const call = ["--weights", "w.safetensors", "--tokens", "t.json", "--out", "o.safetensors"] as const;

  it.each([
    ["no file", undefined, "MOE6013"],
    ["not JSON", "tokens", "MOE6015"],
    ["no rows", '{"tokens": []}', "MOE6015"],
    ["rows of different lengths", '{"tokens": [[1,2,3],[1,2]]}', "MOE6015"],
    ["an id outside the vocabulary", '{"tokens": [[1,256]]}', "MOE6015"],
    ["a row longer than the context", JSON.stringify({ tokens: [new Array(34).fill(1)] }), "MOE6015"],
  ])("refuses tokens with %s", async (_, text, expected) => {
    const counts = JSON.stringify(new Array(256).fill(1));
    const { moec } = commandLineOn({
      "tiny.moe": tiny,
      "c.json": counts,
      ...(text !== undefined && { "t.json": text }),
    });
    await moec("init", "tiny.moe", "--out", "w.safetensors", "--counts", "c.json");
    const { code, stderr } = await moec("trace", "tiny.moe", ...call, "--target", "reference");
    expect(code).toBe(1);
    expect(stderr).toContain(`error[${expected}]`);
  });

  it.each([
    [["--no-rewrite", "skip-known"], "MOE5010"],
    [["--dispatch", "Mixtrue=one-hot"], "MOE5004"],
    [["--dispatch", "Mixture=padded-batched"], "MOE5003"],
  ])("the reference refuses %j with %s, as every target does", async (wish, expected) => {
    const { moec } = commandLineOn({
      "tiny.moe": tiny,
      "c.json": JSON.stringify(new Array(256).fill(1)),
      "t.json": '{"tokens": [[1,2,3]]}',
    });
    await moec("init", "tiny.moe", "--out", "w.safetensors", "--counts", "c.json");
    const { code, stderr } = await moec("trace", "tiny.moe", ...call, "--target", "reference", ...wish);
    expect([code, stderr.includes(`error[${expected}]`)]).toEqual([1, true]);
  });

  it("refuses weights of another design, tensor by tensor", async () => {
    const counts = JSON.stringify(new Array(256).fill(1));
    const { moec, host } = commandLineOn({ "tiny.moe": tiny, "c.json": counts, "t.json": '{"tokens": [[1,2,3]]}' });
    await moec(
      "init",
      "tiny.moe",
      "--out",
      "w.safetensors",
      "--counts",
      "c.json",
      "--set",
      "Mixture.experts=5 of swiglu(hidden: 48)",
    );
    const other = await moec("trace", "tiny.moe", ...call, "--target", "reference");
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("error[MOE6006]: `layers.0.mixture.router.weight`");
    await moec("init", "tiny.moe", "--out", "w.safetensors", "--counts", "c.json");
    const bytes = host.readBytes("w.safetensors");
    host.write("w.safetensors", bytes.slice(0, -10));
    const cut = await moec("trace", "tiny.moe", ...call, "--target", "reference");
    expect(cut.stderr).toContain("error[MOE6007]");
    expect(host.kind("o.safetensors")).toBeUndefined();
  });
});
