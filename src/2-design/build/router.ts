/** Builds a router: every line becomes a rule of its slot, with all defaults filled in, in the order of the seven steps. */
import type { Expr, Phrase, Ref, Span } from "../../1-syntax/ast.js";
import { suggest } from "../../diagnostics/suggest.js";
import { findRule, rules, rulesOf } from "../../rules/index.js";
import type { Rule } from "../../rules/rule.js";
import { vocabularies } from "../../words/index.js";
import { allowLine, type SlotWord, slots, whenClauses } from "../../words/router.js";
import type { Router, RuleArg, RuleUse, Slot, Unit, When } from "../design.js";
import { type Collected, readArgs } from "../read/args.js";
import { type SourcedLine, setLines } from "../read/declarations.js";
import { atomsText, describe, exprText, refPath } from "../read/expr-text.js";
import { type Reading, readerOf, readLine } from "../read/lines.js";
import type { Names } from "../read/names.js";
import { type Walk, walkClauses, walkPieces } from "../read/phrase.js";
import { complain, didYouMean, touchesBroken, trustsAbsence } from "../read/report.js";
import { noteDefault, noteDerived, noteWritten, type Reader } from "../read/session.js";
import { helpForLine } from "../read/unknown-line.js";
import { type File, refer, str } from "./file.js";

export interface RouterOwner {
  /** of the moe, or of the router itself */
  readonly name: string;
  /** `Mixture.router`, or the name of a router of its own */
  readonly path: string;
  /** undefined in routers of their own: they may be used for any unit */
  readonly unit: Unit | undefined;
  readonly names: Names;
  /** where a missing slot is reported */
  readonly at: Span;
  /** false where missing slots may still be filled by heirs, or the lines are not all known */
  readonly complete: boolean;
}

/** Builds a router from its lines; rules that could not be read are left out. */
export function buildRouter(lines: readonly SourcedLine[], owner: RouterOwner, file: File): Router {
  const all = owner.unit ? setLines(lines, owner.path, "router", file.session) : lines;
  const uses: RuleUse[] = [];
  const emptied = new Set<Slot>();
  for (const line of all) {
    const slot = slots.find((each) => each.slot === line.entry.name.text);
    if (!slot) unknownSlot(line, owner, file);
    else if (empties(line, slot)) emptied.add(slot.slot);
    else uses.push(...readSlot(line, slot, all, owner, file));
  }
  if (owner.complete) requireSlots(all, owner, file);
  const defaults = defaultRules(all, owner, file);
  const order = slots.flatMap(({ slot }) => [...uses, ...defaults].filter((use) => use.slot === slot));
  return { name: owner.name, rules: order, allow: allowsOf(all, owner, file) };
}

/** `balance none` in an heir: the slot is empty again. Slots with a rule of that name mean the rule. */
function empties({ entry }: SourcedLine, { slot, times }: SlotWord): boolean {
  if (entry.kind !== "phrase" || times === "1" || entry.atoms.length !== 1 || findRule(slot, "none")) return false;
  const [atom] = entry.atoms;
  return atom?.kind === "ref" && !atom.args && refPath(atom) === "none";
}

function readSlot(
  line: SourcedLine,
  { slot, times }: SlotWord,
  all: readonly SourcedLine[],
  owner: RouterOwner,
  file: File,
): readonly RuleUse[] {
  const { report } = file.session;
  const reader = readerOf(line, owner.names, file.session);
  const same = all.filter((each) => each.entry.name.text === slot);
  const index = same.indexOf(line);
  const path = `${owner.path}.${slot}${index === 0 ? "" : `[${index}]`}`;
  const { entry } = line;
  // rules may take turns; whether they do is for the check of phases to say
  if (index > 0 && times !== "0+" && !(takesTurns(line) && takesTurns(same[0]!))) {
    // whoever this is inherited from has reported it
    if (line.inherited) return [];
    const secondary = [{ source: same[0]!.source, span: same[0]!.entry.span, text: "first given here" }];
    complain(report, "MOE3002", { router: owner.name, slot }, { source: line.source, span: entry.span }, { secondary });
    report.damaged.add(`${owner.path}.${slot}`);
    return [];
  }
  if (entry.kind === "assign") {
    const span = { start: entry.name.span.end, end: entry.value.span.start };
    const help = [
      { text: `write \`${slot} ${exprText(entry.value)}\``, fix: { source: line.source, span, text: " " } },
    ];
    complain(report, "MOE2012", { name: slot }, { source: line.source, span: entry.name.span }, { help });
  } else if (entry.block) {
    complain(report, "MOE2018", { word: slot }, { source: line.source, span: entry.block.span });
  } else {
    const use = readRule(entry, slot, path, reader, owner, file);
    if (use) return [use];
  }
  report.damaged.add(path);
  return [];
}

