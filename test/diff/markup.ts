/** Whether a page is well formed, without a browser. */

/** The page without scripts and style. */
export const markupOf = (html: string): string => html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "");

/** Elements that must be closed, and are not closed where they should be. */
export function unclosed(html: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name] of markupOf(html).matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (["meta", "input", "wbr"].includes(name!)) continue;
    if (slash === "") open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}
