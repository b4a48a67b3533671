/**
 * Which products the kernels for Hopper can make, and why not the others: the copy engine and stores of four neighbours
 * want matrices on sixteen bytes, and rows that are found by index are brought in pieces of sixteen bytes.
 */
import type { MatmulKernel, Operand, OuterKernel, Stmt } from "../../../5-plan/plan.js";
import type { Context } from "../view.js";

type Why = string | undefined;

/** Numbers in bf16 of sixteen bytes. */
const PIECE = 8;
const inPieces = (n: number): boolean => n % PIECE === 0;

/** Why a product of matrices stays with the kernels for every GPU; undefined where Hopper's can make it. */
export function whyNotMatmul(kernel: MatmulKernel, context: Context): Why {
  const terms = kernel.outputs.flatMap((o) => o.terms);
  const operands = terms.flatMap(({ a, b, k }) => [
    whyNotOperand(a, k, context) ??
      (a.gather && a.major === "other" ? "rows by index that lie side by side" : undefined),
    whyNotOperand(b, k, context),
  ]);
  const widths = kernel.outputs.map(({ n, store }) =>
    inPieces(n) && inPieces(store?.stride ?? 0) && inPieces(store?.batchStride ?? 0) ? undefined : `width ${n}`,
  );
  return [...operands, ...widths, ...kernel.epilogue.map((s) => whyNotStmt(s, kernel))].find((w) => w !== undefined);
}

/** The same for weight gradients. */
export function whyNotOuter(kernel: OuterKernel, context: Context): Why {
  const { a, b, m, n } = kernel;
  if (a.major !== "other" || b.major !== "other") return "rows that do not lie side by side";
  if (a.gather) return "a left matrix by index";
  if (!inPieces(n) || !inPieces(kernel.store.stride) || !inPieces(kernel.store.batchStride)) return `width ${n}`;
  return whyNotOperand(a, m, context) ?? whyNotOperand(b, n, context);
}

/** `extent`: numbers side by side that must end on sixteen bytes where they are brought in pieces. */
function whyNotOperand({ param, stride, batchStride, gather }: Operand, extent: number, { halves }: Context): Why {
  if (!halves.has(param)) return "a matrix that is not kept in bf16";
  if (!inPieces(stride) || !inPieces(batchStride)) return `rows of ${stride} numbers`;
  return gather && !inPieces(extent) ? `rows by index of ${extent} numbers` : undefined;
}

function whyNotStmt(s: Stmt, { params }: MatmulKernel): Why {
  if (s.kind !== "map") return "sums behind the product";
  return s.to.param === undefined || params[s.to.param]!.dtype === "f32"
    ? undefined
    : "whole numbers behind the product";
}
