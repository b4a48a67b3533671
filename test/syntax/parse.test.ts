/** The shapes of the language: what each kind of text becomes, and what it does not. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Assign, Expr, Phrase } from "../../src/1-syntax/ast.js";
import { parse } from "../../src/1-syntax/parse.js";
import { treeOf, withoutSpans } from "./tree-of.js";

const entriesOf = (text: string) => {
  const { ast, diagnostics } = parse({ path: "test.moe", text });
  expect(diagnostics).toEqual([]);
  return ast.entries;
};
const exprOf = (text: string): Expr => (entriesOf(`x = ${text}`)[0] as Assign).value;
const number = (text: string) => exprOf(text) as Expr & { kind: "number" };

describe("the shipped specs", () => {
  const specs = new URL("../../specs/", import.meta.url);
  const urls = readdirSync(specs)
    .filter((name) => name.endsWith(".moe"))
    .map((name) => new URL(name, specs));
  it.each([...urls, new URL("fixtures/zoo.moe", import.meta.url)].map((url) => [url.pathname.split("/").at(-1), url]))(
    "%s parses without a diagnostic",
    (_, url) => {
      expect(entriesOf(readFileSync(url as URL, "utf8")).length).toBeGreaterThan(3);
    },
  );
});

describe("entries", () => {
  it("are assignments or phrases", () => {
    expect(withoutSpans(entriesOf("d_model = 256\nexperts 16 of swiglu"))).toEqual([
      {
        kind: "assign",
        let: false,
        name: { text: "d_model" },
        value: { kind: "number", text: "256", value: 256, percent: false },
      },
      {
        kind: "phrase",
        name: { text: "experts" },
        atoms: [
          { kind: "number", text: "16", value: 16, percent: false },
          { kind: "ref", path: [{ text: "of" }] },
          { kind: "ref", path: [{ text: "swiglu" }] },
        ],
      },
    ]);
  });

  it("may have a block, also an empty one, also on the next line", () => {
    const [one, two, three] = entriesOf("a {}\nb x { c = 1; d = 2 }\ne\n{\n f\n}") as Phrase[];
    expect(one!.block!.entries).toEqual([]);
    expect(two!.block!.entries.map((entry) => entry.name.text)).toEqual(["c", "d"]);
    expect(three!.block!.entries.map((entry) => entry.name.text)).toEqual(["f"]);
    expect((entriesOf("a")[0] as Phrase).block).toBeUndefined();
  });

  it("keep their places", () => {
    const text = "a = (1 + 2)\n  b f(x: 1)[2] {\n}";
    const [first, second] = entriesOf(text) as [Assign, Phrase];
    const cut = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
    expect(cut(first.span)).toBe("a = (1 + 2)");
    expect(cut(first.value.span)).toBe("(1 + 2)");
    expect(cut(second.span)).toBe("b f(x: 1)[2] {\n}");
    expect(cut(second.atoms[0]!.span)).toBe("f(x: 1)[2]");
  });

  it("treat `let` as a keyword only in front of `name =`", () => {
    const [one, two, three, four] = entriesOf("let a = 1\nlet = 2\nletter = 3\nlet a b") as [
      Assign,
      Assign,
      Assign,
      Phrase,
    ];
    expect([one.let, one.name.text]).toEqual([true, "a"]);
    expect([two.let, two.name.text]).toEqual([false, "let"]);
    expect([three.let, three.name.text]).toEqual([false, "letter"]);
    expect([four.kind, four.name.text, four.atoms.length]).toEqual(["phrase", "let", 2]);
  });
});

describe("numbers", () => {
  it.each([
    ["12", 12],
    ["1_000", 1000],
    ["0.5", 0.5],
    ["1e-3", 0.001],
    ["2.5E+3", 2500],
    ["12.5%", 0.125],
    ["0.1%", 0.001],
    ["4k", 4000],
    ["1.5k", 1500],
    ["500M", 5e8],
    ["7B", 7e9],
    ["1_0.2_5", 10.25],
    ["007", 7],
  ])("%s is %d", (text, value) => {
    expect(number(text)).toMatchObject({ value, text, percent: text.endsWith("%") });
  });
});

describe("texts", () => {
  it.each([
    ['"a b"', "a b"],
    ['""', ""],
    ['"\\"\\\\\\n\\t"', '"\\\n\t'],
    ['"// no comment; { ["', "// no comment; { ["],
    ['"grün 🙂"', "grün 🙂"],
  ])("%s", (text, value) => {
    expect(exprOf(text)).toMatchObject({ kind: "string", value });
  });
});

describe("expressions", () => {
  const shape = (expr: Expr): string => {
    if (expr.kind === "binary") return `(${shape(expr.left)}${expr.op}${shape(expr.right)})`;
    if (expr.kind === "number") return expr.text;
    if (expr.kind === "ref") return expr.path.map(({ text }) => text).join(".");
    return expr.kind;
  };
  it.each([
    ["1 - 2 - 3", "((1-2)-3)"],
    ["1 + 2 * 3", "(1+(2*3))"],
    ["(1 + 2) * 3", "((1+2)*3)"],
    ["8 / 4 / 2", "((8/4)/2)"],
    ["a + 1 <= b * 2", "((a+1)<=(b*2))"],
    ["(a < b) == (c != d)", "((a<b)==(c!=d))"],
  ])("%s", (text, expected) => {
    expect(shape(exprOf(text))).toBe(expected);
  });

  it("bind a bracket to the name it touches", () => {
    const atoms = (text: string): string[] => (entriesOf(`w ${text}`)[0] as Phrase).atoms.map(({ kind }) => kind);
    expect(atoms("f(x)[1]")).toEqual(["ref"]);
    expect(atoms("f (x) [1]")).toEqual(["ref", "ref", "list"]);
    expect(atoms("for [a, b]")).toEqual(["ref", "list"]);
    expect(atoms("when (a < 1)")).toEqual(["ref", "binary"]);
  });

  it("keep arguments in order, named or not", () => {
    expect(withoutSpans(exprOf("f(1, b: 2)"))).toMatchObject({
      args: [{ value: { value: 1 } }, { name: { text: "b" }, value: { value: 2 } }],
    });
    expect(withoutSpans(exprOf("f()"))).toMatchObject({ args: [] });
  });
});

describe("line ends", () => {
  it("do not count where a bracket plainly goes on", () => {
    const flat = treeOf('x = f(["a", "b"], (1 + 2), c: 3)');
    expect(treeOf('x = f(\n["a",\n"b"\n], (1 +\n2),\n\nc:\n3\n)')).toEqual(flat);
    expect(treeOf('x = f(["a", // one\r\n"b"], // two\r\n(1 + 2), c: 3)')).toEqual(flat);
  });

  it("may be `;`, `\\r\\n`, `\\r`, or missing at the end", () => {
    const expected = treeOf("a = 1\nb = 2\n");
    for (const text of ["a = 1;b = 2", "a = 1\r\nb = 2\r\n", "a = 1\rb = 2", ";;a = 1;\n;\nb = 2;"]) {
      expect(treeOf(text)).toEqual(expected);
    }
  });
});

describe("docs", () => {
  const docOf = (text: string): string | undefined => entriesOf(text).at(-1)!.doc;
  it("are the `///` lines directly above", () => {
    expect(docOf("/// one\n///   two\n///\na = 1")).toBe("one\n  two\n");
    expect(docOf("/// one\n// plain\n/// two\na { }")).toBe("one\ntwo");
    expect(docOf("b = 1\n  /// in\n  a = 1")).toBe("in");
  });
  it("are not what stands elsewhere", () => {
    expect(docOf("/// far\n\na = 1")).toBeUndefined();
    expect(docOf("b = 1 /// behind\na = 1")).toBeUndefined();
    expect(docOf("// plain\na = 1")).toBeUndefined();
    expect(docOf("//// ruler\na = 1")).toBeUndefined();
    expect(docOf("/// of b\nb = 1; a = 1")).toBeUndefined();
  });
});
