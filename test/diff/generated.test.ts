/** Folders of `moec compile` as sides: kernels are those of their files, on every target. */
import { beforeAll, describe, expect, it } from "vitest";
import { kernelTargets } from "../../src/diff/targets/index.js";
import { sha256 } from "../../src/runtime/sha256.js";
import { type Called, commandLineOn } from "../cli/command-line.js";
import { edited } from "./designs.js";
import { base } from "./library.js";
import { sideOf } from "./sides.js";

let compiled: Called;
beforeAll(async () => {
  compiled = commandLineOn({ "a.moe": base, "b.moe": edited(base, [["experts 4 of", "experts 8 of"]]) });
  expect((await compiled.moec("compile", "a.moe", "--target", "cpu,wgsl,cuda")).code).toBe(0);
  expect((await compiled.moec("compile", "a.moe", "--target", "cpu", "--out", "cpu-only")).code).toBe(0);
});

/** A copy of the machine with one file of the folder changed. */
function changed(path: string, edit: (text: string) => string): Called {
  const copy = commandLineOn();
  for (const [name, bytes] of compiled.host.files) copy.host.files.set(name, bytes.slice());
  for (const folder of compiled.host.folders) copy.host.folders.add(folder);
  const text = copy.host.readText(path);
  expect(edit(text)).not.toBe(text);
  copy.host.write(path, edit(text));
  return copy;
}

const model = "generated/a/cpu/model.c";
const kernel = "mixture_experts_down";
/** The first constant of the kernel's body is another one. */
const byHand = (text: string) =>
  text.replace(new RegExp(`(KERNEL void ${kernel}\\([\\s\\S]*?enum \\{ M = )(\\d+)`), "$1 1 + $2");

describe("as it was written", () => {
  it.each(kernelTargets.map(({ name }) => name))("is its spec on %s", async (target) => {
    const { code, stdout, stderr } = await compiled.moec("diff", "a.moe", "generated/a", "--target", target);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("no difference");
  });

  it.each(kernelTargets)("$name: every kernel is found in its file", ({ filed, name }) => {
    const files = new Map(
      [...compiled.host.files.keys()].flatMap((path) => {
        const own = path.split("generated/a/")[1];
        return own === undefined ? [] : [[own, compiled.host.readText(path)] as const];
      }),
    );
    const { texts } = sideOf(base, "a.moe", name).compiled!;
    expect([...filed(files)!].sort()).toEqual([...texts()].sort());
    expect(filed(new Map())).toBeUndefined();
  });

  it("may stand on either side, and beside every other kind", async () => {
    for (const sides of [
      ["generated/a", "a.moe"],
      ["generated/a", "generated/a"],
      ["cpu-only/design.json", "generated/a"],
    ])
      expect((await compiled.moec("diff", ...sides)).code, sides.join(" ")).toBe(0);
    for (const sides of [
      ["empty", "generated/a"],
      ["generated/a", "b.moe"],
      ["b.moe", "cpu-only", "empty"],
    ])
      expect((await compiled.moec("diff", ...sides)).code, sides.join(" ")).toBe(2);
  });

  it("without the target is told, and compared by what its design gives now", async () => {
    const { code, stdout } = await compiled.moec("diff", "cpu-only", "b.moe", "--target", "wgsl");
    expect(stdout).toContain("cpu-only/wgsl/");
    expect(code).toBe(2);
    expect((await compiled.moec("diff", "cpu-only", "a.moe", "--target", "wgsl")).code).toBe(0);
  });
});

describe("with a kernel that was edited by hand", () => {
  const machine = () => changed(model, byHand);

  it("differs from its spec in that kernel", async () => {
    const { code, stdout } = await machine().moec("diff", "a.moe", "generated/a");
    expect(code).toBe(2);
    expect(stdout).toMatch(new RegExp(`changed +${kernel} +the file was edited by hand`));
    expect(stdout).toMatch(/kernels +\d+ same, 1 changed\n/);
    expect(stdout).toMatch(/generated\/a\/cpu\/model\.c +edited by hand/);
    expect(stdout).toContain("numerics");
  });

  it("shows the line", async () => {
    const { stdout } = await machine().moec("diff", "a.moe", "generated/a", "--text", kernel);
    expect(stdout).toMatch(/\{\+1 \+ ?\+\}|\{\+1\+\} \{\+\+\+\}|\{\+1 \+\+\}/);
  });

  it("is told in JSON", async () => {
    const tree = JSON.parse((await machine().moec("diff", "a.moe", "generated/a", "--json")).stdout);
    expect(tree.files).toEqual([{ side: "after", path: "cpu/model.c", how: "edited" }]);
    const row = tree.kernels.rows.find((each: { role: string }) => each.role === kernel);
    expect(row).toMatchObject({ status: "changed", after: { file: "edited" } });
  });

  it("is one that is gone, or one more", async () => {
    const gone = changed(model, (text) =>
      text.replace(new RegExp(`^static KERNEL void ${kernel}\\([\\s\\S]*?^\\}$`, "m"), ""),
    );
    expect((await gone.moec("diff", "a.moe", "generated/a")).stdout).toMatch(new RegExp(`removed +${kernel}`));
    const more = changed(model, (text) =>
      text.replace("#define F32(at)", "static KERNEL void mine(const worker *w) {\n}\n\n#define F32(at)"),
    );
    expect((await more.moec("diff", "a.moe", "generated/a")).stdout).toMatch(/added +mine/);
  });
});

describe("with another file that is not as it was", () => {
  it.each(["cpu/core.h", "ts/trainer.js", "README.md"])("%s is named", async (path) => {
    const { code, stdout } = await changed(`generated/a/${path}`, (text) => `${text}\n`).moec(
      "diff",
      "a.moe",
      "generated/a",
    );
    expect(stdout).toMatch(new RegExp(`generated/a/${path} +edited by hand`));
    expect(code).toBe(2);
  });

  it("a file of WGSL is a kernel of wgsl, and none of cpu", async () => {
    const machine = changed(`generated/a/wgsl/${kernel}.wgsl`, (text) => text.replace("fn main", "fn  main2"));
    expect((await machine.moec("diff", "a.moe", "generated/a", "--target", "wgsl")).stdout).toMatch(
      new RegExp(`changed +${kernel} +the file was edited by hand`),
    );
    expect((await machine.moec("diff", "a.moe", "generated/a")).stdout).not.toMatch(/changed +mixture/);
  });

  it("another version's text is told apart from an edit", async () => {
    const machine = changed(model, byHand);
    const manifest = JSON.parse(machine.host.readText("generated/a/manifest.json"));
    manifest.files["cpu/model.c"] = sha256(machine.host.readText(model));
    machine.host.write("generated/a/manifest.json", JSON.stringify(manifest));
    const { code, stdout } = await machine.moec("diff", "a.moe", "generated/a");
    expect(stdout).toMatch(new RegExp(`changed +${kernel} +the file is not what this version writes`));
    expect(stdout).not.toContain("edited by hand");
    expect(code).toBe(2);
  });

  it("a manifest that is none is refused", async () => {
    const machine = changed("generated/a/manifest.json", () => "{");
    const { code, stderr } = await machine.moec("diff", "a.moe", "generated/a");
    expect([code, stderr.includes("MOE6013")]).toEqual([1, true]);
  });
});
