/** The little of WebAssembly that we use: Node has it, but neither `lib.es2023` nor Node's types declare it. */
declare namespace WebAssembly {
  type Imports = Readonly<Record<string, Readonly<Record<string, Memory | (() => undefined)>>>>;
  interface Module {
    /** keeps other objects out */
    readonly [Symbol.toStringTag]: "WebAssembly.Module";
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }
  interface Global {
    value: number;
  }
  function compile(code: Uint8Array): Promise<Module>;
  function instantiate(code: Uint8Array, imports: Imports): Promise<{ module: Module; instance: Instance }>;
  function validate(code: Uint8Array): boolean;
}
