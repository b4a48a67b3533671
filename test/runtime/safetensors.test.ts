import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { memoryHost } from "../../src/host/memory.js";
import { nodeHost } from "../../src/host/node.js";
import { fromBf16, fromF16, toBf16, toF16 } from "../../src/runtime/dtype.js";
import { duplicateKey } from "../../src/runtime/json-keys.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { type Tensor, writeSafetensors } from "../../src/runtime/safetensors-write.js";

const tensors: Tensor[] = [
  { name: "embed.weight", dtype: "F32", shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, Number.NaN, 1e-30]) },
  { name: "loss", dtype: "F64", shape: [], data: new Float64Array([Math.PI]) },
  { name: "edges", dtype: "I32", shape: [3], data: new Int32Array([-1, 0, 7]) },
  { name: "big", dtype: "I64", shape: [1], data: new BigInt64Array([-(2n ** 60n)]) },
  { name: "visible", dtype: "U8", shape: [1, 3], data: new Uint8Array([0, 1, 1]) },
  { name: "yes", dtype: "BOOL", shape: [1], data: new Uint8Array([1]) },
  { name: "half", dtype: "F16", shape: [2], data: new Uint16Array([toF16(1.5), toF16(-0.1)]) },
  { name: "brain", dtype: "BF16", shape: [2], data: new Uint16Array([toBf16(1.5), toBf16(-0.1)]) },
  { name: "10", dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
];

