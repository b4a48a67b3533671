/** Broken specs: nothing throws, absurd sizes cost nothing, and one slip is one report. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format } from "../../src/1-syntax/fmt.js";
import { parse } from "../../src/1-syntax/parse.js";
import { resolve } from "../../src/2-design/resolve.js";
import { resolveText, specText } from "./resolve-text.js";

const specs = ["mask-moe", "mh-moe", "zoo"].map(specText);
const tokensOf = (text: string) => text.match(/\w+|"[^"\n]*"|\s+|[^\w\s]/g) ?? [];
const soup = [...new Set(specs.flatMap(tokensOf))].filter((token) => token.trim() !== "");

const shipped = readdirSync("specs")
  .filter((name) => name.endsWith(".moe"))
  .map((name) => readFileSync(`specs/${name}`, "utf8"));
const linesOf = [...new Set(shipped.flatMap((text) => text.split("\n")))].filter((line) => line.trim() !== "");

/** A shipped spec with lines lost, doubled, exchanged, or of other specs. */
const shuffled = fc
  .record({
    spec: fc.constantFrom(...shipped),
    edits: fc.array(
      fc.record({
        at: fc.nat(),
        other: fc.nat(),
        kind: fc.constantFrom("drop", "double", "exchange", "insert", "replace"),
        line: fc.constantFrom(...linesOf),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ spec, edits }) => {
    const lines = spec.split("\n");
    for (const { at, other, kind, line } of edits) {
      const [i, j] = [at % lines.length, other % lines.length];
      if (kind === "drop") lines.splice(i, 1);
      else if (kind === "double") lines.splice(i, 0, lines[i]!);
      else if (kind === "exchange") [lines[i], lines[j]] = [lines[j]!, lines[i]!];
      else lines.splice(i, kind === "replace" ? 1 : 0, line);
    }
    return lines.join("\n");
  });

const mutated = fc
  .record({
    spec: fc.constantFrom(...specs),
    edits: fc.array(
      fc.record({
        at: fc.nat(),
        kind: fc.constantFrom("drop", "double", "replace", "insert"),
        token: fc.constantFrom(...soup),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ spec, edits }) => {
    const tokens = [...tokensOf(spec)];
    for (const { at, kind, token } of edits) {
      const i = at % Math.max(1, tokens.length);
      if (kind === "drop") tokens.splice(i, 1);
      else if (kind === "double") tokens.splice(i, 0, tokens[i] ?? "");
      else if (kind === "replace") tokens.splice(i, 1, token);
      else tokens.splice(i, 0, ` ${token} `);
    }
    return tokens.join("");
  });

describe("mutated specs", () => {
  it("never throw, and a design comes exactly without errors", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const { ast, broken } = parse({ path: "mutated.moe", text });
        const { design, diagnostics } = resolve(ast, { broken });
        expect(design === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
        for (const { primary } of diagnostics) expect(primary?.span.end ?? 0).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it("of other lines: every message has its place, and formatting changes no message", () => {
    fc.assert(
      fc.property(shuffled, (text) => {
        const messages = (of: string) => {
          const { ast, broken, diagnostics } = parse({ path: "shuffled.moe", text: of });
          const all = [...diagnostics, ...resolve(ast, { broken }).diagnostics];
          for (const { primary } of all) {
            expect(primary!.span.start).toBeLessThanOrEqual(primary!.span.end);
            expect(primary!.span.end).toBeLessThanOrEqual(of.length);
          }
          return { parsed: diagnostics.length === 0, all: all.map(({ code, message }) => `${code} ${message}`).sort() };
        };
        const { parsed, all } = messages(text);
        if (!parsed) return;
        const formatted = format({ path: "shuffled.moe", text });
        expect(format({ path: "shuffled.moe", text: formatted })).toBe(formatted);
        expect(messages(formatted).all).toEqual(all);
      }),
      { numRuns: 80, seed: 5 },
    );
  });

  it("give the same diagnostics twice", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        expect(resolveText(text).diagnostics).toEqual(resolveText(text).diagnostics);
      }),
      { numRuns: 20, seed: 11 },
    );
  });
});

describe("one misspelt word", () => {
  const text = specText("mask-moe");
  const words = [
    "vocab",
    "dtype",
    "embed",
    "residual",
    "heads",
    "value",
    "tier",
    "unit",
    "experts",
    "score",
    "gate",
    "select",
    "weight",
    "balance",
    "data",
    "batch",
    "optimize",
  ];

  it.each(words)("%s is one error", (word) => {
    const { diagnostics } = resolveText(text.replace(new RegExp(`^( +)${word} `, "m"), `$1${word}x `));
    expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["error MOE2001"]);
    expect(diagnostics[0]!.help?.[0]?.text).toBe(`did you mean \`${word}\`?`);
  });
});

describe("absurd sizes", () => {
  const text = specText("mask-moe");

  it.each([
    ["experts 16 of", "experts 1_000_000_000_000 of", "MOE4006"],
    ["hidden: 512", "hidden: 9_007_199_254_740_991", "MOE4006"],
    ["vocab = 4096", "vocab = 9_000_000_000_000_000", "MOE4006"],
    ["repeat 6 of", "repeat 1_000_000_000_000 of", "MOE4012"],
    ["batch = 8 *", "batch = 1_000_000_000_000 *", "MOE4007"],
    ["steps = 300", "steps = 1e300", "MOE4017"],
  ])("%s -> %s is refused at once", (from, to, code) => {
    const { ast } = parse({ path: "absurd.moe", text: text.replace(from, to) });
    // time on the processor, and the best of a few: other work on the machine is not what is measured
    const times = Array.from({ length: 8 }, () => {
      const start = process.cpuUsage();
      resolve(ast);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
    const { design, diagnostics } = resolve(ast);
    expect(design).toBeUndefined();
    expect(diagnostics.map((each) => each.code)).toContain(code);
  });

  it("name the bytes and the term that needs them", () => {
    const { diagnostics } = resolveText(text.replace("experts 16 of", "experts 1_000_000_000_000 of"));
    const [first] = diagnostics;
    expect(first?.message).toContain("most of them: 6 layers × (1_000_000_000_000 × 512 × 256");
    expect(first?.help?.[0]?.text).toContain("9_437_184_000_000_000_000");
  });
});
