/** Mistakes on the command line itself, as commander reports them, turned into coded messages. */
import type { Command, CommanderError } from "commander";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";

/** The diagnostic of a usage error; `program` is where names come from. */
export function usageDiagnostic(program: Command, error: CommanderError, argv: readonly string[]): Diagnostic {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const command = commandOf(program, argv);
  switch (error.code) {
    case "commander.unknownCommand":
      return diagnose("MOE6034", { command: quoted }, { help: commandHelp(program, quoted) });
    // `moec help nothing`
    case "commander.help":
      return diagnose("MOE6034", { command: argv[1] ?? "" }, { help: commandHelp(program, argv[1] ?? "") });
    case "commander.unknownOption":
      return diagnose("MOE6035", { flag: quoted, command: nameOf(command) }, { help: flagHelp(command, quoted) });
    case "commander.missingArgument":
      return diagnose(
        "MOE6036",
        { command: nameOf(command), what: `\`${quoted.toUpperCase()}\`` },
        { help: [seeHelp(command)] },
      );
    case "commander.missingMandatoryOptionValue":
      return diagnose(
        "MOE6036",
        { command: nameOf(command), what: `\`${flagName(quoted)}\`` },
        { help: [seeHelp(command)] },
      );
    case "commander.optionMissingArgument":
      return diagnose(
        "MOE6021",
        { flag: flagName(quoted), value: "", expected: "a value" },
        { help: [seeHelp(command)] },
      );
    case "commander.excessArguments":
      return diagnose("MOE6037", { command: nameOf(command) }, { help: [seeHelp(command)] });
    default:
      return diagnose("MOE9001", { doing: "reading the command line", detail: error.message });
  }
}

const nameOf = (command: Command): string => (command.parent ? `moec ${command.name()}` : "moec");
const seeHelp = (command: Command): string => `\`${nameOf(command)} --help\` shows what it takes`;
const flagName = (text: string): string => /--[\w-]+/.exec(text)?.[0] ?? text;

function commandOf(program: Command, argv: readonly string[]): Command {
  return program.commands.find((each) => each.name() === argv[0]) ?? program;
}

function commandHelp(program: Command, word: string): string[] {
  const names = program.commands.map((each) => each.name());
  const near = suggest(word, names);
  // `moec specs/a.moe`: the file is there, the verb is missing
  if (word.endsWith(".moe")) return [`say what to do with it: \`moec train ${word}\``];
  return [near ? `did you mean \`moec ${near}\`?` : `commands: ${names.join(", ")}`];
}

function flagHelp(command: Command, flag: string): string[] {
  const flags = command.options.flatMap((each) => each.long ?? []);
  const near = suggest(flag, flags);
  return [near ? `did you mean \`${near}\`?` : seeHelp(command)];
}
