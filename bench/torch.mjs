/**
 * Eager PyTorch as a contender: `peers/torch_moe.py serve` in the Python that MOEC_PYTHON names, asked for a few steps
 * at a time, so that it and moec take turns on the machine.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./peers/torch_moe.py", import.meta.url));

/**
 * PyTorch asks the C library for fresh memory in every step and gives it back; told to keep it, it is 3 to 15 %
 * faster. It is measured at its best.
 */
const KEEP_MEMORY = {
  MALLOC_MMAP_MAX_: "0",
  MALLOC_TRIM_THRESHOLD_: "100000000000",
  MALLOC_TOP_PAD_: "268435456",
};

/** Opens the peer for a checked design; `why` instead of a peer when there is none. */
export async function openTorch(name, design, threads, python = process.env.MOEC_PYTHON) {
  if (!python) return { why: "MOEC_PYTHON is not set" };
  const args = [script, "serve", "--design", name, "--threads", String(threads), ...sizeFlags(design)];
  const child = spawn(python, args, { env: { ...process.env, ...KEEP_MEMORY }, stdio: ["pipe", "pipe", "pipe"] });
  const complaint = lastLines(child.stderr);
  const answers = linesOf(child);
  try {
    const { about } = JSON.parse(await answers.next());
    return { peer: peerOf(child, answers, about) };
  } catch {
    return { why: `MOEC_PYTHON cannot run the peer: ${complaint() || "it gave no answer"}` };
  }
}

function peerOf(child, answers, about) {
  return {
    about,
    /** Trains some steps with one way of running the experts; seconds of each. */
    run: async (way, steps) => {
      child.stdin.write(`${way} ${steps}\n`);
      return JSON.parse(await answers.next());
    },
    close: () => {
      child.stdin.end();
      return new Promise((done) => child.once("exit", done));
    },
  };
}

/** The lines that a child prints, one at a time; an error when it ends before. */
function linesOf(child) {
  const [lines, waiting] = [[], []];
  let ended = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const first = waiting.shift();
    if (first) first.take(line);
    else lines.push(line);
  });
  const end = () => {
    ended = true;
    for (const { fail } of waiting.splice(0)) fail(new Error("the peer ended"));
  };
  child.once("error", end).once("close", end);
  const next = () => {
    if (lines.length > 0) return Promise.resolve(lines.shift());
    if (ended) return Promise.reject(new Error("the peer ended"));
    return new Promise((take, fail) => waiting.push({ take, fail }));
  };
  return { next };
}

function lastLines(stream) {
  let text = "";
  stream.on("data", (piece) => {
    text = (text + piece).slice(-2000);
  });
  return () => text.trim().split("\n").at(-1) ?? "";
}

/** The sizes of a design as the peer's flags; the peer knows the rest of the two seed designs. */
function sizeFlags({ model, attentions, mixtures, train }) {
  const attention = Object.values(attentions)[0];
  const mixture = Object.values(mixtures)[0];
  const select = mixture.router.rules.find(({ slot }) => slot === "select");
  const sizes = {
    batch: train.batch,
    vocab: model.vocab,
    context: model.context,
    "d-model": model.dModel,
    layers: model.stack.reduce((sum, { count }) => sum + count, 0),
    heads: attention.heads,
    width: mixture.experts[0].ffn.hidden,
    "expert-count": mixture.expertCount,
    "top-k": Number(select.args.k),
    parts: mixture.unit.kind === "subtoken" ? mixture.unit.heads : 1,
  };
  return Object.entries(sizes).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
}
