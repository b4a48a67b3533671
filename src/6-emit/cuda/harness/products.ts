/** What products of matrices and weight gradients mean, as C++ in f64: one number of the result at a time. */
import type { Dim, MatmulKernel, Operand, OuterKernel } from "../../../5-plan/plan.js";
import { type Lines, lines } from "../../lines.js";
import type { Spot } from "./expressions.js";
import { elementStatements, type Meaning, type MeaningContext, put } from "./statements.js";

/** A unit is one place of the widest result, of every matrix of the batch. */
export function matmulMeaning(kernel: MatmulKernel, context: MeaningContext): Meaning {
  const { batch, m, outputs, group } = kernel;
  const widest = Math.max(...outputs.map((o) => o.n));
  const out = lines(2);
  out.line(`const long long row = unit / ${widest} % ${m}, column = unit % ${widest};`);
  out.line(`[[maybe_unused]] const long long batch = unit / ${widest * m};`);
  if (group) {
    out.line("long long expert = -1;");
    out.block(`for (long long e = 0; e < ${group.experts}; e++)`, () =>
      out.line(`if (row >= whole(a[${group.offsets}], e) && row < whole(a[${group.offsets}], e + 1)) expert = e;`),
    );
    out.line("if (expert < 0) return;");
  }
  outputs.forEach((o, i) => {
    out.line(`[[maybe_unused]] double product${i} = 0;`);
    out.block(`if (column < ${o.n})`, () => {
      for (const term of o.terms)
        out.block("", () => {
          rowOf(term.a, kernel, out);
          out.block(`for (long long k = 0; source >= 0 && k < ${term.k}; k++)`, () => {
            const left = placed(term.a, "source", "k", batch > 1 ? "batch" : undefined);
            const right = placed(term.b, "column", "k", group ? "expert" : batch > 1 ? "batch" : undefined);
            out.line(`product${i} += at(a[${term.a.param}], ${left}) * at(a[${term.b.param}], ${right});`);
          });
        });
      if (!o.store) return;
      const lead = batch > 1 ? `batch * ${o.store.batchStride} + ` : "";
      out.line(put(o.store.param, `${lead}row * ${o.store.stride} + column`, `product${i}`, context));
    });
  });
  if (kernel.epilogue.length > 0)
    out.block(`if (column < ${outputs[0]!.n})`, () =>
      elementStatements(kernel.epilogue, tileSpot(kernel), () => wholePlace(kernel), context, out),
    );
  return { body: out.text(), units: batch * m * widest };
}

/** The row of A that this row of the result is made of; -1 for none. */
function rowOf({ gather }: Operand, { batch, m }: MatmulKernel, out: Lines): void {
  if (!gather) return out.line("const long long source = row;");
  const line = batch > 1 ? `batch * ${m} + row` : "row";
  out.line(`const long long found = whole(a[${gather.param}], ${line});`);
  out.line(`const long long source = found < 0 ? -1 : found / ${gather.divide};`);
}

/** Place of an operand's number: `line` along its rows or columns, `step` along the axis that is summed. */
function placed(o: Operand, line: string, step: string, lead: string | undefined): string {
  const first = lead !== undefined && o.batchStride > 0 ? `${lead} * ${o.batchStride} + ` : "";
  return o.major === "k" ? `${first}${line} * ${o.stride} + ${step}` : `${first}${step} * ${o.stride} + ${line}`;
}

const lineOf = ({ batch, m }: MatmulKernel): string => (batch > 1 ? `(batch * ${m} + row)` : "row");
const wholePlace = (kernel: MatmulKernel): string => `${lineOf(kernel)} * ${kernel.outputs[0]!.n} + column`;

/** Epilogues read tensors of the row's axes, of the column's, or of both. */
function tileSpot(kernel: MatmulKernel): Spot {
  const same = (x: readonly Dim[], y: readonly Dim[]): boolean =>
    x.length === y.length && x.every((d, i) => d.name === y[i]!.name);
  const element = (dims: readonly Dim[]): string => {
    if (dims.length === 0) return "0";
    if (same(dims, kernel.column)) return "column";
    return same(dims, kernel.row) ? "row" : wholePlace(kernel);
  };
  return { params: kernel.params, places: new Map(), element };
}

/** A unit is one number of one matrix. */
export function outerMeaning(kernel: OuterKernel, context: MeaningContext): Meaning {
  const { batch, m, n, k, a, b, store, group } = kernel;
  const many = group?.experts ?? batch;
  const out = lines(2);
  out.line(`const long long row = unit / ${n} % ${m}, column = unit % ${n};`);
  out.line(`[[maybe_unused]] const long long lead = unit / ${m * n};`);
  out.line(`const long long begin = ${group ? `whole(a[${group.offsets}], lead)` : "0"};`);
  out.line(`const long long end = ${group ? `whole(a[${group.offsets}], lead + 1)` : k};`);
  out.line("double sum = 0;");
  out.block("for (long long step = begin; step < end; step++)", () => {
    for (const [operand, name] of [
      [a, "left"],
      [b, "right"],
    ] as const) {
      const { gather } = operand;
      if (!gather) {
        out.line(`const long long ${name} = step;`);
        continue;
      }
      const at = batch > 1 ? `lead * ${k} + step` : "step";
      out.line(`const long long found_${name} = whole(a[${gather.param}], ${at});`);
      out.line(`const long long ${name} = found_${name} < 0 ? -1 : found_${name} / ${gather.divide};`);
    }
    out.line("if (left < 0 || right < 0) continue;");
    const lead = many > 1 ? "lead" : undefined;
    out.line(
      `sum += at(a[${a.param}], ${placed(a, "row", "left", lead)}) * at(a[${b.param}], ${placed(b, "column", "right", lead)});`,
    );
  });
  const first = many > 1 ? `lead * ${store.batchStride} + ` : "";
  out.line(put(store.param, `${first}row * ${store.stride} + column`, "sum", context));
  return { body: out.text(), units: many * m * n };
}
