/**
 * What things are called elsewhere: in PyTorch code, in configs of Hugging Face models, in Megatron's flags. None of
 * these is a word of the language; who writes one is told ours, and where it stands.
 */

/** Names of other tools, without case and underscores, and how a spec says the same. */
const said: Readonly<Record<string, string>> = {
  vocabsize: "`vocab = …` in the model",
  hiddensize: "`d_model = …` in the model",
  embeddim: "`d_model = …` in the model",
  nembd: "`d_model = …` in the model",
  dim: "`d_model = …` in the model",
  blocksize: "`context = …` in the model",
  seqlen: "`context = …` in the model",
  maxseqlen: "`context = …` in the model",
  sequencelength: "`context = …` in the model",
  maxpositionembeddings: "`context = …` in the model",
  nctx: "`context = …` in the model",
  nlayer: "`repeat n of Layer` in the model",
  nlayers: "`repeat n of Layer` in the model",
  numlayers: "`repeat n of Layer` in the model",
  numhiddenlayers: "`repeat n of Layer` in the model",
  depth: "`repeat n of Layer` in the model",
  tiewordembeddings: "`embed tokens tied` in the model",
  nhead: "`heads = …` in the attention",
  nheads: "`heads = …` in the attention",
  numheads: "`heads = …` in the attention",
  numattentionheads: "`heads = …` in the attention",
  numkeyvalueheads: "`kv_heads = …` in the attention",
  nkvheads: "`kv_heads = …` in the attention",
  ropetheta: "`position = rope(base: …)` in the attention",
  causal: "`mask = causal` in the attention",
  numexperts: "`experts n of swiglu(hidden: …)` in the moe",
  numlocalexperts: "`experts n of swiglu(hidden: …)` in the moe",
  nroutedexperts: "`experts n of swiglu(hidden: …)` in the moe",
  nexperts: "`experts n of swiglu(hidden: …)` in the moe",
  intermediatesize: "`hidden: …` of the experts, as in `experts n of swiglu(hidden: …)`",
  moeintermediatesize: "`hidden: …` of the experts, as in `experts n of swiglu(hidden: …)`",
  ffndim: "`hidden: …` of the experts, as in `experts n of swiglu(hidden: …)`",
  nsharedexperts: "`shared n of swiglu(hidden: …)` in the moe",
  topk: "`select top(k) per token` in the router",
  numexpertspertok: "`select top(k) per token` in the router",
  capacityfactor: "`limit capacity(…) else drop` in the router",
  auxloss: "`balance switch(…)` in the router",
  auxlosscoef: "`balance switch(…)` in the router",
  routerauxlosscoef: "`balance switch(…)` in the router",
  loadbalancing: "`balance switch(…)` in the router",
  loadbalance: "`balance switch(…)` in the router",
  routerzlosscoef: "`balance z_loss(…)` in the router",
  jitternoise: "`noise jitter(…) while training` in the router",
  routerjitternoise: "`noise jitter(…) while training` in the router",
  normtopkprob: "`weight gate renormalized` in the router",
  routedscalingfactor: "`weight gate renormalized scaled(…)` in the router",
  batchsize: "`batch = …` in tokens, as in `batch = 8 * context`",
  learningrate: "`optimize adamw(lr: …)`",
  lr: "`optimize adamw(lr: …)`",
  weightdecay: "`optimize adamw(lr: …, decay: …)`",
  optimizer: "`optimize adamw(lr: …)`",
  warmupsteps: "`schedule warmup(…) then cosine(to: 10%)`",
  lrscheduler: "`schedule warmup(…) then cosine(to: 10%)`",
  gradclip: "`clip norm(…)`",
  maxgradnorm: "`clip norm(…)`",
  epochs: "`steps = …`: data is read again from its start when it ends",
  numepochs: "`steps = …`: data is read again from its start when it ends",
  maxsteps: "`steps = …`",
  maxiters: "`steps = …`",
  dataset: '`data = text(["…"])`',
};

/** How the language says what others call `word`; undefined where nobody is known to. */
export function ownWordFor(word: string): string | undefined {
  const plain = word.toLowerCase().replaceAll("_", "");
  return Object.hasOwn(said, plain) ? said[plain] : undefined;
}
