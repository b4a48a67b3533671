/** Reads the lines of a block by its vocabulary: unknown, doubled, missing ones are reported, the others read. */
import type { Entry, Span } from "../../1-syntax/ast.js";
import type { Line, Vocabulary } from "../../words/pattern.js";
import { type Collected, fillDefault, take } from "./args.js";
import type { SourcedLine } from "./declarations.js";
import { atomsText, exprText } from "./expr-text.js";
import type { Names } from "./names.js";
import { readChoice, stopWords, walkLine } from "./phrase.js";
import { complain, touchesBroken, trustsAbsence } from "./report.js";
import { noteWritten, type Reader, type Session } from "./session.js";
import { helpForLine } from "./unknown-line.js";
import type { ArgValue } from "./value.js";

/** A line whose words have been turned into values. */
export interface Reading {
  readonly name: string;
  /** `Mixture.experts`, `Mixture.experts[1]` */
  readonly path: string;
  readonly args: Readonly<Record<string, ArgValue>>;
  /** nothing in the line was wrong */
  readonly sound: boolean;
  readonly line: SourcedLine;
  readonly reader: Reader;
}

/** Reads all lines of a block; lines the vocabulary does not know go to `fallback` first, which may take them. */
export function readLines(
  lines: readonly SourcedLine[],
  vocabulary: Vocabulary,
  path: string,
  names: Names,
  session: Session,
  fallback: (line: SourcedLine, reader: Reader) => boolean = () => false,
): readonly Reading[] {
  const counts = new Map<string, number>();
  const readings: Reading[] = [];
  for (const sourced of lines) {
    const reader = readerOf(sourced, names, session);
    if (isLet(sourced.entry)) continue;
    const line = vocabulary.lines.find((each) => each.name === sourced.entry.name.text);
    if (!line) {
      if (!fallback(sourced, reader)) unknownLine(sourced, vocabulary, path, reader);
      continue;
    }
    const index = counts.get(line.name) ?? 0;
    counts.set(line.name, index + 1);
    if (index > 0 && (line.times === "1" || line.times === "0-1")) {
      doubledLine(sourced, readings.find((each) => each.name === line.name)!, vocabulary, reader);
      continue;
    }
    const own = index === 0 ? `${path}.${line.name}` : `${path}.${line.name}[${index}]`;
    readings.push(readLine(sourced, line, own, reader));
  }
  return readings;
}

/** A reader for one line. */
export function readerOf(line: SourcedLine, names: Names, session: Session): Reader {
  return { session, report: session.report, source: line.source, names, inherited: line.inherited };
}

/** The reading of a name, if the block has one. */
export function find(readings: readonly Reading[], name: string): Reading | undefined {
  return readings.find((reading) => reading.name === name);
}

/** Reports lines that must be there and are not; `owner` is the whole declaration. */
export function requireLines(
  readings: readonly Reading[],
  vocabulary: Vocabulary,
  path: string,
  owner: Span,
  at: Span,
  session: Session,
): void {
  const { report, source } = session;
  for (const { name, times } of vocabulary.lines) {
    if (times !== "1" && times !== "1+") continue;
    if (find(readings, name) || !trustsAbsence(report, path, name) || touchesBroken(report, owner)) continue;
    report.damaged.add(`${path}.${name}`);
    const example = vocabulary.lines.find((line) => line.name === name)!.example;
    const help = [`add a line like \`${example}\``];
    complain(report, "MOE2005", { name, where: `${vocabulary.name} \`${path}\`` }, { source, span: at }, { help });
  }
}

function isLet(entry: Entry): boolean {
  return entry.kind === "assign" && entry.let;
}

/** Reads one line by its description. */
export function readLine(sourced: SourcedLine, line: Line, path: string, reader: Reader): Reading {
  const into: Collected = { args: {}, sound: true };
  if (!rightShape(sourced, line, path, reader)) into.sound = false;
  else readEntry(sourced.entry, line, path, into, reader);
  if (into.sound) noteLine(sourced, path, reader);
  else reader.report.damaged.add(path);
  return { name: line.name, path, args: into.args, sound: into.sound, line: sourced, reader };
}

