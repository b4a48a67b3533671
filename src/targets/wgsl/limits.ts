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
  /** sums of a matrix product that one lane keeps: 8 by 8 where registers are plenty, 4 by 4 where they are not */
  readonly tiles: "wide" | "small";
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
  tiles: "wide",
};

/** For adapters made of software: lanes take turns, a barrier switches between them, many registers compile slowly. */
export const softwareClass: WgslProfile = { ...portable, name: "software", invocations: 32, tiles: "small" };
