/**
 * Explain pages show fragments: a declaration or two, a router, a few lines. `complete` makes a whole spec of one, by
 * adding what the fragment leaves out from a plain scaffold (`scaffold.moe`):
 *
 * - a line without a declaration around it goes into the scaffold's declaration that knows its first word, in place of
 *   the lines that start with the same word;
 * - a declaration of the fragment stands in place of the scaffold's; only the lines under `COMPLETED` are added to it;
 * - what the text names and the fragment does not declare comes from the scaffold; what it does not name stays away.
 */
import { readFileSync } from "node:fs";
import type { Block, Entry } from "../../src/1-syntax/ast.js";
import { parse } from "../../src/1-syntax/parse.js";
import { vocabularies } from "../../src/words/index.js";

type Kind = keyof typeof vocabularies;

const SCAFFOLD = readFileSync(new URL("scaffold.moe", import.meta.url), "utf8");

interface Line {
  readonly word: string;
  readonly text: string;
}

/** A router is one too: it has no name and belongs to the mixture. */
interface Declaration {
  readonly kind: Kind;
  /** what stands before the brace, e.g. `moe Mixture` */
  readonly head: string;
  /** undefined where there are no braces */
  readonly lines: readonly Line[] | undefined;
}

/** The lines that a declaration of a fragment may leave out, by their first words. */
const COMPLETED: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  model: ["vocab", "context", "d_model", "embed", "repeat", "head"],
  table: ["value"],
  train: ["data", "batch", "steps", "optimize"],
};

/** Kinds a spec has one of, whatever its name. */
const ALONE: readonly Kind[] = ["model", "train"];

/** A router with one of these lines says itself how it is kept balanced, or that it is not. */
const BALANCED = ["balance", "bias", "limit", "allow", "dispatch"];

/** Where a word is looked for first: `mask` and `bias` are words of routers and of attention. */
const KINDS: readonly Kind[] = ["router", "moe", "table", "train", "model", "block", "attention", "dense"];

/** A fragment as a whole spec. Throws where a line of it finds no place. */
export function complete(fragment: string): string {
  const { top, lines, declarations } = partsOf(balanced(fragment));
  const scaffold = partsOf(SCAFFOLD).declarations.map((each) => placed(each, lines));
  const own = declarations.map((each) => completed(each, scaffold));
  const router = [...own, ...scaffold].find(({ kind }) => kind === "router")!;
  const all = withNeeded(own, router, scaffold, new Set(lines.map(({ word }) => kindOf(word))));
  const edition = top.some(({ word }) => word === "edition") ? [] : ["edition 1"];
  const spec = [...edition, ...top.map(({ text }) => text), ...all.map((each) => print(each, router))].join("\n");
  const lost = lines.find(({ text }) => !spec.includes(text));
  if (lost) throw new Error(`\`${lost.text}\` is lost: show it inside its declaration`);
  return spec;
}

/** Routers that nothing keeps balanced are a mistake of their own; pages about other mistakes leave the loss out. */
function balanced(text: string): string {
  const routers = entriesOf(text)
    .flatMap((entry) => (entry.name.text === "moe" ? (blockOf(entry)?.entries ?? []) : [entry]))
    .filter(({ name }) => name.text === "router");
  const open = routers
    .flatMap((entry) => blockOf(entry) ?? [])
    .filter(({ entries }) => !entries.some(({ name }) => BALANCED.includes(name.text)));
  const withLoss = (done: string, { span: { end } }: Block) =>
    `${done.slice(0, end - 1)}balance switch(0.01)\n${done.slice(end - 1)}`;
  return open.reduceRight(withLoss, text);
}

const entriesOf = (text: string): readonly Entry[] => parse({ path: "fragment.moe", text }).ast.entries;
const blockOf = (entry: Entry): Block | undefined => (entry.kind === "phrase" ? entry.block : undefined);

