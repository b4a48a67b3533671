/** Changes of a design as rows of words: used by every renderer that speaks text. */
import type { DesignChange, DesignLayer, Detail } from "../design-layer.js";
import { scalarText } from "../values.js";

export interface SectionChanges {
  readonly kind: DesignChange["kind"];
  readonly name: string;
  /** the whole declaration is new or gone */
  readonly whole: "added" | "removed" | undefined;
  readonly changes: readonly DesignChange[];
}

/** Changes by declaration, in order; what nobody wrote is not told of a declaration that is new or gone. */
export function bySection({ changes }: DesignLayer): readonly SectionChanges[] {
  const sections = new Map<string, DesignChange[]>();
  for (const change of changes) {
    const key = `${change.kind} ${change.section}`;
    sections.set(key, [...(sections.get(key) ?? []), change]);
  }
  return [...sections.values()].map((own) => {
    const [{ kind, section: name }] = own as [DesignChange];
    const all = (status: "added" | "removed") => own.every((change) => change.status === status);
    // a declaration has a line for its sizes and kinds: all of them are new or gone only when it is
    const whole = coreOf(own) ? (all("added") ? "added" : all("removed") ? "removed" : undefined) : undefined;
    return { kind, name, whole, changes: own.filter(isWritten) };
  });
}

const core: Readonly<Record<DesignChange["kind"], string>> = {
  model: "d_model",
  block: "residual",
  attention: "heads",
  dense: "ffn",
  moe: "unit",
  router: "router.select",
  table: "assign",
  train: "steps",
};

/** The slot that says most about a declaration that is new or gone. */
export function isTelling({ kind, slot }: DesignChange): boolean {
  return slot === (kind === "table" ? "tier" : core[kind]);
}

const coreOf = (changes: readonly DesignChange[]): boolean => changes.some(({ kind, slot }) => core[kind] === slot);

function isWritten({ status, before, after }: DesignChange): boolean {
  if (status !== "added" && status !== "removed") return true;
  const { from } = (after ?? before)!;
  return from === "written" || from === "inherited";
}

/** `token → subtoken(heads: 2)`, the text of one side, or the values when the text did not change. */
export function changeWords({ status, before, after, details }: DesignChange): string {
  if (status === "added") return after!.text;
  if (status === "removed") return before!.text;
  if (status === "moved") return `order: ${before!.text} → ${after!.text}`;
  if (before!.text !== after!.text) return `${before!.text} → ${after!.text}`;
  return details.map(detailText).join(", ");
}

/** Values that changed although nobody wrote them differently: defaults and derived ones, each with its reason. */
export function quietDetails({ status, before, after, details }: DesignChange): readonly string[] {
  if (status !== "changed") return [];
  // a value that only one side knows belongs to another rule, which the text already tells
  const quiet = details.filter(
    (detail) => detail.because?.after !== undefined && detail.before !== null && detail.after !== null,
  );
  const said = before!.text === after!.text || after!.from === "derived" || before!.from === "derived";
  return quiet.map((detail) => (said ? reasonOf(detail) : `${detailText(detail)} (${reasonOf(detail)})`));
}

const detailText = ({ name, before, after }: Detail): string => `${name}: ${scalarText(before)} → ${scalarText(after)}`;

function reasonOf({ because }: Detail): string {
  return [...new Set([because?.before, because?.after].filter((text) => text !== undefined))].join(" → ");
}

/** `3 changed, 1 added, 2 removed; 32 lines mean the same` */
export function designCounts({ changes, renamed, unchanged }: DesignLayer): string {
  const count = (status: DesignChange["status"]) =>
    changes.filter((change) => change.status === status && isWritten(change)).length;
  const parts = (["changed", "added", "removed", "moved"] as const).flatMap((status) =>
    count(status) > 0 ? [`${count(status)} ${status}`] : [],
  );
  return `${[...parts, ...(renamed.length > 0 ? [`${renamed.length} renamed`] : [])].join(", ") || "no change"}; ${unchanged} ${unchanged === 1 ? "line means" : "lines mean"} the same`;
}
