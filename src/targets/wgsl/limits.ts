/**
 * What a kernel text may assume of an adapter. Texts are written for a profile; the runner checks an
 * adapter against what a program then needs.
 */
export interface WgslProfile {
  readonly name: string;
  readonly storageBuffers: number;
  /** bytes of workgroup memory */
  readonly workgroupMemory: number;
  /** lanes of a workgroup that meet at barriers */
  readonly invocations: number;
  /** workgroups along one axis of a dispatch */
  readonly workgroups: number;
  /** bytes that one binding may show */
  readonly binding: number;
  /** bytes that one GPU buffer may hold */
  readonly buffer: number;
  /** multiple that a binding's first byte must be of */
  readonly alignment: number;
  /** how matrix products are cut: `6-emit/wgsl/matmul-tiles.ts` */
  readonly tiles: "panels" | "lanes";
  /** whether lanes can add up without workgroup memory; texts are right for subgroups of any size */
  readonly subgroups: boolean;
  /** how numbers of 16 bits are spelled where a design asks for them: as f16, or two in a word */
  readonly halves: "f16" | "packed";
  /** matrices that a subgroup multiplies as a whole; none if not given */
  readonly matrices?: Matrices;
}

export interface Matrices {
  /** lanes of every subgroup */
  readonly lanes: number;
  readonly shapes: readonly MatrixShape[];
}

/** Rows by steps times steps by columns, added up in f32. */
export interface MatrixShape {
  readonly component: "f16" | "f32";
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
}

/** The defaults of the WebGPU specification: what every adapter offers. */
export const portable: WgslProfile = {
  name: "portable",
  storageBuffers: 8,
  workgroupMemory: 16_384,
  invocations: 256,
  workgroups: 65_535,
  binding: 134_217_728,
  buffer: 268_435_456,
  alignment: 256,
  tiles: "panels",
  subgroups: false,
  halves: "packed",
};

/** For adapters made of software: lanes take turns, a barrier switches between them, many registers compile slowly. */
export const softwareClass: WgslProfile = { ...portable, name: "software", invocations: 32, tiles: "lanes" };
