/** Every check there is, in the order in which they run. To add one: a file, a line here, a code, a page, a fixture. */
import type { File } from "../build/file.js";
import type { Design } from "../design.js";
import { complain, type Site, trustsAbsence } from "../read/report.js";
import { adjugates } from "./adjugates.js";
import { attentionExperts } from "./attention-experts.js";
import { attentionShapes } from "./attention-shapes.js";
import { balanced } from "./balanced.js";
import { biasRead } from "./bias-read.js";
import { biasTarget } from "./bias-target.js";
import { blockExperts } from "./block-experts.js";
import { blockParts } from "./block-parts.js";
import { capacityOneExpert } from "./capacity-one-expert.js";
import type { Check, CheckContext, RouterSite } from "./check.js";
import { enoughExperts } from "./enough-experts.js";
import { freeExperts } from "./free-experts.js";
import { gateMade } from "./gate-made.js";
import { groupLosses } from "./group-losses.js";
import { groups } from "./groups.js";
import { helpersMade } from "./helpers-made.js";
import { idsOfUnits } from "./ids-of-units.js";
import { lookahead } from "./lookahead.js";
import { merged } from "./merged.js";
import { modelSize } from "./model-size.js";
import { optimized } from "./optimized.js";
import { perUnit } from "./per-unit.js";
import { phases } from "./phases.js";
import { points } from "./points.js";
import { predicted } from "./predicted.js";
import { productKeys } from "./product-keys.js";
import { renormalized } from "./renormalized.js";
import { routerPrecision } from "./router-precision.js";
import { schedule } from "./schedule.js";
import { scoresMade } from "./scores-made.js";
import { slots } from "./slots.js";
import { subtokenHeads } from "./subtoken-heads.js";
import { tableBalance } from "./table-balance.js";
import { tableOwner } from "./table-owner.js";
import { tableRows } from "./table-rows.js";
import { unused } from "./unused.js";
import { visibleMask } from "./visible-mask.js";
import { vocabulary } from "./vocabulary.js";
import { waivers } from "./waivers.js";

export const checks: readonly Check[] = [
  routerPrecision,
  vocabulary,
  attentionShapes,
  blockParts,
  points,
  blockExperts,
  attentionExperts,
  merged,
  subtokenHeads,
  tableRows,
  tableOwner,
  phases,
  scoresMade,
  gateMade,
  helpersMade,
  biasRead,
  biasTarget,
  visibleMask,
  perUnit,
  idsOfUnits,
  enoughExperts,
  groups,
  groupLosses,
  adjugates,
  productKeys,
  renormalized,
  lookahead,
  tableBalance,
  capacityOneExpert,
  freeExperts,
  balanced,
  slots,
  predicted,
  waivers,
  schedule,
  optimized,
  unused,
  modelSize,
];

/** Runs all checks over a design, which may have mistakes already. */
export function runChecks(design: Design, file: File): void {
  const context = contextOf(design, file);
  for (const check of checks) check.run(context);
}

function contextOf(design: Design, { session, declarations }: File): CheckContext {
  const at = (path: string): Site | undefined => {
    const own = session.sites.get(path);
    if (own || path === "") return own;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    const declaration = parent === "" ? declarations.get(path) : undefined;
    return declaration ? { source: session.source, span: declaration.name.span } : at(parent);
  };
  return {
    design,
    at,
    tell: (code, params, path, more) => complain(session.report, code, params, at(path), more),
    label: (path, text) => {
      const site = session.sites.get(path);
      return site ? [{ ...site, text }] : [];
    },
    trusts: (owner, slot) => trustsAbsence(session.report, owner, slot),
    written: (path) => session.sites.has(path),
    routers: routerSites(design, session.used),
    declarations: [...declarations.values()],
    used: session.used,
    unclear: session.report.diagnostics.some(({ code }) => code.startsWith("MOE2")) || session.report.broken.length > 0,
  };
}

/** Routers of their own are looked at with whoever uses them; only those nobody uses are looked at alone. */
function routerSites({ mixtures, routers }: Design, used: ReadonlySet<string>): readonly RouterSite[] {
  const inside = Object.values(mixtures).map((mixture) => ({
    mixture,
    router: mixture.router,
    path: `${mixture.name}.router`,
  }));
  const alone = Object.values(routers).filter(({ name }) => !used.has(name));
  return [...inside, ...alone.map((router) => ({ mixture: undefined, router, path: router.name }))];
}
