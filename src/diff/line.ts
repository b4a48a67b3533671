/**
 * A checked design as lines that can be paired: every line has the slot it fills and the values it means, and keeps
 * the text it was written as for people. Nothing is compared here, and no text takes part in a comparison.
 */

export type Scalar = number | string | boolean | null;

export interface DesignLine {
  /** the path that errors, explain and `--set` use: `Mixture.router.select` */
  readonly path: string;
  /** what it fills: `router.select`, `experts`; lines of one slot may be several */
  readonly slot: string;
  /** tells lines of one slot apart: the rule, the kind of expert, the part of a residual step */
  readonly key: string;
  /** as `fmt` prints it, without the slot's own word */
  readonly text: string;
  /** 1-based line of the spec, where it was written */
  readonly line: number | undefined;
  readonly from: Origin;
  /** everything the line means, by the words of the language */
  readonly values: Readonly<Record<string, Scalar>>;
  /** why a value is what it is, for values that nobody wrote */
  readonly because: Readonly<Record<string, string>>;
}

export type Origin = "written" | "default" | "inherited" | "derived";

export type SectionKind = "model" | "block" | "attention" | "dense" | "moe" | "router" | "table" | "train";

/** One declaration of a spec. */
export interface Section {
  readonly kind: SectionKind;
  readonly name: string;
  readonly lines: readonly DesignLine[];
  /** slots whose lines happen in sequence: their order is meaning */
  readonly ordered: readonly string[];
}
