/** What the templates of all pages share: the list of kernels, and names that may break where their words end. */
import Handlebars from "handlebars";
import { readTemplate } from "../../6-emit/templates.js";

/** Handlebars with partials by name and `{{wide name}}`; values are escaped. */
export function pageTemplates(partials: Readonly<Record<string, string>>): typeof Handlebars {
  const handlebars = Handlebars.create();
  handlebars.registerHelper("wide", (name: unknown) => {
    return new Handlebars.SafeString(Handlebars.escapeExpression(String(name)).replaceAll("_", "_<wbr>"));
  });
  for (const [name, file] of Object.entries({ kernels: "kernels", ...partials })) {
    handlebars.registerPartial(name, readTemplate(`report/${file}.hbs`));
  }
  return handlebars;
}
