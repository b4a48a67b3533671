/** How WGSL spells the statements of `6-emit/gpu`. */
import { wgslDialect } from "../../targets/wgsl/dialect.js";
import type { Spelling } from "../gpu/spelling.js";

export const wgslSpelling: Spelling = {
  dialect: wgslDialect,
  zero: "0.0",
  lowest: "LOWEST",
  highest: "HIGHEST",
  count: (n) => `${n}u`,
  fix: (_type, name, value) => `let ${name} = ${value};`,
  later: (condition) => `let later = ${condition};`,
  vary: (_type, name, value) => `var ${name} = ${value};`,
  counter: (name, start) => `var ${name} = ${start}`,
  array: (dtype, name, size) => `var ${name}: array<${dtype}, ${size}>;`,
  toFloat: (text) => `f32(${text})`,
  toInt: (text) => `i32(${text})`,
  toIndex: (text) => `u32(max(${text}, 0))`,
  choose: (condition, yes, no) => `select(${no}, ${yes}, ${condition})`,
  max: (a, b) => `max(${a}, ${b})`,
  meet: (where) => (where === "storage" ? "storageBarrier();" : "workgroupBarrier();"),
  together: (how, share) => `team_${how}(lane, ${share})`,
  winner: (key, index) => `let winner = team_best(lane, Candidate(${key}, ${index}));`,
};
