/**
 * What a file declares, with inheritance worked out: `moe A from B { … }` has B's lines, and A's lines in place of
 * those of the same word. `--set` values of whole lines take their place here too, so that heirs inherit them.
 */
import type { Entry, Name, Phrase, SourceFile } from "../../1-syntax/ast.js";
import { suggest } from "../../diagnostics/suggest.js";
import { vocabularies } from "../../words/index.js";
import { refPath } from "./expr-text.js";
import { complain, didYouMean } from "./report.js";
import type { Session } from "./session.js";

export type DeclarationKind = keyof typeof vocabularies;

/** A line and where it comes from. */
export interface SourcedLine {
  readonly entry: Entry;
  readonly source: SourceFile;
  readonly inherited: boolean;
  /** lines of a router inside a moe, where they are not simply those of its block */
  readonly children?: readonly SourcedLine[];
}

export interface Declaration {
  readonly kind: DeclarationKind;
  readonly name: Name;
  readonly phrase: Phrase;
  readonly parent: Name | undefined;
  /** all lines, inherited ones first */
  readonly lines: readonly SourcedLine[];
}

export type Declarations = ReadonlyMap<string, Declaration>;

/** With its article, for messages. */
export function aKind(kind: DeclarationKind): string {
  return vocabularies[kind].a;
}

/** Whether a word opens a declaration. */
export function isKind(word: string): word is DeclarationKind {
  return Object.hasOwn(vocabularies, word);
}

type Bare = Omit<Declaration, "lines">;

/** All declarations of the entries of a file by name; doubled names, unknown parents and circles are reported. */
export function declare(phrases: readonly Phrase[], session: Session): Declarations {
  const bare = new Map<string, Bare>();
  for (const phrase of phrases) {
    const declaration = readHead(phrase, session);
    if (!declaration) continue;
    const first = bare.get(declaration.name.text);
    if (first) doubled(declaration, first, session);
    else bare.set(declaration.name.text, declaration);
  }
  const done = new Map<string, Declaration>();
  for (const name of bare.keys()) inherit(name, bare, done, [], session);
  return new Map([...bare.keys()].map((name) => [name, done.get(name)!]));
}

function readHead(phrase: Phrase, session: Session): Bare | undefined {
  const kind = phrase.name.text as DeclarationKind;
  const [first, from, parent, extra] = phrase.atoms;
  const name = nameOf(first);
  if (!name) return headMistake(phrase, 0, "a name", session);
  if (!from) {
    if (phrase.block) return { kind, name, phrase, parent: undefined };
    complain(
      session.report,
      "MOE2017",
      { word: `${kind} ${name.text}` },
      { source: session.source, span: phrase.span },
    );
    session.report.damaged.add(`${name.text}.*`);
    return { kind, name, phrase, parent: undefined };
  }
  if (nameOf(from)?.text !== "from") return headMistake(phrase, 1, "a block, or `from` and a name", session);
  const parentName = nameOf(parent);
  if (!parentName) return headMistake(phrase, 2, `the name of ${aKind(kind)}`, session);
  if (extra) return headMistake(phrase, 3, "a block", session);
  return { kind, name, phrase, parent: parentName };
}

function nameOf(atom: Phrase["atoms"][number] | undefined): Name | undefined {
  if (atom?.kind !== "ref" || atom.args || atom.index || atom.path.length > 1) return undefined;
  return atom.path[0];
}

function headMistake(phrase: Phrase, at: number, expected: string, { source, report }: Session): undefined {
  const atom = phrase.atoms[at];
  const found = atom ? (atom.kind === "ref" ? `\`${refPath(atom)}\`` : "that") : "the end of the line";
  const word = phrase.atoms[at - 1];
  const before = word?.kind === "ref" ? refPath(word) : phrase.name.text;
  complain(report, "MOE2019", { word: before, expected, found }, { source, span: atom?.span ?? phrase.name.span });
  return undefined;
}

