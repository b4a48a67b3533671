/** Short ways to write patterns. Nothing here but constructors of plain data. */
import type { Choice, Clause, Line, Param, Piece, ValueType } from "./pattern.js";

type Rest = Omit<Param, "name" | "type" | "doc">;

function param(type: ValueType): (name: string, doc: string, rest?: Rest) => Param {
  return (name, doc, rest = {}) => ({ name, type, doc, ...rest });
}

/** A whole number. */
export const count = param("count");
/** Any number. */
export const number = param("number");
/** A number from 0 to 1. */
export const share = param("share");
/** A count, a share or `capacity(c)`. */
export const amount = param("amount");
/** A quoted text. */
export const text = param("text");
/** A list of quoted texts. */
export const texts = param("texts");
/** A list of numbers. */
export const numbers = param("numbers");
/** Any word, e.g. the name of a weight or a tier. */
export const anyWord = param("weight");
/** A point of the residual stream. */
export const point = param("point");
/** A comparison with `coverage`. */
export const coverage = param("coverage");
/** A path `Mixture.experts`. */
export const expertsOf = param("experts");

/** One of the given words. */
export function word(name: string, words: readonly string[], doc: string, rest: Rest = {}): Param {
  return { name, type: "word", words, doc, ...rest };
}

/** A list of the given words. */
export function words(name: string, legal: readonly string[], doc: string, rest: Rest = {}): Param {
  return { name, type: "words", words: legal, doc, ...rest };
}

/** A bare word that switches something on. */
export function flag(name: string, doc: string): Param {
  return { name, type: "flag", doc, default: false, why: "off unless written" };
}

/** The name of a declaration of one of the given kinds. */
export function nameOf(name: string, of: readonly string[], doc: string, rest: Rest = {}): Param {
  return { name, type: "name", of, doc, ...rest };
}

/** The name of a declaration of one of the given kinds, or a list of such names. */
export function namesOf(name: string, of: readonly string[], doc: string, rest: Rest = {}): Param {
  return { name, type: "names", of, doc, ...rest };
}

/** A named form with its parameters. */
export function choice(name: string, doc: string, ...params: readonly Param[]): Choice {
  return { name, doc, params };
}

/** A place for one value. */
export function value(of: Param): Piece {
  return { piece: "value", param: of };
}

/** A place for one of several named forms. */
export function oneOf(arg: string, doc: string, choices: readonly Choice[]): Piece {
  return { piece: "choice", arg, doc, choices };
}

/** A word that must stand here. */
export function literal(text: string): Piece {
  return { piece: "word", word: text };
}

/** `intro value`, e.g. `sees 4`. */
export function clause(intro: string, piece: Piece, doc: string, rest: { readonly required?: boolean } = {}): Clause {
  const arg = piece.piece === "value" ? piece.param.name : piece.piece === "choice" ? piece.arg : piece.word;
  return { words: intro.split(" "), arg, doc, pieces: [piece], ...rest };
}

/** Words without anything after them, e.g. `renormalized`, `per layer`. */
export function mark(intro: string, arg: string, doc: string): Clause {
  return { words: intro.split(" "), arg, doc };
}

/** A word with arguments in parentheses, e.g. `scaled(2.5)`. */
export function call(intro: string, doc: string, ...params: readonly Param[]): Clause {
  return { words: [intro], arg: intro, doc, params };
}

interface LineRest {
  readonly times?: Line["times"];
  readonly clauses?: readonly Clause[];
  readonly example: string;
}

/** A line `name = value`. */
export function setting(name: string, doc: string, piece: Piece, rest: LineRest): Line {
  return { name, doc, shape: "setting", times: "0-1", pieces: [piece], clauses: [], ...rest };
}

/** A line `name words …`. */
export function phrase(name: string, doc: string, pieces: readonly Piece[], rest: LineRest): Line {
  return { name, doc, shape: "phrase", times: "0-1", pieces, clauses: [], ...rest };
}
