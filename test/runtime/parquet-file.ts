/** Writes the smallest Parquet file with one column of texts: one row group, one plain page, no compression. */

type Field = readonly [id: number, type: number, content: readonly number[]];
const [i32, i64, binary, list, struct] = [5, 6, 8, 9, 12];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}
const zigzag = (value: number): number[] => varint(value * 2);
const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...varint(bytes.length), ...bytes];
};
const items = (type: number, all: readonly (readonly number[])[]): number[] => [
  (all.length << 4) | type,
  ...all.flat(),
];

/** A struct of Thrift's compact protocol. */
function thrift(...fields: readonly Field[]): number[] {
  let before = 0;
  const written = fields.flatMap(([id, type, content]) => {
    const head = ((id - before) << 4) | type;
    before = id;
    return [head, ...content];
  });
  return [...written, 0];
}

/** The bytes of a file with one required UTF-8 column. */
export function parquetFile(column: string, rows: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const data = rows.flatMap((row) => {
    const bytes = encoder.encode(row);
    return [bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes];
  });
  const count = zigzag(rows.length);
  const size = zigzag(data.length);
  const pageHead = thrift(
    [1, i32, zigzag(0)],
    [2, i32, size],
    [3, i32, size],
    [5, struct, thrift([1, i32, count], [2, i32, zigzag(0)], [3, i32, zigzag(3)], [4, i32, zigzag(3)])],
  );
  const whole = zigzag(pageHead.length + data.length);
  const root = thrift([4, binary, text("schema")], [5, i32, zigzag(1)]);
  const leaf = thrift([1, i32, zigzag(6)], [3, i32, zigzag(0)], [4, binary, text(column)], [6, i32, zigzag(0)]);
  const chunk = thrift(
    [1, i32, zigzag(6)],
    [2, list, items(i32, [zigzag(0)])],
    [3, list, items(binary, [text(column)])],
    [4, i32, zigzag(0)],
    [5, i64, count],
    [6, i64, whole],
    [7, i64, whole],
    [9, i64, zigzag(4)],
  );
  const group = thrift(
    [1, list, items(struct, [thrift([2, i64, zigzag(4)], [3, struct, chunk])])],
    [2, i64, whole],
    [3, i64, count],
  );
  const footer = thrift(
    [1, i32, zigzag(1)],
    [2, list, items(struct, [root, leaf])],
    [3, i64, count],
    [4, list, items(struct, [group])],
  );
  const magic = [...encoder.encode("PAR1")];
  return Uint8Array.from([
    ...magic,
    ...pageHead,
    ...data,
    ...footer,
    footer.length & 255,
    footer.length >> 8,
    0,
    0,
    ...magic,
  ]);
}
