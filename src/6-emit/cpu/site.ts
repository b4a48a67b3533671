/** Where a piece of generated C stands: the kernel's parameters, the loops around it, the vector it fills; and what lies there. */
import type { Dim, Param } from "../../5-plan/plan.js";

export interface Site {
  readonly params: readonly Param[];
  /** C expression of a coordinate outside the inner loops: `row`, `row / P` */
  readonly coordinates: ReadonlyMap<string, string>;
  /** a tile's value, for epilogues */
  readonly tile?: (output: number) => string;
  /** set where every statement is about one vector (tiles, flat kernels): where a parameter is read there */
  readonly at?: (dims: readonly Dim[]) => { readonly offset: string; readonly vector: boolean };
  /** name of the chunk, for partial sums */
  readonly chunk: string;
  /** pointers to rows that were looked up once for the whole row program, by what they read */
  readonly rowsByIndex?: ReadonlyMap<string, string>;
}

/** Where a piece of code stands: loops around it, and the axis whose lanes a vector holds. */
export interface Spot {
  readonly site: Site;
  readonly loops: ReadonlyMap<string, string>;
  /** the axis in vectors; undefined: scalars */
  readonly lanes: Dim | undefined;
}

/** A spot outside of all inner loops, for scalars. */
export const outside = (site: Site): Spot => ({ site, loops: new Map(), lanes: undefined });

/** Elements between neighbours on an axis, row-major. */
export function strideOf(dims: readonly Dim[], name: string): number {
  const at = dims.findIndex((x) => x.name === name);
  return dims.slice(at + 1).reduce((n, x) => n * x.size, 1);
}

/** Row-major offset of the current spot; with `rowOnly` the inner axes are left out. */
export function offset(
  dims: readonly Dim[],
  all: readonly Dim[],
  spot: { site: Site; loops: ReadonlyMap<string, string> },
  rowOnly = false,
): string {
  const parts: string[] = [];
  for (const dim of dims) {
    const at = spot.loops.get(dim.name) ?? spot.site.coordinates.get(dim.name);
    if (at === undefined) {
      if (rowOnly) continue;
      throw new Error(`axis ${dim.name} is not walked here`);
    }
    const stride = strideOf(all, dim.name);
    parts.push(
      stride === 1
        ? at
        : `${/^\w+$/.test(at) ? at : `(${at})`} * ${spot.site.coordinates.has(dim.name) ? `(ptrdiff_t)${stride}` : stride}`,
    );
  }
  return parts.length === 0 ? "0" : parts.join(" + ");
}

/** C of the address of a parameter's element here. */
export function pointer(p: Param, spot: Spot): string {
  const at = offset(p.dims, p.dims, spot);
  return at === "0" ? p.name : `${p.name} + ${at}`;
}

/** C of a parameter's element here, to be assigned to. */
export function element(p: Param, spot: Spot): string {
  return `${p.name}[${offset(p.dims, p.dims, spot)}]`;
}