/** What stands at the top level of a text: lines of the file, lines of declarations, declarations. */
function partsOf(text: string) {
  const entries = entriesOf(text);
  const lineOf = ({ name, span }: Entry): Line => ({ word: name.text, text: text.slice(span.start, span.end) });
  const declarationOf = (entry: Entry): Declaration => {
    const block = blockOf(entry);
    const head = text.slice(entry.span.start, block?.span.start ?? entry.span.end).trim();
    return { kind: entry.name.text as Kind, head, lines: block?.entries.map(lineOf) };
  };
  const isTop = (entry: Entry) => entry.name.text === "edition" || (entry.kind === "assign" && entry.let);
  const isDeclaration = ({ name }: Entry) => isKind(name.text);
  return {
    top: entries.filter(isTop).map(lineOf),
    lines: entries.filter((entry) => !isTop(entry) && !isDeclaration(entry)).map(lineOf),
    declarations: entries.filter(isDeclaration).map(declarationOf),
  };
}

const isKind = (word: string): word is Kind => Object.hasOwn(vocabularies, word);

/** A declaration of the scaffold, with the loose lines that belong to it in place of its own. */
function placed(declaration: Declaration, loose: readonly Line[]): Declaration {
  const here = loose.filter(({ word }) => kindOf(word) === declaration.kind);
  const left = declaration.lines!.filter(({ word }) => !here.some((line) => line.word === word));
  return { ...declaration, lines: [...left, ...here] };
}

function kindOf(word: string): Kind {
  const kind = KINDS.find((each) => each === word || vocabularies[each].lines.some(({ name }) => name === word));
  if (!kind) throw new Error(`\`${word}\` is no line of any declaration: show the declaration around it`);
  return kind;
}

/** A declaration of the fragment, with what such a declaration may leave out. Heirs have the lines of their parents. */
function completed(declaration: Declaration, scaffold: readonly Declaration[]): Declaration {
  const { kind, head, lines } = declaration;
  if (!lines || isHeir(head)) return declaration;
  const plain = scaffold.find((each) => each.kind === kind)!.lines!;
  const missing = plain.filter(
    ({ word }) => COMPLETED[kind]?.includes(word) && !lines.some((line) => line.word === word),
  );
  return { ...declaration, lines: [...lines, ...missing] };
}

const isHeir = (head: string): boolean => head.includes(" from ");

/** The fragment's declarations, and those of the scaffold that they name or that have lines of the fragment. */
function withNeeded(
  own: readonly Declaration[],
  router: Declaration,
  scaffold: readonly Declaration[],
  filled: ReadonlySet<Kind>,
): readonly Declaration[] {
  const all = own.filter(({ kind }) => kind !== "router");
  const isMissing = ({ kind, head }: Declaration) =>
    !all.some((each) => (ALONE.includes(kind) ? each.kind === kind : each.head === head));
  const isNeeded = ({ kind, head }: Declaration) =>
    kind === "model" || filled.has(kind) || [router, ...all].some((each) => names(each, nameOf(head)));
  const rest = scaffold.filter(({ kind }) => kind !== "router");
  for (;;) {
    const next = rest.find((each) => isMissing(each) && isNeeded(each));
    if (!next) return all;
    all.push(next);
  }
}

const nameOf = (head: string): string => head.split(" ")[1]!;

function names({ head, lines = [] }: Declaration, name: string): boolean {
  return head.endsWith(` from ${name}`) || lines.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text));
}

/** A declaration as text; a mixture that shows no router has the one that stands alone. */
function print({ kind, head, lines }: Declaration, router: Declaration): string {
  if (!lines) return head;
  const isBare = kind === "moe" && !isHeir(head) && !lines.some(({ word }) => word === "router");
  const inside = [...lines.map(({ text }) => text), ...(isBare ? [print(router, router)] : [])];
  return `${head} {\n${inside.join("\n")}\n}`;
}
