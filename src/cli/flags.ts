/** Values of flags: from text to numbers and pairs, with a coded message when a text will not do. */
import type { SetOption } from "../2-design/read/overrides.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";

function refuse(flag: string, value: string, expected: string): never {
  throw new DiagnosticError([diagnose("MOE6021", { flag, value, expected })]);
}

/** A whole number of at least `least`; digits may be grouped: `1_000`. */
export function wholeNumber(flag: string, least = 0): (value: string) => number {
  return (value) => {
    const number = Number(/^\d[\d_]*$/.test(value) ? value.replaceAll("_", "") : "x");
    const fits = Number.isSafeInteger(number) && number >= least;
    return fits ? number : refuse(flag, value, `a whole number from ${least}`);
  };
}

/** A number of at least 0. */
export function positiveNumber(flag: string): (value: string) => number {
  return (value) => {
    const number = value.trim() === "" ? Number.NaN : Number(value);
    return Number.isFinite(number) && number >= 0 ? number : refuse(flag, value, "a number from 0");
  };
}

/** A number above 0 and at most 1. */
export function shareOf(flag: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    return number > 0 && number <= 1 ? number : refuse(flag, value, "a number above 0, at most 1");
  };
}

/** Collects a flag that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `Pretrain.steps=50` */
export function setOption(text: string): SetOption {
  const [, path, value] = /^\s*([\w.[\]]+)\s*=\s*(.+?)\s*$/s.exec(text) ?? [];
  if (path === undefined || value === undefined)
    return refuse("--set", text, "`path=value`, such as `Pretrain.steps=50`");
  return { path, value };
}

/** `Mixture=padded-batched` */
export function dispatchOptions(texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.map((text): [string, string] => {
    const [, site, strategy] = /^(\w+)=([\w-]+)$/.exec(text) ?? [];
    if (site === undefined || strategy === undefined) {
      return refuse("--dispatch", text, "`Site=strategy`, such as `Mixture=one-hot`");
    }
    return [site, strategy];
  });
  return Object.fromEntries(pairs);
}

/** The flags that say how mixtures are to be run. */
export interface DispatchFlags {
  /** `--dispatch Site=strategy` */
  readonly dispatch?: readonly string[];
  /** `--no-rewrite name`: rewrites that are not wanted; commander drops the `no-` */
  readonly rewrite?: readonly string[];
  /** mixtures whose strategy in `dispatch` was measured, not wished for */
  readonly measured?: readonly string[];
}

/** What the flags ask of dispatch; names are checked where the mixtures are known. */
export function dispatchWishes({ dispatch = [], rewrite = [], measured = [] }: DispatchFlags) {
  return { dispatch: dispatchOptions(dispatch), without: rewrite, measured };
}

/** What programs can be built for, now and later. */
const known = ["cpu", "wgsl", "cuda", "reference"] as const;
export type TargetName = (typeof known)[number];

/** A target by name: MOE5001 for one that is unknown, MOE5006 for one that `allowed` leaves out. */
export function targetNamed<T extends string>(name: string, allowed: readonly T[]): T {
  const isKnown = (known as readonly string[]).includes(name);
  if (!isKnown) {
    const near = suggest(name, allowed);
    const help = [near ? `did you mean \`${near}\`?` : `targets: ${allowed.join(", ")}`];
    throw new DiagnosticError([diagnose("MOE5001", { target: name }, { help })]);
  }
  if ((allowed as readonly string[]).includes(name)) return name as T;
  const reason = name === "reference" ? "the reference only traces" : "this version of moec does not build it yet";
  const help = [`targets of this command: ${allowed.join(", ")}`];
  throw new DiagnosticError([diagnose("MOE5006", { target: name, reason }, { help })]);
}
