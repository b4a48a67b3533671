/**
 * How a kernel's text reaches its parameters: one storage binding each where a shader may have that many;
 * otherwise the small ones lie in one GPU buffer, the pool, and the text finds them there by places that
 * each launch gives (docs/decisions/007-bindings-of-the-wgsl-target.md). Tensors larger than a binding are
 * shown by several. Whoever prints arithmetic asks here how to read or write number i of a parameter.
 */
import type { Param } from "../../5-plan/plan.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import type { WgslBinding } from "../../targets/wgsl/program.js";
import { ITERATION, type Repeat, type Rolled } from "../gpu/repeats.js";
import { bytesOf, bytesOfHalves } from "../gpu/sizes.js";
import type { Access } from "../gpu/spelling.js";
import { halvesOf, readFour, writeFour } from "./halves.js";

export interface Bindings extends Access {
  /** `var` declarations and access functions, a line each */
  readonly declarations: string;
  /** four numbers of a parameter that is reached in fours, and the statement that writes them */
  readonly readFour: (param: number, i: string) => string;
  readonly writeFour: (param: number, i: string, value: string) => string;
  /** repeats of the kernel, with how their loops reach parameters */
  readonly rolled: readonly Rolled[];
  /** bindings of a pass that touches these parameters; all if not given */
  readonly of: (params?: readonly number[]) => WgslBinding[];
}

export interface BindingChoice {
  readonly profile: WgslProfile;
  /** parameters read and written in the pool */
  readonly pooled: ReadonlySet<number>;
  /** lines of a kernel that are a loop over some of them, and those that other lines name; all if not given */
  readonly repeats?: readonly Repeat[];
  readonly named?: ReadonlySet<number>;
  /** parameters that may lie in the pool without the kernel knowing */
  readonly small: ReadonlySet<number>;
  /** parameters that are reached in fours */
  readonly quads?: ReadonlySet<number>;
  /** parameters whose numbers take 16 bits */
  readonly halves?: ReadonlySet<number>;
  /** parameters that are written twice, and the parameter of 16 bits that the second goes to */
  readonly twins?: ReadonlyMap<number, number>;
}

/** Every parameter on its own. */
export const plainChoice = (profile: WgslProfile): BindingChoice => ({ profile, pooled: new Set(), small: new Set() });

const TYPES = { f32: "f32", i32: "i32", u8: "u32" } as const;

