/** What one resolution of a file carries around: mistakes, provenance, places, overrides. Plain data that fills up. */
import type { SourceFile } from "../../1-syntax/ast.js";
import { lineIndexAt, lineStarts } from "../../diagnostics/line-column.js";
import type { Provenance } from "../design.js";
import type { Names } from "./names.js";
import type { Overrides } from "./overrides.js";
import type { Report, Site } from "./report.js";

export interface Session {
  readonly source: SourceFile;
  readonly report: Report;
  readonly provenance: Map<string, Provenance>;
  /** where a value was written; defaults stand where their line stands */
  readonly sites: Map<string, Site>;
  readonly overrides: Overrides;
  /** names of declarations that something refers to */
  readonly used: Set<string>;
  /** names that are to be computed at the end, so that mistakes in unused ones are found too */
  readonly pending: (() => void)[];
  /** start of every line of the spec */
  readonly starts: readonly number[];
}

/** What reading one line needs. */
export interface Reader {
  readonly session: Session;
  readonly report: Report;
  readonly source: SourceFile;
  readonly names: Names;
  /** the line comes from the declaration named after `from` */
  readonly inherited: boolean;
  /** the routing rule that is being read, for messages */
  readonly rule?: string;
}

/** A session with nothing read yet. */
export function createSession(source: SourceFile, report: Report, overrides: Overrides): Session {
  const starts = lineStarts(source.text);
  return { source, report, overrides, starts, provenance: new Map(), sites: new Map(), used: new Set(), pending: [] };
}

/** Remembers that a value was written at a place. */
export function noteWritten(reader: Reader, path: string, text: string, site: Site): void {
  const { session, inherited } = reader;
  session.sites.set(path, site);
  if (site.source !== session.source) {
    session.provenance.set(path, { from: "written", text, because: `set by ${site.source.path}` });
    return;
  }
  const line = lineIndexAt(session.starts, site.span.start) + 1;
  session.provenance.set(path, { from: inherited ? "inherited" : "written", line, span: site.span, text });
}

/** Remembers that a value is a default, and why. */
export function noteDefault(session: Session, path: string, text: string, because: string | undefined): void {
  session.provenance.set(path, { from: "default", text, ...(because !== undefined && { because }) });
}

/** Remembers that a value was computed, and how. */
export function noteDerived(session: Session, path: string, text: string, because: string): void {
  session.provenance.set(path, { from: "derived", text, because });
}
