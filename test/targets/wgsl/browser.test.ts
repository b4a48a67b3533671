/** The example page in a real headless browser, as a person uses it: it trains, the loss falls, the pictures are drawn. */
import type { Server } from "node:http";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openBrowser, whyNoBrowser } from "../../browser/browser.js";

interface Example {
  readonly build: (out: string) => Promise<string>;
  readonly serve: (folder: string, port: number) => Promise<{ readonly server: Server; readonly url: string }>;
}

if (whyNoBrowser !== undefined) console.warn(`skipped: no browser for tests (${whyNoBrowser})`);

/** Pictures of the page, kept for people; not checked in. */
const artifacts = resolve("test/artifacts/browser");
const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const textOf = (id: string): string => `document.getElementById("${id}").textContent`;
/** How many pixels of a canvas have a colour. */
const painted = (id: string): string =>
  `(() => { const c = document.getElementById("${id}"); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n / (c.width * c.height); })()`;

/** The page has its text and listens to its buttons. */
const READY =
  "document.getElementById('train')?.disabled === false && document.getElementById('text').value.length > 1000";

describe.skipIf(whyNoBrowser !== undefined)("the example page in a browser", () => {
  it("trains 20 steps on the text it shows", async () => {
    const example = (await import(resolve("examples/browser/serve.mjs"))) as Example;
    const { server, url } = await example.serve(await example.build(join(artifacts, "page")), 0);
    ends.push(() => server.close());
    const browser = await openBrowser();
    ends.push(() => browser.close());
    const { ask, until, complaints } = browser;
    await browser.open(`${url}?steps=20`);
    await until(READY, 20);

    await ask("document.getElementById('train').click()");
    await until(`${textOf("step")} !== "–"`, 90);
    const first = Number(await ask<string>(textOf("loss")));
    await until(`${textOf("status")} !== "training"`, 90);

    expect(await ask(textOf("status"))).toBe("done");
    expect(await ask(textOf("step"))).toBe("20");
    expect(await ask(textOf("device"))).toMatch(/swiftshader/i);
    expect(Number((await ask<string>(textOf("speed"))).replaceAll(",", ""))).toBeGreaterThan(0);
    const last = Number(await ask<string>(textOf("loss")));
    expect(first).toBeGreaterThan(5.5);
    expect(last).toBeLessThan(first - 0.3);
    expect(await ask<number>(painted("heat"))).toBeGreaterThan(0.8);
    expect(await ask<number>(painted("curve"))).toBeGreaterThan(0.001);
    expect(complaints).toEqual([]);

    await browser.picture("browser/page");
    await browser.scheme("dark");
    await browser.picture("browser/page-dark");

    // the same page where there is no WebGPU
    const source = 'Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined })';
    await browser.client.send("Page.addScriptToEvaluateOnNewDocument", { source });
    await browser.open(url);
    await until(READY, 20);
    await ask("document.getElementById('train').click()");
    await until("document.getElementById('status').className === 'wrong'", 20);
    expect(await ask(textOf("status"))).toContain("this browser does not have WebGPU");
    await browser.picture("browser/page-without-webgpu");
  }, 240_000);
});
