/**
 * A real headless browser for tests: the Chromium that the development install brings. Pages are looked at as a person
 * does: real clicks, real keys, light and dark, and whatever the console complains about.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import connect, { type Client } from "chrome-remote-interface";
import { browserFolder, whyNoSoftware } from "../../src/targets/wgsl/software.js";

/** Why there is no browser on this machine; undefined where there is one. */
export const whyNoBrowser = whyNoSoftware();

export interface Browser {
  readonly client: Client;
  /** everything that was an error: exceptions, the console, the log */
  readonly complaints: readonly unknown[];
  /** every address that was asked for */
  readonly requests: readonly string[];
  readonly open: (url: string) => Promise<void>;
  /** the value of an expression in the page */
  readonly ask: <T>(expression: string) => Promise<T>;
  /** waits until an expression is true */
  readonly until: (expression: string, seconds: number) => Promise<void>;
  /** a click of the mouse in the middle of an element */
  readonly click: (selector: string) => Promise<void>;
  /** one key, pressed and let go */
  readonly press: (key: string) => Promise<void>;
  readonly scheme: (name: "light" | "dark") => Promise<void>;
  /** keeps a picture below test/artifacts for people: of the window, or of an element with all of its length */
  readonly picture: (name: string, selector?: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Starts a browser with a window of a size, in pixels. */
export async function openBrowser(size: readonly [width: number, height: number] = [1100, 900]): Promise<Browser> {
  const { child, profile, port } = await launch(size);
  const client = await connect({ host: "127.0.0.1", port, local: true });
  const [complaints, requests] = [watchComplaints(client), watchRequests(client)];
  for (const domain of ["Runtime", "Log", "Page", "Network"]) await client.send(`${domain}.enable`);
  const ask = <T>(expression: string) => evaluate<T>(client, expression);
  return {
    client,
    complaints,
    requests,
    ask,
    open: async (url) => {
      await client.send("Page.navigate", { url });
      await until(ask, "document.readyState === 'complete'", 30);
    },
    until: (expression, seconds) => until(ask, expression, seconds),
    click: (selector) => click(client, ask, selector),
    press: (key) => press(client, key),
    scheme: async (value) => {
      await client.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    },
    picture: (name, selector) => picture(client, ask, name, selector),
    close: async () => {
      await client.close();
      await ended(child);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The window of a telephone from here on. */
export async function narrow({ client }: Browser): Promise<void> {
  const size = { width: 390, height: 800, deviceScaleFactor: 1, mobile: false };
  await client.send("Emulation.setDeviceMetricsOverride", size);
}

/** Starts the browser; answers with the port of its debugger. */
async function launch([width, height]: readonly [number, number]) {
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
    `--window-size=${width},${height}`,
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
  const port = await new Promise<number>((done, fail) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      const found = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1];
      if (found) done(Number(found));
    });
    child.on("exit", (code) => fail(new Error(`the browser ended with ${code}: ${said.slice(-2000)}`)));
  });
  return { child, profile, port };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill();
  await gone;
}

function watchComplaints(client: Client): readonly unknown[] {
  const complaints: unknown[] = [];
  client.on("Runtime.exceptionThrown", (params) => complaints.push(params));
  client.on("Log.entryAdded", (params: { entry: { level: string } }) => {
    if (params.entry.level === "error") complaints.push(params);
  });
  client.on("Runtime.consoleAPICalled", (params: { type: string }) => {
    if (params.type === "error") complaints.push(params);
  });
  return complaints;
}

function watchRequests(client: Client): readonly string[] {
  const requests: string[] = [];
  client.on("Network.requestWillBeSent", ({ request }: { request: { url: string } }) => requests.push(request.url));
  return requests;
}

async function evaluate<T>(client: Client, expression: string): Promise<T> {
  const answer = await client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
  return (answer.result as { value: T }).value;
}

async function until(ask: Browser["ask"], expression: string, seconds: number): Promise<void> {
  const last = Date.now() + 1000 * seconds;
  while (!(await ask<boolean>(expression))) {
    if (Date.now() > last) {
      const shown = await ask<string>("document.body.innerText.slice(0, 500)");
      throw new Error(`${expression} did not become true; the page says: ${shown}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where an element is in the window, after it was scrolled into view. */
async function areaOf(ask: Browser["ask"], selector: string, block: "center" | "start"): Promise<Area> {
  const find = `document.querySelector(${JSON.stringify(selector)})`;
  return ask<Area>(
    `(() => { const e = ${find}; e.scrollIntoView({ block: "${block}", behavior: "instant" }); const r = e.getBoundingClientRect(); return { x: r.x, y: r.y, width: r.width, height: r.height }; })()`,
  );
}

async function click(client: Client, ask: Browser["ask"], selector: string): Promise<void> {
  const { x, y, width, height } = await areaOf(ask, selector, "center");
  const at = { x: x + width / 2, y: y + height / 2, button: "left", clickCount: 1 };
  await client.send("Input.dispatchMouseEvent", { ...at, type: "mousePressed" });
  await client.send("Input.dispatchMouseEvent", { ...at, type: "mouseReleased" });
}

async function press(client: Client, key: string): Promise<void> {
  const text = key.length === 1 ? { text: key } : key === "Enter" ? { text: "\r" } : {};
  await client.send("Input.dispatchKeyEvent", { type: "keyDown", key, ...text });
  await client.send("Input.dispatchKeyEvent", { type: "keyUp", key });
}

async function picture(client: Client, ask: Browser["ask"], name: string, selector?: string): Promise<void> {
  let clip: object = {};
  if (selector !== undefined) {
    const { x, y, width, height } = await areaOf(ask, selector, "start");
    const top = await ask<number>("window.scrollY");
    clip = { captureBeyondViewport: true, clip: { x, y: y + top, width, height: Math.min(height, 6000), scale: 1 } };
  }
  const { data } = await client.send("Page.captureScreenshot", { format: "png", ...clip });
  const file = resolve("test/artifacts", `${name}.png`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(data as string, "base64"));
}
