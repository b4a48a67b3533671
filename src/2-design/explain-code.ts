/** `moec explain CODE`: the page of a diagnostic. Reading the page is the host's business. */
import { type Code, catalogue } from "../diagnostics/catalogue.js";

/** The page of a code below a line that says how bad it is; ends with a line end. */
export function explainCode(code: Code, page: string): string {
  const { severity, title } = catalogue[code];
  const heading = `${severity} ${code}: ${title}`;
  const body = page.replace(/^# .*\n+/, "").trimEnd();
  return `${heading}\n\n${body}\n`;
}
