/**
 * The layer of `layer.mjs` in jax-js. Every token goes through every expert and results are weighed: it has no ragged
 * products, and its programs have fixed shapes. `padded` gives every expert room for `room` tokens instead.
 */

/** A jitted function of (x, router, gate, up, down); values it is given are used up, so pass `ref`s. */
export function jaxLayer(jax, { E, K }) {
  const { numpy: np, nn, lax } = jax;
  return (x, router, gate, up, down) => {
    const gates = nn.softmax(np.matmul(x.ref, np.transpose(router)), -1);
    const [values, chosen] = lax.topK(gates.ref, K);
    values.dispose?.();
    const mask = nn.oneHot(chosen, E).sum(1);
    const kept = gates.mul(lax.stopGradient(mask));
    const weights = kept.ref.div(kept.sum(-1, { keepdims: true }));
    const g = np.einsum("th,eih->eti", x.ref, gate);
    const u = np.einsum("th,eih->eti", x, up);
    const each = np.einsum("eti,ehi->eth", nn.silu(g).mul(u), down);
    return np.einsum("eth,te->th", each, weights);
  };
}
