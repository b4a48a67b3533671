/** How numbers are written in messages: digits in groups of three from 10 000 up, the same in every locale. */

/** Writes a count for people: `256`, `4096`, `14_336`, `1_000_000_000_000`, `42.67`. */
export function count(value: number | bigint): string {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  const digits = typeof value === "number" && Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value);
  const [sign, body] = digits.startsWith("-") ? ["-", digits.slice(1)] : ["", digits];
  const plain = body.length < 5 || !/^\d+$/.test(body);
  return sign + (plain ? body : body.replace(/\B(?=(\d{3})+$)/g, "_"));
}
