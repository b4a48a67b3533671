/**
 * The page: self-contained, well formed, small, nothing of a spec is taken for markup, every link leads somewhere. It is
 * opened from disk in a real browser, kernels are clicked and keys are pressed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compare } from "../../src/diff/compare.js";
import { renderPage } from "../../src/diff/page/page.js";
import { pageView } from "../../src/diff/page/page-view.js";
import type { CompiledSide } from "../../src/diff/side.js";
import { emptySide } from "../../src/diff/side.js";
import { type Browser, narrow, openBrowser, whyNoBrowser } from "../browser/browser.js";
import { edited, specText } from "./designs.js";
import { base } from "./library.js";
import { markupOf, unclosed } from "./markup.js";
import { sideOf } from "./sides.js";

function pageOf(before: CompiledSide, after: CompiledSide): string {
  return renderPage(pageView({ comparison: compare(before, after), before, after }));
}

const run = (loss: number) => ({
  status: "finished",
  load: [
    [4, 0, 2, 2],
    [2, 2, 2, 2],
  ],
  points: Array.from({ length: 40 }, (_, step) => ({
    step,
    loss: loss - step / 20,
    load_max_over_mean: 1 + step / 40,
  })),
});
const runs = (target: string) => {
  const before = { ...sideOf(specText("mask-moe"), "specs/mask-moe.moe", target), run: run(9) };
  const after = { ...sideOf(specText("mh-moe"), "specs/mh-moe.moe", target), run: run(8) };
  return { comparison: compare(before, after), before, after };
};
const shipped = renderPage(pageView(runs("cpu"), [runs("wgsl"), runs("cuda")]));

interface PageKernel {
  readonly role: string;
  readonly from: readonly { readonly id: string }[];
  readonly target: string;
  readonly text: { readonly before: string; readonly after: string; readonly rows: readonly unknown[] };
}

const dataOf = (page: string): readonly PageKernel[] =>
  JSON.parse(/<script id="kernel-data"[^>]*>([\s\S]*?)<\/script>/.exec(page)![1]!);

describe("page", () => {
  it("is small and needs nothing but itself", () => {
    expect(shipped.length).toBeLessThan(2_000_000);
    expect(shipped).not.toMatch(/https?:|<link|@import|url\(|\ssrc=/);
    expect(markupOf(shipped)).not.toMatch(/undefined|\[object|NaN/);
    expect(shipped).toMatch(/^<!doctype html>\n/);
  });

  it("is small for the two shipped designs with the most kernels", () => {
    const pair = (target: string) => {
      const [before, after] = ["mh-moe", "deepseek-v3"].map((name) => sideOf(specText(name), name, target));
      return { comparison: compare(before!, after!), before: before!, after: after! };
    };
    expect(renderPage(pageView(pair("cpu"), [pair("wgsl"), pair("cuda")])).length).toBeLessThan(2_000_000);
  });

  it("is well formed, with every id once and every link leading somewhere", () => {
    expect(unclosed(shipped)).toEqual([]);
    const ids = [...markupOf(shipped).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
    expect(ids.length).toBe(new Set(ids).size);
    const links = [...markupOf(shipped).matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    const origins = dataOf(shipped)
      .flatMap(({ from }) => from.map(({ id }) => id))
      .filter((id) => id !== "");
    expect(origins.length).toBeGreaterThan(20);
    expect([...links, ...origins].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("holds both texts of every kernel", () => {
    const kernels = dataOf(shipped);
    expect(kernels.length).toBeGreaterThan(50);
    for (const { text } of kernels) expect((text.before + text.after).length).toBeGreaterThan(50);
    expect(new Set(kernels.map(({ target }) => target))).toEqual(new Set(["cpu", "wgsl", "cuda"]));
  });

  it("lays two runs over one another: curves on the same axes, the load of every expert", () => {
    const charts = [...markupOf(shipped).matchAll(/<path class="curve (before|after)" d="([^"]+)"/g)];
    expect(charts.map(([, side]) => side)).toEqual(["before", "after", "before", "after"]);
    const ends = charts.slice(0, 2).map(([, , d]) => Number(d!.split(" ").at(-1)));
    // the second run ends lower, which is further down
    expect(ends[1]).toBeGreaterThan(ends[0]!);
    expect(markupOf(shipped)).toContain("layer 0, expert 0: 4 edges, 2 times the mean");
    expect([...markupOf(shipped).matchAll(/<figure class="load/g)]).toHaveLength(2);
  });

  it("takes nothing of a spec for markup", () => {
    const evil = edited(base, [["docs/**/*.md", "<img src=x onerror=alert(1)></script><b>"]]);
    const page = pageOf(sideOf(base, "<i>a</i>.moe"), sideOf(evil, "b.moe"));
    expect(page).not.toMatch(/<img|<i>|<b>&|alert\(1\)>/);
    expect(page).toContain("&lt;img");
    expect(unclosed(page)).toEqual([]);
  });

  it("is the same text twice, and there for sides without kernels", () => {
    const empty = { ...emptySide(), compiled: undefined, refused: [] };
    expect(pageOf(empty, sideOf(base))).toBe(pageOf(empty, sideOf(base)));
    expect(unclosed(pageOf(empty, empty))).toEqual([]);
  });
});

