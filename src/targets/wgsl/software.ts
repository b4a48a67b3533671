/**
 * A Vulkan device made of software (SwiftShader), and a headless browser, out of the package that the
 * development install brings. Nothing of it is used unless somebody asks: `MOEC_ADAPTER=software`, or a test.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { builtFolder, workFolder } from "../cpu/cache.js";
import { unpackTar } from "./unpack.js";

const PACKAGE = "@sparticuz/chromium";

interface Found {
  readonly archives: string;
  readonly version: string;
}

/** The package's archives; why not, where it is not installed or not for this system. */
function find(): Found | string {
  if (process.platform !== "linux" || process.arch !== "x64")
    return `the software adapter is for Linux on x64, this is ${process.platform} on ${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve(PACKAGE);
    for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
      const archives = join(folder, "bin");
      if (!existsSync(join(archives, "swiftshader.tar.br"))) continue;
      const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
      return { archives, version };
    }
  } catch {
    // not installed: said below
  }
  return `the software adapter comes with \`${PACKAGE}\`, a development dependency that is not installed`;
}

/** Why there is no software adapter here; undefined where there is one. */
export function whyNoSoftware(): string | undefined {
  const found = find();
  return typeof found === "string" ? found : undefined;
}

/** The folder with SwiftShader's libraries, unpacked into the cache once. Throws an Error that says why there is none. */
export function swiftShaderFolder(): string {
  return unpacked("swiftshader", ({ archives }, folder) =>
    unpackTar(brotli(join(archives, "swiftshader.tar.br")), folder),
  );
}

/** The folder with a headless browser (`chromium`), the libraries it needs (`lib/`) and SwiftShader. */
export function browserFolder(): string {
  return unpacked("browser", ({ archives }, folder) => {
    for (const name of ["swiftshader", "al2023"]) unpackTar(brotli(join(archives, `${name}.tar.br`)), folder);
    writeFileSync(join(folder, "chromium"), brotli(join(archives, "chromium.br")), { mode: 0o755 });
  });
}

const brotli = (path: string): Uint8Array => brotliDecompressSync(readFileSync(path));

/** A folder in the cache, whole or absent: two processes may make it at the same time. */
function unpacked(name: string, fillIn: (found: Found, folder: string) => void): string {
  const found = find();
  if (typeof found === "string") throw new Error(found);
  const target = join(builtFolder(), `${name}-${found.version}`);
  if (existsSync(target)) return target;
  const folder = workFolder();
  try {
    fillIn(found, folder);
    renameSync(folder, target);
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    if (!existsSync(target)) throw cause;
  }
  return target;
}
