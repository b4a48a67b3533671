import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "../../src/runtime/sha256.js";

test("agrees with OpenSSL on every length around the block size", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    }),
    { numRuns: 200 },
  );
  for (let length = 50; length < 70; length++) {
    const bytes = new Uint8Array(length).fill(length);
    expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});

test("hashes the UTF-8 of a text", () => {
  expect(sha256("grüße")).toBe(createHash("sha256").update("grüße").digest("hex"));
});
