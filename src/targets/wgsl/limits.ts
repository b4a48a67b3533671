/**
 * What a kernel text may assume of an adapter. Texts are written for a profile; the runner checks an
 * adapter against what a program then needs.
 */
export interface WgslProfile {
  readonly name: string;
  readonly storageBuffers: number;
  /** bytes of workgroup memory */
  readonly workgroupMemory: number;
  readonly invocations: number;
  /** workgroups along one axis of a dispatch */
  readonly workgroups: number;
  /** bytes that one binding may show */
  readonly binding: number;
  /** bytes that one GPU buffer may hold */
  readonly buffer: number;
  /** multiple that a binding's first byte must be of */
  readonly alignment: number;
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
};