/** Whether a line says when it holds. */
function takesTurns({ entry }: SourcedLine): boolean {
  const words = whenClauses.map((clause) => clause.words[0]!);
  return entry.kind === "phrase" && entry.atoms.some((atom) => atom.kind === "ref" && words.includes(refPath(atom)));
}

function readRule(
  entry: Phrase,
  slot: Slot,
  path: string,
  reader: Reader,
  owner: RouterOwner,
  file: File,
): RuleUse | undefined {
  const into: Collected = { args: {}, sound: true };
  const walk: Walk = { path, word: slot, atoms: entry.atoms, span: entry.span, into, reader, stops: [], next: 0 };
  const lead = rulesOf(slot).find((rule) => rule.lead);
  if (lead?.lead && entry.atoms[0]?.kind !== "ref") walkPieces(walk, [{ piece: "value", param: lead.lead }]);
  const atom = entry.atoms[walk.next];
  if (!into.sound && walk.next === 0) return undefined;
  const rule = ruleOf(atom, slot, entry, reader, file);
  if (!rule || atom?.kind !== "ref") return undefined;
  walk.next++;
  const word = rule.indexed ? refPath(atom) : rule.name;
  const named: Walk = { ...walk, word, reader: { ...reader, rule: word } };
  if (rule.indexed) readIndexed(atom, path, into, reader, file);
  else readArgs(atom, rule.params, path, into, reader, entry.atoms[walk.next]);
  walkPieces(named, rule.head ?? []);
  walkClauses(named, [...rule.clauses, ...whenClauses]);
  if (!into.sound) return undefined;
  const text = atomsText(entry.atoms);
  noteWritten(reader, path, text, { source: reader.source, span: entry.span });
  return { slot, rule: rule.name, args: finish(rule, path, into, owner, file), when: whenOf(into), text, path };
}

/** The rule of the first word; reported when there is none of that name in the slot. */
function ruleOf(
  atom: Expr | undefined,
  slot: Slot,
  entry: Phrase,
  { source, report }: Reader,
  file: File,
): Rule | undefined {
  const legal = rulesOf(slot);
  const names = legal.filter((rule) => !rule.indexed).map((rule) => rule.name);
  const indexed = legal.find((rule) => rule.indexed);
  if (atom?.kind !== "ref") {
    const expected = [...names, ...(indexed ? ["Table[token_id]"] : [])].map((name) => `\`${name}\``).join(", ");
    const found = atom ? describe(atom) : "the end of the line";
    complain(
      report,
      "MOE2019",
      { word: slot, expected: legal.length > 1 ? `one of ${expected}` : expected, found },
      { source, span: atom?.span ?? entry.span },
    );
    return undefined;
  }
  if (atom.index && indexed) return indexed;
  const name = refPath(atom);
  const found = atom.index ? undefined : legal.find((rule) => rule.name === name && !rule.indexed);
  if (found) return found;
  const site = { source, span: atom.path.length === 1 ? atom.path[0]!.span : atom.span };
  complain(report, "MOE2001", { word: name, where: `slot \`${slot}\`` }, site, {
    help: ruleHelp(name, names, indexed, slot, site, file),
  });
  return undefined;
}

function ruleHelp(
  name: string,
  names: readonly string[],
  indexed: Rule | undefined,
  slot: Slot,
  site: { source: Reader["source"]; span: Span },
  file: File,
) {
  if (indexed && file.declarations.get(name)?.kind === "table") {
    file.session.used.add(name);
    return [
      { text: `a table is looked up by the token: \`${name}[token_id]\``, fix: { ...site, text: `${name}[token_id]` } },
    ];
  }
  const near = didYouMean(site, suggest(name, names));
  if (near.length > 0) return near;
  const legal = [...names, ...(indexed ? ["Table[token_id]"] : [])];
  const elsewhere = rules.find((rule) => rule.name === name && rule.slot !== slot && !rule.indexed);
  return [
    ...(elsewhere ? [`\`${name}\` is a word of \`${elsewhere.slot}\``] : []),
    `words of \`${slot}\`: ${legal.join(", ")}`,
  ];
}

function readIndexed(ref: Ref, path: string, into: Collected, reader: Reader, file: File): void {
  const { source, report } = reader;
  const table = refPath(ref);
  const index = ref.index!;
  if (!refer(table, ["table"], { source, span: ref.path[0]!.span }, file)) into.sound = false;
  const key = index.kind === "ref" && !index.args && !index.index ? refPath(index) : undefined;
  if (key !== "token_id") {
    const site = { source, span: index.span };
    complain(report, "MOE2006", { what: `${table}[…]`, expected: "`token_id`", found: describe(index) }, site);
    into.sound = false;
  }
  into.args.table = table;
  into.args.key = "token_id";
  noteWritten(reader, `${path}.table`, table, { source, span: ref.path[0]!.span });
}

