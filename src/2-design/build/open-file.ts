/** The top level of a file: edition, `let`s, declarations; which model and which run are meant; the names of its sizes. */
import type { Assign, Ast, Entry, Expr, Phrase } from "../../1-syntax/ast.js";
import { suggest } from "../../diagnostics/suggest.js";
import { vocabularies } from "../../words/index.js";
import { type Declaration, type Declarations, declare, isKind, type SourcedLine } from "../read/declarations.js";
import { evaluate } from "../read/evaluate.js";
import { exprText } from "../read/expr-text.js";
import { readerOf } from "../read/lines.js";
import { type Busy, createNames, type Names, noNames, type Thunk } from "../read/names.js";
import { complain, didYouMean } from "../read/report.js";
import type { Session } from "../read/session.js";
import { type File, localNames } from "./file.js";

/** The edition of the language this compiler reads. */
export const EDITION = 1;

/** Which of several declarations are meant. */
export interface Chosen {
  readonly train?: string;
  readonly model?: string;
}

/** Reads the top level of a file. */
export function openFile(ast: Ast, chosen: Chosen, session: Session): File {
  readEdition(ast.entries, session);
  const phrases = ast.entries.filter((entry): entry is Phrase => entry.kind === "phrase" && isKind(entry.name.text));
  for (const entry of ast.entries) checkTop(entry, session);
  const declarations = declare(phrases, session);
  const busy: Busy = { stack: [], circle: (names) => reportCircle(names, ast, session) };
  const train = chooseTrain(declarations, chosen);
  const model = chooseModel(declarations, train, chosen, session);
  markOthers(declarations, [model, train], session);
  // one scope for both: a `let` may use the sizes of the model, and the sizes may use a `let`
  const thunks = new Map<string, Thunk>();
  const names = createNames(thunks, noNames, busy);
  const file: File = { session, declarations, names, busy, model, train };
  const sizes = model ? modelSizes(model, file) : unknownSizes;
  for (const [name, thunk] of sizes) thunks.set(name, thunk);
  for (const [name, thunk] of lets(ast.entries, names, session)) thunks.set(name, thunk);
  return file;
}

function readEdition(entries: readonly Entry[], session: Session): void {
  const { report, source } = session;
  const [first] = entries;
  const edition = entries.find((entry) => entry.name.text === "edition");
  if (edition?.kind === "phrase" && edition.atoms.length === 1) {
    const [atom] = edition.atoms;
    if (atom?.kind === "number" && atom.value === EDITION) return;
    complain(report, "MOE2016", { edition: exprText(atom!), known: String(EDITION) }, { source, span: atom!.span });
  } else {
    const start = edition?.span.start ?? 0;
    const span = edition?.span ?? { start: first?.span.start ?? 0, end: first?.name.span.end ?? 0 };
    const fix = { source, span: edition?.span ?? { start, end: start }, text: edition ? "edition 1" : "edition 1\n\n" };
    complain(report, "MOE2015", {}, { source, span }, { help: [{ text: "write `edition 1` at the top", fix }] });
  }
}

function checkTop(entry: Entry, { report, source }: Session): void {
  const word = entry.name.text;
  if (entry.kind === "assign" ? entry.let : isKind(word) || word === "edition") return;
  const site = { source, span: entry.name.span };
  const words = entry.kind === "assign" ? ["let", "edition"] : ["edition", "let", ...Object.keys(vocabularies)];
  if (entry.kind === "assign") {
    const fix = { source, span: { start: entry.span.start, end: entry.span.start }, text: "let " };
    const help = [{ text: `a name for the whole file starts with \`let\``, fix }];
    complain(report, "MOE2001", { word, where: "a file" }, site, { help });
    return;
  }
  const help = didYouMean(site, suggest(word, words));
  const legal = `words of a file: ${words.join(", ")}`;
  complain(report, "MOE2001", { word, where: "a file" }, site, { help: help.length > 0 ? help : [legal] });
}

