/** A checkpoint whose next step diverges, on every target alike. */
import type { FileHost } from "../../src/host/host.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { writeSafetensors } from "../../src/runtime/safetensors-write.js";

/** Makes the queries of the first layer so large that their scores overflow. */
export function poison(host: FileHost, checkpoint: string): void {
  const path = `${checkpoint}/model.safetensors`;
  const tensors = [...readSafetensors(host, path).tensors.values()].map((each) => ({ ...each, data: each.data() }));
  const queries = tensors.find(({ name }) => name === "layers.0.attend.q.weight")!;
  (queries.data as Float32Array).fill(3e38);
  writeSafetensors(host, path, tensors);
}

/** What is said then. */
export const saysFirst =
  /help: first: at step \d+, `layers\.0\.attend\.\S+\[[\d, ]+\]` is (NaN|Infinity), written by kernel `\w+`, for Attend\S* \(line \d+\)/;
