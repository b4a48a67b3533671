/**
 * The page: self-contained, well formed, small, nothing of a spec is taken for markup, every link leads somewhere. Where
 * a Chromium is installed it is opened, kernels are clicked and keys are pressed; without one that test is skipped.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compare } from "../../src/diff/compare.js";
import { renderPage } from "../../src/diff/page/page.js";
import { pageView } from "../../src/diff/page/page-view.js";
import type { CompiledSide } from "../../src/diff/side.js";
import { emptySide } from "../../src/diff/side.js";
import { edited, specText } from "./designs.js";
import { base } from "./library.js";
import { sideOf } from "./sides.js";

function pageOf(before: CompiledSide, after: CompiledSide): string {
  return renderPage(pageView(compare(before, after), before, after));
}

const run = (loss: number) => ({
  status: "finished",
  points: Array.from({ length: 40 }, (_, step) => ({
    step,
    loss: loss - step / 20,
    load_max_over_mean: 1 + step / 40,
  })),
});
const shipped = pageOf(
  { ...sideOf(specText("mask-moe"), "specs/mask-moe.moe"), run: run(9) },
  { ...sideOf(specText("mh-moe"), "specs/mh-moe.moe"), run: run(8) },
);

/** The page without scripts and style. */
const markupOf = (html: string): string => html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "");

/** Elements that must be closed, and are not closed where they should be. */
function unclosed(html: string): readonly string[] {
  const text = markupOf(html);
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (["meta", "input"].includes(name!)) continue;
    if (slash === "") open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}

interface PageKernel {
  readonly from: readonly { readonly id: string }[];
  readonly texts: Readonly<
    Record<string, { readonly before: string; readonly after: string; readonly rows: readonly unknown[] }>
  >;
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
    for (const { texts } of kernels) expect((texts.cpu!.before + texts.cpu!.after).length).toBeGreaterThan(50);
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

const browser = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].find(
  (name) => spawnSync(name, ["--version"]).status === 0,
);

/** What a person would do, written into the page; the outcome is left in the title. */
const visit = `
const said = [];
addEventListener("error", (event) => said.push("error " + event.message));
const detail = document.getElementById("kernel");
addEventListener("load", () => {
  const option = [...document.querySelectorAll(".kernel.retuned")].find((each) => each.textContent.includes("mixture_experts_gate_experts_up"));
  option.click();
  said.push("chosen " + detail.dataset.kernel, "marks " + (detail.querySelectorAll("td.b mark").length > 0 && detail.querySelectorAll("td.a mark").length > 0));
  said.push("coloured " + (detail.querySelectorAll("span.k").length > 0), "links " + (detail.querySelectorAll(".text a").length > 0));
  const rows = () => detail.querySelectorAll(".text tr").length;
  const few = rows();
  document.getElementById("only").click();
  said.push("all rows " + (rows() > few));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  said.push("next " + (detail.dataset.kernel !== option.querySelector(".name").textContent));
  const search = document.getElementById("search");
  search.value = "split";
  search.dispatchEvent(new Event("input"));
  said.push("found " + [...document.querySelectorAll(".kernel:not([hidden])")].every((each) => each.textContent.includes("split")));
  document.getElementById("theme").click();
  said.push("theme " + document.documentElement.dataset.theme);
  for (const each of document.querySelectorAll(".kernel")) each.click();
  document.title = said.join("; ");
});`;

describe("in a browser", () => {
  it.skipIf(browser === undefined)("a kernel is clicked and its two texts are there", () => {
    const folder = mkdtempSync(join(tmpdir(), "moec-page-"));
    try {
      const file = join(folder, "page.html");
      writeFileSync(file, shipped.replace("</body>", `<script>${visit}</script></body>`));
      const flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${folder}/profile`,
        "--virtual-time-budget=5000",
      ];
      const dom = execFileSync(browser!, [...flags, "--dump-dom", `file://${file}`], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        maxBuffer: 64 << 20,
      });
      expect(/<title>([^<]*)<\/title>/.exec(dom)?.[1]?.split("; ")).toEqual([
        "chosen mixture_experts_gate_experts_up",
        "marks true",
        "coloured true",
        "links true",
        "all rows true",
        "next true",
        "found true",
        expect.stringMatching(/^theme (dark|light)$/),
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
