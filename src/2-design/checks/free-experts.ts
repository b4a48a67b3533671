/** Capacity is there to bound work; copy and zero experts do none. */
import { expertKind } from "../../experts/index.js";
import { type Check, inSlot } from "./check.js";

export const freeExperts: Check = {
  name: "free-experts",
  doc: "Experts that compute nothing are not counted in a capacity, or their share is said.",
  run: ({ routers, tell, label }) => {
    for (const { router, mixture } of routers) {
      const limit = inSlot(router, "limit").find(({ rule }) => rule === "capacity");
      if (!limit || !mixture || limit.args.ffn_share !== undefined) continue;
      for (const [i, { count, ffn }] of mixture.experts.entries()) {
        const kind = expertKind(ffn.kind);
        if (!kind || kind.matrices > 0 || (ffn.kind !== "copy" && ffn.kind !== "zero")) continue;
        tell("MOE3011", { kind: ffn.kind, count }, limit.path, {
          secondary: label(`${mixture.name}.experts${i === 0 ? "" : `[${i}]`}`, "cost nothing"),
          help: ["say how much of the room the others get: `capacity(…, ffn_share: 75%)`"],
        });
      }
    }
  },
};
