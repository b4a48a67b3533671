/** How a new run starts from the numbers of an earlier one, as the runtime sees it: a function from start to start. */

/** What a tensor starts with, given what it would start with in a run from nothing. */
export type Carry = <T extends Float32Array | Uint8Array>(
  tensor: { readonly name: string; readonly shape: readonly number[] },
  fresh: T,
) => T;

/** A run from nothing. */
export const carriesNothing: Carry = (_tensor, fresh) => fresh;

/** The run and the step that a run started from. */
export interface Origin {
  /** its folder, as the user named it */
  readonly run: string;
  readonly step: number;
  readonly spec: { readonly path: string; readonly hash: string };
}
