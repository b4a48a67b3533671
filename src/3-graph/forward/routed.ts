/** What a router leaves when all its rules have run. */
import type { Stretch } from "../../2-design/phases.js";
import type { RouterState } from "../../rules/build.js";

export interface Routed extends RouterState {
  readonly edges: NonNullable<RouterState["edges"]>;
  readonly weight: NonNullable<RouterState["weight"]>;
  readonly load: NonNullable<RouterState["load"]>;
  /** edges as they were selected, before any limit */
  readonly selected: NonNullable<RouterState["edges"]>;
  /** where rules change with the step: what each phase gave on its own */
  readonly phases?: readonly PhaseRun[];
}

/** What the rules of one stretch of steps gave on their own. */
export interface PhaseRun {
  readonly phase: Stretch;
  readonly routed: Routed;
}
