/** Codes 2xxx: words, names and types. What a word means where, and what may stand where. */
import { error, type Family, type NoParams, warning } from "./entry.js";

export const nameCodes = {
  MOE2001: error(
    "an unknown word",
    // where: "a router", "slot `select`", "a model"
    (p: { word: string; where: string }) => `\`${p.word}\` is not a word of ${p.where}`,
  ),
  MOE2002: error(
    "an unknown name",
    // kind: "block", "table", "name"
    (p: { kind: string; name: string }) => `no ${p.kind} is called \`${p.name}\``,
  ),
  MOE2003: error("a name that is defined twice", (p: { name: string }) => `\`${p.name}\` is defined twice`),
  MOE2004: error(
    "a setting that is given twice",
    (p: { name: string; where: string }) => `\`${p.name}\` is given twice in ${p.where}`,
  ),
  MOE2005: error("a setting that is missing", (p: { name: string; where: string }) => `${p.where} needs \`${p.name}\``),
  MOE2006: error(
    "a value of the wrong type",
    // expected and found with their article: "a count", "a text"
    (p: { what: string; expected: string; found: string }) => `\`${p.what}\` takes ${p.expected}, not ${p.found}`,
  ),
  MOE2007: error(
    "an unknown argument",
    (p: { argument: string; of: string }) => `\`${p.of}\` has no argument \`${p.argument}\``,
  ),
  MOE2008: error(
    "an argument that is missing",
    (p: { argument: string; of: string }) => `\`${p.of}\` needs the argument \`${p.argument}\``,
  ),
  MOE2009: error(
    "an argument that is given twice",
    (p: { argument: string; of: string }) => `\`${p.of}\` is given \`${p.argument}\` twice`,
  ),
  MOE2010: error(
    "too many arguments",
    (p: { of: string; most: number; given: number }) =>
      `\`${p.of}\` takes ${p.most === 0 ? "no arguments" : p.most === 1 ? "one argument" : `at most ${p.most} arguments`}, not ${p.given}`,
  ),
  MOE2011: error("a number written like a rule", (p: { name: string }) => `\`${p.name}\` is set with \`=\``),
  MOE2012: error(
    "a rule written like a number",
    (p: { name: string }) => `\`${p.name}\` is a rule: it is written without \`=\``,
  ),
  MOE2013: error(
    "a name of the wrong kind",
    // kinds with their article: "a moe", "a block"
    (p: { name: string; expected: string; found: string }) =>
      `\`${p.name}\` is ${p.found}; ${p.expected} is needed here`,
  ),
  MOE2014: error(
    "names that are defined by each other",
    (p: { cycle: readonly string[] }) => `${p.cycle.map((name) => `\`${name}\``).join(" → ")} goes in a circle`,
  ),
  MOE2015: error("the file does not say its edition", (_: NoParams) => "the first line must be `edition 1`"),
  MOE2016: error(
    "an edition this compiler does not know",
    (p: { edition: string; known: string }) =>
      `edition ${p.edition} is unknown; this compiler reads edition ${p.known}`,
  ),
  MOE2017: error("a block is missing", (p: { word: string }) => `\`${p.word}\` needs a block \`{ … }\``),
  MOE2018: error("a block where none belongs", (p: { word: string }) => `\`${p.word}\` has no block`),
  MOE2019: error(
    "a phrase that breaks off or goes on wrongly",
    // expected: "`of` and a kind of expert", found: "the end of the line"
    (p: { word: string; expected: string; found: string }) => `after \`${p.word}\` comes ${p.expected}, not ${p.found}`,
  ),
  MOE2020: error("an unknown clause", (p: { clause: string; of: string }) => `\`${p.of}\` cannot take \`${p.clause}\``),
  MOE2021: error(
    "the file has nothing to build",
    // what: "model", "train"
    (p: { what: string }) => `the file defines no \`${p.what}\``,
  ),
  MOE2022: error(
    "several candidates and no choice",
    (p: { what: string; names: readonly string[] }) =>
      `the file defines ${p.names.length} of \`${p.what}\`: ${p.names.join(", ")}`,
  ),
  MOE2023: warning("a definition nobody uses", (p: { name: string }) => `\`${p.name}\` is never used`),
  MOE2024: error(
    "a path that leads nowhere",
    // used by --set, explain and --dispatch
    (p: { path: string; missing: string }) => `\`${p.path}\` leads nowhere: there is no \`${p.missing}\``,
  ),
  MOE2026: error(
    "a value that is not known when compiling",
    (p: { what: string }) => `${p.what} is not known when compiling`,
  ),
  MOE2027: error(
    "two parts of a block with the same weight names",
    (p: { block: string; part: string; scope: string }) =>
      `block \`${p.block}\` uses \`${p.part}\`, but weights of another part are called \`${p.scope}\` already`,
  ),
  MOE2028: error(
    "a point of the stream that is not there",
    (p: { part: string; point: string; block: string }) =>
      `\`${p.part}\` reads the stream after \`${p.point}\`, but block \`${p.block}\` has no such step`,
  ),
  MOE2029: error(
    "a step that reads what comes later",
    (p: { part: string; point: string }) =>
      `\`${p.part}\` reads the stream after \`${p.point}\`, which does not come before it`,
  ),
  MOE2030: error(
    "a layer that reads the one before, and there is none",
    // where: "the first layer of `M`", "an expert of `Depth`"
    (p: { block: string; where: string }) => `block \`${p.block}\` reads the layer before it, but is ${p.where}`,
  ),
} as const satisfies Family<"2">;
