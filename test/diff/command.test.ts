/** `moec diff` as it is called: kinds of sides, outputs, exit codes, mistakes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { designToJson } from "../../src/2-design/design-json.js";
import { artifactsOf } from "../../src/6-emit/artifacts.js";
import { run } from "../../src/cli/run.js";
import { gitShow } from "../../src/diff/sides/git.js";
import { memoryHost } from "../../src/host/memory.js";
import { compileDesign } from "../../src/pipeline.js";
import { designOf, edited } from "./designs.js";
import { base } from "./library.js";

const wider = edited(base, [["experts 4 of", "experts 8 of"]]);
const watched = edited(base, [["watch [loss, expert_load]", "watch [loss]"]]);
const router = edited(base, [["weight gate", "weight gate renormalized"]]);

function artifacts(text: string): Record<string, string> {
  const files = artifactsOf(compileDesign(designOf(text, "a.moe")), "a");
  return Object.fromEntries(files.map((file) => [`generated/a/${file.path}`, file.text]));
}

const manifest = (flags: object) =>
  JSON.stringify({
    moec: "0.1.0",
    spec: { path: "a.moe", hash: "" },
    flags: { set: [], dispatch: [], ...flags },
    seed: 1,
    status: "finished",
  });
const metrics = (loss: number) =>
  `${[0, 1, 2].map((step) => JSON.stringify({ step, loss: loss - step, tokens_per_second: 10 })).join("\n")}\n{"step`;

const files: Record<string, string> = {
  "a.moe": base,
  "b.moe": wider,
  "watched.moe": watched,
  "router.moe": router,
  "broken.moe": "model {",
  "a.json": designToJson(designOf(base, "a.moe")),
  "no.json": "{}",
  "mine.html": "<p>mine</p>",
  "folder/file.txt": "nothing",
  "runs/one/manifest.json": manifest({}),
  "runs/one/spec.moe": base,
  "runs/one/metrics.jsonl": metrics(9),
  "runs/two/manifest.json": manifest({ set: ["Mixture.experts.count=8"], dispatch: ["Mixture=one-hot"] }),
  "runs/two/spec.moe": base,
  "runs/two/metrics.jsonl": metrics(7),
  ...artifacts(base),
};

async function diff(...args: string[]) {
  const host = memoryHost({ files });
  const code = await run(["diff", ...args], host);
  const text = (path: string) => host.readText(path);
  return { code, output: host.output.join(""), errors: host.errors.join(""), text };
}

describe("sides", () => {
  it.each([
    ["a spec", "a.moe"],
    ["its generated folder", "generated/a"],
    ["its design.json", "generated/a/design.json"],
    ["a design elsewhere", "a.json"],
    ["a run", "runs/one"],
  ])("%s is the same as its spec", async (_what, side) => {
    const { code, output, errors } = await diff("a.moe", side);
    expect(errors).toBe("");
    expect(output).toContain("no difference");
    expect(code).toBe(0);
  });

  it("a run is its spec with its flags", async () => {
    const { code, output } = await diff("runs/one", "runs/two");
    expect(output).toContain("Mixture.experts");
    expect(output).toContain("sorted-grouped → one-hot");
    expect(output).toMatch(/loss +7 +→ +5/);
    expect(code).toBe(2);
  });

  it("empty has nothing", async () => {
    const { code, output } = await diff("empty", "a.moe");
    expect(output).toContain("+ moe Mixture");
    expect(code).toBe(2);
  });

  it("one spec under other values", async () => {
    const { code, output } = await diff("a.moe", "--set", "Mixture.experts.count=8");
    expect(output).toContain("a.moe → a.moe (Mixture.experts.count=8)");
    expect(code).toBe(2);
    const dispatched = await diff("a.moe", "--dispatch", "Mixture=one-hot");
    expect(dispatched.output).toContain("sorted-grouped → one-hot");
  });
});

describe("outputs", () => {
  it("--json is the tree", async () => {
    const tree = JSON.parse((await diff("a.moe", "b.moe", "--json")).output);
    expect(tree).toMatchObject({
      schema: 1,
      same: false,
      keeps: "interface",
      before: { label: "a.moe", kind: "spec" },
    });
    expect(Object.keys(tree)).toEqual([
      "schema",
      "before",
      "after",
      "same",
      "keeps",
      "breaks",
      "design",
      "weights",
      "cost",
      "dispatch",
      "kernels",
      "files",
      "refused",
    ]);
    expect(tree.design.changes).toHaveLength(1);
  });

  it("--summary is five lines of a list", async () => {
    const { output } = await diff("a.moe", "b.moe", "--summary");
    expect(
      output
        .trimEnd()
        .split("\n")
        .map((line) => line.split("**")[1]),
    ).toEqual(["Design", "Weights", "Cost", "Dispatch", "Kernels"]);
  });

  it("--text shows one kernel", async () => {
    const { code, output } = await diff("a.moe", "b.moe", "--text", "mixture_experts_gate_experts_up");
    expect(output).toContain("cpu: mixture_experts_gate_experts_up");
    expect(output).toMatch(/\[-4-\]/);
    expect(code).toBe(2);
    const unknown = await diff("a.moe", "b.moe", "--text", "mixture_experts_gate_expert_up");
    expect(unknown.errors).toContain("did you mean `mixture_experts_gate_experts_up`?");
    expect(unknown.code).toBe(1);
  });

  it("three designs are a table of what differs", async () => {
    const { code, output } = await diff("a.moe", "b.moe", "router.moe");
    expect(output).toContain("Mixture.experts");
    expect(output).toMatch(/Mixture\.router\.weight +gate +gate +gate renormalized/);
    expect(output).not.toContain("router.select");
    expect(code).toBe(2);
    expect((await diff("a.moe", "a.json", "runs/one")).code).toBe(0);
    const json = JSON.parse((await diff("a.moe", "b.moe", "router.moe", "--json")).output);
    expect(json).toMatchObject({ schema: 1, labels: ["a.moe", "b.moe", "router.moe"] });
  });

  it("--html writes a page of its own, and over nothing else", async () => {
    const { code, text } = await diff("a.moe", "b.moe", "--html", "out.html");
    expect(text("out.html")).toMatch(/^<!doctype html>/);
    expect(code).toBe(2);
    const refused = await diff("a.moe", "b.moe", "--html", "mine.html");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.errors).toContain("MOE6010");
    expect(refused.text("mine.html")).toBe("<p>mine</p>");
  });
});

describe("promises", () => {
  it.each([
    ["watched.moe", "numerics", 0],
    ["router.moe", "numerics", 2],
    ["router.moe", "weights", 0],
    ["b.moe", "weights", 2],
    ["b.moe", "interface", 0],
  ])("%s keeps %s: %i", async (side, promise, code) => {
    const done = await diff("a.moe", side, "--promise", promise);
    expect(done.code).toBe(code);
    expect(done.errors.includes("breaks")).toBe(code === 2);
  });
});

describe("mistakes", () => {
  it.each([
    [["a.moe"], "MOE6036"],
    [["a.moe", "missing.moe"], "MOE6013"],
    [["a.moe", "folder"], "MOE6013"],
    [["a.moe", "no.json"], "MOE6013"],
    [["a.moe", "broken.moe"], "MOE1"],
    [["a.moe", "b.moe", "--promise", "speed"], "MOE6021"],
    [["a.moe", "b.moe", "--target", "tpu"], "MOE5001"],
    [["a.moe", "b.moe", "router.moe", "--summary"], "MOE6021"],
    [["a.moe", "a.moe@HEAD"], "MOE6038"],
    [["a.moe", "--dispatch", "Mixture=no-such"], "MOE5002"],
  ])("%j: %s", async (args, code) => {
    const { code: exit, errors, output } = await diff(...args);
    expect(errors).toContain(code);
    expect(errors).not.toContain("MOE9");
    expect([exit, output]).toEqual([1, ""]);
  });
});

describe("git", () => {
  let folder = "";
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args], {
      cwd: folder,
      stdio: "pipe",
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "moec-diff-"));
    git("init", "-q");
    writeFileSync(join(folder, "a.moe"), base);
    git("add", "a.moe");
    git("commit", "-q", "-m", "one");
    writeFileSync(join(folder, "a.moe"), wider);
    git("commit", "-q", "-a", "-m", "two");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("reads a file as it was", () => {
    expect(gitShow(folder, "a.moe", "HEAD~1")).toBe(base);
    expect(gitShow(folder, "a.moe", "HEAD")).toBe(wider);
  });

  it.each([
    ["a.moe", "nowhere"],
    ["b.moe", "HEAD"],
    ["a.moe", "--output=x"],
    ["a.moe", ""],
  ])("refuses %s at %j", (path, ref) => {
    expect(() => gitShow(folder, path, ref)).toThrow(/MOE6038/);
  });
});
