/** One side of a comparison: a checked design, where it came from, and what is known beyond the design. */
import type { Design } from "../2-design/design.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import { type CompiledView, compiledView } from "./compiled.js";
import type { RunCurves } from "./run-layer.js";
import type { GeneratedFolder } from "./sides/generated.js";
import { kernelTarget } from "./targets/index.js";

export type SideKind = "spec" | "git" | "generated" | "design" | "run" | "empty";

export interface Side {
  readonly kind: SideKind;
  /** as the user named it */
  readonly label: string;
  readonly design: Design;
  /** strategies that were asked for */
  readonly dispatch: Readonly<Record<string, string>>;
  /** the files of a folder of `moec compile` */
  readonly folder?: GeneratedFolder;
  /** what a run folder measured */
  readonly run?: RunCurves;
}

/** A side and what the compiler makes of it. */
export interface CompiledSide extends Side {
  /** undefined where there is nothing to compile, or where it cannot be compiled */
  readonly compiled: CompiledView | undefined;
  /** why it cannot be compiled */
  readonly refused: readonly Diagnostic[];
}

/** Codes about what the user wished on the command line, not about the design. */
const wishes: ReadonlySet<string> = new Set(["MOE5001", "MOE5002", "MOE5003", "MOE5004", "MOE5010"]);

/** Compiles a side; a design that can be checked but not compiled yet is still compared in its other layers. */
export function compileSide(side: Side, target = "cpu"): CompiledSide {
  if (!side.design.model) return { ...side, compiled: undefined, refused: [] };
  try {
    const wishes = { target, dispatch: side.dispatch };
    const compiled = compiledView(side.design, kernelTarget(target), wishes, side.folder);
    return { ...side, compiled, refused: [] };
  } catch (cause) {
    const aboutDesign = cause instanceof DiagnosticError && !cause.diagnostics.some(({ code }) => wishes.has(code));
    if (aboutDesign) return { ...side, compiled: undefined, refused: cause.diagnostics };
    throw cause;
  }
}

/** The side that has nothing: everything of the other one is new. */
export function emptySide(): Side {
  const none = { blocks: {}, attentions: {}, denses: {}, mixtures: {}, routers: {}, tables: {}, provenance: {} };
  const design: Design = { edition: 1, spec: { path: "empty", hash: "" }, model: undefined, ...none, train: undefined };
  return { kind: "empty", label: "empty", design, dispatch: {} };
}
