/**
 * The grammar: sixteen rules, LL(2), no actions. It knows three shapes of entry and no words: what the words mean is
 * data (see src/words and src/rules), so a new routing rule never touches this file.
 *
 * The parser stops at the first mistake of its input. Recovery is one level up (src/1-syntax/recover.ts), where it can
 * use what this language guarantees and a general algorithm cannot know: a line is a fact, so a mistake stays in its
 * line.
 */
import type { CstNode, Rule as GastRule, IToken, ParserMethod } from "chevrotain";
import { CstParser } from "./chevrotain.js";
import type { FileCstNode } from "./cst.js";
import {
  AddOperator,
  allTokens,
  Colon,
  Comma,
  CompareOperator,
  Dot,
  Equals,
  LeftCurly,
  LeftParen,
  LeftSquare,
  Let,
  LineEnd,
  MultiplyOperator,
  Name,
  NumberToken,
  RightCurly,
  RightParen,
  RightSquare,
  StringToken,
} from "./tokens.js";

type Rule = ParserMethod<[], CstNode>;

class MoeParser extends CstParser {
  readonly file: Rule = this.RULE("file", () => {
    this.SUBRULE(this.entries);
  });

  readonly entries: Rule = this.RULE("entries", () => {
    this.MANY_SEP({ SEP: LineEnd, DEF: () => this.SUBRULE(this.entry) });
  });

  readonly entry: Rule = this.RULE("entry", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.assign) }, { ALT: () => this.SUBRULE(this.phrase) }]);
  });

  readonly assign: Rule = this.RULE("assign", () => {
    this.OPTION(() => this.CONSUME(Let));
    this.CONSUME(Name);
    this.CONSUME(Equals);
    this.SUBRULE(this.expr);
  });

  readonly phrase: Rule = this.RULE("phrase", () => {
    this.CONSUME(Name);
    this.MANY(() => this.SUBRULE(this.atom));
    this.OPTION(() => this.SUBRULE(this.block));
  });

  readonly block: Rule = this.RULE("block", () => {
    this.CONSUME(LeftCurly);
    this.SUBRULE(this.entries);
    this.CONSUME(RightCurly);
  });

  readonly expr: Rule = this.RULE("expr", () => {
    this.SUBRULE(this.sum);
    this.OPTION(() => {
      this.CONSUME(CompareOperator);
      this.SUBRULE2(this.sum);
    });
  });

  readonly sum: Rule = this.RULE("sum", () => {
    this.SUBRULE(this.product);
    this.MANY(() => {
      this.CONSUME(AddOperator);
      this.SUBRULE2(this.product);
    });
  });

  readonly product: Rule = this.RULE("product", () => {
    this.SUBRULE(this.atom);
    this.MANY(() => {
      this.CONSUME(MultiplyOperator);
      this.SUBRULE2(this.atom);
    });
  });

  readonly atom: Rule = this.RULE("atom", () => {
    this.OR([
      { ALT: () => this.CONSUME(NumberToken) },
      { ALT: () => this.CONSUME(StringToken) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.ref) },
    ]);
  });

  readonly ref: Rule = this.RULE("ref", () => {
    this.CONSUME(Name);
    this.MANY(() => {
      this.CONSUME(Dot);
      this.CONSUME2(Name);
    });
    this.OPTION({ GATE: () => this.bracketTouches(), DEF: () => this.SUBRULE(this.args) });
    this.OPTION2({ GATE: () => this.bracketTouches(), DEF: () => this.SUBRULE(this.index) });
  });

  readonly args: Rule = this.RULE("args", () => {
    this.CONSUME(LeftParen);
    this.MANY_SEP({ SEP: Comma, DEF: () => this.SUBRULE(this.arg) });
    this.CONSUME(RightParen);
  });

  readonly arg: Rule = this.RULE("arg", () => {
    this.OPTION(() => {
      this.CONSUME(Name);
      this.CONSUME(Colon);
    });
    this.SUBRULE(this.expr);
  });

  readonly index: Rule = this.RULE("index", () => {
    this.CONSUME(LeftSquare);
    this.SUBRULE(this.expr);
    this.CONSUME(RightSquare);
  });

  readonly list: Rule = this.RULE("list", () => {
    this.CONSUME(LeftSquare);
    this.MANY_SEP({ SEP: Comma, DEF: () => this.SUBRULE(this.expr) });
    this.CONSUME(RightSquare);
  });

  readonly group: Rule = this.RULE("group", () => {
    this.CONSUME(LeftParen);
    this.SUBRULE(this.expr);
    this.CONSUME(RightParen);
  });

  constructor() {
    super([...allTokens], { maxLookahead: 2, recoveryEnabled: false, nodeLocationTracking: "none" });
    this.performSelfAnalysis();
  }

  /** `f(x)` and `t[i]` need the bracket to touch the name, so that `for [a, b]` and `when (x)` stay two words. */
  private bracketTouches(): boolean {
    return touches(this.LA(0), this.LA(1));
  }
}

/** Whether nothing, not even a space, is between two tokens. */
export function touches(before: IToken, after: IToken): boolean {
  return before.startOffset + before.image.length === after.startOffset;
}

const parser = new MoeParser();

/** Where the parser had to stop, and what it was in the middle of. */
export interface Stop {
  /** the first token that does not fit; the end-of-file token when the input broke off */
  readonly token: IToken;
  readonly rule: string;
}

export interface Parsed {
  readonly cst: FileCstNode | undefined;
  readonly stop: Stop | undefined;
}

/** Parses tokens whose line ends count (see line-ends.ts); either the tree or the place of the first mistake. */
export function parseTokens(tokens: readonly IToken[]): Parsed {
  parser.input = [...tokens];
  const cst = parser.file() as FileCstNode;
  const [first] = parser.errors;
  if (!first) return { cst, stop: undefined };
  return { cst: undefined, stop: { token: first.token, rule: first.context.ruleStack.at(-1) ?? "file" } };
}

/** The rules as data, for the generated grammar files. */
export function grammarRules(): Record<string, GastRule> {
  return parser.getGAstProductions();
}
