/** Loads and fills the Handlebars templates of a target. Text is never escaped: it is code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars from "handlebars";
import { packageRoot } from "../host/package-root.js";

const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** `fill("cpu/rows.c", view)`: the template `templates/cpu/rows.c.hbs` with the view's values. */
export function fill(name: string, view: object): string {
  const template =
    compiled.get(name) ?? Handlebars.compile(readTemplate(`${name}.hbs`), { noEscape: true, strict: false });
  compiled.set(name, template);
  return template(view);
}

/** A file under templates/ as it stands. */
export function readTemplate(name: string): string {
  return readFileSync(join(packageRoot(), "templates", name), "utf8");
}
