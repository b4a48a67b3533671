/** `moec explain FILE --html OUT`: everything about one design as one page. */
import { compileSide } from "../diff/side.js";
import { openSide } from "../diff/sides/open-side.js";
import { kernelTargets } from "../diff/targets/index.js";
import { explainMark, renderExplainPage } from "../explain/page.js";
import { explainPageView } from "../explain/page-view.js";
import { type DispatchFlags, dispatchOptions, setOption } from "./flags.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec } from "./read-spec.js";
import { writePage } from "./write-page.js";

interface PageFlags extends DispatchFlags {
  readonly set?: readonly string[];
}

/** The subject is whatever `moec diff` takes as a side; errors are the same. */
export function explainHtml(cli: Cli, subject: string, out: string, flags: PageFlags): number {
  const { host } = cli;
  const side = openSide(subject, {
    host,
    readSpec: (path) => readSpec(host, path),
    set: (flags.set ?? []).map(setOption),
    dispatch: dispatchOptions(flags.dispatch ?? []),
  });
  const [first, ...others] = kernelTargets.map(({ name }) => compileSide(side, name));
  const shown = others.filter(({ compiled }) => compiled);
  writePage(cli, out, renderExplainPage(explainPageView(first!, shown)), explainMark);
  print(cli, `${out}: written`);
  return exit.ok;
}
