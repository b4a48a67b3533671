/** A trained run writes: the same text with kept keys and values and without, and what the command says about it. */
import { describe, expect, it } from "vitest";
import type { MemoryHost } from "../../src/host/memory.js";
import { commandLineOn } from "../cli/command-line.js";
import { texts, tiny } from "./machine.js";

let original: Promise<MemoryHost> | undefined;

async function train(): Promise<MemoryHost> {
  const { host, moec } = commandLineOn({ "tiny.moe": tiny, ...texts() });
  expect(await moec("train", "tiny.moe", "--steps", "8")).toMatchObject({ code: 0, stderr: "" });
  return host;
}

/** `moec sample` of a run that was trained once, perhaps with another rule in its spec. */
async function sampler({ stdin = "", limit = "none" } = {}) {
  original ??= train();
  const { files, folders } = await original;
  const { host, moec } = commandLineOn({}, { stdin });
  for (const [path, bytes] of files) host.files.set(path, bytes);
  for (const folder of folders) host.folders.add(folder);
  host.write("runs/tiny/spec.moe", tiny.replace("limit none", `limit ${limit}`));
  return (...args: string[]) => moec("sample", "runs/tiny", ...args);
}

describe("moec sample", () => {
  it.each([
    ["a short prompt", "the cat", "20"],
    ["no prompt", "", "8"],
    ["more than the context holds", "nobody knew why", "30"],
    ["a prompt that is longer than the context", "the cat sat ".repeat(4), "4"],
  ])("writes the same with what it has kept and without: %s", async (_, prompt, tokens) => {
    const sample = await sampler();
    const kept = await sample("--prompt", prompt, "--tokens", tokens);
    const whole = await sample("--prompt", prompt, "--tokens", tokens, "--no-cache");
    expect(kept).toMatchObject({ code: 0, stdout: whole.stdout });
    expect(kept.stdout.startsWith(prompt)).toBe(true);
    expect(whole.stderr).toMatch(/^no key-value cache, .*: asked for with --no-cache\n/);
    expect(kept.stderr).toMatch(/^\d+ tokens \| [\d.]+ tok\/s \| first after \d+ms/);
    expect(kept.stderr.includes("context of 32 full")).toBe(prompt.length + Number(tokens) > 33);
  });

  it("gives JSON, and reads its prompt from stdin", async () => {
    const sample = await sampler({ stdin: "a dog\n" });
    const { code, stdout, stderr } = await sample("--prompt", "-", "--tokens", "5", "--json", "--temperature", "0");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ prompt: "a dog\n", prompt_tokens: 6, tokens: 5, ended: false, cache: true });
    expect(said.tokens_per_second).toBeGreaterThan(0);
    // one token is what the likeliest of one is
    const plain = await sample("--prompt", "-", "--tokens", "5", "--top-k", "1");
    expect(plain.stdout).toBe(`a dog\n${said.text}\n`);
    expect((await sample("--prompt", "-", "--tokens", "5", "--top-p", "1e-6")).stdout).toBe(plain.stdout);
  });

  it("says why it computes whole contexts", async () => {
    const sample = await sampler({ limit: 'capacity(4) else drop; allow drop because "a test"' });
    const { code, stderr } = await sample("--prompt", "a", "--tokens", "2");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^no key-value cache, the whole context is computed for every token: `capacity\(4\) else drop` \(Mixture\.router\.limit, line \d+\)/,
    );
  });

  it.each([
    ["--top-k", "0"],
    ["--top-p", "1.5"],
    ["--temperature", "-1"],
    ["--tokens", "none"],
  ])("refuses %s %s", async (flag, value) => {
    const { code, stderr } = await (await sampler())("--prompt", "a", flag, value);
    expect(code).toBe(1);
    expect(stderr).toContain("error[MOE6021]");
  });
});
