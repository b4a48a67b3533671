import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheFolder } from "../../src/host/cache-folder.js";
import { type Host, IoError } from "../../src/host/host.js";
import { memoryHost } from "../../src/host/memory.js";
import { nodeHost } from "../../src/host/node.js";
import { folderOf, isAbsolute, isInside, join, nameOf } from "../../src/host/paths.js";
import { writeGenerated } from "../../src/host/write-generated.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/moec-host-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const code = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(IoError);
    return (error as IoError).code;
  }
  return "none";
};

// the same demands on both hosts: tests on the memory host are worth something only if it behaves like a disk
describe.each<[string, () => { host: Host; root: string }]>([
  ["node", () => ({ host: nodeHost, root: folder })],
  ["memory", () => ({ host: memoryHost(), root: "/project/x" })],
])("%s host", (_, make) => {
  test("writes, reads, lists, renames, removes", () => {
    const { host, root } = make();
    host.write(`${root}/a/b.txt`, "grüße");
    host.writeDurably(`${root}/a/c.bin`, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    host.append(`${root}/a/b.txt`, "!");
    host.append(`${root}/a/new.txt`, "n");
    expect(host.readText(`${root}/a/b.txt`)).toBe("grüße!");
    expect([...host.readRange(`${root}/a/c.bin`, 1, 2)]).toEqual([2, 3]);
    expect([
      host.size(`${root}/a/c.bin`),
      host.kind(`${root}/a`),
      host.kind(`${root}/a/c.bin`),
      host.kind(`${root}/z`),
    ]).toEqual([3, "folder", "file", undefined]);
    expect(host.list(`${root}/a`)).toEqual(["b.txt", "c.bin", "new.txt"]);
    host.rename(`${root}/a`, `${root}/moved`);
    host.syncFolder(root);
    expect(host.kind(`${root}/a`)).toBeUndefined();
    host.rename(`${root}/moved/b.txt`, `${root}/moved/c.bin`);
    expect(host.readText(`${root}/moved/c.bin`)).toBe("grüße!");
    host.remove(`${root}/moved`);
    host.remove(`${root}/moved`);
    expect(host.kind(`${root}/moved`)).toBeUndefined();
  });
  test("lets one at a time hold a file", () => {
    const { host, root } = make();
    const first = host.hold(`${root}/run/.held`);
    expect(host.hold(`${root}/run/.held`)).toHaveProperty("by");
    if ("release" in first) first.release();
    const second = host.hold(`${root}/run/.held`);
    expect(second).toHaveProperty("release");
    if ("release" in second) second.release();
    expect(host.kind(`${root}/run/.held`)).toBeUndefined();
  });
  test("names what went wrong", () => {
    const { host, root } = make();
    host.write(`${root}/f`, "12");
    host.write(`${root}/full/f`, "12");
    host.makeFolder(`${root}/d`);
    expect(code(() => host.readBytes(`${root}/none`))).toBe("ENOENT");
    expect(code(() => host.size(`${root}/none`))).toBe("ENOENT");
    expect(code(() => host.list(`${root}/none`))).toBe("ENOENT");
    expect(code(() => host.realPath(`${root}/none`))).toBe("ENOENT");
    expect(code(() => host.rename(`${root}/none`, `${root}/g`))).toBe("ENOENT");
    expect(code(() => host.readBytes(`${root}/d`))).toBe("EISDIR");
    expect(code(() => host.write(`${root}/d`, ""))).toBe("EISDIR");
    expect(code(() => host.list(`${root}/f`))).toBe("ENOTDIR");
    expect(code(() => host.readRange(`${root}/f`, 1, 2))).toBe("EOTHER");
    expect(code(() => host.rename(`${root}/d`, `${root}/full`))).toBe("ENOTEMPTY");
  });
});

describe("node host", () => {
  test("a full device is ENOSPC", () => {
    if (!existsSync("/dev/full")) return;
    symlinkSync("/dev/full", `${folder}/full`);
    expect(code(() => nodeHost.writeDurably(`${folder}/full`, [Uint8Array.of(1)]))).toBe("ENOSPC");
  });
  test("a read of more than the file holds is refused before memory is taken", () => {
    nodeHost.write(`${folder}/f`, "12");
    expect(code(() => nodeHost.readRange(`${folder}/f`, 0, 2 ** 50))).toBe("EOTHER");
  });
  test("what a process held that is gone is taken over", () => {
    for (const sign of [`4194305 of x, started at 1\n`, `${process.pid} of x, started at 1\n`, "", "odd"]) {
      nodeHost.write(`${folder}/.held`, sign);
      const held = nodeHost.hold(`${folder}/.held`);
      expect(nodeHost.hold(`${folder}/.held`)).toEqual({ by: `process ${process.pid}` });
      if ("release" in held) held.release();
    }
  });
  test("a link is resolved by realPath", () => {
    nodeHost.write(`${folder}/f`, "12");
    symlinkSync("f", `${folder}/link`);
    expect(nodeHost.realPath(`${folder}/link`)).toBe(nodeHost.realPath(`${folder}/f`));
  });
});

test("paths", () => {
  expect([join("a", "../b", "./c"), join("/a", "../../b"), join("a", "/b"), join("", "a"), join(".")]).toEqual([
    "b/c",
    "/b",
    "/b",
    "a",
    ".",
  ]);
  expect([join("../a", ".."), join("C:/x", "..\\y"), join("a/..")]).toEqual(["..", "C:/y", "."]);
  expect([folderOf("a/b"), folderOf("a"), folderOf("/"), nameOf("a/b/")]).toEqual(["a", ".", "/", "b"]);
  expect(["/a", "C:\\a", "a", "./a"].map(isAbsolute)).toEqual([true, true, false, false]);
  expect([
    isInside("/a/b", "/a"),
    isInside("/a", "/a"),
    isInside("/ab", "/a"),
    isInside("/a/../b", "/a"),
    isInside("/x", "/"),
  ]).toEqual([true, true, false, false, true]);
});

describe("the cache folder", () => {
  const where = (options: Parameters<typeof memoryHost>[0]): string => cacheFolder(memoryHost(options));
  test("is what MOEC_CACHE says", () => {
    expect(where({ env: { MOEC_CACHE: "here" } })).toBe("/project/here");
  });
  test("is in node_modules where there is one that can be written", () => {
    expect(where({ files: { "node_modules/a/package.json": "" }, env: { HOME: "/home/u" } })).toBe(
      "/project/node_modules/.cache/moec",
    );
  });
  test("is the user's cache, then the temporary folder, otherwise", () => {
    expect(where({ env: { HOME: "/home/u" } })).toBe("/home/u/.cache/moec");
    expect(where({ env: { HOME: "/home/u", XDG_CACHE_HOME: "/cache" } })).toBe("/cache/moec");
    expect(where({ files: { "node_modules/a": "" }, crashAt: 0 })).toBe("/temporary/moec-cache");
  });
});

describe("generated files", () => {
  const ownership = { header: "generated by moec" };
  const file = (path: string, text = "// generated by moec\n") => ({ path, text });
  test("are written, and again only when they change", () => {
    expect(writeGenerated(nodeHost, folder, [file("a/b.c"), file("d.ts")], ownership)).toEqual(["a/b.c", "d.ts"]);
    const before = statSync(`${folder}/d.ts`).mtimeMs;
    expect(
      writeGenerated(nodeHost, folder, [file("a/b.c", "// generated by moec, newer\n"), file("d.ts")], ownership),
    ).toEqual(["a/b.c"]);
    expect(statSync(`${folder}/d.ts`).mtimeMs).toBe(before);
  });
  test("never replace somebody's own, and then none is written", () => {
    const host = memoryHost({ files: { "out/mine.c": "int main;" } });
    expect(() => writeGenerated(host, "out", [file("new.c"), file("mine.c")], ownership)).toThrow(
      "MOE6010: `out/mine.c` was not written by moec and would be overwritten",
    );
    expect(host.list("out")).toEqual(["mine.c"]);
    expect(host.readText("out/mine.c")).toBe("int main;");
  });
  test("without a header are ours when the manifest knows them", () => {
    const host = memoryHost({ files: { "out/plan.json": "{}" } });
    expect(() => writeGenerated(host, "out", [file("plan.json", "[]")], ownership)).toThrow("MOE6010");
    expect(
      writeGenerated(host, "out", [file("plan.json", "[]")], { ...ownership, known: new Set(["plan.json"]) }),
    ).toEqual(["plan.json"]);
  });
  test("do not leave their folder", () => {
    expect(() => writeGenerated(memoryHost(), "out", [file("../x.c")], ownership)).toThrow("MOE6009");
  });
});
