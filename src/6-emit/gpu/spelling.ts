/**
 * What differs between the languages of GPUs when the same statements are written down: declarations, loops,
 * conversions and barriers. Expressions are the dialect's business; which lane does what is decided in `rows.ts`.
 */
import type { Param } from "../../5-plan/plan.js";
import type { Dialect } from "../../targets/c-like.js";

/** f32, a whole number, or a place in memory */
export type CellType = "f32" | "i32" | "index";

export interface Spelling {
  readonly dialect: Dialect;
  readonly zero: string;
  readonly lowest: string;
  readonly highest: string;
  /** a literal place or size: `16u` */
  readonly count: (n: number) => string;
  /** a name that never changes: `let x = …;` */
  readonly fix: (type: CellType, name: string, value: string) => string;
  /** `later`: whether something is true */
  readonly later: (condition: string) => string;
  /** a name that does: `var x = …;` */
  readonly vary: (type: CellType, name: string, value: string) => string;
  /** the beginning of a loop: `var i = 0u` */
  readonly counter: (name: string, start: string) => string;
  /** numbers of one lane's own */
  readonly array: (dtype: string, name: string, size: number) => string;
  readonly toFloat: (text: string) => string;
  readonly toInt: (text: string) => string;
  /** a whole number that is not negative, as a place */
  readonly toIndex: (text: string) => string;
  readonly choose: (condition: string, yes: string, no: string) => string;
  readonly max: (a: string, b: string) => string;
  /** meets the team's other lanes, so that what they wrote can be read */
  readonly meet: (where: "storage" | "shared") => string;
  /** the sum or the maximum of what the team's lanes hold */
  readonly together: (how: "sum" | "max", share: string) => string;
  /** lanes of a team that add up without meeting in memory, where there are such: few sums of many numbers are theirs */
  readonly wave?: Wave;
  /** `winner`: the best of what all lanes found */
  readonly winner: (key: string, index: string) => string;
}

/** A team is of waves, side by side. */
export interface Wave {
  /** lanes of one, and how many a team has at least */
  readonly lanes: number;
  readonly waves: number;
  /** texts: this wave's number, how many there are, this lane's place in it */
  readonly number: string;
  readonly count: string;
  readonly lane: string;
  /** the sum or the maximum of what the wave's lanes hold */
  readonly together: (how: "sum" | "max", share: string) => string;
}

/** How a kernel's text reaches the numbers of its parameters. */
export interface Access {
  readonly params: readonly Param[];
  /** number i of a parameter, as it is stored */
  readonly read: (param: number, i: string) => string;
  /** the statement that writes number i */
  readonly write: (param: number, i: string, value: string) => string;
}
