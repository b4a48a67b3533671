/**
 * moec against PyTorch: both seed designs, losses, logits, loads and every gradient of the reference and the cpu
 * target on the same weights and ids. Wants MOEC_PYTHON, a Python with PyTorch; skipped without.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { distance, enlarge, generator, moec, python, tensorsOf, torch } from "./torch-peer.js";

interface Case {
  readonly design: "mask-moe" | "mh-moe";
  readonly about: string;
  /** for moec */
  readonly set: readonly string[];
  /** for the peer */
  readonly flags: Readonly<Record<string, number>>;
  readonly vocab: number;
  readonly context: number;
  readonly batch: number;
}

const cases: readonly Case[] = [
  {
    design: "mask-moe",
    about: "two layers, six experts of 24",
    set: ["MaskMoE.d_model=32", "MaskMoE.repeat=2", "Attend.heads=4", "Mixture.experts=6 of swiglu(hidden: 24)"],
    flags: { "d-model": 32, layers: 2, heads: 4, "expert-count": 6, width: 24 },
    vocab: 257,
    context: 24,
    batch: 3,
  },
  {
    design: "mask-moe",
    about: "odd widths",
    set: ["MaskMoE.d_model=42", "MaskMoE.repeat=3", "Attend.heads=3", "Mixture.experts=5 of swiglu(hidden: 37)"],
    flags: { "d-model": 42, layers: 3, heads: 3, "expert-count": 5, width: 37 },
    vocab: 283,
    context: 17,
    batch: 2,
  },
  {
    design: "mh-moe",
    about: "two layers, seven experts of 20",
    set: ["MHMoE.d_model=32", "MHMoE.repeat=2", "Attend.heads=4", "Mixture.experts=7 of swiglu(hidden: 20)"],
    flags: { "d-model": 32, layers: 2, heads: 4, "expert-count": 7, width: 20 },
    vocab: 257,
    context: 24,
    batch: 3,
  },
  {
    design: "mh-moe",
    about: "three odd sub-tokens, three of nine experts",
    set: [
      "MHMoE.d_model=42",
      "MHMoE.repeat=2",
      "Attend.heads=3",
      "Mixture.experts=9 of swiglu(hidden: 19)",
      "Mixture.unit=subtoken(heads: 3, split: linear, merge: linear)",
      "Mixture.router.select=top(3) per subtoken",
    ],
    flags: { "d-model": 42, layers: 2, heads: 3, "expert-count": 9, width: 19, parts: 3, "top-k": 3 },
    vocab: 301,
    context: 15,
    batch: 2,
  },
];

/** A tokenizer that fits small vocabularies. */
const byte = "Pretrain.tokenizer=byte";

const models = { "mask-moe": "MaskMoE", "mh-moe": "MHMoE" } as const;

/** Weights, ids and the peer's opinion of one case, in a folder; gives the `--set` flags. */
async function prepare(
  { design, set, flags, vocab, context, batch }: Case,
  folder: string,
): Promise<readonly string[]> {
  const next = generator(context);
  const at = (name: string): string => join(folder, name);
  const id = (): number => Math.floor(next() ** 2 * vocab);
  const tokens = Array.from({ length: batch }, () => Array.from({ length: context + 1 }, id));
  const sizes = [...set, `${models[design]}.vocab=${vocab}`, `${models[design]}.context=${context}`, byte];
  const changes = sizes.flatMap((each) => ["--set", each]);
  writeFileSync(at("tokens.json"), JSON.stringify({ tokens }));
  writeFileSync(at("counts.json"), JSON.stringify(Array.from({ length: vocab }, (_, i) => vocab - i)));
  await moec(["init", `specs/${design}.moe`, "--out", at("fresh"), "--counts", at("counts.json"), ...changes]);
  enlarge(at("fresh"), at("weights"), 7);
  const peer = Object.entries({ ...flags, vocab, context }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const files = ["--weights", at("weights"), "--tokens", at("tokens.json"), "--out", at("torch")];
  // in f64, so that a difference is moec's
  torch(["trace", "--design", design, "--dtype", "f64", ...files, ...peer]);
  return changes;
}

/** What is further away from the peer than allowed, or missing, by name. */
function differences(want: string, got: string, allowed: number): Record<string, number> {
  const found = tensorsOf(got);
  const compared = [...tensorsOf(want)].filter(([name]) => !/edges|scores/.test(name));
  const far = compared.map(([name, tensor]): [string, number] => {
    const other = found.get(name);
    return [name, other ? distance(tensor.float32(), other.float32()) : Number.POSITIVE_INFINITY];
  });
  return Object.fromEntries(far.filter(([, each]) => !(each <= allowed)));
}

const title = python
  ? "moec and PyTorch agree"
  : "moec and PyTorch agree (skipped: MOEC_PYTHON names no Python with PyTorch)";

describe.skipIf(!python)(title, () => {
  for (const each of cases) {
    describe(`${each.design}, ${each.about}`, () => {
      let folder = "";
      const at = (name: string): string => join(folder, name);
      let changes: readonly string[] = [];
      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "moec-peer-"));
        changes = await prepare(each, folder);
      });
      afterAll(() => rmSync(folder, { recursive: true }));
      const trace = async (target: string): Promise<void> => {
        const files = ["--weights", at("weights"), "--tokens", at("tokens.json"), "--out", at(target)];
        await moec(["trace", `specs/${each.design}.moe`, "--target", target, ...files, ...changes]);
      };
      it.each([
        ["reference", 1e-6],
        ["cpu", 1e-4],
      ])("%s: losses, logits, loads, every gradient within %s", async (target, allowed) => {
        await trace(target);
        expect(tensorsOf(at("torch")).size).toBeGreaterThan(20);
        expect(differences(at("torch"), at(target), allowed)).toEqual({});
      });
    });
  }
});
