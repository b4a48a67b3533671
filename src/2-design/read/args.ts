/** Reads arguments in parentheses by their descriptors: by name, by position, bare words that switch something on. */
import type { Arg, Expr, Ref, Span } from "../../1-syntax/ast.js";
import type { Help } from "../../diagnostics/diagnostic.js";
import { suggest } from "../../diagnostics/suggest.js";
import type { Param } from "../../words/pattern.js";
import { exprText, refPath } from "./expr-text.js";
import { complain, didYouMean, type Site } from "./report.js";
import { noteDefault, noteWritten, type Reader } from "./session.js";
import { type ArgValue, readValue } from "./value.js";

/** What has been read so far of one line. */
export interface Collected {
  readonly args: Record<string, ArgValue>;
  /** false when something in the line could not be read */
  sound: boolean;
}

/**
 * Reads the arguments of `of` below a path, fills in defaults, and reports what is missing or too much; `after` is what
 * follows: in `top 2` the argument that lacks its parentheses.
 */
export function readArgs(
  ref: Ref,
  params: readonly Param[],
  path: string,
  into: Collected,
  reader: Reader,
  after?: Expr,
): void {
  const of = refPath(ref);
  const given = new Map<string, Arg>();
  for (const arg of ref.args ?? []) {
    const param = bind(arg, params, given, of, ref.args?.length ?? 0, reader);
    if (!param) into.sound = false;
    else if (given.has(param.name)) repeated(arg, param, of, into, reader);
    else given.set(param.name, arg);
  }
  for (const param of params) {
    const own: Place = { of, span: ref.span, path, after: ref.args ? undefined : after };
    readParam(param, given.get(param.name), own, into, reader);
  }
}

/** The parameter an argument belongs to; reported and undefined when there is none. */
function bind(
  arg: Arg,
  params: readonly Param[],
  given: ReadonlyMap<string, Arg>,
  of: string,
  count: number,
  { source, report }: Reader,
): Param | undefined {
  if (arg.name) {
    const { text, span } = arg.name;
    const found = params.find((param) => param.name === text);
    if (found) return found;
    const site = { source, span };
    const names = params.map((param) => param.name);
    const help = didYouMean(site, suggest(text, names));
    const list = names.length > 0 ? `arguments of \`${of}\`: ${names.join(", ")}` : `\`${of}\` takes no arguments`;
    complain(report, "MOE2007", { argument: text, of }, site, { help: help.length > 0 ? help : [list] });
    return undefined;
  }
  const flag = flagNamed(arg, params);
  const next = flag ?? params.find((param) => param.type !== "flag" && !given.has(param.name));
  if (!next) complain(report, "MOE2010", { of, most: params.length, given: count }, { source, span: arg.span });
  return next;
}

function flagNamed(arg: Arg, params: readonly Param[]): Param | undefined {
  const word = arg.value.kind === "ref" && !arg.value.args ? refPath(arg.value) : undefined;
  return params.find((param) => param.type === "flag" && param.name === word);
}

function repeated(arg: Arg, param: Param, of: string, into: Collected, { source, report }: Reader): void {
  complain(report, "MOE2009", { argument: param.name, of }, { source, span: arg.span });
  into.sound = false;
}

interface Place {
  readonly of: string;
  readonly span: Span;
  readonly path: string;
  readonly after: Expr | undefined;
}

function readParam(
  param: Param,
  arg: Arg | undefined,
  { of, span, path, after }: Place,
  into: Collected,
  reader: Reader,
): void {
  const own = `${path}.${param.name}`;
  const set = reader.session.overrides.expression(own);
  if (set) {
    take(param, { value: set.expr, span: set.expr.span }, own, into, { ...reader, source: set.source });
    return;
  }
  if (arg && !arg.name && param.type === "flag") {
    into.args[param.name] = true;
    noteWritten(reader, own, "on", { source: reader.source, span: arg.span });
    return;
  }
  if (arg) {
    take(param, arg, own, into, reader);
    return;
  }
  fillDefault(param, own, into, reader);
  if (param.default !== undefined || param.optional || param.derived) return;
  const { source } = reader;
  complain(
    reader.report,
    "MOE2008",
    { argument: param.name, of },
    { source, span },
    {
      help: [argumentHelp(param, of, { source, span }, after)],
    },
  );
  into.sound = false;
}

function argumentHelp({ name }: Param, of: string, { source, span }: Site, after: Expr | undefined): Help | string {
  if (after?.kind !== "number") return `for example \`${of}(${name === of ? "" : `${name}: `}…)\``;
  const text = `${of}(${exprText(after)})`;
  return { text: `write \`${text}\``, fix: { source, span: { start: span.start, end: after.span.end }, text } };
}

/** Reads one written value, and remembers where it stands. */
export function take(
  param: Param,
  arg: Pick<Arg, "value" | "span">,
  path: string,
  into: Collected,
  reader: Reader,
  what: string = param.name,
): void {
  const values = readValue(arg.value, param, what, reader);
  if (!values || Object.values(values).some((value) => Number.isNaN(value))) damage(path, into, reader);
  if (!values) return;
  for (const [name, value] of Object.entries(values)) into.args[name] = value;
  noteWritten(reader, path, exprText(arg.value), { source: reader.source, span: arg.value.span });
  noteItems(arg.value, path, reader);
}

/** Items of a list have places of their own: `Model.layers.numbers[2]`. */
function noteItems(value: Expr, path: string, { session, source }: Reader): void {
  if (value.kind !== "list") return;
  value.items.forEach(({ span }, i) => {
    session.sites.set(`${path}[${i}]`, { source, span });
  });
}

function damage(path: string, into: Collected, { report }: Reader): void {
  into.sound = false;
  report.damaged.add(path);
}

/** Fills in the default of a parameter that is not written, if it has one. */
export function fillDefault(param: Param, path: string, into: Collected, { session }: Reader): void {
  if (param.default === undefined || into.args[param.name] !== undefined) return;
  into.args[param.name] = param.default;
  noteDefault(session, path, defaultText(param), param.why);
}

/** The default of a parameter, as it would be written. */
export function defaultText(param: Param): string {
  const value = param.default;
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number" && param.type === "share") return `${Number((value * 100).toPrecision(12))}%`;
  if (typeof value === "number") return numberText(value);
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return String(value);
}

/** A number as people write it: `1e-5`, not `0.00001`. */
export function numberText(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
