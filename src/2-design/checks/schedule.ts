/** A warm-up shorter than the run. */
import type { Check } from "./check.js";

export const schedule: Check = {
  name: "schedule",
  doc: "The warm-up ends before the run does.",
  run: ({ design: { train }, tell, label }) => {
    if (!train || !(train.schedule.warmup >= train.steps)) return;
    tell("MOE4018", { warmup: train.schedule.warmup, steps: train.steps }, `${train.name}.schedule.warmup`, {
      secondary: label(`${train.name}.steps`, "the whole run"),
    });
  },
};
