/** CUDA's compiler as a library (NVRTC) through koffi: from text to the machine code of one architecture. */
type Library = ReturnType<typeof import("koffi").load>;

export interface Nvrtc {
  /** `NVRTC 13.0` */
  readonly name: string;
  /** machine code; the compiler's words when it refuses */
  compile(
    source: string,
    headers: Readonly<Record<string, string>>,
    options: readonly string[],
  ): Uint8Array | { readonly log: string };
}

/** Names that the library goes by, newest first. */
const LIBRARIES =
  process.platform === "win32"
    ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"]
    : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so"];

export const nvrtcLibraries = (): readonly string[] =>
  process.env.MOEC_LIBNVRTC ? [process.env.MOEC_LIBNVRTC] : LIBRARIES;

/** The first of the libraries that this machine has; undefined where there is none. */
export async function openNvrtc(): Promise<Nvrtc | undefined> {
  const koffi = await import("koffi");
  for (const path of nvrtcLibraries()) {
    try {
      return bind(koffi.load(path));
    } catch {
      // the next one, perhaps
    }
  }
  return undefined;
}

function bind(library: Library): Nvrtc {
  const declare = (text: string): ((...args: unknown[]) => number) =>
    library.func(text) as (...args: unknown[]) => number;
  const version = declare("int nvrtcVersion(_Out_ int *major, _Out_ int *minor)");
  const create = declare(
    "int nvrtcCreateProgram(void *program, const char *source, const char *name, int count, const char **headers, const char **names)",
  );
  const compile = declare("int nvrtcCompileProgram(uint64_t program, int count, const char **options)");
  const codeSize = declare("int nvrtcGetCUBINSize(uint64_t program, void *size)");
  const code = declare("int nvrtcGetCUBIN(uint64_t program, void *code)");
  const logSize = declare("int nvrtcGetProgramLogSize(uint64_t program, void *size)");
  const log = declare("int nvrtcGetProgramLog(uint64_t program, void *text)");
  const destroy = declare("int nvrtcDestroyProgram(void *program)");
  const [major, minor] = [[0], [0]];
  version(major, minor);
  const sized = (program: bigint, size: typeof codeSize, read: typeof code): Uint8Array => {
    const bytes = new BigUint64Array(1);
    size(program, bytes);
    const out = Buffer.alloc(Number(bytes[0]));
    read(program, out);
    return out;
  };
  return {
    name: `NVRTC ${major[0]}.${minor[0]}`,
    compile: (source, headers, options) => {
      const program = new BigUint64Array(1);
      const names = Object.keys(headers);
      create(program, source, "model.cu", names.length, Object.values(headers), names);
      try {
        const failed = compile(program[0], options.length, options) !== 0;
        if (failed)
          return {
            log: Buffer.from(sized(program[0]!, logSize, log))
              .toString("utf8")
              .replace(/\0+$/, ""),
          };
        return sized(program[0]!, codeSize, code);
      } finally {
        destroy(program);
      }
    },
  };
}