const folder = mkdtempSync(join(tmpdir(), "moec-page-"));
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoBrowser !== undefined)("in a browser", () => {
  it("a kernel is clicked and its two texts are there; keys, filters, light and dark", async () => {
    const file = join(folder, "page.html");
    writeFileSync(file, shipped);
    browser = await openBrowser([1400, 1000]);
    const { ask, click, press, complaints, requests } = browser;
    await browser.scheme("light");
    await browser.open(`file://${file}`);
    await browser.picture("diff/light");

    const wanted = "mixture_experts_gate_experts_up";
    await click(`#kernel-${dataOf(shipped).findIndex(({ role }) => role === wanted)}`);
    expect(await ask("document.getElementById('kernel').dataset.kernel")).toBe(wanted);
    const side = (name: string) =>
      ask<string>(`[...document.querySelectorAll('#kernel td.${name}')].map((e) => e.innerText).join("\\n")`);
    expect(await side("b")).toContain("experts_sort_offsets, 16, ROWS");
    expect(await side("a")).toContain("experts_sort_offsets, 32, ROWS");
    const count = (selector: string) =>
      ask<number>(`document.querySelectorAll(${JSON.stringify(`#kernel ${selector}`)}).length`);
    for (const selector of ["td.b mark", "td.a mark", "span.k", ".text a"])
      expect(await count(selector), selector).toBeGreaterThan(0);

    // only the differences, or all lines
    const few = await count(".text tr");
    await press("d");
    expect(await count(".text tr")).toBeGreaterThan(few);
    await press("j");
    expect(await ask("document.getElementById('kernel').dataset.kernel")).not.toBe(wanted);

    await press("/");
    for (const letter of "split") await press(letter);
    const shown = await ask<readonly string[]>(
      "[...document.querySelectorAll('.kernel:not([hidden])')].map((e) => e.textContent)",
    );
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((text) => !text.includes("split"))).toEqual([]);
    await press("Escape");

    // a link from a kernel leads to the line it comes from, also into a folded table
    await click("#kernel .origin a");
    const place = await ask<number>("document.querySelector(':target').getBoundingClientRect().top");
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThan(1000);

    const ground = () => ask<string>("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await browser.scheme("dark");
    expect(await ground()).not.toBe(light);
    await browser.picture("diff/dark");
    await press("t");
    expect(await ground()).toBe(light);

    // the kernels of another target are others
    await ask(
      "(() => { const t = document.getElementById('target'); t.value = 'wgsl'; t.dispatchEvent(new Event('change')); })()",
    );
    expect(await ask("document.querySelector('#kernel .text').innerText.includes('@compute')")).toBe(true);
    expect(await ask("document.querySelectorAll('.kernel:not([hidden])[data-target=cpu]').length")).toBe(0);

    // every kernel can be shown
    await ask("document.querySelectorAll('.kernel').forEach((each) => each.click())");
    // nothing is wider than a telephone
    await narrow(browser);
    expect(await ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([`file://${file}`]);
  }, 120_000);
});
