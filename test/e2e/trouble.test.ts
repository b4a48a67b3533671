/** Training and sampling with something broken underneath: a coded message, exit 1, and everything as it was. */
import { describe, expect, it } from "vitest";
import type { MemoryHost, MemoryOptions } from "../../src/host/memory.js";
import { dtypes } from "../../src/runtime/dtype.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { type Tensor, writeSafetensors } from "../../src/runtime/safetensors-write.js";
import { sha256 } from "../../src/runtime/sha256.js";
import { commandLineOn } from "../cli/command-line.js";
import { texts, tiny } from "./machine.js";

const hashes = (host: MemoryHost) => new Map([...host.files].map(([path, bytes]) => [path, sha256(bytes)]));
const checkpoint = "runs/tiny/checkpoints/2";

let original: Promise<MemoryHost> | undefined;

async function train(): Promise<MemoryHost> {
  const { host, moec } = commandLineOn({ "tiny.moe": tiny, ...texts() });
  expect(await moec("train", "tiny.moe", "--steps", "2")).toMatchObject({ code: 0, stderr: "" });
  return host;
}

/** A machine with a run of two steps; trained once, copied for every test. */
async function trained(more: MemoryOptions = {}) {
  original ??= train();
  const { files, folders } = await original;
  const copy = commandLineOn({}, more);
  for (const [path, bytes] of files) copy.host.files.set(path, bytes.slice());
  for (const folder of folders) copy.host.folders.add(folder);
  return copy;
}

/** Rewrites a tensor file of the checkpoint. */
function change(host: MemoryHost, file: string, edit: (tensors: readonly Tensor[]) => readonly Tensor[]): void {
  const path = `${checkpoint}/${file}`;
  const tensors = [...readSafetensors(host, path).tensors.values()].map((each) => ({ ...each, data: each.data() }));
  writeSafetensors(host, path, edit(tensors));
}

const name = "layers.1.mixture.experts.up.weight";
const empty = (dtype: keyof typeof dtypes, ...shape: number[]) => {
  const size = shape.reduce((product, each) => product * each, 1);
  return { dtype, shape, data: dtypes[dtype].view(new ArrayBuffer(size * dtypes[dtype].bytes), 0, size) };
};

describe("a checkpoint", () => {
  it.each<[string, string, string, (host: MemoryHost) => void]>([
    [
      "a tensor missing",
      "MOE6004",
      name,
      (host) => change(host, "model.safetensors", (all) => all.filter((each) => each.name !== name)),
    ],
    [
      "a tensor too many",
      "MOE6005",
      "extra",
      (host) => change(host, "model.safetensors", (all) => [...all, { name: "extra", ...empty("F32", 2) }]),
    ],
    [
      "a tensor of another shape",
      "MOE6006",
      name,
      (host) =>
        change(host, "model.safetensors", (all) =>
          all.map((each) => (each.name === name ? { name, ...empty("F32", 4, 32, 48) } : each)),
        ),
    ],
    [
      "a tensor of another type",
      "MOE6018",
      name,
      (host) =>
        change(host, "model.safetensors", (all) =>
          all.map((each) => (each.name === name ? { name, ...empty("I32", 4, 48, 32) } : each)),
        ),
    ],
    [
      "an optimiser's tensor missing",
      "MOE6004",
      "adam.m",
      (host) => change(host, "optimizer.safetensors", (all) => all.slice(1)),
    ],
    [
      "its end cut off",
      "MOE6007",
      "model.safetensors",
      (host) =>
        host.write(`${checkpoint}/model.safetensors`, host.readBytes(`${checkpoint}/model.safetensors`).slice(0, -100)),
    ],
    ["no state", "MOE6030", checkpoint, (host) => host.remove(`${checkpoint}/state.json`)],
    [
      "a state of another place",
      "MOE6030",
      checkpoint,
      (host) => host.write(`${checkpoint}/state.json`, '{"step": 2}'),
    ],
  ])("with %s is refused with %s", async (_, code, what, damage) => {
    const { moec, host } = await trained();
    damage(host);
    const before = hashes(host);
    const outcome = await moec("train", "tiny.moe", "--resume", "--steps", "4");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.stderr).toContain(what);
    expect(hashes(host)).toEqual(before);
  });

  it("is not one of another design", async () => {
    const { moec, host } = await trained();
    host.write("tiny.moe", tiny.replace("swiglu(hidden: 48)", "swiglu(hidden: 40)"));
    const before = hashes(host);
    const outcome = await moec("train", "tiny.moe", "--resume", "--steps", "4");
    expect(outcome).toMatchObject({ code: 1, stdout: expect.any(String) });
    expect(outcome.stderr).toContain("error[MOE6017]");
    expect(hashes(host)).toEqual(before);
  });

  it("is not one that another process is training", async () => {
    const { moec, host } = await trained();
    const held = host.hold("runs/tiny/.held");
    const { code, stderr } = await moec("train", "tiny.moe", "--resume", "--steps", "4");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6039]: another process is training in `runs/tiny`");
    if ("release" in held) held.release();
    expect((await moec("train", "tiny.moe", "--resume", "--steps", "4")).code).toBe(0);
  });

  it("is not one of other settings, other data or another seed", async () => {
    const { moec, host } = await trained();
    const other = await moec("train", "tiny.moe", "--resume", "--set", "Mixture.experts=5 of swiglu(hidden: 48)");
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/error\[MOE60(06|17)\]/);
    expect((await moec("train", "tiny.moe", "--resume", "--seed", "2")).stderr).toContain("error[MOE6029]");
    host.write("data/3.txt", "something else");
    expect((await moec("train", "tiny.moe", "--resume")).stderr).toContain("error[MOE6029]");
  });
});

