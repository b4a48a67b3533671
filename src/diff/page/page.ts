/** The comparison as one self-contained page: templates, style and script of `templates/report`, no network. */
import { readTemplate } from "../../6-emit/templates.js";
import { pageTemplates } from "./page-templates.js";
import type { PageView } from "./page-view.js";

const parts = ["design", "same", "weights", "cost", "dispatch", "runs"] as const;

/** How a page of ours begins; a file that begins otherwise is not overwritten. */
export const pageMark = "<!doctype html>\n<!-- written by moec diff -->";

/** The text of the page. Values are escaped by the templates. */
export function renderPage(view: PageView): string {
  const handlebars = pageTemplates(Object.fromEntries(parts.map((part) => [`diff-${part}`, `diff-${part}`])));
  const page = handlebars.compile(readTemplate("report/diff.html.hbs"), { strict: false });
  const style = readTemplate("report/page.css");
  const script = readTemplate("report/page.js");
  return `${pageMark}\n${page({ ...view, style, script })}`;
}
