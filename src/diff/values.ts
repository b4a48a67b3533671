/** Values of a design as plain scalars and as text. */
import type { Ffn, Init, Norm, RuleUse, Unit } from "../2-design/design.js";
import type { DesignLine, Scalar } from "./line.js";

type Refer = (name: string) => string;
type Values = Readonly<Record<string, Scalar>>;

/**
 * Takes what is left of a part of the design when every value was named. A value that is new in the design and has no
 * line yet does not compile.
 */
export function told(_rest: Readonly<Record<string, never>>): void {}

/** A value that may be absent. */
export function scalar(value: number | string | boolean | undefined): Scalar {
  return value ?? null;
}

/** `hidden: 512, bias: off` and so on; what an expert or a dense block computes. */
export function ffnValues({ kind, hidden, clamp, bias, block, attention, ...rest }: Ffn, refer: Refer): Values {
  told(rest);
  const part = block ?? attention;
  return { kind, hidden, clamp: scalar(clamp), bias, block: part === undefined ? null : refer(part) };
}

export function unitValues(unit: Unit): Values {
  switch (unit.kind) {
    case "token": {
      const { kind, ...rest } = unit;
      told(rest);
      return { unit: kind };
    }
    case "sequence": {
      const { kind, reads, ...rest } = unit;
      told(rest);
      return { unit: kind, reads };
    }
    case "chunk": {
      const { kind, size, reads, ...rest } = unit;
      told(rest);
      return { unit: kind, size, reads };
    }
    case "subtoken": {
      const { kind, heads, split, merge, residualInside, ...rest } = unit;
      told(rest);
      return { unit: kind, heads, split, merge, residual: residualInside ? "inside" : "outside" };
    }
    default:
      return unit satisfies never;
  }
}

export function normValues({ kind, eps, ...rest }: Norm): Values {
  told(rest);
  return { norm: kind, eps };
}

/** The rule, its arguments, and when it is in force. */
export function ruleValues(
  { rule, args, when, slot: _slot, text: _text, path: _path, ...rest }: RuleUse,
  refer: Refer,
): Values {
  told(rest);
  const plain = Object.entries(args).map(([name, value]): [string, Scalar] => {
    return [name, name === "table" && typeof value === "string" ? refer(value) : scalar(value)];
  });
  const clauses = Object.entries(when ?? {}).map(([name, value]): [string, Scalar] => [name, scalar(value)]);
  return { rule, ...Object.fromEntries(plain), ...Object.fromEntries(clauses) };
}

export function initValues(init: Init): Values {
  switch (init.kind) {
    case "normal":
      return { init: init.kind, std: init.std };
    case "xavier_uniform":
    case "orthogonal":
      return { init: init.kind, gain: init.gain };
    case "merge":
      return { init: init.kind, checkpoints: listText(init.checkpoints) };
    case "zeros":
    case "ones":
      return { init: init.kind };
    default:
      return init satisfies never;
  }
}

/** `[a, b]` */
export function listText(items: readonly (number | string)[]): string {
  return `[${items.join(", ")}]`;
}

/** The same list whatever order it was written in. */
export function setText(items: readonly string[]): string {
  return listText([...items].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** A value for people: `on`, `none`, `0.01`. */
export function scalarText(value: Scalar | undefined): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "number" ? numberText(value) : value;
}

/** Grouped with `_` from ten thousand on, as `fmt` writes numbers. */
export function numberText(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) < 10_000) return String(value);
  return String(value).replace(/\B(?=(\d{3})+$)/g, "_");
}

/** The text of a line that no spec holds: its values, most telling first. */
export function valuesText(values: DesignLine["values"]): string {
  const said = Object.entries(values).filter(([, value]) => value !== null && value !== false);
  return said.map(([name, value]) => (value === true ? name : `${name} ${scalarText(value)}`)).join(", ") || "none";
}
