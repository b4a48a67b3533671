/** What this engine's WebAssembly can do beyond the first version; asked, never assumed. */

export interface WasmFeatures {
  readonly simd: boolean;
  readonly threads: boolean;
  /** fused multiply-add among others: a tenth to a fifth faster; rounds as the processor does */
  readonly relaxedSimd: boolean;
}

/** What this engine's WebAssembly can do, by asking it to validate the smallest module that needs each feature. */
export function wasmFeatures(): WasmFeatures {
  const valid = (...functionBody: number[]) => WebAssembly.validate(oneFunction(functionBody));
  const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)]; // v128.const 0
  return {
    simd: valid(...zero, 0x1a),
    threads: valid(0xfe, 0x03, 0x00), // atomic.fence
    relaxedSimd: valid(...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x1a), // f32x4.relaxed_madd
  };
}

/** A module with one function without parameters or results. */
function oneFunction(instructions: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...instructions, 0x0b];
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, 4, 1, 0x60, 0, 0];
  const functions = [3, 2, 1, 0];
  return new Uint8Array([...magic, ...types, ...functions, 10, body.length + 2, 1, body.length, ...body]);
}