export function bindParams(params: readonly Param[], choice: BindingChoice): Bindings {
  const { pooled } = choice;
  const named = [...pooled].filter((i) => choice.named?.has(i) ?? true).sort((a, b) => a - b);
  const repeats = choice.repeats ?? [];
  // a launch gives the places of what is named, then those of each loop, iteration after iteration
  const poolParams = [...named, ...repeats.flatMap((r) => r.params.flat())];
  const poolAccess = poolParams.some((i) => params[i]!.access !== "read") ? "write" : "read";
  const access = accessOf(params, choice);
  const parts = params.map((p, i) => (pooled.has(i) ? [] : partsOf(p, choice, i)));
  const numbers: number[][] = [];
  let next = poolParams.length > 0 ? 2 : 0;
  for (const list of parts) numbers.push(list.map(() => next++));
  const lines: string[] = [];
  if (poolParams.length > 0) lines.push(...poolLines(params, named, poolParams.length, poolAccess));
  if (repeats.length > 0) lines.push(...numberLines(params, repeats));
  params.forEach((p, i) => {
    if (pooled.has(i)) return;
    const type = elementType(p, i, choice);
    const mode = access(i) === "read" ? "read" : "read_write";
    parts[i]!.forEach((_, part) => {
      const name = parts[i]!.length === 1 ? p.name : `${p.name}_part${part}`;
      lines.push(`@group(0) @binding(${numbers[i]![part]}) var<storage, ${mode}> ${name}: array<${type}>;`);
    });
    if (parts[i]!.length > 1) lines.push(...partLines(p, i, parts[i]!.length, choice, access(i)));
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
  const isHalf = (i: number): boolean => choice.halves?.has(i) === true;
  const halves = halvesOf(choice.profile);
  const read = (i: number, at: string): string => {
    const { name } = params[i]!;
    if (called(i)) return `read_${name}(${at})`;
    return isHalf(i) ? halves.read(name, at, access(i) === "write") : `${name}[${at}]`;
  };
  const writeOnce = (i: number, at: string, value: string): string => {
    const { name } = params[i]!;
    if (called(i)) return `write_${name}(${at}, ${value});`;
    return isHalf(i) ? halves.write(name, at, value) : `${name}[${at}] = ${value};`;
  };
  const write = (i: number, at: string, value: string): string => {
    const twin = choice.twins?.get(i);
    const once = writeOnce(i, at, value);
    return twin === undefined ? once : `${once} ${writeOnce(twin, at, read(i, at))}`;
  };
  return {
    params,
    rolled: repeats.map((repeat, n) => {
      const start = repeats.slice(0, n).reduce((sum, r) => sum + r.params.flat().length, named.length);
      return { ...repeat, bindings: inLoop(params, repeat, start, { read, write }) };
    }),
    declarations: lines.join("\n"),
    of: (only = params.map((_, i) => i)) => {
      const own = only.filter((i) => !pooled.has(i)).flatMap(bindingsOf);
      return only.some((i) => pooled.has(i)) ? [...pool, ...own] : own;
    },
    read,
    write,
    readFour: (i, at) => (isHalf(i) ? readFour(params[i]!.name, at) : `${params[i]!.name}[${at}]`),
    writeFour: (i, at, value) =>
      isHalf(i) ? writeFour(params[i]!.name, at, value) : `${params[i]!.name}[${at}] = ${value};`,
  };
}

function elementType(p: Param, i: number, { profile, quads, halves }: BindingChoice): string {
  if (!halves?.has(i)) return quads?.has(i) ? "vec4<f32>" : TYPES[p.dtype];
  const spelled = halvesOf(profile);
  return quads?.has(i) ? spelled.four : spelled.one(p.access !== "read");
}

/** A buffer may not be bound for reading and for writing in one dispatch: then all its bindings write. */
function accessOf(params: readonly Param[], { small }: BindingChoice): (i: number) => "read" | "write" {
  const mixes = params.some((p, i) => small.has(i) && p.access !== "read");
  return (i) => (params[i]!.access !== "read" || (mixes && small.has(i)) ? "write" : "read");
}

/** Bytes that one binding shows of a tensor that takes several. */
const partBytes = ({ binding, alignment }: WgslProfile): number => Math.floor(binding / alignment) * alignment;

function partsOf(p: Param, { profile, halves }: BindingChoice, i: number): { offset: number; bytes: number }[] {
  const bytes = halves?.has(i) ? bytesOfHalves(p) : bytesOf(p);
  const most = partBytes(profile);
  const count = Math.max(1, Math.ceil(bytes / most));
  return Array.from({ length: count }, (_, n) => ({ offset: n * most, bytes: Math.min(most, bytes - n * most) }));
}

/** Parameters of a loop over tensors: by the place in the table of places, a row for each iteration. */
function inLoop(
  params: readonly Param[],
  repeat: Repeat,
  start: number,
  beside: Pick<Access, "read" | "write">,
): Access {
  const first = repeat.params[0]!;
  const place = (i: number): string => {
    const row = first.length === 1 ? ITERATION : `${ITERATION} * ${first.length}u`;
    return `${start + first.indexOf(i)}u + ${row}`;
  };
  const type = (i: number): string => TYPES[params[i]!.dtype];
  return {
    params,
    read: (i, at) => (first.includes(i) ? `${type(i)}_at(${place(i)}, ${at})` : beside.read(i, at)),
    write: (i, at, value) =>
      first.includes(i) ? `put_${type(i)}(${place(i)}, ${at}, ${value});` : beside.write(i, at, value),
  };
}

/** Numbers of a tensor that is known by its place in the table of places. */
function numberLines(params: readonly Param[], repeats: readonly Repeat[]): string[] {
  const types = new Set(repeats.flatMap((r) => r.params[0]!.map((i) => TYPES[params[i]!.dtype])));
  const written = repeats.some((r) => r.params[0]!.some((i) => params[i]!.access !== "read"));
  return [
    "fn start_of(tensor: u32) -> u32 { return places.at[tensor / 4u][tensor % 4u]; }",
    ...[...types].flatMap((type) => [
      `fn ${type}_at(tensor: u32, i: u32) -> ${type} { return bitcast<${type}>(pool[start_of(tensor) + i]); }`,
      ...(written
        ? [`fn put_${type}(tensor: u32, i: u32, value: ${type}) { pool[start_of(tensor) + i] = bitcast<u32>(value); }`]
        : []),
    ]),
  ];
}

function poolLines(
  params: readonly Param[],
  pooled: readonly number[],
  places: number,
  access: "read" | "write",
): string[] {
  const place = (i: number) => `places.at[${Math.floor(pooled.indexOf(i) / 4)}u].${"xyzw"[pooled.indexOf(i) % 4]}`;
  return [
    "/* Small tensors share one buffer; a launch says at which word each begins. */",
    `@group(0) @binding(0) var<storage, ${access === "read" ? "read" : "read_write"}> pool: array<u32>;`,
    `struct Places { at: array<vec4<u32>, ${Math.ceil(places / 4)}> }`,
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
function partLines(p: Param, i: number, count: number, choice: BindingChoice, access: "read" | "write"): string[] {
  const half = choice.halves?.has(i) === true;
  const numbers = partBytes(choice.profile) / (half ? 2 : 4);
  const type = TYPES[p.dtype];
  const index = p.dtype === "u8" ? "(i / 4u)" : "i";
  const array = (part: number): string => `${p.name}_part${part}`;
  const place = (part: number): string => (part === 0 ? index : `${index} - ${part * numbers}u`);
  const choose = (use: (part: number) => string) =>
    Array.from({ length: count }, (_, part) =>
      part + 1 < count ? `  if (${index} < ${(part + 1) * numbers}u) { ${use(part)} }` : `  ${use(part)}`,
    );
  const spelled = halvesOf(choice.profile);
  const cell = (part: number): string => {
    if (half) return spelled.read(array(part), place(part), access === "write");
    const text = `${array(part)}[${place(part)}]`;
    return p.dtype === "u8" ? `(${text} >> (8u * (i % 4u))) & 0xffu` : text;
  };
  const put = (part: number): string =>
    half ? spelled.write(array(part), place(part), "value") : `${array(part)}[${place(part)}] = value;`;
  const read = [`fn read_${p.name}(i: u32) -> ${type} {`, ...choose((part) => `return ${cell(part)};`), "}"];
  if (access === "read" || p.dtype === "u8") return read;
  return [
    ...read,
    `fn write_${p.name}(i: u32, value: ${type}) {`,
    ...choose((part) => `${put(part)}${part + 1 < count ? " return;" : ""}`),
    "}",
  ];
}