function lets(entries: readonly Entry[], names: Names, session: Session): ReadonlyMap<string, Thunk> {
  const { report, source, overrides, pending } = session;
  const thunks = new Map<string, Thunk>();
  const all = entries.filter((entry): entry is Assign => entry.kind === "assign" && entry.let);
  for (const entry of all) {
    const name = entry.name.text;
    const first = all.find((each) => each.name.text === name)!;
    if (first !== entry) {
      const secondary = [{ source, span: first.name.span, text: "first defined here" }];
      complain(report, "MOE2003", { name }, { source, span: entry.name.span }, { secondary });
      continue;
    }
    const set = overrides.expression(name);
    const line: SourcedLine = { entry, source: set?.source ?? source, inherited: false };
    pending.push(() => names.lookup(name));
    thunks.set(name, () => evaluate(set?.expr ?? entry.value, name, readerOf(line, names, session)));
  }
  return thunks;
}

/** The run that is asked for, else the first. */
function chooseTrain(declarations: Declarations, { train }: Chosen): Declaration | undefined {
  const trains = [...declarations.values()].filter(({ kind }) => kind === "train");
  return trains.find(({ name }) => name.text === train) ?? trains[0];
}

/** The model that is asked for, else the one of the run, else the only one. */
function chooseModel(declarations: Declarations, train: Declaration | undefined, chosen: Chosen, session: Session) {
  const models = [...declarations.values()].filter(({ kind }) => kind === "model");
  const wanted = chosen.model ?? trainModel(train);
  const found = models.find(({ name }) => name.text === wanted);
  if (found || models.length < 2) return found ?? models[0];
  const names = models.map(({ name }) => name.text);
  complain(
    session.report,
    "MOE2022",
    { what: "model", names },
    { source: session.source, span: models[1]!.name.span },
    {
      help: ["say which one in `train`: `model = …`"],
    },
  );
  return models[0];
}

function trainModel(train: Declaration | undefined): string | undefined {
  const entry = train?.lines.find((line) => line.entry.name.text === "model")?.entry;
  return entry?.kind === "assign" && entry.value.kind === "ref" ? exprText(entry.value) : undefined;
}

/** Models that are not built still use their blocks. */
function markOthers(declarations: Declarations, built: readonly (Declaration | undefined)[], session: Session): void {
  for (const declaration of declarations.values()) {
    if (declaration.kind !== "model" || built.includes(declaration)) continue;
    for (const { entry } of declaration.lines) {
      session.used.add(entry.name.text);
      const refs: readonly Expr[] = entry.kind === "phrase" ? entry.atoms : [];
      for (const ref of refs) if (ref.kind === "ref") session.used.add(exprText(ref));
    }
  }
}

/** Files without a model hold mixtures for models of any size. */
const unknownSizes: ReadonlyMap<string, Thunk> = new Map(
  ["vocab", "context", "d_model", "V", "S", "D"].map((name) => [name, () => Number.NaN]),
);

/** Sizes of the model under their own names and under the letters of the field. */
function modelSizes(model: Declaration, file: File): ReadonlyMap<string, Thunk> {
  const inModel = localNames(model, ["vocab", "context", "d_model"], new Map(), file.names, file);
  const letters = { vocab: "V", context: "S", d_model: "D" };
  return new Map(
    Object.entries(letters).flatMap(([name, letter]) => {
      const written = model.lines.some(({ entry }) => entry.kind === "assign" && entry.name.text === name);
      // a size that is missing is reported once, in the model
      const thunk = () => (written ? (inModel.lookup(name) ?? Number.NaN) : Number.NaN);
      return [name, letter, `${model.name.text}.${name}`].map((each) => [each, thunk] as const);
    }),
  );
}

function reportCircle(cycle: readonly string[], ast: Ast, { report, source }: Session): void {
  const entry = findAssign(ast.entries, cycle[0] ?? "");
  complain(report, "MOE2014", { cycle }, entry && { source, span: entry.name.span });
}

function findAssign(entries: readonly Entry[], name: string): Entry | undefined {
  for (const entry of entries) {
    if (entry.name.text === name) return entry;
    const inside = entry.kind === "phrase" ? findAssign(entry.block?.entries ?? [], name) : undefined;
    if (inside) return inside;
  }
  return undefined;
}
