/** The mixture by its definition in f64, at a few places: what a run on a GPU must come close to. */

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** Inner product of two rows. */
function dot(a, aAt, b, bAt, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[aAt + i] * b[bAt + i];
  return sum;
}

/** Functions that give single numbers of the results. */
export function reference({ H, I, K }, { x, gate, edges, probe, gateWeight, upWeight, downWeight }) {
  const left = (t, e, i) => dot(x, t * H, gateWeight, (e * I + i) * H, H);
  const right = (t, e, i) => dot(x, t * H, upWeight, (e * I + i) * H, H);
  const hidden = (t, e) => {
    const a = Float64Array.from({ length: I }, (_, i) => left(t, e, i));
    const b = Float64Array.from({ length: I }, (_, i) => right(t, e, i));
    return { a, b, h: a.map((v, i) => v * sigmoid(v) * b[i]) };
  };
  /** gradient of h: gate times probe through the down weights */
  const gradHidden = (t, k, e) =>
    Float64Array.from({ length: I }, (_, i) => {
      let sum = 0;
      for (let d = 0; d < H; d++) sum += probe[t * H + d] * downWeight[(e * H + d) * I + i];
      return sum * gate[t * K + k];
    });
  const slopes = (t, k, e) => {
    const { a, b } = hidden(t, e);
    const dh = gradHidden(t, k, e);
    const s = a.map(sigmoid);
    return {
      da: dh.map((v, i) => v * b[i] * s[i] * (1 + a[i] * (1 - s[i]))),
      db: dh.map((v, i) => v * a[i] * s[i]),
    };
  };
  return {
    /** row t of y */
    y(t) {
      const row = new Float64Array(H);
      for (let k = 0; k < K; k++) {
        const e = edges[t * K + k];
        const { h } = hidden(t, e);
        for (let d = 0; d < H; d++) row[d] += gate[t * K + k] * dot(h, 0, downWeight, (e * H + d) * I, I);
      }
      return row;
    },
    /** row t of the gradient of x */
    gradX(t) {
      const row = new Float64Array(H);
      for (let k = 0; k < K; k++) {
        const e = edges[t * K + k];
        const { da, db } = slopes(t, k, e);
        for (let i = 0; i < I; i++)
          for (let d = 0; d < H; d++)
            row[d] += da[i] * gateWeight[(e * I + i) * H + d] + db[i] * upWeight[(e * I + i) * H + d];
      }
      return row;
    },
    /** some numbers, by column, of one row of the gradient of expert e's down weights: [d, I] */
    gradDown(e, d, columns) {
      const row = new Float64Array(columns.length);
      for (let at = 0; at < edges.length; at++) {
        if (edges[at] !== e) continue;
        const t = Math.floor(at / K);
        for (const [n, i] of columns.entries()) {
          const a = left(t, e, i);
          row[n] += gate[at] * probe[t * H + d] * a * sigmoid(a) * right(t, e, i);
        }
      }
      return row;
    },
  };
}

/** Largest difference, relative to the largest number wanted. */
export function distance(want, got) {
  let [top, far] = [1e-6, 0];
  for (let i = 0; i < want.length; i++) {
    top = Math.max(top, Math.abs(want[i]));
    const difference = Math.abs(want[i] - got[i]);
    far = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(far, difference);
  }
  return far / top;
}
