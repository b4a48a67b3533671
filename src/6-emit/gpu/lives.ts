/** How long tensors of a workspace are needed. */
import type { Lowered } from "./lower.js";

/** First and last launch that touch each workspace buffer, over all programs one after another. */
export function livesOf(lowered: Pick<Lowered, "programs">): Map<number, { from: number; to: number }> {
  const lives = new Map<number, { from: number; to: number }>();
  let at = 0;
  for (const p of lowered.programs) {
    const first = at;
    for (const l of p.launches) {
      for (const id of l.args) {
        const life = lives.get(id);
        if (life) life.to = at;
        else lives.set(id, { from: at, to: at });
      }
      at++;
    }
    // results stay readable until the next program runs
    for (const id of Object.values(p.outputs)) {
      const life = lives.get(id);
      if (life) life.to = Math.max(life.to, at);
    }
    at = Math.max(at, first) + 1;
  }
  return lives;
}
