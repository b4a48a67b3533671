/** A folder among the temporary files for everything that tests write, from the start of the run to its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "moec-test-"));
  process.env.MOEC_TEST_FOLDER = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
