import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryHost } from "../../src/host/memory.js";
import { nodeHost } from "../../src/host/node.js";
import { countTokens } from "../../src/runtime/data/count-tokens.js";
import { findFiles } from "../../src/runtime/data/find-files.js";
import { type DataOptions, type PreparedData, prepareData } from "../../src/runtime/data/prepare.js";
import { readTexts } from "../../src/runtime/data/read-texts.js";
import { readTokens } from "../../src/runtime/data/read-tokens.js";
import { createSampler, evaluationStarts } from "../../src/runtime/data/sampler.js";
import { splitDocuments } from "../../src/runtime/data/split.js";
import { parquetFile } from "./parquet-file.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("finding files", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/moec-find-`);
    for (const name of [
      "b.txt",
      "a.md",
      ".hidden.md",
      "sub/c.md",
      "sub/.dot/d.md",
      "node_modules/p/e.md",
      "odd[1].md",
    ]) {
      nodeHost.write(`${folder}/${name}`, name);
    }
    symlinkSync("..", `${folder}/sub/loop`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const find = (...patterns: string[]): string[] =>
    findFiles(
      nodeHost,
      patterns.map((each) => `${folder}/${each}`),
    ).files.map((each) => each.slice(folder.length + 1));

  test("sorts, and leaves out dot files, node_modules and linked folders", () => {
    expect(find("**/*.md")).toEqual(["a.md", "odd[1].md", "sub/c.md"]);
    expect(find("*.txt", "**/*.md", "a.*")).toEqual(["a.md", "b.txt", "odd[1].md", "sub/c.md"]);
  });
  test("searches node_modules when the pattern names it", () => {
    expect(find("node_modules/**/*.md")).toEqual(["node_modules/p/e.md"]);
  });
  test("takes plain paths of files and folders", () => {
    expect(find("odd[1].md")).toEqual(["odd[1].md"]);
    expect(find("sub/")).toEqual(["sub/c.md"]);
  });
  test("names patterns that match nothing", () => {
    expect(() => findFiles(nodeHost, [`${folder}/*.csv`, "nowhere/x"])).toThrow(
      /MOE6001: no file matches ".*\.csv" or "nowhere\/x"/,
    );
    const { warnings } = findFiles(nodeHost, [`${folder}/*.md`, "nowhere/x"]);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([["MOE6028", 'no file matches "nowhere/x"']]);
  });
  test("memory host agrees on what it can do", () => {
    const host = memoryHost({
      files: { "b.txt": "", "a.md": "", ".h.md": "", "sub/c.md": "", "node_modules/p/e.md": "" },
    });
    expect(findFiles(host, ["**/*.md"]).files).toEqual(["a.md", "sub/c.md"]);
    expect(findFiles(host, ["node_modules/**/*.md"]).files).toEqual(["node_modules/p/e.md"]);
  });
});

describe("reading documents", () => {
  const read = async (path: string, bytes: Uint8Array | string) =>
    readTexts([{ path, bytes: typeof bytes === "string" ? encode(bytes) : bytes }]);

  test("a text file is a document, without its byte order mark", async () => {
    expect((await read("a.txt", "\ufeffgrüße\r\n")).texts).toEqual(["grüße\r\n"]);
  });
  test("JSON lines: a record a document", async () => {
    expect((await read("a.jsonl", '{"text":"one","id":1}\n\n{"text":""}\r\n{"text":"two\\n"}')).texts).toEqual([
      "one",
      "two\n",
    ]);
  });
  test.each([
    ['{"text":"a"}\n{"text"', "MOE6027: `a.jsonl`, record 2: the line is not JSON"],
    ['{"text":1}', "MOE6027: `a.jsonl`, record 1: the record has no text in a field `text`"],
    ["[]", "MOE6027: `a.jsonl`, record 1: the record has no text"],
    ["null", "MOE6027: `a.jsonl`, record 1: the record has no text"],
  ])("JSON lines that are broken: %s", async (content, message) => {
    await expect(read("a.jsonl", content)).rejects.toThrow(message);
  });
  test("bytes that are not UTF-8 are replaced, counted and reported", async () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0xc3, 0xef, 0xbf, 0xbd);
    const { texts, warnings } = await read("a.txt", bytes);
    expect(texts).toEqual(["a\ufffdb\ufffd\ufffd"]);
    expect(warnings.map((each) => each.message)).toEqual([
      "2 places in 1 data files are not UTF-8 and read as U+FFFD, first in `a.txt`",
    ]);
  });
  test("files that are not text are refused", async () => {
    await expect(read("a.txt", Uint8Array.of(0x61, 0, 0x62, 0))).rejects.toThrow(
      "MOE6013: `a.txt` cannot be read: it is not text in UTF-8",
    );
  });
  test("Parquet: a row a document", async () => {
    const bytes = parquetFile("text", ["first", "zweite größe"]);
    expect(parquetMetadata(bytes.slice().buffer).num_rows).toBe(2n);
    expect((await read("a.parquet", bytes)).texts).toEqual(["first", "zweite größe"]);
  });
  test("Parquet that is damaged or has no text is refused", async () => {
    await expect(read("a.parquet", "PAR1 no")).rejects.toThrow("MOE6013: `a.parquet` cannot be read");
    await expect(read("a.parquet", parquetFile("body", ["x"]))).rejects.toThrow("it has no column `text`");
  });
});

