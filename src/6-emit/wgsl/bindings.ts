/**
 * How a kernel's text reaches its parameters: one storage binding each where a shader may have that many;
 * otherwise the small ones lie in one GPU buffer, the pool, and the text finds them there by places that
 * each launch gives (docs/decisions/007-bindings-of-the-wgsl-target.md). Tensors larger than a binding are
 * shown by several. Whoever prints arithmetic asks here how to read or write number i of a parameter.
 */
import type { Param } from "../../5-plan/plan.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import type { WgslBinding } from "../../targets/wgsl/program.js";
import { bytesOf } from "../gpu/sizes.js";
import type { Access } from "../gpu/spelling.js";

export interface Bindings extends Access {
  /** `var` declarations and access functions, a line each */
  readonly declarations: string;
  /** bindings of a pass that touches these parameters; all if not given */
  readonly of: (params?: readonly number[]) => WgslBinding[];
}

export interface BindingChoice {
  readonly profile: WgslProfile;
  /** parameters read and written in the pool */
  readonly pooled: ReadonlySet<number>;
  /** parameters that may lie in the pool without the kernel knowing */
  readonly small: ReadonlySet<number>;
  /** element type of a parameter's binding where it is not its own: `vec4<f32>` */
  readonly types?: ReadonlyMap<number, string>;
}

/** Every parameter on its own. */
export const plainChoice = (profile: WgslProfile): BindingChoice => ({ profile, pooled: new Set(), small: new Set() });

const TYPES = { f32: "f32", i32: "i32", u8: "u32" } as const;

export function bindParams(params: readonly Param[], choice: BindingChoice): Bindings {
  const { pooled } = choice;
  const poolParams = [...pooled].sort((a, b) => a - b);
  const poolAccess = poolParams.some((i) => params[i]!.access !== "read") ? "write" : "read";
  const access = accessOf(params, choice);
  const parts = params.map((p, i) => (pooled.has(i) ? [] : partsOf(p, choice.profile)));
  const numbers: number[][] = [];
  let next = poolParams.length > 0 ? 2 : 0;
  for (const list of parts) numbers.push(list.map(() => next++));
  const lines: string[] = [];
  if (poolParams.length > 0) lines.push(...poolLines(params, poolParams, poolAccess));
  params.forEach((p, i) => {
    if (pooled.has(i)) return;
    const type = choice.types?.get(i) ?? TYPES[p.dtype];
    const mode = access(i) === "read" ? "read" : "read_write";
    parts[i]!.forEach((_, part) => {
      const name = parts[i]!.length === 1 ? p.name : `${p.name}_part${part}`;
      lines.push(`@group(0) @binding(${numbers[i]![part]}) var<storage, ${mode}> ${name}: array<${type}>;`);
    });
    if (parts[i]!.length > 1) lines.push(...partLines(p, parts[i]!.length, choice.profile, access(i)));
    else if (p.dtype === "u8") lines.push(byteLine(p, `${p.name}[i / 4u]`));
  });
  const bindingsOf = (i: number): WgslBinding[] =>
    numbers[i]!.map((binding, n) => ({
      binding,
      access: access(i),
      of: { kind: "param", param: i, ...(parts[i]!.length > 1 && { part: parts[i]![n]! }) },
    }));
  const pool: WgslBinding[] = [
    { binding: 0, access: poolAccess, of: { kind: "pool" } },
    { binding: 1, access: "uniform", of: { kind: "places", params: poolParams } },
  ];
  const called = (i: number) => pooled.has(i) || params[i]!.dtype === "u8" || parts[i]!.length > 1;
  return {
    params,
    declarations: lines.join("\n"),
    of: (only = params.map((_, i) => i)) => {
      const own = only.filter((i) => !pooled.has(i)).flatMap(bindingsOf);
      return only.some((i) => pooled.has(i)) ? [...pool, ...own] : own;
    },
    read: (i, at) => (called(i) ? `read_${params[i]!.name}(${at})` : `${params[i]!.name}[${at}]`),
    write: (i, at, value) =>
      called(i) ? `write_${params[i]!.name}(${at}, ${value});` : `${params[i]!.name}[${at}] = ${value};`,
  };
}

/** A buffer may not be bound for reading and for writing in one dispatch: then all its bindings write. */
function accessOf(params: readonly Param[], { small }: BindingChoice): (i: number) => "read" | "write" {
  const mixes = params.some((p, i) => small.has(i) && p.access !== "read");
  return (i) => (params[i]!.access !== "read" || (mixes && small.has(i)) ? "write" : "read");
}

function partsOf(p: Param, profile: WgslProfile): { offset: number; bytes: number }[] {
  const bytes = bytesOf(p);
  const most = Math.floor(profile.binding / profile.alignment) * profile.alignment;
  const count = Math.max(1, Math.ceil(bytes / most));
  return Array.from({ length: count }, (_, i) => ({ offset: i * most, bytes: Math.min(most, bytes - i * most) }));
}

function poolLines(params: readonly Param[], pooled: readonly number[], access: "read" | "write"): string[] {
  const place = (i: number) => `places.at[${Math.floor(pooled.indexOf(i) / 4)}u].${"xyzw"[pooled.indexOf(i) % 4]}`;
  return [
    "/* Small tensors share one buffer; a launch says at which word each begins. */",
    `@group(0) @binding(0) var<storage, ${access === "read" ? "read" : "read_write"}> pool: array<u32>;`,
    `struct Places { at: array<vec4<u32>, ${Math.ceil(pooled.length / 4)}> }`,
    "@group(0) @binding(1) var<uniform> places: Places;",
    ...pooled.flatMap((i) => {
      const p = params[i]!;
      if (p.dtype === "u8") return [byteLine(p, `pool[${place(i)} + i / 4u]`)];
      const type = TYPES[p.dtype];
      const read = `fn read_${p.name}(i: u32) -> ${type} { return bitcast<${type}>(pool[${place(i)} + i]); }`;
      const write = `fn write_${p.name}(i: u32, value: ${type}) { pool[${place(i)} + i] = bitcast<u32>(value); }`;
      return p.access === "read" ? [read] : [read, write];
    }),
  ];
}

const byteLine = (p: Param, word: string): string =>
  `fn read_${p.name}(i: u32) -> u32 { return (${word} >> (8u * (i % 4u))) & 0xffu; }`;

/** A tensor in several bindings: which one holds number i. */
function partLines(p: Param, count: number, profile: WgslProfile, access: "read" | "write"): string[] {
  const words = (Math.floor(profile.binding / profile.alignment) * profile.alignment) / 4;
  const type = TYPES[p.dtype];
  const index = p.dtype === "u8" ? "(i / 4u)" : "i";
  const cell = (part: number) => `${p.name}_part${part}[${part === 0 ? index : `${index} - ${part * words}u`}]`;
  const choose = (use: (part: number) => string) =>
    Array.from({ length: count }, (_, part) =>
      part + 1 < count ? `  if (${index} < ${(part + 1) * words}u) { ${use(part)} }` : `  ${use(part)}`,
    );
  const byte = (text: string) => (p.dtype === "u8" ? `(${text} >> (8u * (i % 4u))) & 0xffu` : text);
  const read = [`fn read_${p.name}(i: u32) -> ${type} {`, ...choose((part) => `return ${byte(cell(part))};`), "}"];
  if (access === "read" || p.dtype === "u8") return read;
  return [
    ...read,
    `fn write_${p.name}(i: u32, value: ${type}) {`,
    ...choose((part) => `${cell(part)} = value;${part + 1 < count ? " return;" : ""}`),
    "}",
  ];
}