/** A file from a header text (its length may lie) and a number of data bytes. */
function file(header: string, dataBytes = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function problem(bytes: Uint8Array): string {
  try {
    readSafetensors(memoryHost({ files: { "w.safetensors": bytes } }), "w.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(DiagnosticError);
    return (error as DiagnosticError).message;
  }
  return "no problem";
}

const one = (fields: string): string => `{"a":{${fields}}}`;
const good = '"dtype":"F32","shape":[2],"data_offsets":[0,8]';

describe("round trip", () => {
  test("every type, through memory", () => {
    const host = memoryHost();
    writeSafetensors(host, "w.safetensors", tensors, { spec: "abc", tool: "moec" });
    const read = readSafetensors(host, "w.safetensors");
    expect(read.metadata).toEqual({ spec: "abc", tool: "moec" });
    expect([...read.tensors.keys()].sort()).toEqual(tensors.map((tensor) => tensor.name).sort());
    for (const { name, dtype, shape, data } of tensors) {
      const stored = read.tensors.get(name)!;
      expect([stored.dtype, stored.shape]).toEqual([dtype, shape]);
      expect(stored.data()).toEqual(data);
    }
    expect(Array.from(read.tensors.get("half")!.float32())).toEqual([1.5, fromF16(toF16(-0.1))]);
    expect(host.list(".")).toEqual(["w.safetensors"]);
  });
  test("through a real folder, aligned, in any order the same bytes", () => {
    const folder = mkdtempSync(`${tmpdir()}/moec-`);
    try {
      writeSafetensors(nodeHost, `${folder}/a.safetensors`, tensors);
      writeSafetensors(nodeHost, `${folder}/b.safetensors`, [...tensors].reverse());
      const bytes = readFileSync(`${folder}/a.safetensors`);
      expect(bytes.equals(readFileSync(`${folder}/b.safetensors`))).toBe(true);
      expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0);
      expect(readSafetensors(nodeHost, `${folder}/a.safetensors`).tensors.get("loss")!.data()).toEqual(
        tensors[1]!.data,
      );
      expect(nodeHost.list(folder)).toEqual(["a.safetensors", "b.safetensors"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a damaged file", () => {
  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "it has 0 bytes"],
    ["huge header", file("{}", 0, 2n ** 63n), "at most 100000000 are allowed"],
    ["header longer than the file", file("{}", 0, 3n), "the file has only 2"],
    ["no JSON", file("{]"), "not JSON"],
    ["an array", file("[]"), "not a JSON object"],
    ["space before the object", file(" {}"), "not a JSON object"],
    [
      "invalid UTF-8",
      (() => {
        const b = file('{"x":1}');
        b[10] = 0xff;
        return b;
      })(),
      "not JSON",
    ],
    ["a name twice", file(`{"a":{${good}},"a":{${good}}}`, 8), "names `a` twice"],
    ["a name twice, once escaped", file(`{"a":{${good}},"\\u0061":{${good}}}`, 8), "names `a` twice"],
    ["a field twice", file(one(`${good},"shape":[1]`), 8), "names `shape` twice"],
    ["unknown type", file(one('"dtype":"F8","shape":[2],"data_offsets":[0,8]'), 8), 'type "F8"'],
    ["prototype as type", file(one('"dtype":"constructor","shape":[2],"data_offsets":[0,8]'), 8), "known: F64"],
    ["negative size", file(one('"dtype":"F32","shape":[-2],"data_offsets":[0,8]'), 8), "list of sizes"],
    ["fractional size", file(one('"dtype":"F32","shape":[0.5],"data_offsets":[0,2]'), 2), "list of sizes"],
    [
      "overflowing shape",
      file(one('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]')),
      "needs 73786976294838206464 bytes",
    ],
    ["offsets backwards", file(one('"dtype":"F32","shape":[2],"data_offsets":[8,0]'), 8), "its offsets hold -8"],
    ["offsets missing", file(one('"dtype":"F32","shape":[2]'), 8), "[begin, end]"],
    ["unknown field", file(one(`${good},"extra":1`), 8), "unknown field `extra`"],
    ["too small for its shape", file(one('"dtype":"F32","shape":[3],"data_offsets":[0,8]'), 8), "needs 12 bytes"],
    ["truncated", file(one(good), 5), "it ends 3 bytes too early"],
    ["trailing bytes", file(one(good), 9), "1 bytes after its last tensor"],
    [
      "a hole",
      file(one('"dtype":"F32","shape":[2],"data_offsets":[4,12]'), 12),
      "begins at byte 4 of the data, expected 0",
    ],
    ["an overlap", file(`{"a":{${good}},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begins at byte 4"],
    ["metadata not text", file('{"__metadata__":{"a":1}}'), "map from text to text"],
    ["an entry that is no object", file('{"a":null}'), "not described by an object"],
  ])("%s", (_, bytes, reason) => {
    const message = problem(bytes);
    expect(message).toContain("MOE6007: `w.safetensors` is not a whole safetensors file");
    expect(message).toContain(reason);
  });
  test("that is not there", () => {
    expect(() => readSafetensors(memoryHost(), "w.safetensors")).toThrow(
      "MOE6013: `w.safetensors` cannot be read: there is no such file",
    );
  });
  test("cut or changed anywhere gives a coded error or the same names, never another exception", () => {
    const host = memoryHost();
    writeSafetensors(host, "w.safetensors", tensors);
    const whole = host.readBytes("w.safetensors");
    for (let length = 0; length < whole.length; length++)
      expect(problem(whole.subarray(0, length))).toMatch(/^MOE6007/);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = whole.slice();
        changed[at] = value;
        expect(problem(changed)).toMatch(/^(MOE6007|no problem)/);
      }),
    );
  });
});

describe("a full disk", () => {
  test("is named and leaves the old file whole", () => {
    const host = memoryHost({ files: { "w.safetensors": "old" }, capacity: 100 });
    expect(() => writeSafetensors(host, "w.safetensors", tensors)).toThrow(
      "MOE6008: the disk is full: `w.safetensors`",
    );
    expect(host.readText("w.safetensors")).toBe("old");
    expect(host.list(".")).toEqual(["w.safetensors"]);
  });
});

describe("16-bit floats", () => {
  test("every half survives the way there and back", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromF16(bits);
      if (!Number.isNaN(value)) expect(toF16(value)).toBe(bits);
    }
  });
  test("every bfloat16 survives the way there and back", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromBf16(bits);
      if (!Number.isNaN(value)) expect(toBf16(value)).toBe(bits);
    }
  });
  test.each([
    [1 + 2 ** -11, 1, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9, 1],
    [1 + 2 ** -8, 1.00390625, 1],
    [65519, 65504, 65536],
    [65520, Number.POSITIVE_INFINITY, 65536],
    [2 ** -25, 0, 2 ** -25],
  ])("%d is rounded to the nearest, ties to even", (x, half, brain) => {
    expect(fromF16(toF16(x))).toBe(half);
    expect(fromBf16(toBf16(x))).toBe(brain);
  });
});

test("duplicate keys are found at any depth, and only there", () => {
  expect(duplicateKey('{"a":{"b":1,"c":[{"b":1,"b":2}]}}')).toBe("b");
  expect(duplicateKey('{"a":"b","b":["a","a",{"a":"\\"a\\":"}]}')).toBeUndefined();
});
