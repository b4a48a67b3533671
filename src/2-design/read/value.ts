/** Reads one value by its descriptor: type, range, legal words. Undefined stands for "wrong, and already reported". */
import type { Expr, List, Ref } from "../../1-syntax/ast.js";
import { suggest } from "../../diagnostics/suggest.js";
import type { Param } from "../../words/pattern.js";
import { evaluate, wrongType } from "./evaluate.js";
import { refPath } from "./expr-text.js";
import { complain, didYouMean } from "./report.js";
import type { Reader } from "./session.js";

export type ArgValue = number | string | boolean | readonly string[] | readonly number[];

/** Values by name; most parameters give one, `amount` gives it the name of its form. */
export type Values = Readonly<Record<string, ArgValue>>;

/** What a parameter takes, with its article, for messages. */
export const takes: Readonly<Record<Param["type"], string>> = {
  count: "a whole number",
  number: "a number",
  share: "a share such as 10%",
  amount: "a number, a share or capacity(c)",
  word: "a word",
  flag: "`on` or `off`",
  text: "a text in quotes",
  texts: "texts in quotes",
  words: "words",
  numbers: "a list of numbers",
  name: "a name",
  names: "a name, or a list of names",
  point: "`input`, the name of an earlier step, `.norm` of one, or any of these after `previous.`",
  weight: "a word",
  coverage: "(coverage <= a share)",
  experts: "the experts of a mixture, e.g. `Mixture.experts`",
};

/** Reads an expression as a parameter; `what` names it for messages. */
export function readValue(expr: Expr, param: Param, what: string, reader: Reader): Values | undefined {
  const named = (value: ArgValue | undefined) => (value === undefined ? undefined : { [param.name]: value });
  switch (param.type) {
    case "count":
    case "number":
    case "share":
      return named(readNumber(expr, param, what, reader));
    case "amount":
      return readAmount(expr, param, what, reader);
    case "word":
    case "weight":
    case "name":
    case "point":
    case "experts":
    case "flag":
      return named(readWord(expr, param, what, reader));
    case "text":
      return named(readText(expr, param, what, reader));
    case "texts":
    case "words":
    case "names":
    case "numbers":
      return named(readList(expr, param, what, reader));
    case "coverage":
      return readCoverage(expr, param, what, reader);
  }
}

/** Reads a number and checks its range; NaN when an earlier mistake made it unknown. */
function readNumber(expr: Expr, param: Param, what: string, reader: Reader): number {
  const value = evaluate(expr, what, reader);
  return Number.isNaN(value) || inRange(value, expr, param, what, reader) ? value : Number.NaN;
}

function inRange(value: number, expr: Expr, param: Param, what: string, { source, report }: Reader): boolean {
  const site = { source, span: expr.span };
  const isShare = param.type === "share";
  const min = param.min ?? (param.type === "number" ? Number.NEGATIVE_INFINITY : 0);
  const max = param.max ?? (isShare ? 1 : Number.POSITIVE_INFINITY);
  if (param.type === "count" && !Number.isInteger(value)) {
    const help = expr.kind === "number" && expr.percent ? [`\`${what}\` is a number of its own, not a share`] : [];
    complain(report, "MOE4009", { what, value }, site, { help });
    return false;
  }
  if (value < min || value > max || (param.above && value === min)) {
    complain(report, "MOE4008", { what, value, range: rangeText(min, max, param.above === true) }, site);
    return false;
  }
  if (Number.isFinite(value) && (param.type !== "count" || value <= Number.MAX_SAFE_INTEGER)) return true;
  complain(report, "MOE4017", { what }, site);
  return false;
}

function rangeText(min: number, max: number, above: boolean): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return `${above ? "above" : "at least"} ${min} and at most ${max}`;
  if (Number.isFinite(max)) return `at most ${max}`;
  return above ? `above ${min}` : `at least ${min}`;
}