function doubled(second: Bare, first: Bare, { source, report }: Session): void {
  const secondary = [{ source, span: first.name.span, text: "first defined here" }];
  complain(report, "MOE2003", { name: second.name.text }, { source, span: second.name.span }, { secondary });
}

function inherit(
  name: string,
  bare: ReadonlyMap<string, Bare>,
  done: Map<string, Declaration>,
  heirs: readonly string[],
  session: Session,
): Declaration {
  const known = done.get(name);
  if (known) return known;
  const own = bare.get(name)!;
  const parent = parentOf(own, bare, heirs, session);
  if (parent === undefined && own.parent) for (const heir of [...heirs, name]) session.report.damaged.add(`${heir}.*`);
  const inherited = parent ? inherit(parent, bare, done, [...heirs, name], session).lines : [];
  const written = (own.phrase.block?.entries ?? []).map((entry) => ({
    entry,
    source: session.source,
    inherited: false,
  }));
  const merged = mergeLines(
    inherited.map((line) => ({ ...line, inherited: true })),
    written,
    own.kind,
  );
  const declaration: Declaration = { ...own, lines: setLines(merged, name, own.kind, session) };
  done.set(name, declaration);
  return declaration;
}

function parentOf(own: Bare, bare: ReadonlyMap<string, Bare>, heirs: readonly string[], session: Session) {
  const { parent, kind } = own;
  if (!parent) return undefined;
  const { source, report, used } = session;
  const site = { source, span: parent.span };
  used.add(parent.text);
  const found = bare.get(parent.text);
  const chain = [...heirs, own.name.text];
  if (found && found.kind === kind && !chain.includes(parent.text)) return parent.text;
  report.damaged.add(`${own.name.text}.*`);
  if (!found) {
    const names = [...bare.values()].filter((each) => each.kind === kind).map((each) => each.name.text);
    complain(report, "MOE2002", { kind, name: parent.text }, site, {
      help: didYouMean(site, suggest(parent.text, names)),
    });
  } else if (found.kind !== kind) {
    complain(report, "MOE2013", { name: parent.text, expected: aKind(kind), found: aKind(found.kind) }, site);
  } else {
    complain(report, "MOE2014", { cycle: [...chain.slice(chain.indexOf(parent.text)), parent.text] }, site);
  }
  return undefined;
}

/** Lines of the same word take the place of inherited ones; the others are added. */
export function mergeLines(
  inherited: readonly SourcedLine[],
  written: readonly SourcedLine[],
  kind: DeclarationKind,
): readonly SourcedLine[] {
  const keys = new Set(written.map((line) => lineKey(line.entry, kind)));
  const replaced = new Set<string>();
  const kept = inherited.flatMap((line) => {
    const key = lineKey(line.entry, kind);
    if (!keys.has(key)) return [line];
    if (replaced.has(key)) return [];
    replaced.add(key);
    return mergeOne(
      line,
      written.filter((each) => lineKey(each.entry, kind) === key),
      kind,
    );
  });
  return [...kept, ...written.filter((line) => !replaced.has(lineKey(line.entry, kind)))];
}

/** A router inside a moe is merged slot by slot; anything else is replaced. */
function mergeOne(old: SourcedLine, written: readonly SourcedLine[], kind: DeclarationKind): readonly SourcedLine[] {
  const [line] = written;
  const fresh = line?.entry;
  const before = old.entry;
  if (kind !== "moe" || fresh?.kind !== "phrase" || before.kind !== "phrase" || fresh.name.text !== "router")
    return written;
  if (fresh.atoms.length > 0 || !fresh.block || !before.block) return written;
  return [
    {
      ...line!,
      entry: { ...fresh, atoms: before.atoms },
      children: mergeLines(childrenOf(old), childrenOf(line!), "router"),
    },
  ];
}

/** The lines of the block of a line. */
export function childrenOf(line: SourcedLine): readonly SourcedLine[] {
  if (line.children) return line.children.map((child) => ({ ...child, inherited: child.inherited || line.inherited }));
  const entries = line.entry.kind === "phrase" ? (line.entry.block?.entries ?? []) : [];
  return entries.map((entry) => ({ entry, source: line.source, inherited: line.inherited }));
}

