/** How diagnostics look, in every form. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/diagnostics/diagnose.js";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { lineColumn } from "../../src/diagnostics/line-column.js";
import { renderGithub } from "../../src/diagnostics/render/github.js";
import { renderJson, toJson } from "../../src/diagnostics/render/json.js";
import { renderOneLine } from "../../src/diagnostics/render/one-line.js";
import { renderAllPretty, renderPretty } from "../../src/diagnostics/render/pretty.js";

const text = `${"\n".repeat(9)}  d_model = 256${"\n".repeat(20)}  unit = subtoken(heads: 6, split: linear)\n`;
const source = { path: "specs/mh-moe.moe", text };
const place = (of: string, label?: string) => {
  const start = text.indexOf(of);
  return { source, span: { start, end: start + of.length }, ...(label && { text: label }) };
};
const sample = diagnose(
  "MOE4003",
  { width: 256, heads: 6 },
  {
    primary: place("6,", "works with 2, 4, 8, 16, …"),
    secondary: [place("256", "256 / 6 = 42.67")],
    help: ["write `heads: 8`", { text: "or `d_model = 252`", fix: { ...place("256"), text: "252" } }],
  },
);
const plain = (diagnostic: Diagnostic): string => renderPretty(diagnostic, { color: false });
const inText = (line: string, of: string): Diagnostic => {
  const start = line.indexOf(of);
  return diagnose(
    "MOE1005",
    { text: of },
    { primary: { source: { path: "a.moe", text: line }, span: { start, end: start + of.length } } },
  );
};

describe("pretty", () => {
  it("shows both halves of a conflict, in the order of the file", () => {
    expect(plain(sample)).toBe(
      [
        "error[MOE4003]: 256 features cannot be split into 6 equal sub-tokens",
        "  ┌─ specs/mh-moe.moe:30:26",
        "10│   d_model = 256",
        "  │             --- 256 / 6 = 42.67",
        "30│   unit = subtoken(heads: 6, split: linear)",
        "  │                          ^^ works with 2, 4, 8, 16, …",
        "help: write `heads: 8`",
        "help: or `d_model = 252`",
      ].join("\n"),
    );
  });

  it("pads line numbers to one width", () => {
    const diagnostic = diagnose(
      "MOE2003",
      { name: "a" },
      { primary: place("256"), secondary: [{ source, span: { start: 0, end: 1 }, text: "first" }] },
    );
    expect(plain(diagnostic)).toContain("  ┌─ specs/mh-moe.moe:10:13\n 1│\n  │ - first\n10│   d_model = 256");
  });

  it("places carets by what is seen: tabs, wide and combining characters, emoji", () => {
    const caretColumn = (line: string): number => plain(inText(line, "4x")).split("\n").at(-1)!.indexOf("^");
    const seen = (line: string): string => plain(inText(line, "4x")).split("\n")[2]!;
    expect(caretColumn("a = 4x")).toBe(" │ a = ".length);
    expect(seen("\ta = 4x")).toBe("1│   a = 4x");
    expect(caretColumn("\ta = 4x")).toBe(" │   a = ".length);
    expect(caretColumn('"模型" 4x')).toBe(' │ "模型" '.length + 2);
    expect(caretColumn('"🙂" 4x')).toBe(' │ "🙂" '.length);
    expect(caretColumn('"e\u0301" 4x')).toBe(' │ "e" '.length);
    expect(seen("\u001b[31m 4x")).toBe("1│ ·[31m 4x");
  });

  it("marks a place over several lines on its first, and one behind the end", () => {
    const file = { path: "a.moe", text: "a = [\r\n  1\r\n]" };
    const over = diagnose("MOE1002", { open: "[" }, { primary: { source: file, span: { start: 4, end: 13 } } });
    expect(plain(over)).toContain("1│ a = [\n │     ^");
    const behind = diagnose("MOE1002", { open: "[" }, { primary: { source: file, span: { start: 13, end: 14 } } });
    expect(plain(behind)).toContain("3│ ]\n │  ^");
  });

  it("makes one block per file", () => {
    const other = { source: { path: "b.moe", text: "let a = 1" }, span: { start: 4, end: 5 }, text: "first here" };
    const diagnostic = diagnose("MOE2003", { name: "a" }, { primary: place("256"), secondary: [other] });
    expect(plain(diagnostic)).toMatch(
      /┌─ specs\/mh-moe\.moe:10:13[\s\S]*┌─ b\.moe:1:5\n 1│ let a = 1\n {2}│ {5}- first here/,
    );
  });

  it("needs no place", () => {
    expect(plain(diagnose("MOE6002", { files: 3 }))).toBe("error[MOE6002]: the 3 data files hold no text");
  });

  it("colours only when asked, and changes nothing else by it", () => {
    const colored = renderPretty(sample, { color: true });
    expect(colored).toContain("\u001b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what colours are made of
    expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(plain(sample));
    expect(plain(sample)).not.toContain("\u001b");
  });

  it("counts several", () => {
    const all = renderAllPretty([sample, sample, diagnose("MOE2023", { name: "A" })], { color: false });
    expect(all).toMatch(/\n\n2 errors, 1 warning\n$/);
    expect(renderAllPretty([], { color: false })).toBe("");
  });
});

describe("one line", () => {
  it("has the place first", () => {
    expect(renderOneLine(sample)).toBe(
      "specs/mh-moe.moe:30:26: error[MOE4003]: 256 features cannot be split into 6 equal sub-tokens",
    );
    expect(renderOneLine(diagnose("MOE6002", { files: 3 }))).toBe("error[MOE6002]: the 3 data files hold no text");
  });
});

describe("json", () => {
  it("has all that the diagnostic has", () => {
    expect(toJson(sample)).toEqual({
      code: "MOE4003",
      severity: "error",
      message: "256 features cannot be split into 6 equal sub-tokens",
      primary: {
        file: "specs/mh-moe.moe",
        line: 30,
        column: 26,
        end_line: 30,
        end_column: 28,
        offset: 69,
        length: 2,
        text: "works with 2, 4, 8, 16, …",
      },
      secondary: [
        {
          file: "specs/mh-moe.moe",
          line: 10,
          column: 13,
          end_line: 10,
          end_column: 16,
          offset: 21,
          length: 3,
          text: "256 / 6 = 42.67",
        },
      ],
      help: [
        { text: "write `heads: 8`" },
        {
          text: "or `d_model = 252`",
          fix: {
            file: "specs/mh-moe.moe",
            line: 10,
            column: 13,
            end_line: 10,
            end_column: 16,
            offset: 21,
            length: 3,
            replacement: "252",
          },
        },
      ],
    });
    expect(JSON.parse(renderJson([sample]))).toEqual([toJson(sample)]);
    expect(renderJson([])).toBe("[]\n");
  });
});

describe("github", () => {
  it("is one escaped command", () => {
    expect(renderGithub(sample)).toBe(
      "::error file=specs/mh-moe.moe,line=30,endLine=30,col=26,endColumn=28,title=MOE4003::" +
        "256 features cannot be split into 6 equal sub-tokens%0Ahelp: write `heads: 8`%0Ahelp: or `d_model = 252`",
    );
    const odd = { source: { path: "a,b:c.moe", text: "x" }, span: { start: 0, end: 1 } };
    expect(renderGithub(diagnose("MOE2023", { name: "50%" }, { primary: odd }))).toBe(
      "::warning file=a%2Cb%3Ac.moe,line=1,endLine=1,col=1,endColumn=2,title=MOE2023::`50%25` is never used",
    );
  });
});

describe("line and column", () => {
  it("count characters, whatever ends the lines", () => {
    const at = (offset: number) => lineColumn({ text: "a🙂b\r\ncd\re\n" }, offset);
    expect(at(0)).toEqual({ line: 1, column: 1 });
    expect(at(3)).toEqual({ line: 1, column: 3 });
    expect(at(6)).toEqual({ line: 2, column: 1 });
    expect(at(9)).toEqual({ line: 3, column: 1 });
    expect(at(99)).toEqual({ line: 4, column: 1 });
    expect(at(-1)).toEqual({ line: 1, column: 1 });
  });
});
