/** Reads what `ptxas -v` says of each kernel. */

export interface KernelUse {
  readonly entry: string;
  readonly registers: number;
  /** bytes of shared memory that the text declares; what is asked for at launch comes on top */
  readonly shared: number;
  /** bytes written to and read from local memory for want of registers */
  readonly spills: number;
  /** bytes of local memory of a thread */
  readonly stack: number;
}

/** Kernels in the order they were compiled. */
export function usesIn(text: string): KernelUse[] {
  const parts = text.split(/^ptxas info\s*: Compiling entry function /m).slice(1);
  return parts.map((part) => {
    const number = (pattern: RegExp): number => Number(pattern.exec(part)?.[1] ?? 0);
    return {
      entry: /'(\w+)'/.exec(part)![1]!,
      registers: number(/Used (\d+) registers/),
      shared: number(/(\d+) bytes smem/),
      spills: number(/(\d+) bytes spill stores/) + number(/(\d+) bytes spill loads/),
      stack: number(/(\d+) bytes stack frame/),
    };
  });
}