/** `2` is a count, `12.5%` a share, `capacity(2.0)` a capacity. */
function readAmount(expr: Expr, param: Param, what: string, reader: Reader): Values | undefined {
  if (expr.kind === "number" && expr.percent) {
    return { share: readNumber(expr, { ...param, type: "share", min: 0, above: true }, what, reader) };
  }
  if (expr.kind !== "ref" || !expr.args || expr.path.length > 1 || expr.path[0]!.text !== "capacity") {
    return { [param.name]: readNumber(expr, { ...param, type: "count", min: 1 }, what, reader) };
  }
  const [factor] = expr.args;
  if (expr.args.length !== 1 || !factor) return void wrongType(expr, what, "`capacity` with one number", reader);
  const number: Param = { ...param, type: "number", min: 0, above: true };
  return { capacity: readNumber(factor.value, number, "capacity", reader) };
}

function readWord(expr: Expr, param: Param, what: string, reader: Reader): string | boolean | undefined {
  const word = expr.kind === "ref" && !expr.args && !expr.index ? refPath(expr) : undefined;
  if (word === undefined) return void wrongType(expr, what, expectedWord(param), reader);
  if (param.type === "flag") return readFlag(word, expr, what, reader);
  if (param.type !== "word" || param.words?.includes(word)) return word;
  return unknownWord(word, expr, param, what, reader);
}

function expectedWord(param: Param): string {
  return param.words ? `one of ${param.words.join(", ")}` : takes[param.type];
}

function readFlag(word: string, expr: Expr, what: string, reader: Reader): boolean | undefined {
  if (word === "on" || word === "true") return true;
  if (word === "off" || word === "false") return false;
  return void wrongType(expr, what, takes.flag, reader);
}

/** What rules may run along; each rule knows some of them. */
const axes: readonly string[] = ["token", "subtoken", "chunk", "sequence", "batch", "expert", "layer"];

function unknownWord(word: string, expr: Expr, param: Param, what: string, reader: Reader): undefined {
  const { source, report, rule } = reader;
  const site = { source, span: expr.span };
  const legal = param.words ?? [];
  if (rule !== undefined && param.name === "per" && axes.includes(word)) {
    complain(report, "MOE3016", { rule, per: word }, site, {
      help: [`\`${rule}\` can choose per ${legal.join(", ")}`],
    });
    return undefined;
  }
  const help = didYouMean(site, suggest(word, legal));
  complain(report, "MOE2001", { word, where: `\`${what}\`` }, site, {
    help: help.length > 0 ? help : [`legal words: ${legal.join(", ")}`],
  });
  return undefined;
}

function readText(expr: Expr, param: Param, what: string, reader: Reader): string | undefined {
  return expr.kind === "string" ? expr.value : void wrongType(expr, what, takes[param.type], reader);
}

const singular: Readonly<Partial<Record<Param["type"], Param["type"]>>> = { texts: "text", names: "name" };

/** A list; a single value may stand without brackets. */
function readList(expr: Expr, param: Param, what: string, reader: Reader): ArgValue | undefined {
  const items = expr.kind === "list" ? (expr as List).items : [expr];
  if (items.length === 0 && param.type === "names") return void wrongType(expr, what, takes[param.type], reader);
  if (param.type === "numbers") return items.map((item) => evaluate(item, what, reader));
  const one = param.type === "texts" ? readText : readWord;
  const single: Param = { ...param, type: singular[param.type] ?? "word" };
  const read = items.map((item) => one(item, single, what, reader));
  return read.every((item): item is string => typeof item === "string") ? read : undefined;
}

/** `coverage <= 80%`. */
function readCoverage(expr: Expr, param: Param, what: string, reader: Reader): Values | undefined {
  const isCoverage = (side: Expr) => side.kind === "ref" && refPath(side as Ref) === "coverage";
  if (expr.kind !== "binary" || expr.op !== "<=" || !isCoverage(expr.left)) {
    return void wrongType(expr, what, takes.coverage, reader);
  }
  return { coverage: readNumber(expr.right, { ...param, type: "share" }, "coverage", reader) };
}
