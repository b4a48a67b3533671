/** Nobody can choose more experts than there are. */
import { type Check, edgesOf, inSlot } from "./check.js";

export const enoughExperts: Check = {
  name: "enough-experts",
  doc: "No more experts are selected than there are.",
  run: ({ routers, tell, label, written }) => {
    for (const { router, mixture } of routers) {
      if (!mixture) continue;
      const experts = mixture.expertCount;
      for (const select of inSlot(router, "select")) {
        const k = edgesOf(select);
        const { atLeast } = select.args;
        if (typeof atLeast === "number" && atLeast > Math.min(k, experts))
          tell(
            "MOE4008",
            { what: "at least", value: atLeast, range: `at most ${Math.min(k, experts)}` },
            `${select.path}.atLeast`,
          );
        if (!(k > experts)) continue;
        const path = written(`${select.path}.k`) ? `${select.path}.k` : `${select.path}.atMost`;
        tell("MOE4004", { k, experts }, path, { secondary: label(`${mixture.name}.experts`, `${experts} experts`) });
      }
    }
  },
};
