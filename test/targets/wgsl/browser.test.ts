/** The example page in a real headless browser, as a person uses it: it trains, the loss falls, the pictures are drawn. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import connect, { type Client } from "chrome-remote-interface";
import { afterAll, describe, expect, it } from "vitest";
import { browserFolder, whyNoSoftware } from "../../../src/targets/wgsl/software.js";

interface Example {
  readonly build: (out: string) => Promise<string>;
  readonly serve: (folder: string, port: number) => Promise<{ readonly server: Server; readonly url: string }>;
}

const missing = whyNoSoftware();
if (missing !== undefined) console.warn(`skipped: no browser for tests (${missing})`);

/** Pictures of the page, kept for people; not checked in. */
const artifacts = resolve("test/artifacts/browser");
const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Starts the browser; answers with the port of its debugger. */
function launch(): Promise<number> {
  const folder = browserFolder();
  const profile = mkdtempSync(join(tmpdir(), "moec-browser-"));
  const flags = [
    "--headless=shell",
    "--no-sandbox",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    // its compiler is slow over zeroing memory that our kernels write anyway
    "--enable-dawn-features=disable_workgroup_init",
    "--window-size=1100,900",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    "about:blank",
  ];
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: [folder, join(folder, "lib")].join(":"),
    VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    HOME: profile,
  };
  const child = spawn(join(folder, "chromium"), flags, { env, stdio: ["ignore", "ignore", "pipe"] });
  ends.push(async () => {
    await ended(child);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return new Promise((done, fail) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      const port = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1];
      if (port) done(Number(port));
    });
    child.on("exit", (code) => fail(new Error(`the browser ended with ${code}: ${said.slice(-2000)}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill();
  await gone;
}

/** The value of an expression in the page. */
async function ask<T>(client: Client, expression: string): Promise<T> {
  const answer = await client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
  return (answer.result as { value: T }).value;
}

async function until(client: Client, expression: string, seconds: number): Promise<void> {
  const last = Date.now() + 1000 * seconds;
  while (!(await ask<boolean>(client, expression))) {
    if (Date.now() > last)
      throw new Error(
        `${expression} did not become true; status: ${await ask(client, "document.getElementById('status').textContent")}`,
      );
    await new Promise((done) => setTimeout(done, 100));
  }
}

const textOf = (id: string): string => `document.getElementById("${id}").textContent`;
/** How many pixels of a canvas have a colour. */
const painted = (id: string): string =>
  `(() => { const c = document.getElementById("${id}"); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n / (c.width * c.height); })()`;

describe.skipIf(missing !== undefined)("the example page in a browser", () => {
  it("trains 20 steps on the text it shows", async () => {
    const example = (await import(resolve("examples/browser/serve.mjs"))) as Example;
    const { server, url } = await example.serve(await example.build(join(artifacts, "page")), 0);
    ends.push(() => server.close());
    const client = await connect({ host: "127.0.0.1", port: await launch(), local: true });
    ends.push(() => client.close());
    const complaints: unknown[] = [];
    client.on("Runtime.exceptionThrown", (params) => complaints.push(params));
    client.on("Log.entryAdded", (params: { entry: { level: string } }) => {
      if (params.entry.level === "error") complaints.push(params);
    });
    client.on("Runtime.consoleAPICalled", (params: { type: string }) => {
      if (params.type === "error") complaints.push(params);
    });
    for (const domain of ["Runtime", "Log", "Page"]) await client.send(`${domain}.enable`);
    await client.send("Page.navigate", { url: `${url}?steps=20` });
    await until(
      client,
      "document.readyState === 'complete' && document.getElementById('text')?.value.length > 1000",
      20,
    );

    await ask(client, "document.getElementById('train').click()");
    await until(client, `${textOf("step")} !== "–"`, 90);
    const first = Number(await ask<string>(client, textOf("loss")));
    await until(client, `${textOf("status")} !== "training"`, 90);

    expect(await ask(client, textOf("status"))).toBe("done");
    expect(await ask(client, textOf("step"))).toBe("20");
    expect(await ask(client, textOf("device"))).toMatch(/swiftshader/i);
    expect(Number((await ask<string>(client, textOf("speed"))).replaceAll(",", ""))).toBeGreaterThan(0);
    const last = Number(await ask<string>(client, textOf("loss")));
    expect(first).toBeGreaterThan(5.5);
    expect(last).toBeLessThan(first - 0.3);
    expect(await ask<number>(client, painted("heat"))).toBeGreaterThan(0.8);
    expect(await ask<number>(client, painted("curve"))).toBeGreaterThan(0.001);
    expect(complaints).toEqual([]);

    const { data } = await client.send("Page.captureScreenshot", { format: "png" });
    mkdirSync(artifacts, { recursive: true });
    writeFileSync(join(artifacts, "page.png"), Buffer.from(data as string, "base64"));
  }, 240_000);
});
