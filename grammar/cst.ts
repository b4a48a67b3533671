/** Generated from grammar/parser.ts by grammar/generate.ts. Do not edit. */
import type { CstNode, IToken } from "chevrotain";

export interface FileCstNode extends CstNode {
  name: "file";
  children: FileCstChildren;
}

export type FileCstChildren = {
  entries: EntriesCstNode[];
};

export interface EntriesCstNode extends CstNode {
  name: "entries";
  children: EntriesCstChildren;
}

export type EntriesCstChildren = {
  entry?: EntryCstNode[];
  LineEnd?: IToken[];
};

export interface EntryCstNode extends CstNode {
  name: "entry";
  children: EntryCstChildren;
}

export type EntryCstChildren = {
  assign?: AssignCstNode[];
  phrase?: PhraseCstNode[];
};

export interface AssignCstNode extends CstNode {
  name: "assign";
  children: AssignCstChildren;
}

export type AssignCstChildren = {
  Let?: IToken[];
  Name: IToken[];
  Equals: IToken[];
  expr: ExprCstNode[];
};

export interface PhraseCstNode extends CstNode {
  name: "phrase";
  children: PhraseCstChildren;
}

export type PhraseCstChildren = {
  Name: IToken[];
  atom?: AtomCstNode[];
  block?: BlockCstNode[];
};

export interface BlockCstNode extends CstNode {
  name: "block";
  children: BlockCstChildren;
}

export type BlockCstChildren = {
  LeftCurly: IToken[];
  entries: EntriesCstNode[];
  RightCurly: IToken[];
};

export interface ExprCstNode extends CstNode {
  name: "expr";
  children: ExprCstChildren;
}

export type ExprCstChildren = {
  sum: SumCstNode[];
  CompareOperator?: IToken[];
};

export interface SumCstNode extends CstNode {
  name: "sum";
  children: SumCstChildren;
}

export type SumCstChildren = {
  product: ProductCstNode[];
  AddOperator?: IToken[];
};

export interface ProductCstNode extends CstNode {
  name: "product";
  children: ProductCstChildren;
}

export type ProductCstChildren = {
  atom: AtomCstNode[];
  MultiplyOperator?: IToken[];
};

export interface AtomCstNode extends CstNode {
  name: "atom";
  children: AtomCstChildren;
}

export type AtomCstChildren = {
  Number?: IToken[];
  String?: IToken[];
  list?: ListCstNode[];
  group?: GroupCstNode[];
  ref?: RefCstNode[];
};

export interface RefCstNode extends CstNode {
  name: "ref";
  children: RefCstChildren;
}

export type RefCstChildren = {
  Name: IToken[];
  Dot?: IToken[];
  args?: ArgsCstNode[];
  index?: IndexCstNode[];
};

export interface ArgsCstNode extends CstNode {
  name: "args";
  children: ArgsCstChildren;
}

export type ArgsCstChildren = {
  LeftParen: IToken[];
  arg?: ArgCstNode[];
  Comma?: IToken[];
  RightParen: IToken[];
};

export interface ArgCstNode extends CstNode {
  name: "arg";
  children: ArgCstChildren;
}

export type ArgCstChildren = {
  Name?: IToken[];
  Colon?: IToken[];
  expr: ExprCstNode[];
};

export interface IndexCstNode extends CstNode {
  name: "index";
  children: IndexCstChildren;
}

export type IndexCstChildren = {
  LeftSquare: IToken[];
  expr: ExprCstNode[];
  RightSquare: IToken[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LeftSquare: IToken[];
  expr?: ExprCstNode[];
  Comma?: IToken[];
  RightSquare: IToken[];
};

export interface GroupCstNode extends CstNode {
  name: "group";
  children: GroupCstChildren;
}

export type GroupCstChildren = {
  LeftParen: IToken[];
  expr: ExprCstNode[];
  RightParen: IToken[];
};