/** Defaults that depend on the mixture, and nothing left that is not plain. */
function finish(rule: Rule, path: string, { args }: Collected, owner: RouterOwner, { session }: File): RuleUse["args"] {
  const derived: Record<string, RuleArg> = {};
  if (rule.slot === "select" && rule.name === "top" && args.per === undefined) {
    derived.per = owner.unit?.kind ?? "token";
    noteDerived(session, `${path}.per`, String(derived.per), "the unit of the mixture");
  }
  if ((rule.name === "mass" || rule.name === "above") && args.atMost === undefined) {
    derived.atMost = owner.names.lookup("E");
    noteDerived(session, `${path}.atMost`, String(derived.atMost), "all experts");
  }
  if (rule.slot === "group" && args.by === undefined) {
    derived.by = "max";
    noteDefault(session, `${path}.by`, "max", "as in DeepSeek-V2");
  }
  const plain = Object.entries({ ...args, ...derived }).filter(([name]) => !whenArgs.includes(name));
  return Object.fromEntries(plain.map(([name, value]) => [name, plainArg(value)]));
}

/** Lists become words; a number that depends on an E nobody knows yet is absent. */
function plainArg(value: RuleArg | readonly string[] | readonly number[]): RuleArg {
  if (typeof value === "object") return value.join(" ");
  return Number.isNaN(value) ? undefined : value;
}

const whenArgs = ["while", "until", "until_step", "from_", "from__step"];

function whenOf({ args }: Collected): When | undefined {
  const phase = args.while === "training" || args.while === "inferring" ? { phase: args.while } : {};
  const from = typeof args.from__step === "number" ? { fromStep: args.from__step } : {};
  const until = typeof args.until_step === "number" ? { untilStep: args.until_step } : {};
  const when: When = { ...phase, ...from, ...until } as When;
  return Object.keys(when).length > 0 ? when : undefined;
}

function defaultRules(lines: readonly SourcedLine[], owner: RouterOwner, { session }: File): readonly RuleUse[] {
  return slots.flatMap(({ slot, default: standard }) => {
    if (!standard || lines.some((line) => line.entry.name.text === slot)) return [];
    const path = `${owner.path}.${slot}`;
    noteDefault(session, path, standard.rule, standard.why);
    return [{ slot, rule: standard.rule, args: {}, when: undefined, text: standard.rule, path }];
  });
}

function requireSlots(lines: readonly SourcedLine[], owner: RouterOwner, { session }: File): void {
  const { report, source } = session;
  for (const { slot, times, doc } of slots) {
    if (times !== "1" || lines.some((line) => line.entry.name.text === slot)) continue;
    if (!trustsAbsence(report, owner.path, slot) || touchesBroken(report, owner.at)) continue;
    const [example] = rulesOf(slot);
    const help = [`\`${slot}\` says ${doc}: for example \`${example?.example ?? slot}\``];
    complain(report, "MOE3001", { router: owner.name, slot }, { source, span: owner.at }, { help });
    report.damaged.add(`${owner.path}.${slot}`);
  }
}

function unknownSlot(line: SourcedLine, owner: RouterOwner, file: File): void {
  const { entry, source } = line;
  const word = entry.name.text;
  if (word === "allow" || (entry.kind === "assign" && entry.let)) return;
  const { report } = file.session;
  report.damaged.add(`${owner.path}.*`);
  const site = { source, span: entry.name.span };
  const rule = rules.find((each) => each.name === word && !each.indexed);
  const help = rule
    ? [`\`${word}\` is a word of \`${rule.slot}\`: \`${rule.example}\``]
    : helpForLine(word, vocabularies.router, site);
  complain(report, "MOE2001", { word, where: "a router" }, site, { help });
}

function allowsOf(lines: readonly SourcedLine[], owner: RouterOwner, file: File): Router["allow"] {
  const { session } = file;
  const allows = lines.filter((line) => line.entry.name.text === "allow");
  return allows.flatMap((line, i) => {
    const path = `${owner.path}.allow${i === 0 ? "" : `[${i}]`}`;
    const reading: Reading = readLine(line, allowLine, path, readerOf(line, owner.names, session));
    if (!reading.sound) return [];
    const because = typeof reading.args.because === "string" ? reading.args.because : undefined;
    return [{ what: str(reading.args.what), because }];
  });
}
