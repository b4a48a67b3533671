/** Where the nth of all tokens stands, sequence after sequence. */
import { add, div, floor, mul, sub, type Term } from "../expr-build.js";

/** floor(n / length), its sequence; half a step keeps the quotient off whole numbers, where rounding could lose one. */
export const sequenceOf = (n: Term, length: number): Term => floor(div(add(n, 0.5), length));

/** n mod length, its place there. */
export const placeOf = (n: Term, length: number): Term => sub(n, mul(sequenceOf(n, length), length));
