/** From chevrotain's tree to ours. The tree is always whole here: mistakes were repaired before (see recover.ts). */
import type { IToken } from "chevrotain";
import type {
  ArgCstNode,
  AssignCstNode,
  AtomCstNode,
  BlockCstNode,
  EntriesCstNode,
  ExprCstNode,
  FileCstNode,
  GroupCstNode,
  ListCstNode,
  PhraseCstNode,
  ProductCstNode,
  RefCstNode,
  SumCstNode,
} from "../../grammar/cst.js";
import type { Arg, Assign, Binary, Block, Entry, Expr, List, Name, Phrase, Ref } from "./ast.js";
import { guessNumber, readNumber, readString } from "./literals.js";
import { spanOf } from "./spans.js";

/** The text of the `///` lines above the entry that starts at an offset. */
export type DocsAt = (offset: number) => string | undefined;

/** The entries of a file, in order. */
export function buildEntries(file: FileCstNode, docsAt: DocsAt): readonly Entry[] {
  return buildList(file.children.entries[0]!, docsAt);
}

function buildList(node: EntriesCstNode, docsAt: DocsAt): readonly Entry[] {
  return (node.children.entry ?? []).map(({ children: { assign, phrase } }) =>
    assign ? buildAssign(assign[0]!, docsAt) : buildPhrase(phrase![0]!, docsAt),
  );
}

function buildAssign({ children }: AssignCstNode, docsAt: DocsAt): Assign {
  const name = buildName(children.Name[0]!);
  const value = buildExpr(children.expr[0]!);
  const start = children.Let?.[0]?.startOffset ?? name.span.start;
  const span = { start, end: value.span.end };
  return { kind: "assign", let: children.Let !== undefined, name, value, span, doc: docsAt(start) };
}

function buildPhrase({ children }: PhraseCstNode, docsAt: DocsAt): Phrase {
  const name = buildName(children.Name[0]!);
  const atoms = (children.atom ?? []).map(buildAtom);
  const block = children.block && buildBlock(children.block[0]!, docsAt);
  const span = { start: name.span.start, end: (block ?? atoms.at(-1) ?? name).span.end };
  return { kind: "phrase", name, atoms, block, span, doc: docsAt(span.start) };
}

function buildBlock({ children }: BlockCstNode, docsAt: DocsAt): Block {
  const span = spanOf(children.LeftCurly[0]!, children.RightCurly[0]!);
  return { span, entries: buildList(children.entries[0]!, docsAt) };
}

function buildExpr({ children }: ExprCstNode): Expr {
  return foldBinary(children.sum.map(buildSum), children.CompareOperator);
}

function buildSum({ children }: SumCstNode): Expr {
  return foldBinary(children.product.map(buildProduct), children.AddOperator);
}

function buildProduct({ children }: ProductCstNode): Expr {
  return foldBinary(children.atom.map(buildAtom), children.MultiplyOperator);
}

/** `a - b - c` is `(a - b) - c`. */
function foldBinary(operands: readonly Expr[], operators: readonly IToken[] = []): Expr {
  return operands.reduce((left, right, i): Binary => {
    const op = operators[i - 1]!.image as Binary["op"];
    return { kind: "binary", op, left, right, span: { start: left.span.start, end: right.span.end } };
  });
}

function buildAtom({ children }: AtomCstNode): Expr {
  if (children.Number) return buildNumber(children.Number[0]!);
  if (children.String) return buildString(children.String[0]!);
  if (children.list) return buildListLiteral(children.list[0]!);
  if (children.group) return buildGroup(children.group[0]!);
  return buildRef(children.ref![0]!);
}

/** Parentheses leave no node of their own; the span keeps them, so that what encloses it ends in the right place. */
function buildGroup({ children }: GroupCstNode): Expr {
  const span = spanOf(children.LeftParen[0]!, children.RightParen[0]!);
  return { ...buildExpr(children.expr[0]!), span };
}

function buildNumber(token: IToken): Expr {
  const { value, percent } = readNumber(token.image) ?? { value: guessNumber(token.image), percent: false };
  return { kind: "number", value, text: token.image, percent, span: spanOf(token) };
}

function buildString(token: IToken): Expr {
  return { kind: "string", value: readString(token.image).value, span: spanOf(token) };
}

function buildListLiteral({ children }: ListCstNode): List {
  const span = spanOf(children.LeftSquare[0]!, children.RightSquare[0]!);
  return { kind: "list", items: (children.expr ?? []).map(buildExpr), span };
}

function buildRef({ children: { Name, args, index } }: RefCstNode): Ref {
  const last = index?.[0]?.children.RightSquare[0] ?? args?.[0]?.children.RightParen[0] ?? Name.at(-1)!;
  return {
    kind: "ref",
    path: Name.map(buildName),
    args: args && (args[0]!.children.arg ?? []).map(buildArg),
    index: index && buildExpr(index[0]!.children.expr[0]!),
    span: spanOf(Name[0]!, last),
  };
}

function buildArg({ children }: ArgCstNode): Arg {
  const value = buildExpr(children.expr[0]!);
  const name = children.Name && buildName(children.Name[0]!);
  return { name, value, span: { start: (name ?? value).span.start, end: value.span.end } };
}

function buildName(token: IToken): Name {
  return { text: token.image, span: spanOf(token) };
}
