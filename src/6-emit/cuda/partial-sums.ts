/** Where the partial sum of a chunk is kept while its rows pass by, and how it is put down at the end. */
import type { Accumulate } from "../gpu/chunks.js";
import { product } from "../gpu/sizes.js";
import type { Access, Spelling } from "../gpu/spelling.js";
import { startOf, sumName } from "../gpu/sums.js";

export interface SumView {
  /** statements before the first row and after the last */
  readonly begin: readonly string[];
  readonly finish: readonly string[];
}

/** `alone`: each lane of the team walks rows of its own, and keeps sums of its own until the end. */
export function sumView(s: Accumulate, bindings: Access, spelling: Spelling, alone: boolean): SumView {
  const p = bindings.params[s.param]!;
  const size = product(s.dims);
  const start = startOf(s.how, { spelling });
  const name = sumName(p.name);
  const put = (at: string, total: string): string => `if (lane == 0) { ${bindings.write(s.param, at, total)} }`;
  if (s.dims.length === 0) {
    const total = alone ? spelling.together(s.how, name) : name;
    return {
      begin: [`float ${name} = ${start};`],
      finish: [`const float total_${p.name} = ${total};`, put("chunk", `total_${p.name}`)],
    };
  }
  if (!alone) {
    const clear = bindings.write(s.param, `(long long)chunk * ${size} + i`, start);
    return { begin: [`for (int i = lane; i < ${size}; i += LANES) { ${clear} }`], finish: [] };
  }
  const begin = [`float ${name}[${size}];`, `for (int i = 0; i < ${size}; i++) ${name}[i] = ${start};`];
  const total = `const float total = ${spelling.together(s.how, `${name}[i]`)};`;
  return { begin, finish: [`for (int i = 0; i < ${size}; i++) { ${total} ${put(`chunk * ${size} + i`, "total")} }`] };
}
