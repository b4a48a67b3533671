/** What ships: every spec is clean, stands beside its paper, and the papers' side knows nothing of the compiler. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { family } from "../../src/cli/family.js";
import { checkSpec } from "../../src/pipeline.js";
import { papers } from "./papers/index.js";

const specs = readdirSync("specs").filter((name) => name.endsWith(".moe"));

describe.each(specs)("%s", (name) => {
  const source = { path: `specs/${name}`, text: readFileSync(`specs/${name}`, "utf8") };

  it("has no diagnostics, warnings included", () => {
    const { design, diagnostics } = checkSpec(source);
    expect(diagnostics).toEqual([]);
    expect([design?.model, design?.train].every((part) => part !== undefined)).toBe(true);
  });

  it("is formatted", () => {
    expect(format(source)).toBe(source.text);
  });

  it("is in the table of designs", () => {
    expect(family.map((each) => `${each}.moe`)).toContain(name);
  });

  it("is compared with its paper", () => {
    expect(papers.map(({ spec }) => `${spec}.moe`)).toContain(name);
  });
});

it("the papers' side imports nothing but itself", () => {
  const files = ["tape.ts", "equations.ts", "routing.ts", "language-model.ts"].concat(
    readdirSync("test/designs/papers").map((file) => join("papers", file)),
  );
  const imports = files.flatMap((file) => {
    const text = readFileSync(join("test/designs", file), "utf8");
    return [...text.matchAll(/from "(.+)"/g)].map(([, from]) => from!);
  });
  expect(imports.length).toBeGreaterThan(files.length);
  expect(imports.filter((from) => !/^\.{1,2}\/[a-z0-9-]+\.js$/.test(from))).toEqual([]);
});
