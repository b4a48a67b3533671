/**
 * `--set path=value`: values from the command line. They are parsed like lines of the spec, take the place of what is
 * written there, and whatever no line asked for is reported at the end.
 */
import type { Entry, Expr, SourceFile } from "../../1-syntax/ast.js";
import { parse } from "../../1-syntax/parse.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";

export interface SetOption {
  /** e.g. `Pretrain.steps` */
  readonly path: string;
  /** as typed after `=`, e.g. `50`, `top(2) per token` */
  readonly value: string;
}

export interface Overrides {
  /** the expression set at a path, if any; asking counts as use */
  readonly expression: (path: string) => { readonly expr: Expr; readonly source: SourceFile } | undefined;
  /** the whole line set at a path, if any; asking counts as use */
  readonly line: (
    path: string,
    shape: "setting" | "phrase",
  ) => { readonly entry: Entry; readonly source: SourceFile } | undefined;
  /** the places among lines of one word that are set, from `path[1]=value`; asking does not count */
  readonly places: (path: string) => readonly number[];
  /** whether something is set at a path; asking does not count */
  readonly has: (path: string) => boolean;
  /** syntax mistakes in the values */
  readonly mistakes: readonly Diagnostic[];
  /** paths that nobody asked for */
  readonly unused: () => readonly { readonly path: string; readonly source: SourceFile }[];
}

/** Parses the values; the last one of a path wins. */
export function createOverrides(options: readonly SetOption[]): Overrides {
  const values = new Map(options.map(({ path, value }) => [path, readOption(path, value)]));
  const asked = new Set<string>();
  const find = (path: string, shape: "setting" | "phrase") => {
    const matching = [...values.keys()].filter((set) => covers(set, path)).at(-1) ?? "";
    const found = values.get(matching);
    const entry = shape === "setting" ? found?.setting : found?.phrase;
    if (entry) asked.add(matching);
    return entry;
  };
  return {
    expression: (path) => {
      const found = find(path, "setting");
      return found?.entry.kind === "assign" ? { expr: found.entry.value, source: found.source } : undefined;
    },
    line: find,
    places: (path) => placesIn([...values.keys()], path),
    has: (path) => [...values.keys()].some((set) => covers(set, path)),
    mistakes: [...values.values()].flatMap((value) => value.mistakes),
    unused: () =>
      [...values].flatMap(([path, { source, mistakes }]) =>
        asked.has(path) || mistakes.length > 0 ? [] : [{ path, source }],
      ),
  };
}

/** `Mixture.experts[1]` among the paths that are set is place 1 of `Mixture.experts`. */
function placesIn(set: readonly string[], path: string): readonly number[] {
  const inside = set.filter((each) => each.startsWith(`${path}[`) && /^\[\d+\]$/.test(each.slice(path.length)));
  return inside.map((each) => Number(each.slice(path.length + 1, -1)));
}

/** `optimize.lr` means the `lr` of every `optimize` line, `optimize[0].lr` that of the first. */
function covers(set: string, path: string): boolean {
  if (set === path) return true;
  const asked = path.split(".");
  const given = set.split(".");
  return given.length === asked.length && given.every((segment, i) => coversSegment(segment, asked[i]!));
}

function coversSegment(given: string, asked: string): boolean {
  if (given.endsWith("]")) return given.endsWith("[0]") ? given === `${asked}[0]` : given === asked;
  return given === asked.replace(/\[\d+\]$/, "");
}

/** A value may be read as `name = value` or as `name value`; both are kept when both can be parsed. */
function readOption(path: string, value: string) {
  const name = /([A-Za-z_]\w*)(\[\d+\])?$/.exec(path)?.[1] ?? "value";
  const setting = parseLine(path, `${name} = ${value}`);
  const phrase = parseLine(path, `${name} ${value}`);
  const mistakes = setting.line || phrase.line ? [] : setting.mistakes;
  return { setting: setting.line, phrase: phrase.line, mistakes, source: setting.source };
}

function parseLine(path: string, text: string) {
  const source: SourceFile = { path: `--set ${path}`, text };
  const { ast, diagnostics } = parse(source);
  const entry = ast.entries[0];
  const line = diagnostics.length === 0 && ast.entries.length === 1 && entry ? { entry, source } : undefined;
  return { source, line, mistakes: diagnostics };
}
