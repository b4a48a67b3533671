/**
 * Random trees and random ways to write them down: odd spaces, `;`, comments, line ends inside brackets, parentheses
 * that nobody needs. A second, independent statement of what the parser accepts.
 */
import fc from "fast-check";
import type { Binary } from "../../../src/1-syntax/ast.js";

export interface TreeEntry {
  readonly kind: "assign" | "phrase";
  readonly let: boolean;
  readonly name: string;
  readonly doc: readonly string[];
  /** one for an assign, any number for a phrase */
  readonly values: readonly Tree[];
  readonly block: readonly TreeEntry[] | undefined;
}

export type Tree =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "list"; readonly items: readonly Tree[] }
  | {
      readonly kind: "ref";
      readonly path: readonly string[];
      readonly args: readonly { readonly name: string | undefined; readonly value: Tree }[] | undefined;
      readonly index: Tree | undefined;
    }
  | { readonly kind: "binary"; readonly op: Binary["op"]; readonly left: Tree; readonly right: Tree };

const name = fc.constantFrom("let", "letter", "a", "x1", "d_model", "Mixture", "top", "of", "_", "k");
const NUMBERS = ["0", "12", "1_000", "0.5", "1e-3", "2.5E+3", "12.5%", "4k", "500M", "1.5B", "007"];
const OPERATORS: readonly Binary["op"][] = ["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="];

const { expr } = fc.letrec<{ expr: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(...NUMBERS).map((text): Tree => ({ kind: "number", text })),
    fc
      .string({ unit: fc.constantFrom("a", " ", '"', "\\", "/", "\n", "\t", "é", "{", "]") })
      .map((value): Tree => ({ kind: "string", value })),
    name.map((one): Tree => ({ kind: "ref", path: [one], args: undefined, index: undefined })),
  ),
  expr: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("expr"), { maxLength: 3 }).map((items): Tree => ({ kind: "list", items })),
    fc.record({
      kind: fc.constant("ref" as const),
      path: fc.array(name, { minLength: 1, maxLength: 3 }),
      args: fc.option(
        fc.array(fc.record({ name: fc.option(name, { nil: undefined }), value: tie("expr") }), { maxLength: 3 }),
        { nil: undefined },
      ),
      index: fc.option(tie("expr"), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant("binary" as const),
      op: fc.constantFrom(...OPERATORS),
      left: tie("expr"),
      right: tie("expr"),
    }),
  ),
}));

const doc = fc.array(fc.constantFrom("", "why", "two words", "// odd"), { maxLength: 2 });

const assign: fc.Arbitrary<TreeEntry> = fc
  .record({ let: fc.boolean(), name, doc, value: expr })
  .map(({ value, ...rest }) => ({ ...rest, kind: "assign", values: [value], block: undefined }));

const { entry } = fc.letrec<{ entry: TreeEntry }>((tie) => ({
  entry: fc.oneof(
    { maxDepth: 3 },
    assign,
    fc.record({
      kind: fc.constant("phrase" as const),
      let: fc.constant(false),
      name,
      doc,
      values: fc.array(expr, { maxLength: 3 }),
      block: fc.option(fc.array(tie("entry"), { maxLength: 3 }), { nil: undefined }),
    }),
  ),
}));

/** A few random entries. */
export const trees: fc.Arbitrary<readonly TreeEntry[]> = fc.array(entry, { maxLength: 4 });

/** Decides everything that does not matter; `choose(n)` is a number below n. */
export type Choose = (choices: number) => number;

/** Random decisions that can be repeated and shrunk. */
export const layouts: fc.Arbitrary<() => Choose> = fc
  .array(fc.nat(1000), { minLength: 1, maxLength: 50 })
  .map((numbers) => () => {
    let at = 0;
    return (choices) => numbers[at++ % numbers.length]! % choices;
  });

/** Writes a tree down in one of many ways. */
export function write(entries: readonly TreeEntry[], choose: Choose): string {
  return entries.map((each) => writeEntry(each, choose)).join("");
}

function writeEntry(each: TreeEntry, choose: Choose): string {
  // an empty line first: whatever stands above must not become a doc of this entry
  const above = choose(3) === 0 ? "// a comment\n\n" : "\n\n";
  const docs = each.doc.map((line) => `  /// ${line}${choose(3) === 0 ? "\n// between" : ""}\n`).join("");
  const ends = ["\n", " ;\n", " // behind\n", "\r\n"];
  return `${above}${docs}${" ".repeat(choose(3))}${writeHead(each, choose)}${ends[choose(ends.length)]}`;
}

