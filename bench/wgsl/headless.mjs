/**
 * A real browser without a window, on the software adapter, both out of the development install: peers that only run in
 * browsers are measured there.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import connect from "chrome-remote-interface";
import { browserFolder } from "../../dist/src/targets/wgsl/software.js";

const FLAGS = [
  "--headless=shell",
  "--no-sandbox",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // its compiler is slow over zeroing memory that our kernels write anyway
  "--enable-dawn-features=disable_workgroup_init",
];

/**
 * Starts the browser with a window of a size. Answers with a client of its debugger, a function that gives the value of
 * an expression in the page, and one that ends the browser.
 */
export async function openBrowser({ size = "1100,900" } = {}) {
  const folder = browserFolder();
  const profile = mkdtempSync(join(tmpdir(), "moec-browser-"));
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: [folder, join(folder, "lib")].join(":"),
    VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    HOME: profile,
  };
  const args = [...FLAGS, `--window-size=${size}`, `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(join(folder, "chromium"), args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const end = async () => {
    await ended(child);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const client = await connect({ host: "127.0.0.1", port: await debuggerPort(child), local: true });
    for (const domain of ["Runtime", "Log", "Page"]) await client.send(`${domain}.enable`);
    return { client, ask: (expression) => ask(client, expression), close: () => client.close().then(end) };
  } catch (cause) {
    await end();
    throw cause;
  }
}

function debuggerPort(child) {
  return new Promise((done, fail) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (piece) => {
      said += piece;
      const port = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1];
      if (port) done(Number(port));
    });
    child.on("exit", (code) => fail(new Error(`the browser ended with ${code}: ${said.slice(-2000)}`)));
  });
}

async function ended(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill();
  await gone;
}

async function ask(client, expression) {
  const answer = await client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (answer.exceptionDetails) {
    const { exception, text } = answer.exceptionDetails;
    throw new Error(exception?.description ?? text);
  }
  return answer.result.value;
}
