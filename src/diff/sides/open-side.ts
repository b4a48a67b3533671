/**
 * From what the user typed to a side of a comparison: a spec, `spec.moe@ref`, a folder that `moec compile` wrote, a
 * `design.json`, a run's folder, or `empty`.
 */
import type { SourceFile } from "../../1-syntax/ast.js";
import { MAX_LAYERS } from "../../2-design/build/model.js";
import type { Design } from "../../2-design/design.js";
import { designFromJson } from "../../2-design/design-json.js";
import { layerCount } from "../../2-design/layers.js";
import type { SetOption } from "../../2-design/read/overrides.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../../host/host.js";
import { join } from "../../host/paths.js";
import { checkSpec } from "../../pipeline.js";
import { metricsPath, readManifest, specPath } from "../../runtime/run-folder.js";
import { sectionsOf } from "../lines-of.js";
import { type RunCurves, readCurves } from "../run-layer.js";
import { emptySide, type Side } from "../side.js";
import { checkpointTensors } from "../transfer/tensors.js";
import { readGenerated } from "./generated.js";
import { gitShow, type ReadAtRef } from "./git.js";

export interface OpenSide {
  readonly host: FileHost;
  /** reads a spec of the current folder, MOE6013 where there is none; path as users see it */
  readonly readSpec: (path: string) => SourceFile;
  /** values of `--set`, for sides that are specs */
  readonly set: readonly SetOption[];
  /** strategies of `--dispatch`, for all sides that do not say otherwise */
  readonly dispatch: Readonly<Record<string, string>>;
  readonly readAtRef?: ReadAtRef;
}

/** Opens one side; what is wrong with it is thrown as diagnostics. */
export function openSide(name: string, open: OpenSide): Side {
  const { host, dispatch } = open;
  const kind = host.kind(name);
  if (kind === "folder") return openFolder(name, open);
  if (kind === "file" && name.endsWith(".json")) return designSide("design", name, name, open);
  if (kind === undefined && name === "empty") return emptySide();
  const [path, ref] = kind === "file" ? [name, undefined] : splitRef(name);
  const source = ref === undefined ? open.readSpec(path) : atRef(path, ref, open);
  const label = ref === undefined ? source.path : name;
  return { kind: ref === undefined ? "spec" : "git", label, design: checked(source, open.set), dispatch };
}

/** `specs/a.moe@HEAD~2` → path and ref. */
function splitRef(name: string): readonly [string, string | undefined] {
  const at = name.indexOf(".moe@");
  return at < 0 ? [name, undefined] : [name.slice(0, at + 4), name.slice(at + 5)];
}

function atRef(path: string, ref: string, { host, readAtRef = gitShow }: OpenSide): SourceFile {
  return { path, text: readAtRef(host.cwd, path, ref) };
}

function checked(source: SourceFile, set: readonly SetOption[]): Design {
  const { design, diagnostics } = checkSpec(source, { set });
  if (!design) throw new DiagnosticError(diagnostics);
  return design;
}

function openFolder(name: string, open: OpenSide): Side {
  const { host } = open;
  const design = join(name, "design.json");
  if (host.kind(design) === "file") {
    const folder = reading(join(name, "manifest.json"), () => readGenerated(host, name));
    return { ...designSide("generated", name, design, open), folder };
  }
  if (host.kind(join(name, "manifest.json")) === "file") return runSide(name, open);
  const help = ["a folder of `moec compile` holds design.json, a run's folder holds manifest.json"];
  throw new DiagnosticError([diagnose("MOE6013", { file: name, reason: "it holds no design and no run" }, { help })]);
}

function designSide(kind: "generated" | "design", label: string, path: string, { host, dispatch }: OpenSide): Side {
  return { kind, label, design: reading(path, () => usable(designFromJson(host.readText(path)))), dispatch };
}

/** A design from outside was not checked: what every comparison looks at is looked at once, where mistakes are caught. */
function usable(design: Design): Design {
  if (design.model && layerCount(design.model) > MAX_LAYERS) throw new TypeError("it has too many layers");
  sectionsOf(design);
  checkpointTensors(design);
  return design;
}

/** A run is its spec with the flags it was started with, and what it measured. */
function runSide(name: string, { host, dispatch }: OpenSide): Side {
  const { flags, spec, status } = readManifest(host, name);
  const text = reading(specPath(name), () => host.readText(specPath(name)));
  const run: RunCurves = { ...readMetrics(name, host), status };
  const design = checked({ path: spec.path, text }, (flags.set ?? []).map(pairOf));
  return { kind: "run", label: name, design, dispatch: { ...dispatch, ...dispatchOf(flags.dispatch ?? []) }, run };
}

function readMetrics(name: string, host: FileHost): ReturnType<typeof readCurves> {
  const path = metricsPath(name);
  return host.kind(path) === "file" ? reading(path, () => readCurves(host.readText(path))) : readCurves("");
}

/** `path=value` as a manifest keeps it. */
function pairOf(text: string): SetOption {
  const at = text.indexOf("=");
  return { path: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

function dispatchOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.map(pairOf).map(({ path, value }) => [path, value]));
}

/** MOE6013 for files that cannot be read or are not what they should be. */
function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DiagnosticError) throw cause;
    const known = cause instanceof IoError || cause instanceof SyntaxError || cause instanceof TypeError;
    if (!known) throw cause;
    throw new DiagnosticError([diagnose("MOE6013", { file, reason: cause.message })]);
  }
}