function writeHead(each: TreeEntry, choose: Choose): string {
  const gap = (): string => [" ", "  ", "\t"][choose(3)]!;
  const maybe = (): string => (choose(2) === 0 ? "" : gap());
  if (each.kind === "assign") {
    return `${each.let ? `let${gap()}` : ""}${each.name}${maybe()}=${maybe()}${writeExpr(each.values[0]!, 0, choose, false)}`;
  }
  const words = [each.name, ...each.values.map((value) => writeExpr(value, 3, choose, false))].join(gap());
  if (!each.block) return words;
  const open = [" {", "{", "\n{", " // before\n {", "{ // after\n"][choose(5)]!;
  return `${words}${open}${write(each.block, choose)}${choose(2) === 0 ? "\n// last\n" : ""}}`;
}

/** `level`: 0 any expression, 1 a sum, 2 a product, 3 an atom. */
function writeExpr(tree: Tree, level: number, choose: Choose, inBrackets: boolean): string {
  const needed = levelOf(tree) < level;
  if (needed || (tree.kind === "binary" && choose(6) === 0)) return `(${writeBare(tree, choose, true)})`;
  return writeBare(tree, choose, inBrackets);
}

function writeBare(tree: Tree, choose: Choose, inBrackets: boolean): string {
  switch (tree.kind) {
    case "number":
      return tree.text;
    case "string":
      return `"${tree.value.replace(/["\\\n\t]/g, (c) => ({ '"': '\\"', "\\": "\\\\", "\n": "\\n" })[c] ?? "\\t")}"`;
    case "list":
      return writeBracket(
        "[",
        tree.items.map((item) => writeExpr(item, 0, choose, true)),
        "]",
        choose,
      );
    case "binary":
      return writeBinary(tree, choose, inBrackets);
    case "ref":
      return writeRef(tree, choose);
  }
}

function writeRef(tree: Tree & { kind: "ref" }, choose: Choose): string {
  const args = tree.args?.map(
    (arg) => `${arg.name ? `${arg.name}${choose(2) === 0 ? ":" : " : "}` : ""}${writeExpr(arg.value, 0, choose, true)}`,
  );
  const index = tree.index && `[${writeExpr(tree.index, 0, choose, true)}]`;
  return `${tree.path.join(choose(4) === 0 ? " . " : ".")}${args ? writeBracket("(", args, ")", choose) : ""}${index ?? ""}`;
}

function writeBinary(tree: Tree & { kind: "binary" }, choose: Choose, inBrackets: boolean): string {
  const own = levelOf(tree);
  const left = writeExpr(tree.left, own === 0 ? 1 : own, choose, inBrackets);
  const right = writeExpr(tree.right, own + 1, choose, inBrackets);
  const breaks = inBrackets ? [" ", "\n", " // inside\n", "\n// alone\n"] : [" "];
  return `${left} ${tree.op}${breaks[choose(breaks.length)]}${right}`;
}

function writeBracket(open: string, items: readonly string[], close: string, choose: Choose): string {
  const breaks = ["", " ", "\n", " // inside\n", "\n  // alone\n"];
  const any = (): string => breaks[choose(breaks.length)]!;
  return `${open}${any()}${items.join(`,${any()}`)}${any()}${close}`;
}

function levelOf(tree: Tree): number {
  if (tree.kind !== "binary") return 3;
  return "*/".includes(tree.op) ? 2 : "+-".includes(tree.op) ? 1 : 0;
}

/** The tree as `treeOf` gives it for the written text. */
export function expectedTree(entries: readonly TreeEntry[], numberValue: (text: string) => object): unknown {
  return entries.map((each) => {
    const doc = each.doc.length > 0 ? { doc: each.doc.join("\n") } : {};
    const own = { ...doc, kind: each.kind, name: { text: each.name } };
    const values = each.values.map((value) => expectedExpr(value, numberValue));
    if (each.kind === "assign") return { ...own, let: each.let, value: values[0] };
    return { ...own, atoms: values, ...(each.block && { block: { entries: expectedTree(each.block, numberValue) } }) };
  });
}

function expectedExpr(tree: Tree, numberValue: (text: string) => object): unknown {
  const inner = (each: Tree): unknown => expectedExpr(each, numberValue);
  switch (tree.kind) {
    case "number":
      return { kind: "number", text: tree.text, ...numberValue(tree.text) };
    case "string":
      return tree;
    case "list":
      return { kind: "list", items: tree.items.map(inner) };
    case "binary":
      return { ...tree, left: inner(tree.left), right: inner(tree.right) };
    case "ref":
      return {
        kind: "ref",
        path: tree.path.map((text) => ({ text })),
        ...(tree.args && {
          args: tree.args.map((arg) => ({ ...(arg.name && { name: { text: arg.name } }), value: inner(arg.value) })),
        }),
        ...(tree.index && { index: inner(tree.index) }),
      };
  }
}
