/**
 * Many small programs built as one: kernels with the same text are compiled once, whichever programs have them. Every
 * program then runs by itself, from the one library. Most of a test's time is the compiler's, and small designs share
 * more than half of their kernels.
 */
import type { CudaKernel, CudaProgram } from "../../../src/targets/cuda/program.js";

/** The texts of a program's kernels, in their order. */
function textsOf({ source, kernels }: CudaProgram): string[] {
  const starts: number[] = [];
  for (const { name } of kernels) starts.push(source.indexOf(`\n/* ${name}: `, starts.at(-1) ?? 0) + 1);
  return starts.map((at, i) => source.slice(at, starts[i + 1]).trimEnd());
}

/** The text with its functions named apart from those of all others. */
const named = (text: string, n: number): string =>
  text.replace(
    /(__launch_bounds__\([^)]*\)\n)(\w+)\(/g,
    (_, before: string, entry: string) => `${before}${apart(entry, n)}(`,
  );

const apart = (entry: string, n: number): string => `k${n}_${entry}`;

/** The same programs, all with one source: that of every kernel any of them has. */
export function together(programs: readonly CudaProgram[]): CudaProgram[] {
  const numbers = new Map<string, number>();
  const kernelsOf = (program: CudaProgram): CudaKernel[] => {
    const texts = textsOf(program);
    return program.kernels.map((kernel, i) => {
      const n = numbers.get(texts[i]!) ?? numbers.size;
      numbers.set(texts[i]!, n);
      return { ...kernel, passes: kernel.passes.map((p) => ({ ...p, entry: apart(p.entry, n) })) };
    });
  };
  const made = programs.map((program) => ({ ...program, kernels: kernelsOf(program) }));
  const source = ['#include "device.cuh"', ...[...numbers].map(([text, n]) => named(text, n))].join("\n\n");
  return made.map((program) => ({ ...program, source: `${source}\n` }));
}
