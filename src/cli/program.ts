/**
 * The commands and their flags. Nothing is done here: each command's file is loaded when it is called, so that
 * `moec check` does not wait for what `moec train` needs.
 */
import { Command, Help, type Option } from "commander";
import { version } from "../host/version.js";
import { collect, positiveNumber, shareOf, wholeNumber } from "./flags.js";
import type { Cli } from "./output.js";

const examples = `
Examples:
  moec check specs/*.moe                       what is wrong with these specs?
  moec train specs/mask-moe.moe                train it on this machine
  moec sample runs/mask-moe --prompt "import"  let it write
  moec explain specs/mask-moe.moe              what was decided, and why
  moec diff specs/mask-moe.moe specs/mh-moe.moe  what differs, down to the kernels
  moec explain MOE4003                         what a message means`;

/** The command line as commander sees it; `finish` is told the exit code of the command that ran. */
export function createProgram(cli: Cli, finish: (code: number) => void): Command {
  const program = new Command("moec")
    .description("A compiler for mixture-of-experts models: short .moe specs in, fused kernels and a trainer out.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this, or the flags of a command")
    .helpCommand("help [command]", "show this, or the flags of a command")
    .configureHelp({ optionDescription })
    .addHelpText("after", examples)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.host.stdout(text),
      // usage mistakes are told as diagnostics
      writeErr: () => {},
      outputError: () => {},
    });
  /** Adds a command; its action answers with an exit code. */
  const add = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .helpOption("-h, --help", "show this")
      .copyInheritedSettings(program);

  add("check", "report every mistake in specs")
    .argument("<file...>", "specs")
    .option("--json", "diagnostics as JSON on stdout")
    .option("--format <name>", "pretty, line or github")
    .action(async (files, flags) => finish((await import("./check.js")).check(cli, files, flags)));

  add("fmt", "format specs in place")
    .argument("<file...>", "specs")
    .option("--check", "change nothing; exit 1 if a file is not formatted")
    .action(async (files, flags) => finish((await import("./fmt.js")).fmt(cli, files, flags)));

  withDesign(add("compile", "write kernels, trainer and report of a design"))
    .option("--target <names>", "cpu, wgsl, cuda, or several: cpu,wgsl", "cpu")
    .option("--tune", "measure the strategies here and take the fastest")
    .option("--sample", "the programs that write text, as `moec sample` runs them, in place of those that train")
    .option("--harness", "cuda: also programs that check and time every kernel and every mixture (cuda/harness/)")
    .option("--json", "what was written and measured as JSON on stdout")
    .option("--device <name>", "GPU that CUDA is written for: H100, H200, A100 or RTX4090; every one if not given")
    .option("--out <dir>", "folder; generated/<spec>, or generated/<spec>-sample, if not given")
    .action(async (file, flags) => finish(await (await import("./compile.js")).compile(cli, file, flags)));

  withSet(add("init", "write initial weights and routing tables"))
    .argument("<file>", "spec")
    .requiredOption("--out <file>", "safetensors file to write")
    .option("--seed <n>", "instead of the spec's", wholeNumber("--seed"))
    .option("--counts <file>", "JSON list of V token counts, instead of the run's data")
    .option("--data <glob>", "data to count tokens in (repeatable)", collect)
    .option("--from <run>", "take over what fits from a run of this or another design")
    .action(async (file, flags) => finish(await (await import("./init.js")).init(cli, file, flags)));

  withDesign(add("trace", "one forward and backward pass on given tokens"))
    .requiredOption("--weights <file>", "safetensors file, as `moec init` writes it")
    .requiredOption("--tokens <file>", '{"tokens": [[S+1 ids] × B]}')
    .requiredOption("--out <file>", "safetensors file to write")
    .option("--target <name>", "cpu, wgsl, cuda or reference (f64)", "cpu")
    .option("--seed <n>", "of noise, instead of the spec's", wholeNumber("--seed"))
    .action(async (file, flags) => finish(await (await import("./trace.js")).trace(cli, file, flags)));

  withDesign(add("train", "train a design"))
    .option("--target <name>", "where to run: cpu, or wgsl or cuda on a GPU", "cpu")
    .option("--tune", "measure the strategies here and take the fastest")
    .option("--data <glob>", "data instead of the spec's (repeatable)", collect)
    .option("--steps <n>", "stop after this step; the schedule stays the spec's", wholeNumber("--steps", 1))
    .option("--seed <n>", "instead of the spec's", wholeNumber("--seed"))
    .option("--out <dir>", "the run's folder; runs/<spec> if not given")
    .option("--threads <n>", "instead of MOEC_THREADS, or one for each processor", wholeNumber("--threads", 1))
    .option("--resume", "go on with the newest checkpoint")
    .option("--from <run>", "start with what fits of a run of this or another design")
    .option("--json", "one JSON object a step on stdout")
    .action(async (file, flags) => finish(await (await import("./train.js")).trainCommand(cli, file, flags)));

  add("sample", "let a trained model write")
    .argument("<run>", "a run's folder")
    .requiredOption("--prompt <text>", "text to go on from; may be empty; - reads stdin")
    .option("--tokens <n>", "tokens to add", wholeNumber("--tokens", 1), 100)
    .option("--seed <n>", "of the draw", wholeNumber("--seed"), 0)
    .option("--temperature <x>", "0 takes the likeliest token", positiveNumber("--temperature"), 0.8)
    .option("--top-k <n>", "draw among the n likeliest tokens", wholeNumber("--top-k", 1))
    .option("--top-p <x>", "draw among the likeliest tokens that have this probability together", shareOf("--top-p"))
    .option("--step <n>", "checkpoint to use; the newest if not given", wholeNumber("--step"))
    .option("--threads <n>", "instead of MOEC_THREADS, or one for each processor", wholeNumber("--threads", 1))
    .option("--no-cache", "compute the whole context for every token")
    .option("--json", "the text and how fast it came as JSON on stdout")
    .action(async (folder, flags) => finish(await (await import("./sample.js")).sample(cli, folder, flags)));

  withDispatch(withSet(add("explain", "what was decided, and why; or what a code, a word or a path means")))
    .argument("<subject>", "spec, code (MOE4003), word (switch) or path (Mixture.router.select)")
    .argument("[file]", "the spec that a path is looked up in")
    .option("--stage <name>", "graph, dispatch or plan")
    .option("--target <name>", "whose kernels --stage plan shows: cpu or cuda")
    .option("--device <name>", "GPU that they are estimated for: H100, H200, A100 or RTX4090")
    .option("--html <file>", "write a page about a design: stages, routing, kernels, memory, bounds")
    .action(async (subject, file, flags) =>
      finish(await (await import("./explain.js")).explain(cli, subject, file, flags)),
    );

  withSet(add("diff", "what a change of design does to weights, cost, dispatch and kernels"))
    .argument("<side...>", "specs, spec.moe@<git-ref>, folders of compile or train, design.json, or empty")
    .option("--target <name>", "whose kernels: cpu, wgsl or cuda", "cpu")
    .option("--json", "the whole comparison as JSON on stdout")
    .option("--summary", "five lines of Markdown")
    .option("--html <file>", "write a page that opens from disk")
    .option("--text <kernel>", "both texts of a kernel, line by line")
    .option("--promise <name>", "exit 2 unless it is kept: numerics, weights or interface")
    .option("--all", "every kernel and tensor, those that are the same too")
    .option("--dispatch <Site=strategy>", "use a strategy for the last side (repeatable)", collect)
    .action(async (sides, flags) => finish(await (await import("./diff.js")).diff(cli, sides, flags)));

  add("import", "turn a Hugging Face config into a spec")
    .argument("<config>", "config.json, or the folder that holds it")
    .option("--out <file>", "spec to write; stdout if not given")
    .option("--name <name>", "of the model in the spec", "Imported")
    .action(async (file, flags) => finish((await import("./hugging-face.js")).importConfig(cli, file, flags)));

  add("export", "write a run as a Hugging Face model")
    .argument("<run>", "a run's folder")
    .requiredOption("--hf <dir>", "folder for config.json, model.safetensors and tokenizer.json")
    .option("--step <n>", "checkpoint to use; the newest if not given", wholeNumber("--step"))
    .action(async (run, flags) => finish((await import("./hugging-face.js")).exportRun(cli, run, flags)));

  withDesign(add("bench", "measure a design on this machine"))
    .option("--target <name>", "cpu | wgsl | cuda", "cpu")
    .option("--static", "count launches, bytes and memory, run nothing (wgsl, cuda)")
    .option("--device <name>", "cuda: GPU that the roof is computed for: H100, H200, A100, RTX4090", "H100")
    .option("--tune", "measure the strategies here and take the fastest")
    .option("--data <glob>", "data instead of the spec's (repeatable)", collect)
    .option("--steps <n>", "steps to time", wholeNumber("--steps", 1), 10)
    .option("--json", "numbers as JSON on stdout")
    .action(async (file, flags) => finish(await (await import("./bench.js")).bench(cli, file, flags)));

  add("doctor", "what this machine has: Node, compilers, WebGPU, memory, disk").action(async () =>
    finish(await (await import("./doctor.js")).doctor(cli)),
  );

  add("generate", "regenerate generated/ for the featured specs")
    .option("--check", "change nothing; exit 1 if a file would change")
    .action(async (flags) => finish(await (await import("./generate.js")).generate(cli, flags)));

  return program;
}

/** What a flag does; that a list is empty where nothing is given goes without saying. */
function optionDescription(option: Option): string {
  const isEmpty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return isEmpty ? option.description : new Help().optionDescription(option);
}

function withSet(command: Command): Command {
  return command.option("--set <path=value>", "change a value of the spec (repeatable)", collect);
}

function withDesign(command: Command): Command {
  return withDispatch(withSet(command.argument("<file>", "spec")));
}

function withDispatch(command: Command): Command {
  return command
    .option("--dispatch <Site=strategy>", "use a strategy instead of the cheapest (repeatable)", collect)
    .option("--no-rewrite <name>", "leave a rewrite of routers out (repeatable)", collect, []);
}
