/**
 * The abstract syntax tree: what was written, nothing more. Three shapes of entry only
 * (`name = value`, `word word word`, `word … { }`); what the words mean is stage 2's business.
 */

/** A half-open range of characters in one source file. Lines and columns are derived when printed. */
export interface Span {
  /** index into the file's text, first character */
  readonly start: number;
  /** index one past the last character */
  readonly end: number;
}

export interface SourceFile {
  /** as the user named it; used in diagnostics */
  readonly path: string;
  readonly text: string;
}

export interface Ast {
  readonly source: SourceFile;
  readonly entries: readonly Entry[];
}

export type Entry = Assign | Phrase;

interface Documented {
  readonly span: Span;
  /** text of the `///` lines directly above, without the slashes, joined by newlines */
  readonly doc: string | undefined;
}

/** `name = expr`, `let name = expr` */
export interface Assign extends Documented {
  readonly kind: "assign";
  readonly let: boolean;
  readonly name: Name;
  readonly value: Expr;
}

/** `word atom atom … [{ entries }]` */
export interface Phrase extends Documented {
  readonly kind: "phrase";
  readonly name: Name;
  readonly atoms: readonly Expr[];
  readonly block: Block | undefined;
}

export interface Block {
  readonly span: Span;
  readonly entries: readonly Entry[];
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type Expr = NumberLiteral | StringLiteral | List | Ref | Binary;

export interface NumberLiteral {
  readonly kind: "number";
  /** `12.5%` is 0.125, `4k` is 4000, `500M` is 5e8 */
  readonly value: number;
  /** exactly as written, e.g. `10_000` */
  readonly text: string;
  readonly percent: boolean;
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
  readonly span: Span;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Expr[];
  readonly span: Span;
}

/** `name`, `a.b.c`, `name(args)`, `name[index]`, and both together */
export interface Ref {
  readonly kind: "ref";
  readonly path: readonly Name[];
  readonly args: readonly Arg[] | undefined;
  readonly index: Expr | undefined;
  readonly span: Span;
}

export interface Arg {
  readonly name: Name | undefined;
  readonly value: Expr;
  readonly span: Span;
}

export interface Binary {
  readonly kind: "binary";
  readonly op: "+" | "-" | "*" | "/" | "<" | "<=" | ">" | ">=" | "==" | "!=";
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}
