/**
 * How a lane reads an operand of a matrix product: a few neighbouring places (rows of A, columns of B) by four
 * steps of the inner axis. Numbers travel in fours where they lie side by side and sizes divide; otherwise one by
 * one. A place beyond the edge reads the last one again, for its results are not stored; steps beyond the end, and
 * rows that an index does not have, read as zero.
 */
import type { Operand, Param } from "../../5-plan/plan.js";
import { bytesOf, bytesOfHalves, elements } from "../gpu/sizes.js";
import type { BindingChoice, Bindings } from "./bindings.js";

export interface BlockRead {
  readonly operand: Operand;
  /** names what is read: `a` */
  readonly name: string;
  /** the first place, how many, and where places end */
  readonly place: string;
  readonly places: number;
  readonly placeEnd: string;
  /** whether places begin at a multiple of four and end at one */
  readonly wholePlaces: boolean;
  /** the first step, and where steps end */
  readonly k: string;
  readonly kEnd: string;
  /** whether four steps never reach beyond the end, and whether they begin at a multiple of four */
  readonly inside: boolean;
  readonly wholeSteps: boolean;
  /** whether steps beyond the end must read as zero: of two factors one is enough */
  readonly zeroBeyond: boolean;
  /** elements before the matrix: of the batch, of the expert */
  readonly lead: { readonly index: string; readonly stride: number } | undefined;
  /** number of the row behind a place or a step, where it is looked up; negative for none */
  readonly placeSource?: (place: string) => string;
  readonly kSource?: (k: string) => string;
}

export interface Block {
  /** lines before the loop over steps, and in it */
  readonly before: readonly string[];
  readonly within: readonly string[];
  /** the number at a place and one of the four steps */
  readonly at: (place: number, step: number) => string;
}

const STEPS = [0, 1, 2, 3] as const;
const part = (i: number): string => "xyzw"[i % 4]!;
const plus = (base: string, i: number): string => (i === 0 ? base : `${base} + ${i}u`);
const times = (at: string, stride: number): string => {
  if (stride === 1) return at;
  return `${/^[\w.]+(\(.*\))?$/.test(at) ? at : `(${at})`} * ${stride}u`;
};
/** `end_row - 1u`, `63u` */
const minus = (end: string, by: number): string =>
  /^\d+u$/.test(end) ? `${Number.parseInt(end, 10) - by}u` : `${end} - ${by}u`;
const fours = (k: string): string => (/^\d+u$|^\w+$/.test(k) ? `${k} / 4u` : `(${k}) / 4u`);

/** Parameters of a kernel that can be read in fours: operands only, whole and aligned. */
export function quadParams(
  params: readonly Param[],
  operands: readonly Operand[],
  others: ReadonlySet<number>,
  choice: BindingChoice,
): Set<number> {
  const fits = (o: Operand): boolean => {
    const p = params[o.param]!;
    const bytes = choice.halves?.has(o.param) ? bytesOfHalves(p) : bytesOf(p);
    const alone = !choice.pooled.has(o.param) && !others.has(o.param) && bytes <= choice.profile.binding;
    return alone && p.dtype === "f32" && elements(p) % 4 === 0 && o.stride % 4 === 0 && o.batchStride % 4 === 0;
  };
  const refused = new Set(operands.filter((o) => !fits(o)).map((o) => o.param));
  return new Set(operands.map((o) => o.param).filter((p) => !refused.has(p)));
}

/** The lines that read one block; `quads` are the parameters bound as fours. */
export function readBlock(read: BlockRead, bindings: Bindings, quads: ReadonlySet<number>): Block {
  const memory = memoryOf(read.operand.param, bindings, quads.has(read.operand.param));
  return read.operand.major === "k" ? alongSteps(read, memory) : alongPlaces(read, memory);
}

/** How elements of one parameter are reached, alone and in fours. */
interface Memory {
  readonly quads: boolean;
  readonly one: (index: string) => string;
  readonly four: (index: string) => string;
}

function memoryOf(param: number, bindings: Bindings, quads: boolean): Memory {
  const four = (index: string): string => bindings.readFour(param, index);
  const one = (index: string): string => `${four(`(${index}) / 4u`)}[(${index}) % 4u]`;
  return { quads, one: quads ? one : (index) => bindings.read(param, index), four };
}

const leadOf = ({ lead }: BlockRead, by: number): string =>
  lead && lead.stride > 0 ? `${times(lead.index, lead.stride / by)} + ` : "";

/** The row behind a place, kept from reaching beyond the edge; looked up rows get a name of their own. */
function placeRow(read: BlockRead, j: number, before: string[]): { row: string; there: string | undefined } {
  const place = `min(${plus(read.place, j)}, ${minus(read.placeEnd, 1)})`;
  if (!read.placeSource) return { row: place, there: undefined };
  const source = `${read.name}_row${j}`;
  before.push(`let ${source} = ${read.placeSource(place)};`);
  return { row: `u32(max(${source}, 0))`, there: `${source} >= 0` };
}