describe("token files", () => {
  const u16 = (...ids: number[]): Uint8Array => new Uint8Array(Uint16Array.from(ids).buffer);
  const llmC = (version: number, count: number, ...ids: number[]): Uint8Array => {
    const header = new Int32Array(256);
    header.set([20240520, version, count]);
    return Uint8Array.of(...new Uint8Array(header.buffer), ...u16(...ids));
  };
  const read = (bytes: Uint8Array): number[] => Array.from(readTokens({ path: "t.bin", bytes }, 1000));
  test("nanoGPT's and llm.c's are read", () => {
    expect(read(u16(5, 999, 0))).toEqual([5, 999, 0]);
    expect(read(llmC(1, 2, 5, 999))).toEqual([5, 999]);
  });
  test.each<[string, Uint8Array, string]>([
    ["odd size", Uint8Array.of(1, 2, 3), "3 bytes are not a whole number of 16-bit ids"],
    ["other version", llmC(2, 1, 5), "version 2"],
    ["wrong count", llmC(1, 3, 5), "promises 3 ids, the file holds 1"],
    ["cut header", llmC(1, 0).subarray(0, 100), "ends inside its header"],
    ["id beyond the vocabulary", u16(5, 1000), "id 1000 at place 1 is not below the vocabulary of 1000"],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });
});

