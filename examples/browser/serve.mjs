/**
 * `npm run example:browser`: compiles small.moe to WGSL, bundles the page with moec's runtime into one ES
 * module, and serves both. Nothing is installed and nothing leaves this machine.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

/** Builds the page into a folder and answers with it. */
export async function build(out = join(here, "dist")) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  compile(join(out, "design"));
  const bundle = await rolldown({
    input: join(here, "page.ts"),
    platform: "browser",
    tsconfig: false,
    // what only Node can do is loaded when it is used, and a browser never does
    external: (id) => /^node:|^koffi$|^webgpu$|targets\/(?:cpu|cuda)\/|targets\/wgsl\/device\.js/.test(id),
  });
  await bundle.write({ file: join(out, "page.js"), format: "esm", codeSplitting: false });
  await bundle.close();
  for (const name of ["index.html", "page.css"]) cpSync(join(here, name), join(out, name));
  writeFileSync(join(out, "sample.txt"), sampleText());
  return out;
}

/** The design as files, by the command anybody would use. */
function compile(out) {
  const command = join(root, "dist/src/cli/main.js");
  if (!existsSync(command)) throw new Error("build moec first: npm run build");
  const args = ["compile", "examples/browser/small.moe", "--target", "wgsl", "--out", out];
  execFileSync(process.execPath, [command, ...args], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}

/** Something to read: moec's own pages. */
function sampleText() {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return pages
    .sort()
    .map((name) => readFileSync(join(root, "docs", name), "utf8"))
    .join("\n\n");
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".json": "application/json",
};

/** Serves a folder on this machine only; port 0 takes any free one. */
export function serve(folder, port = 8080) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const file = resolve(folder, `.${path === "/" ? "/index.html" : decodeURIComponent(path)}`);
    if (!file.startsWith(resolve(folder)) || !existsSync(file)) {
      response.writeHead(404).end("not here");
      return;
    }
    response.writeHead(200, { "content-type": types[extname(file)] ?? "text/plain; charset=utf-8" });
    response.end(readFileSync(file));
  });
  return new Promise((done) => {
    server.listen(port, "localhost", () => done({ server, url: `http://localhost:${server.address().port}/` }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(await build(), Number(process.env.PORT ?? 8080));
  console.log(`open ${url} in a browser with WebGPU; Ctrl+C ends`);
}
