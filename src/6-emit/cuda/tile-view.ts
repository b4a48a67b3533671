/** What tiles of matrix products know of where they are: rows by index, which of several results they belong to. */
import type { MatmulKernel, Operand, OuterKernel, Param } from "../../5-plan/plan.js";
import { blocks } from "../gpu/sizes.js";
import type { Access } from "../gpu/spelling.js";

/** The table of tiles that a product over sorted rows reads. */
export const tilesOf = ({ params }: MatmulKernel): Param => params.find((p) => p.name === "tiles")!;

type Gather = NonNullable<Operand["gather"]>;

/** Name of the table of a tile's rows. */
export const tableOf = (g: Gather, bindings: Access): string => `rows_by_${bindings.params[g.param]!.name}`;

/** Row numbers that A's rows are read by, looked up once for the tile. */
export function gathersOf(kernel: MatmulKernel, bindings: Access): { name: string; from: string; row: string }[] {
  const gathers = kernel.outputs[0]!.terms.flatMap((t) => (t.a.gather ? [t.a.gather] : []));
  const unique = gathers.filter((g, i) => gathers.findIndex((x) => x.param === g.param) === i);
  const line = kernel.batch > 1 ? `batch * ${kernel.m} + row` : "row";
  return unique.map((g) => ({
    name: tableOf(g, bindings),
    from: bindings.read(g.param, line),
    row: g.divide === 1 ? "found" : `found < 0 ? -1 : found / ${g.divide}`,
  }));
}

/** The source of a step of the inner axis that is found by index. */
export function stepSourceOf(kernel: OuterKernel, g: Gather, bindings: Access): (step: string) => string {
  return (step) => {
    const found = bindings.read(g.param, kernel.batch > 1 ? `batch * ${kernel.k} + ${step}` : step);
    return g.divide === 1 ? found : `(${found} < 0 ? -1 : ${found} / ${g.divide})`;
  };
}

/** With several results beside each other: which one a tile of columns belongs to. */
export function outputView(
  kernel: MatmulKernel,
  columns: number,
  across = "blockIdx.x",
): { view: object; tilesAcross: number } {
  const widths = kernel.outputs.map((o) => o.n);
  if (kernel.paired || widths.length === 1) return { view: {}, tilesAcross: blocks(widths[0]!, columns) };
  const tiles = widths.map((n) => blocks(n, columns));
  const starts = tiles.map((_, i) => tiles.slice(0, i).reduce((a, b) => a + b, 0));
  const total = tiles.reduce((a, b) => a + b, 0);
  const last = widths.length - 1;
  const pick = (values: readonly (number | string)[]): string =>
    values.map((v, i) => (i === last ? `${v}` : `${across} < ${starts[i]! + tiles[i]!} ? ${v} : `)).join("");
  const view = {
    outputs: true,
    outputOf: pick(widths.map((_, i) => i)),
    widthOf: pick(widths),
    startOf: `(${pick(starts)})`,
  };
  return { view, tilesAcross: total };
}
