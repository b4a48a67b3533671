/**
 * Stage 2: from what was written to what is meant. Names, types, defaults, inheritance, overrides and checks; every
 * mistake a user can make in a spec ends here as a diagnostic. Nothing is allocated that grows with the sizes a spec
 * names, so that absurd numbers are refused in no time.
 */
import type { Ast, Span } from "../1-syntax/ast.js";
import { format } from "../1-syntax/fmt.js";
import { capDiagnostics } from "../diagnostics/cap.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import { sha256 } from "../runtime/sha256.js";
import type { File } from "./build/file.js";
import { buildMixture, expertsOf } from "./build/mixture.js";
import { buildModel } from "./build/model.js";
import { type Chosen, EDITION, openFile } from "./build/open-file.js";
import { buildAttention, buildBlock, buildDense } from "./build/parts.js";
import { buildStandaloneRouter } from "./build/standalone-router.js";
import { buildTable } from "./build/table.js";
import { buildTrain } from "./build/train.js";
import { runChecks } from "./checks/index.js";
import type { Design } from "./design.js";
import type { Declaration, DeclarationKind } from "./read/declarations.js";
import { createOverrides, type SetOption } from "./read/overrides.js";
import { createReport } from "./read/report.js";
import { createSession, type Session } from "./read/session.js";
import { reportUnusedOverrides } from "./read/unused-overrides.js";

export interface ResolveOptions extends Chosen {
  /** values of `--set path=value`, the last one of a path wins */
  readonly set?: readonly SetOption[];
  /** lines the parser repaired or dropped: mistakes there were reported already */
  readonly broken?: readonly Span[];
}

export interface Resolved {
  /** undefined when there is any error */
  readonly design: Design | undefined;
  /** in the order of the text, without those of the parser */
  readonly diagnostics: readonly Diagnostic[];
}

/** Turns a syntax tree into a design and the list of everything that is wrong with it; never throws. */
export function resolve(ast: Ast, options: ResolveOptions = {}): Resolved {
  const report = createReport(options.broken);
  const overrides = createOverrides(options.set ?? []);
  report.diagnostics.push(...overrides.mistakes);
  const session = createSession(ast.source, report, overrides);
  const file = openFile(ast, options, session);
  const design = build(ast, file);
  for (const compute of session.pending) compute();
  reportUnusedOverrides(session);
  runChecks(design, file);
  const diagnostics = ordered(report.diagnostics, session);
  const wrong = diagnostics.some(({ severity }) => severity === "error");
  return { design: wrong ? undefined : design, diagnostics: capDiagnostics(diagnostics) };
}

function build(ast: Ast, file: File): Design {
  const { session } = file;
  const each = <T>(kind: DeclarationKind, make: (declaration: Declaration) => T): Record<string, T> => {
    const own = [...file.declarations.values()].filter((declaration) => declaration.kind === kind);
    return Object.fromEntries(own.map((declaration) => [declaration.name.text, make(declaration)]));
  };
  const experts = (mixture: string) => {
    const declaration = file.declarations.get(mixture);
    return declaration?.kind === "moe" ? expertsOf(declaration, () => file.names, file) : Number.NaN;
  };
  const model = file.model && buildModel(file.model, file.names, file);
  const parts = {
    blocks: each("block", (declaration) => buildBlock(declaration, file)),
    attentions: each("attention", (declaration) => buildAttention(declaration, file)),
    denses: each("dense", (declaration) => buildDense(declaration, file)),
    mixtures: each("moe", (declaration) => buildMixture(declaration, file)),
    // after the mixtures: whoever is used by one need not be complete on its own
    routers: each("router", (declaration) => buildStandaloneRouter(declaration, file)),
    tables: each("table", (declaration) => buildTable(declaration, experts, file)),
  };
  const trains = each("train", (declaration) => buildTrain(declaration, file));
  const spec = { path: ast.source.path.replaceAll("\\", "/"), hash: hashOf(ast) };
  const provenance = Object.fromEntries([...session.provenance].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { edition: EDITION, spec, model, ...parts, train: trains[file.train?.name.text ?? ""], provenance };
}

/** Of the formatted text, so that moving white space about is no other design. */
function hashOf({ source }: Ast): string {
  try {
    return sha256(format(source));
  } catch (mistake) {
    // a file with syntax errors has no formatted text, and no design either
    if (mistake instanceof DiagnosticError) return sha256(source.text);
    throw mistake;
  }
}

/** In the order of the text, each once: a value that several lines use may have been read several times. */
function ordered(diagnostics: readonly Diagnostic[], { source }: Session): readonly Diagnostic[] {
  const seen = new Set<string>();
  const once = diagnostics.filter(({ code, message, primary }) => {
    const key = `${code} ${primary?.source.path} ${primary?.span.start} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
  const place = ({ primary }: Diagnostic) =>
    primary?.source === source ? primary.span.start : Number.POSITIVE_INFINITY;
  return once
    .map((diagnostic, i) => ({ diagnostic, i }))
    .sort((a, b) => order(place(a.diagnostic), place(b.diagnostic)) || a.i - b.i)
    .map(({ diagnostic }) => diagnostic);
}

function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
