/**
 * Places for the boxes of an acyclic graph, top to bottom (Sugiyama's way: ranks, order by neighbours, then places).
 * Small graphs only: a layer of a model has a few dozen boxes. Sizes are those of the caller, in pixels.
 */

export interface Box {
  readonly id: string;
  readonly width: number;
}

export interface Placed {
  readonly id: string;
  /** of the middle of the box */
  readonly x: number;
  readonly rank: number;
}

export interface Layout {
  readonly boxes: readonly Placed[];
  /** from box to box, with a point in every rank on the way; each is the middle of a gap between boxes */
  readonly lines: readonly { readonly from: string; readonly to: string; readonly points: readonly Placed[] }[];
  readonly width: number;
  readonly ranks: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}

/** Least distance between two boxes of a rank. */
const gap = 18;
const bend = 14;
const sweeps = 8;

/** Every box below all that lead to it; the same places for the same graph. */
export function layeredLayout(boxes: readonly Box[], links: readonly Link[]): Layout {
  const rank = ranksOf(boxes, links);
  const lines = links.map((link) => ({ ...link, way: wayOf(link, rank) }));
  const pieces = lines.flatMap(({ way }) => way.slice(1).map((to, i) => ({ from: way[i]!, to })));
  const all = [...boxes, ...lines.flatMap(({ way }) => way.slice(1, -1).map((id) => ({ id, width: bend })))];
  const ranks = 1 + Math.max(0, ...all.map(({ id }) => rankIn(rank, id)));
  const rows = Array.from({ length: ranks }, (_, i) => all.filter(({ id }) => rankIn(rank, id) === i));
  const ordered = ordering(rows, pieces);
  const x = placesOf(ordered, pieces);
  const placed = (id: string): Placed => ({ id, x: x.get(id)!, rank: rankIn(rank, id) });
  return {
    boxes: boxes.map(({ id }) => placed(id)),
    lines: lines.map(({ from, to, way }) => ({ from, to, points: way.map(placed) })),
    width: Math.max(0, ...all.map(({ id, width }) => x.get(id)! + width / 2)),
    ranks,
  };
}

/** Longest way from a box without predecessors; boxes without successors of their own stay where they are needed. */
function ranksOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<string, number> {
  const rank = new Map(boxes.map(({ id }) => [id, 0]));
  for (let round = 0, moved = true; moved && round <= boxes.length; round++) {
    moved = false;
    for (const { from, to } of links) {
      if (rank.get(to)! > rank.get(from)!) continue;
      rank.set(to, rank.get(from)! + 1);
      moved = true;
    }
  }
  // what comes from outside stands right above its first reader
  for (const { id } of boxes) {
    const readers = links.filter(({ from }) => from === id).map(({ to }) => rank.get(to)!);
    if (readers.length > 0 && !links.some(({ to }) => to === id)) rank.set(id, Math.min(...readers) - 1);
  }
  return rank;
}

/** Boxes on the way that are no boxes: one bend in every rank between. */
function wayOf({ from, to }: Link, rank: ReadonlyMap<string, number>): readonly string[] {
  const [first, last] = [rank.get(from)!, rank.get(to)!];
  const bends = Array.from({ length: Math.max(0, last - first - 1) }, (_, i) => `${from}>${to}@${first + 1 + i}`);
  return [from, ...bends, to];
}

function rankIn(rank: ReadonlyMap<string, number>, id: string): number {
  return rank.get(id) ?? Number(id.slice(id.lastIndexOf("@") + 1));
}

/** Rows ordered so that neighbours stand near each other: by the mean place of those they are joined with. */
function ordering(rows: readonly (readonly Box[])[], pieces: readonly Link[]): readonly (readonly Box[])[] {
  const now = rows.map((row) => [...row]);
  const above = neighbours(pieces, "to");
  const below = neighbours(pieces, "from");
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0;
    for (let i = 1; i < now.length; i++) {
      const at = down ? i : now.length - 1 - i;
      const place = new Map(now[down ? at - 1 : at + 1]!.map(({ id }, n) => [id, n]));
      const mean = new Map(now[at]!.map(({ id }, n) => [id, meanOf((down ? above : below).get(id) ?? [], place) ?? n]));
      now[at]!.sort((a, b) => mean.get(a.id)! - mean.get(b.id)!);
    }
  }
  return now;
}

function neighbours(pieces: readonly Link[], end: "from" | "to"): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const piece of pieces) {
    const [own, other] = end === "to" ? [piece.to, piece.from] : [piece.from, piece.to];
    found.set(own, [...(found.get(own) ?? []), other]);
  }
  return found;
}

function meanOf(ids: readonly string[], place: ReadonlyMap<string, number>): number | undefined {
  const known = ids.flatMap((id) => place.get(id) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0) / known.length;
}

/** Places along a row: towards the mean of the neighbours, never closer than the gap. */
function placesOf(rows: readonly (readonly Box[])[], pieces: readonly Link[]): ReadonlyMap<string, number> {
  const x = new Map<string, number>();
  for (const row of rows) spread(row, x, () => undefined);
  const [above, below] = [neighbours(pieces, "to"), neighbours(pieces, "from")];
  for (let sweep = 0; sweep < 3 * sweeps; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      spread(row, x, (id) => meanOf(wanted((down ? above : below).get(id) ?? [], id), x));
    }
  }
  const first = Math.min(...rows.flatMap((row) => row.map(({ id, width }) => x.get(id)! - width / 2)));
  return new Map([...x].map(([id, place]) => [id, place - first]));
}

/** A bend follows the next bend of its line and nothing else; boxes follow boxes, and lines where there are none. */
function wanted(ids: readonly string[], id: string): readonly string[] {
  const boxes = ids.filter((each) => !isBend(each));
  return isBend(id) || boxes.length === 0 ? ids : boxes;
}

const isBend = (id: string): boolean => id.includes("@");

/** Puts a row as near as it can be to where its boxes wish to be: from the left, from the right, and the middle of both. */
function spread(row: readonly Box[], x: Map<string, number>, wish: (id: string) => number | undefined): void {
  const wished = row.map(({ id }, i) => wish(id) ?? x.get(id) ?? i * 100);
  const apart = (i: number): number => (row[i - 1]!.width + row[i]!.width) / 2 + gap;
  const right = [...wished];
  for (let i = 1; i < row.length; i++) right[i] = Math.max(right[i]!, right[i - 1]! + apart(i));
  const left = [...wished];
  for (let i = row.length - 2; i >= 0; i--) left[i] = Math.min(left[i]!, left[i + 1]! - apart(i + 1));
  for (const [i, { id }] of row.entries()) x.set(id, (left[i]! + right[i]!) / 2);
}