describe("preparing", () => {
  const documents = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`d/${String(i).padStart(2, "0")}.txt`, `document ${i} says ${i * i}\n`]),
  );
  const options: DataOptions = {
    patterns: ["d/*.txt"],
    tokenizer: { kind: "bpe", vocab: 300 },
    vocab: 300,
    heldOut: 0.1,
    seed: 7,
  };
  const numbers = ({ train, heldOut }: PreparedData): number[][] => [Array.from(train), Array.from(heldOut)];

  test("encodes, splits by documents and counts the training tokens only", async () => {
    const host = memoryHost({ files: documents });
    const data = await prepareData(host, options);
    expect([data.files, data.trainDocuments, data.heldOutDocuments]).toEqual([50, 45, 5]);
    const texts = data.tokenizer!.decode(data.heldOut, { specials: true }).split("<|endoftext|>");
    expect(texts.length).toBe(6);
    for (const text of texts.slice(0, -1)) expect(Object.values(documents)).toContain(text);
    expect(data.heldOutBytes).toBe(encode(texts.join("")).length);
    expect(data.counts).toEqual(countTokens(data.train, 300));
    expect(data.counts[256]).toBe(45);
    expect(data.train.length / data.heldOut.length).toBeGreaterThan(7);
  });
  test("depends on the seed for the split only", async () => {
    const [a, b, c] = await Promise.all(
      [7, 7, 8].map((seed) => prepareData(memoryHost({ files: documents }), { ...options, seed })),
    );
    expect(numbers(a!)).toEqual(numbers(b!));
    expect(numbers(a!)).not.toEqual(numbers(c!));
    expect(a!.tokenizer!.json()).toBe(c!.tokenizer!.json());
  });
  test("comes from the cache the second time, equal in everything", async () => {
    const host = memoryHost({ files: { ...documents, "d/bad.txt": Uint8Array.of(0x61, 0xff) } });
    const prepare = async (): Promise<{ data: PreparedData; said: string[] }> => {
      const said: string[] = [];
      return {
        data: await prepareData(host, { ...options, cache: "/cache", report: (what) => said.push(what) }),
        said,
      };
    };
    const { data: a, said: first } = await prepare();
    const { data: b, said: second } = await prepare();
    expect(first).toContain("training a BPE vocabulary of 300");
    expect(second).toEqual(["reading 51 files"]);
    expect(numbers(b)).toEqual(numbers(a));
    expect(b.tokenizer!.json()).toBe(a.tokenizer!.json());
    expect(b.warnings).toEqual(a.warnings);
    expect(b.warnings.length).toBe(1);
    expect(b.heldOutBytes).toBe(a.heldOutBytes);
  });
  test("makes a damaged cache anew, and goes on without one it cannot write", async () => {
    const host = memoryHost({ files: documents });
    const a = await prepareData(host, { ...options, cache: "/cache" });
    const entry = [...host.files.keys()].find((path) => path.endsWith("documents.safetensors"))!;
    host.files.set(entry, host.files.get(entry)!.slice(0, 100));
    expect(numbers(await prepareData(host, { ...options, cache: "/cache" }))).toEqual(numbers(a));
    const full = memoryHost({ files: documents, capacity: 3000 });
    const data = await prepareData(full, { ...options, cache: "/cache" });
    expect(numbers(data)).toEqual(numbers(a));
    expect(data.warnings.map(({ code }) => code)).toEqual(["MOE6031"]);
  });
  test("changes with a file's content and name", async () => {
    const a = await prepareData(memoryHost({ files: documents }), options);
    const b = await prepareData(memoryHost({ files: { ...documents, "d/00.txt": "document 0 says 1\n" } }), options);
    const { "d/00.txt": moved, ...rest } = documents;
    const c = await prepareData(memoryHost({ files: { ...rest, "d/000.txt": moved! } }), options);
    expect(new Set([a.hash, b.hash, c.hash]).size).toBe(3);
  });
  test("holds out the end of a single document", async () => {
    const data = await prepareData(memoryHost({ files: { "one.txt": "abcdefghij".repeat(100) } }), {
      ...options,
      patterns: ["one.txt"],
      tokenizer: { kind: "byte" },
    });
    expect([data.train.length, data.heldOut.length, data.heldOutBytes]).toEqual([900, 100, 100]);
  });
  test("takes token files as they are", async () => {
    const bytes = new Uint8Array(Uint16Array.from({ length: 100 }, (_, i) => i).buffer);
    const data = await prepareData(memoryHost({ files: { "t.bin": bytes } }), { ...options, patterns: ["*.bin"] });
    expect([data.tokenizer, data.train.length, data.heldOut.length, data.heldOutBytes]).toEqual([undefined, 90, 10, 0]);
  });
  test.each<[string, Record<string, string>, Partial<DataOptions>, string]>([
    ["nothing", {}, {}, "MOE6001"],
    ["empty files", { "d/a.txt": "", "d/b.txt": "" }, {}, "MOE6002: the 2 data files hold no text"],
    [
      "two kinds",
      { "d/a.txt": "a", "d/b.bin": "bb" },
      { patterns: ["d/*"] },
      "MOE6032: `d/a.txt` holds text and `d/b.bin`",
    ],
    [
      "a tokenizer larger than the model",
      { "d/a.txt": "a" },
      { vocab: 256 },
      "MOE6019: the tokenizer `bpe` cannot be used: it has 257 ids",
    ],
    [
      "a tokenizer that is not there",
      { "d/a.txt": "a" },
      { tokenizer: { kind: "file", path: "t.json" } },
      "MOE6013: `t.json`",
    ],
  ])("refuses %s", async (_, files, changes, message) => {
    await expect(prepareData(memoryHost({ files }), { ...options, ...changes })).rejects.toThrow(message);
  });
  test("refuses a file it may not read", async () => {
    const host = memoryHost({ files: { "d/a.txt": "a" } });
    const locked = { ...host, readBytes: (path: string) => host.readBytes(`${path}/gone`) };
    await expect(prepareData(locked, options)).rejects.toThrow("MOE6013: `d/a.txt` cannot be read");
  });
});

