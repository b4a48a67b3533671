/**
 * A folder of its own for each test: a tiny design, some text, and the `moec` command as a user calls it. Where neither
 * the process nor the disk is what a test is about, `tinyInMemory` does the same in this process, many times faster.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Called, commandLineOn } from "../cli/command-line.js";

const main = resolve("dist/src/cli/main.js");
// where this process keeps built programs, too: the same C is compiled once for all tests
const cache = resolve("node_modules/.cache/moec");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine {
  readonly folder: string;
  readonly path: (...names: string[]) => string;
  readonly write: (name: string, text: string | Uint8Array) => void;
  readonly read: (name: string) => string;
  readonly bytes: (name: string) => Buffer;
  /** runs `moec` to its end */
  readonly moec: (...args: string[]) => Promise<Outcome>;
  /** runs another program of Node */
  readonly node: (...args: string[]) => Promise<Outcome>;
  /** starts `moec` and lets the caller talk to it */
  readonly start: (...args: string[]) => { readonly child: ChildProcess; readonly ended: Promise<Outcome> };
}

/** A fresh folder with files; `env` is added to the environment of every command. */
export function machine(
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Machine {
  const folder = mkdtempSync(join(process.env.MOEC_TEST_FOLDER!, "e2e-"));
  const path = (...names: string[]): string => join(folder, ...names);
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const environment = { ...process.env, NO_COLOR: "1", MOEC_CACHE: cache, ...env };
  const run = (args: readonly string[]) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    return { child, ended: outcomeOf(child) };
  };
  return {
    folder,
    path,
    write,
    read: (name) => readFileSync(path(name), "utf8"),
    bytes: (name) => readFileSync(path(name)),
    moec: (...args) => run([main, ...args]).ended,
    node: (...args) => run(args).ended,
    start: (...args) => run([main, ...args]),
  };
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (piece: string) => {
      texts[name] += piece;
    });
  }
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, ...texts }));
  });
}

/** Two layers of a masked mixture, small enough to train in a second. */
export const tiny = `edition 1

model Tiny {
  vocab = 256
  context = 32
  d_model = 32

  embed tokens tied
  repeat 2 of Layer
  norm rms(eps: 1e-5)
  head linear
}

block Layer {
  residual Attend after rms
  residual Mixture after rms
}

attention Attend {
  heads = 2
  position = rope(base: 10_000)
  mask = causal
}

table Visible {
  key = token_id
  value = subset(of: Mixture.experts)
  counts = from(Pretrain)
  tier frequent when (coverage <= 80%) sees 3
  tier infrequent otherwise sees 1
  assign random(seed: 17) per layer
}

moe Mixture {
  unit = token
  experts 4 of swiglu(hidden: 48)
  router {
    score linear
    mask Visible[token_id]
    gate softmax over visible
    select top(1) per token
    weight gate
    limit none
    balance switch(0.01) over visible
  }
}

train Pretrain {
  model = Tiny
  data = text(["data/*.txt"])
  tokenizer = byte
  batch = 4 * context
  steps = 20
  seed = 1
  optimize adamw(lr: 3e-3, decay: 0.1) for matrices
  optimize adamw(lr: 3e-3, decay: 0.0) for [router, norms, embeddings]
  schedule warmup(4) then cosine(to: 10%)
  clip norm(1.0)
  eval every(5) on held_out(20%)
  watch [loss, expert_load, dropped, router_entropy]
}
`;

const sentences = [
  "the cat sat on the mat. ",
  "a dog looked at the moon, ",
  "nobody knew why; ",
  "then it rained again. ",
];

/** Ten documents that a small model can learn something from. */
export function texts(): Record<string, string> {
  const document = (i: number): string => Array.from({ length: 80 }, (_, j) => sentences[(i * j + j * j) % 4]).join("");
  return Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`data/${i}.txt`, document(i)]));
}

/** A machine with the tiny design and its data. */
export const tinyMachine = (env: Readonly<Record<string, string>> = {}): Machine =>
  machine({ "tiny.moe": tiny, ...texts() }, env);

/** The tiny design and its data on a machine that is a map of files. */
export const tinyInMemory = (): Called => commandLineOn({ "tiny.moe": tiny, ...texts() });