function noteLine({ entry }: SourcedLine, path: string, reader: Reader): void {
  const text = entry.kind === "assign" ? exprText(entry.value) : atomsText(entry.atoms);
  const { span } = entry.kind === "assign" ? entry.value : entry;
  noteWritten(reader, path, text, { source: reader.source, span });
}

function rightShape({ entry }: SourcedLine, line: Line, path: string, { source, report }: Reader): boolean {
  const site = { source, span: entry.name.span };
  if (entry.kind === "assign" && line.shape === "phrase") {
    const fix = { source, span: { start: entry.name.span.end, end: entry.value.span.start }, text: " " };
    const help = [{ text: `write \`${line.name} ${exprText(entry.value)}\``, fix }];
    complain(report, "MOE2012", { name: line.name }, site, { help });
    return false;
  }
  if (entry.kind === "phrase" && line.shape === "setting") {
    const [first] = entry.atoms;
    const span = { start: entry.name.span.end, end: first?.span.start ?? entry.name.span.end };
    const fix = entry.atoms.length === 1 && { fix: { source, span, text: " = " } };
    complain(report, "MOE2011", { name: line.name }, site, {
      help: [{ text: `for example \`${line.example}\``, ...fix }],
    });
    return false;
  }
  if (entry.kind === "phrase" && entry.block && !path.endsWith(".router")) {
    complain(
      report,
      "MOE2018",
      { word: line.name },
      { source, span: { start: entry.block.span.start, end: entry.block.span.start + 1 } },
    );
    return false;
  }
  return true;
}

function readEntry(entry: Entry, line: Line, path: string, into: Collected, reader: Reader): void {
  if (entry.kind === "phrase") {
    const { atoms, span } = entry;
    const stops = stopWords(line.pieces, line.clauses);
    const { name: word, example } = line;
    walkLine({ path, word, atoms, span, into, reader, stops, example, next: 0 }, line.pieces, line.clauses);
    return;
  }
  const [piece] = line.pieces;
  const { value } = entry;
  if (piece?.piece === "value") take(piece.param, { value, span: value.span }, path, into, reader);
  else if (piece?.piece === "choice" && value.kind === "ref") {
    if (!readChoice(value, piece.arg, piece.choices, { path, word: line.name, into, reader })) into.sound = false;
  } else if (piece?.piece === "choice") {
    const help = [`for example \`${line.example}\``];
    const legal = piece.choices.map((choice) => choice.name).join(", ");
    const site = { source: reader.source, span: value.span };
    complain(
      reader.report,
      "MOE2006",
      { what: line.name, expected: `one of ${legal}`, found: `\`${exprText(value)}\`` },
      site,
      { help },
    );
    into.sound = false;
  }
}

/** Notes the default of a setting that is not written at all. */
export function defaultSetting(
  vocabulary: Vocabulary,
  name: string,
  path: string,
  session: Session,
  names: Names,
): Reading["args"] {
  const line = vocabulary.lines.find((each) => each.name === name)!;
  const into: Collected = { args: {}, sound: true };
  const reader: Reader = { session, report: session.report, source: session.source, names, inherited: false };
  for (const piece of line.pieces) {
    if (piece.piece === "value") fillDefault(piece.param, `${path}.${name}`, into, reader);
  }
  return into.args;
}

function unknownLine({ entry }: SourcedLine, vocabulary: Vocabulary, path: string, { source, report }: Reader): void {
  report.damaged.add(`${path}.*`);
  const site = { source, span: entry.name.span };
  const word = entry.name.text;
  complain(report, "MOE2001", { word, where: vocabulary.a }, site, { help: helpForLine(word, vocabulary, site) });
}

function doubledLine({ entry }: SourcedLine, first: Reading, vocabulary: Vocabulary, { source, report }: Reader): void {
  const secondary = [{ source: first.line.source, span: first.line.entry.name.span, text: "first given here" }];
  const where = vocabulary.a;
  complain(report, "MOE2004", { name: entry.name.text, where }, { source, span: entry.name.span }, { secondary });
}