describe("the data", () => {
  it.each<[string, Record<string, string | Uint8Array>, string]>([
    ["is absent", {}, "MOE6001"],
    ["is empty", { "data/a.txt": "" }, "MOE6002"],
    ["is too short for a batch", { "data/a.txt": "a few words" }, "MOE6003"],
    ["is not text", { "data/a.txt": new Uint8Array(4000) }, "MOE6013"],
  ])("%s", async (_, files, code) => {
    const { moec, host } = commandLineOn({ "tiny.moe": tiny, ...files });
    const outcome = await moec("train", "tiny.moe");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(host.kind("runs")).toBeUndefined();
  });
});

describe("files around a run", () => {
  it("keeps the last checkpoint when the disk fills up", async () => {
    const used = [...(await trained()).host.files.values()].reduce((sum, { length }) => sum + length, 0);
    const full = await trained({ capacity: used + 100_000 });
    const outcome = await full.moec("train", "tiny.moe", "--resume", "--steps", "4");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("error[MOE6008]: the disk is full");
    expect(full.host.list("runs/tiny/checkpoints")).toEqual(["2"]);
    expect((await full.moec("sample", "runs/tiny", "--prompt", "the", "--tokens", "2")).code).toBe(0);
  });

  it("refuses a table file outside the project", async () => {
    const outside = tiny.replace("assign random(seed: 17) per layer", 'assign file("../../secret.json")');
    const { moec } = commandLineOn({ "tiny.moe": outside, "/secret.json": "[]", ...texts() });
    const { code, stderr } = await moec("train", "tiny.moe");
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6009]");
  });

  it("says what is wrong with a run to sample from", async () => {
    const { moec, host } = await trained();
    host.write("runs/tiny/manifest.json", "{}");
    expect((await moec("sample", "runs/tiny", "--prompt", "a")).stderr).toContain("error[MOE6013]");
    const other = await trained();
    const { stderr } = await other.moec("sample", "runs/tiny", "--prompt", "a", "--step", "9");
    expect(stderr).toContain("error[MOE6016]: `runs/tiny` holds no checkpoint of step 9");
    expect(stderr).toContain("help: it has checkpoints of step 2\n");
    other.host.remove("runs/tiny/tokenizer.json");
    expect((await other.moec("sample", "runs/tiny", "--prompt", "a")).stderr).toContain("error[MOE6019]");
  });
});
