/** How CUDA C++ spells the statements of `6-emit/gpu`, for rows that a warp shares and for those of a block. */
import { cudaDialect } from "../../targets/cuda/dialect.js";
import type { CellType, Spelling, Wave } from "../gpu/spelling.js";

/** Who works on a row together: 32 lanes of a warp, or all of a block. */
export type Team = "warp" | "block";

const TYPES: Readonly<Record<CellType, string>> = { f32: "float", i32: "int", index: "long long" };
const function_ = (team: Team, name: string): string => (team === "warp" ? `warp_${name}` : `block_${name}<LANES>`);

const together = (how: "sum" | "max", share: string): string => `warp_${how}(${share})`;

/** Teams are of warps; a block has eight or more. */
const WAVES: Readonly<Record<Team, Wave>> = {
  warp: { lanes: 32, waves: 1, number: "0", count: "1", lane: "lane", together },
  block: { lanes: 32, waves: 8, number: "warp_of_block()", count: "LANES / 32", lane: "lane_of_warp()", together },
};

export const cudaSpelling = (team: Team): Spelling => ({
  dialect: cudaDialect,
  zero: "0.0f",
  lowest: "LOWEST",
  highest: "HIGHEST",
  count: String,
  fix: (type, name, value) => `const ${TYPES[type]} ${name} = ${value};`,
  later: (condition) => `const bool later = ${condition};`,
  vary: (type, name, value) => `${TYPES[type]} ${name} = ${value};`,
  counter: (name, start) => `int ${name} = ${start}`,
  array: (dtype, name, size) => `${dtype === "i32" ? "int" : "float"} ${name}[${size}];`,
  toFloat: (text) => `(float)(${text})`,
  toInt: (text) => `(int)(${text})`,
  toIndex: (text) => `(long long)at_least_zero(${text})`,
  choose: (condition, yes, no) => `(${condition} ? ${yes} : ${no})`,
  max: (a, b) => `fmaxf(${a}, ${b})`,
  meet: () => (team === "warp" ? "meet_warp();" : "meet_block();"),
  wave: WAVES[team],
  together: (how, share) => `${function_(team, how)}(${share})`,
  winner: (key, index) => `const Candidate winner = ${function_(team, "best")}(Candidate{${key}, ${index}});`,
});
