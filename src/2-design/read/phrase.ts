/** Reads the words of a line by its pattern: the pieces in order, then clauses in any order. */
import type { Expr, Ref, Span } from "../../1-syntax/ast.js";
import type { Help } from "../../diagnostics/diagnostic.js";
import { suggest } from "../../diagnostics/suggest.js";
import type { Choice, Clause, Param, Piece } from "../../words/pattern.js";
import { type Collected, fillDefault, readArgs, take } from "./args.js";
import { describe, exprText, refPath } from "./expr-text.js";
import { complain, didYouMean, type Site } from "./report.js";
import type { Reader } from "./session.js";
import { startsLines } from "./unknown-line.js";
import { takes } from "./value.js";

/** A line on its way from words to values. */
export interface Walk {
  readonly path: string;
  /** the word the line is about, for messages */
  readonly word: string;
  readonly atoms: readonly Expr[];
  /** of the whole line; the end of the line is its end */
  readonly span: Span;
  readonly into: Collected;
  readonly reader: Reader;
  /** words that go on with the line, so that they cannot be values */
  readonly stops: readonly string[];
  /** a right line of this sort */
  readonly example?: string;
  /** index of the next word */
  next: number;
}

/** Reads pieces and clauses to the end of the line. */
export function walkLine(walk: Walk, pieces: readonly Piece[], clauses: readonly Clause[]): void {
  walkPieces(walk, pieces);
  if (walk.into.sound || walk.next > 0) walkClauses(walk, clauses);
}

/** The words of a pattern that are no values. */
export function stopWords(pieces: readonly Piece[], clauses: readonly Clause[]): readonly string[] {
  const literals = pieces.flatMap((piece) => (piece.piece === "word" ? [piece.word] : []));
  return [...literals, ...clauses.map((clause) => clause.words[0] ?? "")];
}

/** Reads pieces in order; stops at the first that does not fit. */
export function walkPieces(walk: Walk, pieces: readonly Piece[]): void {
  for (const piece of pieces) {
    if (!walkPiece(walk, piece)) {
      walk.into.sound = false;
      // what follows can no longer be told apart
      walk.next = walk.atoms.length;
      return;
    }
  }
}

function walkPiece(walk: Walk, piece: Piece): boolean {
  const atom = walk.atoms[walk.next];
  if (piece.piece === "value") {
    if (walkOverride(walk, piece.param)) return true;
    const stop = walk.stops.includes(bareWord(atom) ?? "") && piece.param.type !== "word";
    if (!atom || stop || isWordTooMany(walk, piece.param)) return unexpected(walk, takes[piece.param.type]);
    walk.next++;
    const path = `${walk.path}.${piece.param.name}`;
    take(piece.param, { value: atom, span: atom.span }, path, walk.into, walk.reader, walk.word);
    return true;
  }
  if (piece.piece === "word") {
    if (bareWord(atom) !== piece.word) return unexpected(walk, `\`${piece.word}\``);
    walk.next++;
    return true;
  }
  return walkChoice(walk, piece.arg, piece.choices);
}

/** `shared experts 2 of …`: a word where a number comes, and the number behind it. */
function isWordTooMany({ atoms, next, reader }: Walk, { type }: Param): boolean {
  const word = bareWord(atoms[next]);
  const isNumber = type === "count" || type === "number" || type === "share" || type === "amount";
  return (
    isNumber && word !== undefined && atoms[next + 1]?.kind === "number" && reader.names.lookup(word) === undefined
  );
}

/** `--set Mixture.experts.count=8` takes the place of the number that is written. */
function walkOverride(walk: Walk, param: Param): boolean {
  const path = `${walk.path}.${param.name}`;
  const set = walk.reader.session.overrides.expression(path);
  if (!set) return false;
  walk.next++;
  take(param, { value: set.expr, span: set.expr.span }, path, walk.into, { ...walk.reader, source: set.source });
  return true;
}

function walkChoice(walk: Walk, arg: string, choices: readonly Choice[]): boolean {
  const atom = walk.atoms[walk.next];
  if (atom?.kind !== "ref") return unexpected(walk, listed(choices), exampleOf(choices, atom, walk));
  walk.next++;
  const after = walk.atoms[walk.next];
  return readChoice(atom, arg, choices, { ...walk, after });
}

/** `keep 4`, `until 1000`: the only form there is, with its number. */
function exampleOf([only, ...others]: readonly Choice[], atom: Expr | undefined, { word, reader }: Walk) {
  if (only === undefined || others.length > 0 || only.params.length === 0) return [];
  if (atom?.kind !== "number") return [`for example \`${word} ${only.name}(…)\``];
  const text = `${only.name}(${exprText(atom)})`;
  return [{ text: `write \`${word} ${text}\``, fix: { source: reader.source, span: atom.span, text } }];
}

/** Where a choice stands, for its values and for messages. */
export interface ChoicePlace extends Pick<Walk, "path" | "word" | "into" | "reader"> {
  /** a right line of this sort */
  readonly example?: string;
  /** the word behind it */
  readonly after?: Expr | undefined;
}

/** Reads `rms(eps: 1e-5)` as one of several forms; false and reported when it is none of them. */
export function readChoice(
  atom: Ref,
  arg: string,
  choices: readonly Choice[],
  { path, word, into, reader, example, after }: ChoicePlace,
): boolean {
  const name = refPath(atom);
  const choice = atom.index ? undefined : choices.find((each) => each.name === name);
  if (!choice) {
    const site = { source: reader.source, span: atom.path.length === 1 ? atom.path[0]!.span : atom.span };
    const help = didYouMean(
      site,
      suggest(
        name,
        choices.map((each) => each.name),
      ),
    );
    const legal = `legal words: ${choices.map((each) => each.name).join(", ")}`;
    const whole = example === undefined ? [] : [`for example \`${example}\``];
    complain(reader.report, "MOE2001", { word: name, where: `\`${word}\`` }, site, {
      help: help.length > 0 ? help : [legal, ...whole],
    });
    return false;
  }
  into.args[arg] = choice.name;
  readArgs(atom, choice.params, path, into, reader, after);
  return true;
}

