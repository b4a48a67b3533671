/** Layer 2, the weights: what becomes of every tensor, layers of the same fate told once. */
import type { DroppedTensor, planTransfer, TensorPlan, WeightStatus } from "./transfer/plan-transfer.js";
import { type CheckpointTensor, volume } from "./transfer/tensors.js";

export interface WeightsLayer {
  readonly rows: readonly WeightRow[];
  readonly totals: Readonly<Record<WeightStatus | "dropped", WeightTotal>>;
}

export interface WeightTotal {
  readonly tensors: number;
  readonly numbers: number;
}

export interface WeightRow {
  /** `layers.{0-5}.mixture.router.weight` */
  readonly name: string;
  readonly status: WeightStatus | "dropped";
  readonly tensors: number;
  /** numbers of all of them together, after; before for those dropped */
  readonly numbers: number;
  readonly before: readonly number[] | undefined;
  readonly after: readonly number[] | undefined;
  readonly because: readonly string[];
}

type Plan = ReturnType<typeof planTransfer>;
type Told = Pick<WeightRow, "status" | "before" | "after" | "because"> & { readonly tensor: CheckpointTensor };

/** The plan as rows; those that are the same are counted, and told too. */
export function weightsLayer({ tensors, dropped }: Plan): WeightsLayer {
  const told = [...tensors.map(tellPlan), ...dropped.map(tellDropped)];
  const groups = new Map<string, Told[]>();
  for (const each of told) {
    const group = groups.get(groupKey(each)) ?? [];
    groups.set(groupKey(each), group);
    group.push(each);
  }
  const rows = [...groups.values()].map(rowOf);
  return { rows, totals: totalsOf(rows) };
}

function tellPlan({ tensor, status, before, because }: TensorPlan): Told {
  return { tensor, status, before, after: tensor.shape, because };
}

function tellDropped({ tensor, because }: DroppedTensor): Told {
  return { tensor, status: "dropped", before: tensor.shape, after: undefined, because };
}

const noLayer = (text: string): string => text.replace(/layers\.\d+\./g, "layers.{}.");

function groupKey({ tensor, status, before, after, because }: Told): string {
  return JSON.stringify([noLayer(tensor.name), status, before, after, because.map(noLayer)]);
}

function rowOf(group: readonly Told[]): WeightRow {
  const [{ tensor, status, before, after, because }] = group as readonly [Told];
  const layers = group.flatMap((each) => each.tensor.layer ?? []);
  const place = layers.length > 1 ? `layers.{${ranges(layers)}}.` : undefined;
  const put = (text: string) => (place === undefined ? text : text.replace(/layers\.\d+\./g, place));
  const numbers = group.reduce((sum, each) => sum + volume(each.after ?? each.before ?? []), 0);
  return { name: put(tensor.name), status, tensors: group.length, numbers, before, after, because: because.map(put) };
}

/** `0-5`, `0,2,4-7` */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

function totalsOf(rows: readonly WeightRow[]): WeightsLayer["totals"] {
  const total = (status: WeightRow["status"]): WeightTotal => {
    const own = rows.filter((row) => row.status === status);
    const sum = (of: (row: WeightRow) => number) => own.reduce((all, row) => all + of(row), 0);
    return { tensors: sum(({ tensors }) => tensors), numbers: sum(({ numbers }) => numbers) };
  };
  return {
    same: total("same"),
    loadable: total("loadable"),
    convertible: total("convertible"),
    "re-initialised": total("re-initialised"),
    dropped: total("dropped"),
  };
}