/** Neighbours are steps: a vector for each place. */
function alongSteps(read: BlockRead, memory: Memory): Block {
  const before: string[] = [];
  const within: string[] = [];
  const inFours = memory.quads && read.wholeSteps && !read.kSource;
  const by = inFours ? 4 : 1;
  for (let j = 0; j < read.places; j++) {
    const { row, there } = placeRow(read, j, before);
    before.push(`let ${read.name}_at${j} = ${leadOf(read, by)}${times(row, read.operand.stride / by)};`);
    const steps = stepsOf(read, read.name, j === 0 ? within : []);
    const first = read.inside ? read.k : `min(${read.k}, ${minus(read.kEnd, 4)})`;
    const cells = inFours
      ? memory.four(`${read.name}_at${j} + ${fours(first)}`)
      : `vec4<f32>(${steps.map((s) => memory.one(`${read.name}_at${j} + ${s.row}`)).join(", ")})`;
    const conditions = inFours && !read.inside && read.zeroBeyond ? [`${read.k} < ${read.kEnd}`] : [];
    within.push(
      `let ${read.name}${j} = ${zeroed(cells, [...conditions, ...(there ? [there] : [])], inFours ? [] : steps)};`,
    );
  }
  return { before, within, at: (place, step) => `${read.name}${place}.${part(step)}` };
}

/** Neighbours are places: a vector for each step and four places. */
function alongPlaces(read: BlockRead, memory: Memory): Block {
  const before: string[] = [];
  const within: string[] = [];
  const inFours = memory.quads && read.wholePlaces && !read.placeSource;
  const by = inFours ? 4 : 1;
  const rows = inFours ? [] : Array.from({ length: read.places }, (_, j) => placeRow(read, j, before));
  if (inFours) {
    for (let q = 0; q < read.places / 4; q++)
      before.push(
        `let ${read.name}_at${q} = ${leadOf(read, 4)}min(${plus(read.place, 4 * q)}, ${minus(read.placeEnd, 4)}) / 4u;`,
      );
  }
  for (const [j, { row }] of rows.entries()) before.push(`let ${read.name}_at${j} = ${leadOf(read, 1)}${row};`);
  const steps = stepsOf(read, read.name, within);
  for (const [i, step] of steps.entries()) {
    within.push(`let ${read.name}_line${i} = ${times(step.row, read.operand.stride / by)};`);
    for (let q = 0; q < read.places / 4; q++) {
      const at = (j: number): string => `${read.name}_line${i} + ${read.name}_at${j}`;
      const cells = inFours
        ? memory.four(at(q))
        : `vec4<f32>(${STEPS.map((j) => memory.one(at(4 * q + j))).join(", ")})`;
      const there = inFours ? [] : rows.slice(4 * q, 4 * q + 4).flatMap((r) => (r.there ? [r.there] : []));
      const live = step.there ? [step.there] : [];
      within.push(
        `let ${read.name}${q}_${i} = ${zeroed(cells, live, there.length === 4 ? there.map((t) => ({ there: t })) : [])};`,
      );
    }
  }
  return { before, within, at: (place, step) => `${read.name}${Math.floor(place / 4)}_${step}.${part(place)}` };
}

interface Step {
  readonly row: string;
  /** when the step is one at all */
  readonly there: string | undefined;
}

/** The four steps of a block: their rows, looked up where they are, and whether they are there. */
function stepsOf(read: BlockRead, name: string, within: string[]): Step[] {
  return STEPS.map((i) => {
    const k = plus(read.k, i);
    const inside = read.inside || !read.zeroBeyond ? undefined : `${k} < ${read.kEnd}`;
    const safe = read.inside ? k : `min(${k}, ${minus(read.kEnd, 1)})`;
    if (!read.kSource) return { row: safe, there: inside };
    const source = `${name}_step${i}`;
    within.push(`let ${source} = ${read.kSource(safe)};`);
    return { row: `u32(max(${source}, 0))`, there: [`${source} >= 0`, ...(inside ? [inside] : [])].join(" && ") };
  });
}

/** Four numbers, zero unless all conditions hold, and each of them zero unless its own does. */
function zeroed(
  cells: string,
  all: readonly string[],
  each: readonly { readonly there: string | undefined }[],
): string {
  const own = each.some((s) => s.there !== undefined)
    ? `select(vec4<f32>(), ${cells}, vec4<bool>(${each.map((s) => s.there ?? "true").join(", ")}))`
    : cells;
  return all.length > 0 ? `select(vec4<f32>(), ${own}, ${all.join(" && ")})` : own;
}
