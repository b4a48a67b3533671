/**
 * Where things lie in the one memory of a WebAssembly program: static data at the bottom, a stack for each thread,
 * then the arena up to the end. Stacks cannot be guarded by the system, so each ends in a piece that must not change.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { WASM_MEMORY_BYTES } from "./build-wasm.js";

const MiB = 2 ** 20;
const PAGE = 65_536;
/** what static data may need; checked against the module */
const STATIC_BYTES = 4 * MiB;
const STACK_BYTES = MiB;

/** what lies beyond a stack: as wide as a usual frame with an array, so that few can step over it */
const LIMIT_BYTES = 8192;

export interface WasmStack {
  /** where the stack starts; it grows downwards */
  readonly top: number;
  /** the bytes at its end that a program must leave alone */
  readonly limit: { readonly from: number; readonly to: number };
}

export interface WasmLayout {
  /** end of the room for static data */
  readonly staticEnd: number;
  /** by thread */
  readonly stacks: readonly WasmStack[];
  /** address of the arena: a multiple of 64 KiB */
  readonly arena: number;
  readonly pages: number;
}

/** Lays out a memory for an arena of `bytes`. Errors: MOE5008 when 32-bit addresses do not reach. */
export function wasmLayout(bytes: number, threads: number): WasmLayout {
  const arena = STATIC_BYTES + threads * STACK_BYTES;
  if (arena + bytes > WASM_MEMORY_BYTES) throw tooLarge(bytes, threads, WASM_MEMORY_BYTES - arena);
  const stacks = Array.from({ length: threads }, (_, thread) => {
    const from = STATIC_BYTES + thread * STACK_BYTES;
    return { top: from + STACK_BYTES, limit: { from, to: from + LIMIT_BYTES } };
  });
  return { staticEnd: STATIC_BYTES, stacks, arena, pages: Math.ceil((arena + bytes) / PAGE) };
}

function tooLarge(needed: number, threads: number, limit: number): DiagnosticError {
  const params = { target: "cpu (WebAssembly)", what: "the model's memory in bytes", needed, limit };
  const help = [
    `${WASM_MEMORY_BYTES} bytes can be addressed; ${threads} threads and static data take ${WASM_MEMORY_BYTES - limit}`,
    "install a C compiler (`cc`, `gcc` or `clang`): native programs have no such limit",
  ];
  return new DiagnosticError([diagnose("MOE5008", params, { help })]);
}
