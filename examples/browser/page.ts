/// <reference types="@webgpu/types" />
/**
 * The page: takes text, trains the compiled design on it with the browser's GPU, and shows how it goes. All
 * that is about training comes from moec's runtime; this is buttons and pictures.
 */
import {
  type BrowserGpu,
  DiagnosticError,
  findGpu,
  memoryHost,
  openRun,
  type Run,
  readGpuBundle,
} from "../../src/runtime/browser.js";
import { drawCurve, drawLoad } from "./charts.js";

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [text, train, stop] = [
  find<HTMLTextAreaElement>("text"),
  find<HTMLButtonElement>("train"),
  find<HTMLButtonElement>("stop"),
];
const [curve, heat] = [find<HTMLCanvasElement>("curve"), find<HTMLCanvasElement>("heat")];
const say = (id: string, what: string): void => {
  find(id).textContent = what;
};

/** What the page is doing, or what went wrong. */
function tell(what: string, wrong = false): void {
  find("status").className = wrong ? "wrong" : "";
  say("status", what);
}

/** An error as a sentence: a diagnostic says what is wrong and what can be done. */
function sentence(error: unknown): string {
  if (!(error instanceof DiagnosticError)) return error instanceof Error ? error.message : String(error);
  const [first] = error.diagnostics;
  return [first!.message, ...(first!.help ?? []).map(({ text }) => text)].join(" · ");
}

/** Until the user presses Stop, or so many steps. */
const steps = Number(new URLSearchParams(location.search).get("steps") ?? 2000);
let stopped = false;

const bundle = readGpuBundle(async (path) => {
  const answer = await fetch(`design/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
});

async function learn(gpu: BrowserGpu): Promise<void> {
  const host = memoryHost({ files: { "text.txt": text.value } });
  const report = (what: string): void => tell(what);
  const run = await openRun(await bundle, { host, data: ["*.txt"], gpu: gpu.open, report });
  try {
    await steadily(run);
  } finally {
    await run.close();
  }
}

/** What the pictures show. */
let shown: { readonly losses: readonly number[]; readonly loads: readonly ArrayLike<number>[] } | undefined;

function draw(): void {
  if (!shown) return;
  drawCurve(curve, shown.losses);
  drawLoad(heat, shown.loads);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

async function steadily(run: Run): Promise<void> {
  const losses: number[] = [];
  while (losses.length < steps && !stopped) {
    const { step, crossEntropy, loads, milliseconds, diverged } = await run.train();
    if (diverged) throw new DiagnosticError([diverged]);
    losses.push(crossEntropy);
    tell("training");
    say("step", String(step));
    say("loss", crossEntropy.toFixed(3));
    say("speed", Math.round((1000 * run.tokensPerStep) / milliseconds).toLocaleString("en"));
    shown = { losses, loads };
    draw();
    // the page stays alive between steps
    await new Promise(requestAnimationFrame);
  }
  tell(stopped ? "stopped" : "done");
}

async function start(): Promise<void> {
  stopped = false;
  [train.disabled, stop.disabled] = [true, false];
  try {
    const gpu = await findGpu(navigator.gpu);
    say("device", gpu.description);
    gpu.onLost((reason) => tell(`the GPU was lost (${reason}): press Train to start again`, true));
    tell("compiling kernels");
    await learn(gpu);
  } catch (error) {
    tell(sentence(error), true);
  } finally {
    [train.disabled, stop.disabled] = [false, true];
  }
}

train.addEventListener("click", () => void start());
stop.addEventListener("click", () => {
  stopped = true;
});
text.addEventListener("dragover", (event) => {
  event.preventDefault();
  text.classList.add("over");
});
text.addEventListener("dragleave", () => text.classList.remove("over"));
text.addEventListener("drop", async (event) => {
  event.preventDefault();
  text.classList.remove("over");
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length > 0) text.value = (await Promise.all(files.map((file) => file.text()))).join("\n\n");
  else text.value = event.dataTransfer?.getData("text/plain") || text.value;
});
text.value = await fetch("sample.txt").then((answer) => answer.text());
train.disabled = false;