/** Reads clauses until the line ends; an unknown word is reported and skipped. */
export function walkClauses(walk: Walk, clauses: readonly Clause[]): void {
  const seen = new Set<Clause>();
  while (walk.next < walk.atoms.length) {
    const clause = clauses.find((each) => startsClause(walk, each));
    if (!clause) {
      unknownClause(walk, clauses);
      break;
    }
    if (seen.has(clause)) doubledClause(walk, clause);
    seen.add(clause);
    walkClause(walk, clause);
  }
  for (const clause of clauses) if (!seen.has(clause)) absentClause(walk, clause);
}

function startsClause(walk: Walk, clause: Clause): boolean {
  return clause.words.every((word, i) => {
    const atom = walk.atoms[walk.next + i];
    const isCall = clause.params !== undefined && atom?.kind === "ref" && refPath(atom) === word;
    return isCall || bareWord(atom) === word;
  });
}

function walkClause(walk: Walk, clause: Clause): void {
  const atom = walk.atoms[walk.next];
  walk.next += clause.words.length;
  if (clause.params) {
    walk.into.args[clause.arg] ??= true;
    readArgs(atom as Ref, clause.params, walk.path, walk.into, walk.reader);
  } else if (clause.pieces) {
    for (const piece of clause.pieces) {
      const inner: Walk = { ...walk, word: clause.words.join(" ") };
      if (!walkPiece(inner, piece)) {
        walk.into.sound = false;
        walk.next = walk.atoms.length;
        return;
      }
      walk.next = inner.next;
    }
  } else {
    walk.into.args[clause.arg] = true;
  }
}

function absentClause(walk: Walk, clause: Clause): void {
  if (clause.required && walk.into.sound) {
    unexpected({ ...walk, next: walk.atoms.length }, `\`${clause.words.join(" ")}\``);
    walk.into.sound = false;
  }
  // of a clause with parentheses only the value it is named after means something when the clause is not there
  const own = clause.params?.find((param) => param.name === clause.arg);
  if (own) fillDefault(own, `${walk.path}.${own.name}`, walk.into, walk.reader);
  else if (!clause.pieces) walk.into.args[clause.arg] = false;
  for (const piece of clause.pieces ?? []) {
    if (piece.piece === "value") fillDefault(piece.param, `${walk.path}.${piece.param.name}`, walk.into, walk.reader);
  }
}

function doubledClause(walk: Walk, clause: Clause): void {
  const { source, report } = walk.reader;
  const span = walk.atoms[walk.next]!.span;
  complain(report, "MOE2004", { name: clause.words.join(" "), where: `\`${walk.word}\`` }, { source, span });
  walk.into.sound = false;
}

function unknownClause(walk: Walk, clauses: readonly Clause[]): void {
  const { source, report } = walk.reader;
  const atom = walk.atoms[walk.next]!;
  const word = atom.kind === "ref" ? refPath(atom) : undefined;
  const first = walk.into.sound;
  walk.into.sound = false;
  if (word === undefined) {
    // `capacity 1.25`: the argument that is missing there is the number that is too much here
    if (!first) return;
    unexpected(walk, clauses.length > 0 ? "nothing, or one of its clauses" : "nothing");
    return;
  }
  const site = { source, span: atom.kind === "ref" && atom.path.length === 1 ? atom.path[0]!.span : atom.span };
  const starts = clauses.map((clause) => clause.words[0] ?? "");
  const help = startsLines(word) ? lineOfItsOwn(word, site) : didYouMean(site, suggest(word, starts));
  const known = clauses.length > 0 ? [`clauses of \`${walk.word}\`: ${clauses.map(clauseText).join(", ")}`] : [];
  complain(report, "MOE2020", { clause: word, of: walk.word }, site, { help: help.length > 0 ? help : known });
}

/** `score linear gate softmax`: the end of a line was forgotten. */
function lineOfItsOwn(word: string, site: Site) {
  const fix = { source: site.source, span: { start: site.span.start, end: site.span.start }, text: "; " };
  return [{ text: `\`${word}\` starts a line of its own, or stands after a \`;\``, fix }];
}

/** A clause as it is written, e.g. `per …`, `renormalized`, `scaled(…)`. */
export function clauseText(clause: Clause): string {
  const words = clause.words.join(" ");
  if (clause.pieces) return `${words} …`;
  return clause.params && !clause.params.every((param) => param.default !== undefined) ? `${words}(…)` : words;
}

function unexpected(walk: Walk, expected: string, help: readonly (Help | string)[] = []): false {
  const { source, report } = walk.reader;
  const atom = walk.atoms[walk.next];
  const end = { start: Math.max(walk.span.start, walk.span.end - 1), end: walk.span.end };
  const before = walk.atoms[walk.next - 1];
  const word = before && before.kind === "ref" ? exprText(before) : walk.word;
  const found = atom ? describe(atom) : "the end of the line";
  complain(report, "MOE2019", { word, expected, found }, { source, span: atom?.span ?? end }, { help });
  return false;
}

function bareWord(atom: Expr | undefined): string | undefined {
  return atom?.kind === "ref" && !atom.args && !atom.index ? refPath(atom) : undefined;
}

function listed(choices: readonly Choice[]): string {
  const names = choices.map((choice) => `\`${choice.name}\``);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} or the like` : names.join(" or ");
}
