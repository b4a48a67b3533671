/**
 * How the words of a line are described: parameters, clauses, choices. Plain data that checking, completion, `explain`,
 * formatting and the reference docs all read. Reading a line by its pattern is stage 2's business (`2-design/read-*.ts`).
 */

/** A resolved argument. */
export type Scalar = number | string | boolean;

/**
 * What may stand for a value.
 * `count` whole number · `number` any number · `share` a number from 0 to 1, usually written in percent ·
 * `amount` a count, a share or `capacity(c)` · `word` one of `words` · `flag` present or not · `text` quoted ·
 * `texts`, `words`, `numbers` lists (a single one may stand without brackets) · `name` of a declaration, `names` a list ·
 * `point` of the residual stream: `input`, `Part`, `previous.Part` ·
 * `weight` any word · `coverage` a comparison `coverage <= 80%` · `experts` a path `Mixture.experts`
 */
export type ValueType =
  | "count"
  | "number"
  | "share"
  | "amount"
  | "word"
  | "flag"
  | "text"
  | "texts"
  | "words"
  | "numbers"
  | "name"
  | "names"
  | "point"
  | "weight"
  | "coverage"
  | "experts";

/** One value: an argument in parentheses, a setting, or a word inside a phrase. */
export interface Param {
  readonly name: string;
  readonly type: ValueType;
  /** what it says, in one sentence or less */
  readonly doc: string;
  /** value when nothing is written; without one the value is required unless `optional` or `derived` */
  readonly default?: Scalar | readonly string[] | readonly number[];
  /** why this default */
  readonly why?: string;
  /** how the value is found when nothing is written, e.g. `d_model / heads`; the block's own code computes it */
  readonly derived?: string;
  /** nothing written means there is none */
  readonly optional?: boolean;
  /** legal words of a `word` or `words` */
  readonly words?: readonly string[];
  /** kinds of declaration a `name` or `names` may have, e.g. ["block"] */
  readonly of?: readonly string[];
  /** smallest legal number, included (counts: 0 unless said) */
  readonly min?: number;
  /** largest legal number, included */
  readonly max?: number;
  /** `min` itself is not legal */
  readonly above?: boolean;
}

/** One of several named forms, e.g. `rms(eps: 1e-5)`. */
export interface Choice {
  readonly name: string;
  readonly doc: string;
  readonly params: readonly Param[];
}

/** A place in a phrase. */
export type Piece =
  /** one value */
  | { readonly piece: "value"; readonly param: Param }
  /** one named form; its name is kept under `arg`, its arguments beside it */
  | { readonly piece: "choice"; readonly arg: string; readonly doc: string; readonly choices: readonly Choice[] }
  /** a word that must stand here, e.g. `of` */
  | { readonly piece: "word"; readonly word: string };

/** Words that may follow the head of a phrase, in any order, e.g. `per token`, `at most 8`, `renormalized`. */
export interface Clause {
  /** the words that introduce it */
  readonly words: readonly string[];
  /** argument that says whether the clause is there; for clauses without pieces it is a truth value */
  readonly arg: string;
  readonly doc: string;
  /** arguments in parentheses after the words: `scaled(2.5)` */
  readonly params?: readonly Param[];
  /** what follows the words */
  readonly pieces?: readonly Piece[];
  /** the clause must be there */
  readonly required?: boolean;
}

/** One line of a block. */
export interface Line {
  readonly name: string;
  readonly doc: string;
  /** `name = value` or `name words …` */
  readonly shape: "setting" | "phrase";
  /** how often: exactly once, at most once, any number of times, at least once */
  readonly times: "1" | "0-1" | "0+" | "1+";
  readonly pieces: readonly Piece[];
  readonly clauses: readonly Clause[];
  readonly example: string;
}

/** The lines one kind of block knows. */
export interface Vocabulary {
  /** the word that opens the block, e.g. `moe` */
  readonly name: string;
  /** with its article, for messages: "a moe" */
  readonly a: string;
  readonly doc: string;
  readonly lines: readonly Line[];
}
