/** Nobody can choose more experts than there are. */
import { type Check, inSlot, mostEdges } from "./check.js";

export const enoughExperts: Check = {
  name: "enough-experts",
  doc: "No more experts are selected than there are.",
  run: ({ routers, tell, label, written }) => {
    for (const { router, mixture } of routers) {
      const [select] = inSlot(router, "select");
      const k = mostEdges(router);
      const experts = mixture?.expertCount ?? Number.NaN;
      if (!select || !mixture || !(k > experts)) continue;
      const path = written(`${select.path}.k`) ? `${select.path}.k` : `${select.path}.atMost`;
      tell("MOE4004", { k, experts }, path, { secondary: label(`${mixture.name}.experts`, `${experts} experts`) });
    }
  },
};
