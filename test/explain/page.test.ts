/** The page of one design: self-contained, well formed, small, every link leads somewhere; and in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { emptySide } from "../../src/diff/side.js";
import { renderExplainPage } from "../../src/explain/page.js";
import { explainPageView } from "../../src/explain/page-view.js";
import { type Browser, narrow, openBrowser, whyNoBrowser } from "../browser/browser.js";
import { commandLineOn } from "../cli/command-line.js";
import { edited, specText } from "../diff/designs.js";
import { base, routers } from "../diff/library.js";
import { markupOf, unclosed } from "../diff/markup.js";
import { sideOf } from "../diff/sides.js";

const pageOf = (text: string, label = "test.moe"): string =>
  renderExplainPage(explainPageView(sideOf(text, label), [sideOf(text, label, "wgsl")]));
const shipped = pageOf(specText("mask-moe"), "specs/mask-moe.moe");
const kernelsIn = (page: string): readonly { role: string; text: { after: string } }[] =>
  JSON.parse(/<script id="kernel-data"[^>]*>([\s\S]*?)<\/script>/.exec(page)![1]!);

describe("the page of a design", () => {
  it("is small and needs nothing but itself", () => {
    expect(shipped.length).toBeLessThan(2_000_000);
    expect(shipped).not.toMatch(/https?:|<link|@import|url\(|\ssrc=/);
    expect(markupOf(shipped)).not.toMatch(/undefined|\[object|NaN|Infinity/);
    expect(shipped).toBe(pageOf(specText("mask-moe"), "specs/mask-moe.moe"));
  });

  it.each([
    ["mask-moe", shipped],
    ["the base design", pageOf(base)],
    ["mixtures without a model", pageOf(routers)],
    ["nothing", renderExplainPage(explainPageView({ ...emptySide(), compiled: undefined, refused: [] }))],
  ])("%s: is well formed, every id once, every link leads somewhere", (_name, page) => {
    expect(unclosed(page)).toEqual([]);
    const ids = [...markupOf(page).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
    expect(ids.length).toBe(new Set(ids).size);
    const links = [...markupOf(page).matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("has a box for every word of the routing, and the lines that say it", () => {
    const text = markupOf(shipped);
    for (const step of ["unit", "score", "legal", "select", "weight", "limit", "balance"])
      expect(text).toMatch(new RegExp(`<span class="number">\\d</span> ${step}</h4>`));
    expect(text).toContain("<code>mask Visible[token_id]</code></a> <small>line 48</small>");
    expect(text).toContain("tokens see at most 4 of 16 experts");
  });

  it("takes nothing of a spec for markup", () => {
    const page = pageOf(edited(base, [["docs/**/*.md", "<img src=x onerror=alert(1)></script><b>"]]), "<i>a</i>.moe");
    expect(page).not.toMatch(/<img|<i>|alert\(1\)>/);
    expect(unclosed(page)).toEqual([]);
  });
});

describe("moec explain --html", () => {
  it("writes the page, and over nothing that is not one", async () => {
    const { host, moec } = commandLineOn({ "a.moe": base, "mine.html": "<p>mine</p>" });
    expect(await moec("explain", "a.moe", "--html", "a.html")).toEqual({
      code: 0,
      stdout: "a.html: written\n",
      stderr: "",
    });
    expect(host.readText("a.html")).toMatch(/^<!doctype html>/);
    expect(
      (await moec("explain", "a.moe", "--html", "a.html", "--set", "Mixture.experts=8 of swiglu(hidden: 64)")).code,
    ).toBe(0);
    expect(host.readText("a.html")).toContain("8 of swiglu");
    const refused = await moec("explain", "a.moe", "--html", "mine.html");
    expect([refused.code, host.readText("mine.html")]).toEqual([1, "<p>mine</p>"]);
    expect(refused.stderr).toContain("MOE6010");
    host.write("made-by-mktemp.html", "");
    expect((await moec("explain", "a.moe", "--html", "made-by-mktemp.html")).code).toBe(0);
    expect((await moec("explain", "none.moe", "--html", "b.html")).stderr).toContain("MOE6013");
  });
});

it("is not written at all where there is no room for it", async () => {
  const { host, moec } = commandLineOn({ "a.moe": base }, { capacity: base.length + 1000 });
  const { code, stderr } = await moec("explain", "a.moe", "--html", "a.html");
  expect(code).toBe(1);
  expect(stderr).toContain("error[MOE6008]");
  expect(host.list(".")).toEqual(["a.moe"]);
});

const folder = mkdtempSync(join(tmpdir(), "moec-explain-"));
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoBrowser !== undefined)("in a browser", () => {
  it("stages, dots and bars lead to kernels, by mouse and by keys; the memory has a moment", async () => {
    const file = join(folder, "page.html");
    writeFileSync(file, shipped);
    browser = await openBrowser([1400, 1000]);
    const { ask, click, press, complaints, requests } = browser;
    await browser.scheme("light");
    await browser.open(`file://${file}`);
    const kernels = kernelsIn(shipped);
    const chosen = () => ask<string>("document.getElementById('kernel').dataset.kernel");

    // a stage, by mouse: its kernel and its text are there
    const stage = await ask<number>(
      "[...document.querySelectorAll('.stage')].findIndex((e) => e.textContent.includes('mixture.experts.down'))",
    );
    await click(`.stages g:nth-of-type(${stage + 1})`);
    expect(await chosen()).toBe("mixture_experts_down");
    const shown = await ask<string>("document.querySelector('#kernel .text').innerText");
    const wanted = kernels.find(({ role }) => role === "mixture_experts_down")!.text.after;
    expect(shown.replace(/\s+/g, "")).toContain(wanted.split("\n").at(-3)!.replace(/\s+/g, ""));
    expect(await ask("document.querySelectorAll('#kernel .text a').length > 0")).toBe(true);

    // a dot of the roofline and a bar, by keyboard
    await ask("document.querySelector('circle[data-kernel]').focus()");
    await press("Enter");
    const first = await chosen();
    await press("j");
    expect(await chosen()).not.toBe(first);
    await ask("document.querySelector('.bounds a[data-kernel]').focus()");
    await press("Enter");
    expect(await chosen()).toBe(kernels[0]!.role);

    // the moment in memory
    const before = await ask<string>("document.getElementById('moment-text').textContent");
    await ask("document.getElementById('moment').focus()");
    await press("ArrowRight");
    expect(await ask("document.getElementById('moment-text').textContent")).not.toBe(before);
    expect(await ask("document.querySelectorAll('#largest tbody tr').length")).toBeGreaterThan(3);

    // light and dark are other pages to look at, and both can be had whatever the system says
    const ground = () => ask<string>("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await browser.picture("explain/light");
    await browser.scheme("dark");
    expect(await ground()).not.toBe(light);
    await browser.picture("explain/dark");
    await press("Escape");
    await ask("document.activeElement.blur()");
    await press("t");
    expect(await ground()).toBe(light);

    // nothing is wider than a telephone
    await narrow(browser);
    expect(await ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);

    expect(complaints).toEqual([]);
    expect(requests).toEqual([`file://${file}`]);
  }, 120_000);
});
