/** What encoding the files of a run gives, and what the cache keeps of it. */
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Tokenizer } from "../tokenizer/tokenizer.js";
import type { EncodedDocuments } from "./split.js";

/** Documents in ids, with what was noticed on the way. */
export interface Encoded {
  readonly documents: EncodedDocuments;
  readonly tokenizer: Tokenizer | undefined;
  readonly warnings: readonly Diagnostic[];
}
