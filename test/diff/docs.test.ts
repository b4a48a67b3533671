/** Every `$ moec …` of docs/diff.md is run, and must print what the page says; `MOEC_ACCEPT=1` rewrites the page. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { run } from "../../src/cli/run.js";
import { memoryHost } from "../../src/host/memory.js";
import { specText } from "./designs.js";

const page = new URL("../../docs/diff.md", import.meta.url);
const files = { "specs/mask-moe.moe": specText("mask-moe"), "specs/mh-moe.moe": specText("mh-moe") };

/** Words of a command line; single quotes keep spaces. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);

async function printed(command: string): Promise<string> {
  const host = memoryHost({ files });
  await run(words(command.replace(/^moec /, "")), host);
  return [...host.output, ...host.errors].join("").trimEnd();
}

it("prints what docs/diff.md says", async () => {
  const text = readFileSync(page, "utf8");
  const blocks = [...text.matchAll(/```console\n\$ (moec [^\n]*)\n([\s\S]*?)```/g)];
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  let now = text;
  for (const [block, command] of blocks) {
    const output = await printed(command!);
    expect(output).not.toContain("error[");
    now = now.replace(block, () => `\`\`\`console\n$ ${command}\n${output}\n\`\`\``);
  }
  if (process.env.MOEC_ACCEPT) writeFileSync(page, now);
  else expect(now).toBe(text);
}, 180_000);
