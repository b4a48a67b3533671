/**
 * The parameter list of a kernel while it is being written: one entry per buffer it touches, named by the
 * role of the value, in order of first use.
 */
import type { Value } from "../3-graph/graph.js";
import { CHUNKS, type Param } from "./plan.js";

/** What a parameter stands for: a value, or the partial sums of a value that is reduced over rows. */
export interface Bound {
  readonly value: Value;
  readonly partial: boolean;
}

export interface ParamTable {
  readonly params: Param[];
  readonly bound: Bound[];
  read(value: Value): number;
  write(value: Value): number;
  /** [chunks, …axes of the reduced value] */
  partial(value: Value): number;
}

/**
 * `same` sends a value to the one whose memory it takes over. A `generic` kernel serves many weights: its
 * parameters are named by what they are, not by whose they are.
 */
export function paramTable(same: (v: Value) => Value, far: (v: Value) => boolean, generic = false): ParamTable {
  const params: Param[] = [];
  const bound: Bound[] = [];
  const find = (value: Value, partial: boolean) => bound.findIndex((b) => b.value === value && b.partial === partial);
  const touch = (value: Value, access: "read" | "write", partial: boolean): number => {
    const at = find(value, partial);
    if (at < 0) return add(value, access, partial);
    const p = params[at]!;
    if (p.access !== access && p.access !== "update") params[at] = { ...p, access: "update" };
    return at;
  };
  const add = (value: Value, access: Param["access"], partial: boolean): number => {
    const dims = partial ? [{ name: "chunk", size: CHUNKS }, ...value.axes] : value.axes;
    params.push({
      name: nameFor(value, partial, params, generic),
      dtype: value.dtype,
      access,
      dims,
      ...(access === "write" && !partial && far(value) && { far: true }),
    });
    return bound.push({ value, partial }) - 1;
  };
  return {
    params,
    bound,
    read: (v) => touch(same(v), "read", false),
    write: (v) => touch(same(v), "write", false),
    partial: (v) => touch(v, "write", true),
  };
}

/** What the texts of kernels call their own numbers, whatever the target. */
const locals: ReadonlySet<string> = new Set(
  "cols column first height item lane lanes part row rows tile width".split(" "),
);

function nameFor(value: Value, partial: boolean, taken: readonly Param[], generic: boolean): string {
  const { op, at } = value.node;
  const role = generic
    ? genericRole(value)
    : "name" in op
      ? op.name.replace(/^layers\.\d+\./, "")
      : `${at.phase === "backward" && !at.role.startsWith("grad") ? "d_" : ""}${at.role || op.kind}`;
  const suffix = value.node.outputs.length > 1 ? `_${outputName(value)}` : "";
  const plain = `${role}${suffix}${partial ? "_partial" : ""}`.replace(/[^A-Za-z0-9]+/g, "_");
  const base = locals.has(plain) ? `${plain}_given` : plain;
  const names = new Set(taken.map((p) => p.name));
  let name = base;
  for (let i = 0; names.has(name); i++)
    name = `${base}_${"bcdefghijklmnopqrstuvwxyz"[i % 25]!.repeat(1 + Math.floor(i / 25))}`;
  return name;
}

function genericRole({ node: { op, at } }: Value): string {
  if (op.kind === "param") return "weight";
  if (op.kind === "state") return op.name.split(".").slice(0, 2).join("_");
  return at.phase === "backward" ? "gradient" : at.role || op.kind;
}

/** Outputs of ops that have several, by the names the field uses. */
export function outputName(value: Value): string {
  const names: Record<string, readonly string[]> = {
    partition: ["offsets", "rows", "slots"],
    bucket: ["rows", "slots"],
    rank: ["rank", "order"],
    attention: ["o", "lse"],
    attentionGrad: ["dq", "dk", "dv"],
  };
  return names[value.node.op.kind]?.[value.output] ?? `out${value.output}`;
}
