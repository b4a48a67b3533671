/**
 * Who may import whom: a numbered folder only itself, those before it and the unnumbered ones; targets never the rules;
 * and no file, by whatever way, itself: types may go in circles, what runs may not.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replaceAll("\\", "/"));

function importsOf(from: string): Import[] {
  const text = readFileSync(join("src", from), "utf8");
  const found = [...text.matchAll(/^(?:import|export)\s([^;"]*?)from\s"(\.[^"]+)\.js"/gm)];
  return found.map(([, what, path]) => {
    const names = what!.replace(/[{}]/g, "").split(",");
    const typesOnly = /^type\b/.test(what!) || names.every((name) => /^\s*(type\s.*)?$/.test(name));
    return { from, to: `${join(dirname(from), path!).replaceAll("\\", "/")}.ts`, typesOnly };
  });
}

const imports = files.flatMap(importsOf);
const folderOf = (file: string): string => file.split("/")[0]!;
const stageOf = (file: string): number => Number(/^(\d)-/.exec(file)?.[1] ?? Number.NaN);
const told = ({ from, to }: Import): string => `${from} → ${to}`;

/** Files that reach themselves by imports that run. */
function inCircles(): readonly string[] {
  const next = new Map(files.map((file) => [file, [] as string[]]));
  for (const { from, to, typesOnly } of imports) if (!typesOnly) next.get(from)!.push(to);
  const reaches = (start: string): boolean => {
    const seen = new Set<string>();
    const waiting = [...next.get(start)!];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at === start) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      waiting.push(...(next.get(at) ?? []));
    }
    return false;
  };
  return files.filter(reaches);
}

describe("imports", () => {
  it("are found, and lead to files", () => {
    expect(imports.length).toBeGreaterThan(files.length);
    const known = new Set(files);
    expect(imports.filter(({ to }) => !to.startsWith("..") && !known.has(to)).map(told)).toEqual([]);
  });

  it("of a stage go to the stages before it", () => {
    expect(imports.filter(({ from, to }) => stageOf(from) < stageOf(to)).map(told)).toEqual([]);
  });

  it("of targets do not go to rules", () => {
    expect(
      imports.filter(({ from, to }) => folderOf(from) === "targets" && folderOf(to) === "rules").map(told),
    ).toEqual([]);
  });

  it("go in no circle, but for blocks, whose experts may be blocks", () => {
    const blocks = ["block", "block-experts", "mixture"].map((name) => `3-graph/forward/${name}.ts`);
    expect(new Set(inCircles())).toEqual(new Set(blocks));
  });
});
