/** In what pieces WebGPU kernels are given their work. */
import type { GpuShape } from "../gpu/shape.js";

/** Edges that one workgroup sorts, and keys that one ranks. */
export const SORT_CHUNK = 256;

export const wgslShape: GpuShape = {
  tileRows: 64,
  sortChunk: () => SORT_CHUNK,
  rankChunk: 256,
  admitsInRounds: true,
  mostChunks: (size) => (size <= 8192 ? 256 : size <= 65_536 ? 64 : 32),
};

/** Rows of a tile of sorted rows, in every kernel. */
export const GROUP_ROWS = wgslShape.tileRows;
