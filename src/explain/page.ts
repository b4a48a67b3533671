/** One design as one self-contained page: templates, style and script of `templates/report`, no network. */
import { readTemplate } from "../6-emit/templates.js";
import { pageTemplates } from "../diff/page/page-templates.js";
import type { ExplainPageView } from "./page-view.js";

const parts = ["stages", "routing", "cost", "roofline", "memory", "weights", "design"] as const;

/** How a page of `moec explain` begins; a file that begins otherwise is not overwritten. */
export const explainMark = "<!doctype html>\n<!-- written by moec explain -->";

/** The text of the page. Values are escaped by the templates. */
export function renderExplainPage(view: ExplainPageView): string {
  const handlebars = pageTemplates(Object.fromEntries(parts.map((part) => [`explain-${part}`, `explain-${part}`])));
  const page = handlebars.compile(readTemplate("report/explain.html.hbs"), { strict: false });
  const style = readTemplate("report/page.css") + readTemplate("report/explain.css");
  const script = readTemplate("report/page.js") + readTemplate("report/explain.js");
  return `${explainMark}\n${page({ ...view, style, script })}`;
}
