/** What building the parts of a design shares: declarations, names, references between parts, plain access to values. */
import { suggest } from "../../diagnostics/suggest.js";
import type { Ffn, Init, Norm } from "../design.js";
import { aKind, type Declaration, type DeclarationKind, type Declarations } from "../read/declarations.js";
import { evaluate } from "../read/evaluate.js";
import { type Reading, readerOf } from "../read/lines.js";
import { type Busy, createNames, type Names, type Thunk } from "../read/names.js";
import { complain, didYouMean, type Site } from "../read/report.js";
import type { Session } from "../read/session.js";
import type { ArgValue } from "../read/value.js";

export interface File {
  readonly session: Session;
  readonly declarations: Declarations;
  /** `let`s of the file, and the sizes of its model */
  readonly names: Names;
  readonly busy: Busy;
  /** the model that is meant */
  readonly model: Declaration | undefined;
  /** the run that is meant */
  readonly train: Declaration | undefined;
}

export type Args = Readonly<Record<string, ArgValue>>;

/** A number that was read; NaN when it could not be. */
export function num(value: ArgValue | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}

/** A number that may be absent. */
export function optionalNum(value: ArgValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** A word or text that was read; empty when it could not be. */
export function str(value: ArgValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A list of texts that was read; empty when it could not be. */
export function strs(value: ArgValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The declaration of a name, if it has one of the kinds; reported otherwise. */
export function refer(
  name: string,
  kinds: readonly DeclarationKind[],
  site: Site | undefined,
  { session, declarations }: File,
): Declaration | undefined {
  const found = declarations.get(name);
  session.used.add(name);
  if (found && kinds.includes(found.kind)) return found;
  if (name === "" || !site) return undefined;
  if (found) {
    const expected = kinds.map(aKind).join(" or ");
    complain(session.report, "MOE2013", { name, expected, found: aKind(found.kind) }, site);
    return undefined;
  }
  const candidates = [...declarations.values()]
    .filter((each) => kinds.includes(each.kind))
    .map((each) => each.name.text);
  const kind = [kinds.slice(0, -1).join(", "), kinds.at(-1)].filter((part) => part !== "").join(" or ");
  const near = didYouMean(site, suggest(name, candidates));
  const here = candidates.slice(0, 6).map((each) => `\`${each}\``);
  complain(session.report, "MOE2002", { kind, name }, site, {
    help:
      near.length > 0 || here.length === 0
        ? near
        : [`there is ${here.join(", ")}${candidates.length > 6 ? ", …" : ""}`],
  });
  return undefined;
}

/** The `let`s and number settings of a declaration as names, on top of outer names. */
export function localNames(
  declaration: Declaration,
  settings: readonly string[],
  extra: ReadonlyMap<string, Thunk>,
  outer: Names,
  file: File,
): Names {
  const thunks = new Map<string, Thunk>(extra);
  const names = createNames(thunks, outer, file.busy);
  for (const line of declaration.lines) {
    const { entry } = line;
    if (entry.kind !== "assign" || (!entry.let && !settings.includes(entry.name.text))) continue;
    const reader = readerOf(line, names, file.session);
    const number = () => evaluate(entry.value, entry.name.text, reader);
    if (entry.let) file.session.pending.push(() => names.lookup(entry.name.text));
    thunks.set(entry.name.text, entry.let ? number : () => positive(number()));
  }
  return names;
}

/** Sizes are positive whole numbers; others are reported where they are read, and unknown everywhere else. */
function positive(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : Number.NaN;
}

/** The norm of a line; rms(eps: 1e-5) when none is written. */
export function normOf(args: Args): Norm {
  if (args.norm === "none") return { kind: "none", eps: 0 };
  const eps = args.eps === undefined ? 1e-5 : num(args.eps);
  return { kind: args.norm === "layer" ? "layer" : "rms", eps };
}

/** What one expert computes. */
export function ffnOf(args: Args): Ffn {
  const block = typeof args.block === "string" ? { block: args.block } : {};
  const attention = typeof args.attention === "string" ? { attention: args.attention } : {};
  const hidden = args.hidden === undefined ? 0 : num(args.hidden);
  return {
    kind: str(args.kind),
    hidden,
    clamp: optionalNum(args.clamp),
    bias: args.bias === true,
    ...block,
    ...attention,
  };
}

/** The `init` lines of a block by the name of the weights. */
export function initsOf(readings: readonly Reading[]): Readonly<Record<string, Init>> {
  const lines = readings.filter((reading) => reading.name === "init" && reading.sound);
  return Object.fromEntries(lines.map(({ args }) => [str(args.weight), initOf(args)]));
}

function initOf(args: Args): Init {
  switch (args.init) {
    case "normal":
      return { kind: "normal", std: num(args.std) };
    case "xavier_uniform":
      return { kind: "xavier_uniform", gain: num(args.gain) };
    case "orthogonal":
      return { kind: "orthogonal", gain: num(args.gain) };
    case "merge":
      return { kind: "merge", checkpoints: strs(args.checkpoints) };
    case "ones":
      return { kind: "ones" };
    default:
      return { kind: "zeros" };
  }
}