describe("splitting", () => {
  test("loses and doubles nothing, whatever the share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (lengths, share, seed) => {
          const ends = Float64Array.from(
            lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, each) => sum + each, 0)),
          );
          const ids = Uint16Array.from({ length: ends.at(-1)! }, (_, i) => i);
          const { train, heldOut } = splitDocuments({ ids, ends, bytes: Float64Array.from(lengths) }, share, seed);
          expect([...train, ...heldOut].sort((a, b) => a - b)).toEqual([...ids]);
          expect([...train]).toEqual([...train].sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe("sampling", () => {
  const tokens = Uint16Array.from({ length: 103 }, (_, i) => i);
  const sampler = createSampler({ tokens, batch: 3, sequence: 10, seed: 5 });

  test("shows every window of an epoch once, at a phase of the epoch", () => {
    expect(sampler.windows).toBe(9);
    const starts = [0, 1, 2].flatMap((step) => [0, 11, 22].map((at) => sampler.batch(step)[at]!));
    const phase = Math.min(...starts);
    expect([...starts].sort((a, b) => a - b)).toEqual(Array.from({ length: 9 }, (_, i) => phase + 10 * i));
    expect(starts).not.toEqual([...starts].sort((a, b) => a - b));
  });
  test("gives rows of S + 1 tokens that follow each other", () => {
    const row = sampler.batch(4).subarray(11, 22);
    expect([...row]).toEqual(Array.from({ length: 11 }, (_, i) => row[0]! + i));
  });
  test("draws another order and another phase in another epoch", () => {
    const epoch = (n: number): string => [0, 1, 2].map((i) => sampler.batch(3 * n + i).join()).join();
    expect(new Set([0, 1, 2, 3, 4].map(epoch)).size).toBe(5);
    const phases = new Set(
      Array.from({ length: 40 }, (_, n) => Math.min(...[0, 1, 2].flatMap((i) => [...sampler.batch(3 * n + i)]))),
    );
    expect(phases.size).toBeGreaterThan(5);
  });
  test("is a function of seed and step, in any order of asking", () => {
    const fresh = (step: number): number[] => [
      ...createSampler({ tokens, batch: 3, sequence: 10, seed: 5 }).batch(step),
    ];
    for (const step of [0, 100, 1, 7, 50, 2]) expect([...sampler.batch(step, new Int32Array(33))]).toEqual(fresh(step));
    expect(fresh(0)).not.toEqual([...createSampler({ tokens, batch: 3, sequence: 10, seed: 6 }).batch(0)]);
  });
  test("never leaves the tokens, even with one batch of them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(30),
        fc.nat(20),
        (batch, sequence, more, step) => {
          const length = batch * sequence + 1 + more;
          const small = createSampler({
            tokens: Uint16Array.from({ length }, (_, i) => i + 1),
            batch,
            sequence,
            seed: step,
          });
          const drawn = small.batch(step);
          expect(Math.min(...drawn)).toBeGreaterThan(0);
          expect(drawn.length).toBe(batch * (sequence + 1));
        },
      ),
    );
  });
  test("refuses fewer tokens than a batch", () => {
    expect(() => createSampler({ tokens: tokens.subarray(0, 30), batch: 3, sequence: 10, seed: 1 })).toThrow(
      "MOE6003: the data has 30 tokens; one batch needs 31",
    );
  });
  test("knows its place, and refuses to go on with other data", () => {
    expect(sampler.state(7)).toEqual({ seed: 5, step: 7, epoch: 2, offset: 3, tokens: 103, batch: 3, sequence: 10 });
    sampler.check(sampler.state(7));
    const other = createSampler({ tokens: tokens.subarray(1), batch: 3, sequence: 10, seed: 5 });
    expect(() => other.check(sampler.state(7))).toThrow(
      "MOE6029: the run cannot go on where it stopped: the number of training tokens was 103 and is 102",
    );
  });
  test("evaluates on windows spread evenly", () => {
    expect(evaluationStarts(103, 10)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(evaluationStarts(103, 10, 3)).toEqual([0, 30, 60]);
    expect(evaluationStarts(10, 10)).toEqual([]);
    expect(evaluationStarts(11, 10)).toEqual([0]);
  });
});