/** Lines with the same key replace each other. A model's layers are one thing, however they are written. */
function lineKey(entry: Entry, kind: DeclarationKind): string {
  if (entry.kind === "assign") return entry.let ? `let ${entry.name.text}` : entry.name.text;
  const name = entry.name.text;
  const known = vocabularies[kind].lines.some((line) => line.name === name);
  if (kind === "model" && !known && entry.atoms.length === 0) return "repeat";
  const first = entry.atoms[0];
  const many = name === "init" || name === "tier" || name === "allow";
  return many && first?.kind === "ref" ? `${name} ${refPath(first)}` : name;
}

/** Values of `--set` for whole lines, in place or added. */
export function setLines(
  lines: readonly SourcedLine[],
  path: string,
  kind: DeclarationKind,
  { overrides }: Session,
): readonly SourcedLine[] {
  const words = vocabularies[kind].lines.map(({ name, shape }) => ({ name, shape }));
  const lets = lines.flatMap(({ entry }) => (entry.kind === "assign" && entry.let ? [entry.name.text] : []));
  const all = [...words, ...lets.map((name) => ({ name, shape: "setting" as const }))];
  return all.reduce((now, { name, shape }) => {
    const own = `${path}.${name}`;
    const old = now.filter(({ entry }) => entry.name.text === name);
    const places = overrides.places(own).filter((place) => place < old.length);
    if (places.length > 0) return setPlaces(now, old, places, own, shape, overrides);
    if (!overrides.has(own)) return now;
    const set = overrides.line(own, shape) ?? numberLine(name, own, old[0]?.entry, overrides);
    if (!set) return now;
    const entry = set.entry.kind === "assign" && lets.includes(name) ? { ...set.entry, let: true } : set.entry;
    const line = { entry: keepTail(entry, old[0]?.entry), source: set.source, inherited: false };
    const at = old[0] ? now.indexOf(old[0]) : now.length;
    return now
      .flatMap((each, i) => (i === at ? [line] : old.includes(each) ? [] : [each]))
      .concat(old[0] ? [] : [line]);
  }, lines);
}

/** `--set Mixture.experts[1]="4 of copy"` takes the place of the second line of that word and leaves the others. */
function setPlaces(
  lines: readonly SourcedLine[],
  old: readonly SourcedLine[],
  places: readonly number[],
  path: string,
  shape: "setting" | "phrase",
  overrides: Session["overrides"],
): readonly SourcedLine[] {
  const fresh = new Map(
    places.flatMap((place) => {
      const set = overrides.line(`${path}[${place}]`, shape);
      const before = old[place]!;
      const line = set && { entry: keepTail(set.entry, before.entry), source: set.source, inherited: false };
      return line ? [[before, line] as const] : [];
    }),
  );
  return lines.map((line) => fresh.get(line) ?? line);
}

/** `--set Mixture.experts=8` changes the number of `experts 16 of …` and keeps the rest. */
function keepTail(fresh: Entry, old: Entry | undefined): Entry {
  if (fresh.kind !== "phrase" || old?.kind !== "phrase") return fresh;
  const [number] = fresh.atoms;
  const isNumber = number?.kind === "number" || number?.kind === "binary";
  const replaces = fresh.atoms.length === 1 && isNumber && old.atoms[0]?.kind !== "string";
  return replaces ? { ...fresh, atoms: [number!, ...old.atoms.slice(1)] } : fresh;
}

/** A number that is not a single word, `--set Mixture.experts=4*2`, as the line it belongs to. */
function numberLine(name: string, path: string, old: Entry | undefined, overrides: Session["overrides"]) {
  if (old?.kind !== "phrase") return undefined;
  const set = overrides.expression(path);
  if (!set) return undefined;
  const { expr, source } = set;
  const word = { text: name, span: expr.span };
  const entry: Entry = { kind: "phrase", name: word, atoms: [expr], block: undefined, span: expr.span, doc: undefined };
  return { entry, source };
}
