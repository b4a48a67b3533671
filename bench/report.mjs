/** The benchmark's numbers as text for a terminal and as Markdown for RESULTS.md. */
import { MOST_BUSY } from "./quiet.mjs";

const columns = ["contender", "tokens/s", "ms/step", "GFLOP/s", "spread", "loss at step"];

/** What the numbers mean; printed with them. */
export const convention =
  "GFLOP/s: products of matrices and causal attention (the half that is needed), 2 for a multiply-add, backward = 2 × " +
  "forward; router, norms, optimiser not counted. Medians; spread = (slowest − fastest) / median. Random data.";

/** For people at a terminal. */
export function text(report) {
  return `${[...head(report), ...report.designs.flatMap((each) => ["", ...designText(each)]), "", convention].join("\n")}\n`;
}

/** For RESULTS.md; says when, where and with which command. */
export function markdown(report) {
  const { date, command, designs } = report;
  const parts = [
    "# Results of the benchmark",
    `${date}, with \`${command}\`. Written by the benchmark itself; what the columns mean is in README.md of this folder.`,
    head(report)
      .map((line) => `- ${line}`)
      .join("\n"),
    convention,
    ...designs.map(designMarkdown),
  ];
  return `${parts.join("\n\n")}\n`;
}

function head({ machine, node, steps, busy, designs }) {
  const { devices, threads, torch, why } = designs[0];
  const share = (part) => `${(100 * part).toFixed(0)} %`;
  const quiet = Math.max(busy.before, busy.after) <= MOST_BUSY ? "quiet" : "BUSY: NOT EVEN RATIOS CAN BE TRUSTED";
  return [
    `machine: ${machine}, ${threads} threads, Node ${node.slice(1)}`,
    `in use by others: ${share(busy.before)} before, ${share(busy.after)} after (${quiet})`,
    `moec: ${devices.join("; ")}`,
    torch
      ? `peer: PyTorch ${torch.torch}, eager, f32, ${torch.blas}, ${torch.vectors}, ${torch.threads} threads, C library told to keep its memory`
      : `peer: PyTorch not measured: ${why}`,
    `${steps} timed steps each, taking turns`,
  ];
}

function designText(design) {
  const { name, batch, context, flopsPerToken } = design;
  return [
    `${name}, ${batch} × ${context} tokens a step, ${(flopsPerToken / 1e6).toFixed(1)} MFLOP a token`,
    ...table(columns, rows(design)),
    ...facts(design).map((line) => `  ${line}`),
    ...kernelText(design),
  ];
}

function designMarkdown(design) {
  const { name, batch, context, flopsPerToken } = design;
  const parts = [
    `## ${name}`,
    `${batch} × ${context} tokens a step, ${(flopsPerToken / 1e6).toFixed(1)} MFLOP a token.`,
    markdownTable(columns, rows(design)),
    facts(design)
      .map((line) => `- ${line}`)
      .join("\n"),
  ];
  if (!design.kernels) return parts.join("\n\n");
  return [...parts, kernelTitle(design), markdownTable(kernelColumns, kernelRows(design))].join("\n\n");
}

function rows({ contenders }) {
  return contenders.map(({ name, ms, tokensPerSecond, gflops, spread, loss, step }) => [
    name,
    tokensPerSecond.toFixed(0),
    ms.toFixed(0),
    gflops.toFixed(0),
    `${(100 * spread).toFixed(0)} %`,
    `${loss.toFixed(3)} at ${step}`,
  ]);
}

/** The ratios that are asked for, then the compiler and the memory. */
function facts({ contenders, compiler, memory, torch }) {
  const of = (start) => contenders.filter(({ name }) => name.startsWith(start)).sort((a, b) => a.ms - b.ms)[0];
  const [ours, native, wasm, best] = [of("moec"), of("moec native"), of("moec wasm"), of("PyTorch")];
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const off = ((100 * (memory.process - memory.planned)) / memory.planned).toFixed(1);
  const both = ({ first, later }) => `${first.toFixed(0)} ms the first time, ${later.toFixed(0)} ms later`;
  return [
    ...(best ? [`${ours.name} / best PyTorch (${best.name}): ${(best.ms / ours.ms).toFixed(2)} ×`] : []),
    ...(native ? [`moec wasm / moec native: ${((100 * native.ms) / wasm.ms).toFixed(0)} %`] : []),
    `memory: planned ${mib(memory.planned)}, the process grew by ${mib(memory.process)} (${off} %)`,
    ...(torch ? [`PyTorch's process: ${mib(torch.memory)} at most, with all ways of running the experts`] : []),
    `check: ${both(compiler.check)}`,
    `C of all programs from their plan: ${both(compiler.emit)}; from the text of the spec: ${both(compiler.compile)}`,
  ];
}

const kernelColumns = ["kernel", "launches", "ms/step", "share", "GFLOP/s", "GB/s"];

function kernelTitle({ profiled }) {
  return `Kernels of moec native, ${(1e3 * profiled).toFixed(0)} ms together (operations and bytes as the plan counts them):`;
}

function kernelRows({ kernels, profiled }) {
  return kernels.map(({ name, launches, seconds, flops, bytes }) => [
    name,
    String(launches),
    (1e3 * seconds).toFixed(1),
    `${((100 * seconds) / profiled).toFixed(1)} %`,
    (flops / seconds / 1e9).toFixed(0),
    (bytes / seconds / 1e9).toFixed(1),
  ]);
}

function kernelText(design) {
  if (!design.kernels) return ["  single kernels: no C compiler here"];
  return ["", `  ${kernelTitle(design)}`, ...table(kernelColumns, kernelRows(design))];
}

/** The first column to the left, numbers to the right. */
function table(titles, cells) {
  const all = [titles, ...cells];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  return all.map(
    (row) => `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ")}`,
  );
}

function markdownTable(titles, cells) {
  const line = (row) => `| ${row.join(" | ")} |`;
  const rule = titles.map((_, i) => (i === 0 ? "---" : "--:"));
  return [titles, rule, ...cells].map(line).join("\n");
}
