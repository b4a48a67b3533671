/**
 * The printed cost model: FLOPs, bytes and launches of a strategy, and the time they take on a target. It ranks ways
 * to run one mixture; what all of them share (the weights, their gradients' size, the router) is left out.
 */
import type { SiteFacts } from "./facts.js";
import type { Profile } from "./profile.js";
import type { Work } from "./strategy.js";

export interface Cost extends Work {
  /** seconds of one training step's worth of this mixture in one layer */
  readonly seconds: number;
}

/** Work at the rates of a target. */
export function costOf(work: Work, profile: Profile): Cost {
  const { flops, bytes, threads, launch } = profile;
  const rate = (flops * threads) / (work.slowdown ?? 1);
  const seconds = work.flops / rate + work.bytes / (bytes * threads) + work.launches * launch;
  return { ...work, seconds };
}

/** Groups that are sorted, batched or multiplied; the others cost next to nothing under every strategy. */
const matrixGroups = (site: SiteFacts) => site.groups.filter((group) => !group.folded);

/** Edges of one run that need a matrix, when all experts are equally likely. */
export function expectedEdges(site: SiteFacts): number {
  const { units, edgesPerUnit, experts, rules, room } = site;
  const chosen = Math.min(rules.edgesPerUnit ?? edgesPerUnit, rules.legalPerUnit ?? experts, edgesPerUnit);
  const limited = Math.min(units * chosen, (room ?? units) * experts);
  return (limited * matrixGroups(site).reduce((sum, group) => sum + group.count, 0)) / experts;
}

/**
 * Products of `rows` rows spread over the groups: 2·F·C each for the result and, where there is a backward pass, for
 * the gradient of the rows and for the gradient of the weights.
 */
export function productFlops(site: SiteFacts, rows: number): number {
  const products = site.forwardOnly ? 1 : 3;
  return overGroups(site, rows, (n, group) => products * 2 * n * multiplied(group, site));
}

/** Numbers of the weights that one row is multiplied with. Vectors count as they are; biases are next to nothing. */
const multiplied = ({ matrices, hidden, numbers }: SiteFacts["groups"][number], { width }: SiteFacts): number =>
  matrices > 0 ? matrices * hidden * width : numbers;

/**
 * Rows in and out of the products, f32: forward reads x, writes and reads the hidden numbers, writes and reads the
 * result; backward does the same with gradients and reads x and the hidden numbers once more.
 */
export function rowBytes(site: SiteFacts, rows: number): number {
  const [outer, inner] = site.forwardOnly ? [3, 1] : [7, 3];
  return overGroups(site, rows, (n, { matrices, hidden }) => 4 * n * (outer * site.width + inner * matrices * hidden));
}

/** The weights of `rows` experts, read once each, f32. */
export function weightBytes(site: SiteFacts, rows: number): number {
  return overGroups(site, rows, (n, { numbers }) => 4 * n * numbers);
}

/** Experts that get at least one of `rows` rows when all are equally likely. */
export function busyExperts(site: SiteFacts, rows: number): number {
  const experts = matrixExperts(site);
  return experts * (1 - (1 - 1 / Math.max(1, experts)) ** rows);
}

type GroupCost = (rows: number, group: SiteFacts["groups"][number]) => number;

function overGroups(site: SiteFacts, rows: number, cost: GroupCost): number {
  const groups = matrixGroups(site);
  const experts = groups.reduce((sum, group) => sum + group.count, 0);
  return groups.reduce((sum, group) => sum + cost((rows * group.count) / experts, group), 0);
}

/** Experts that rows are spread over. */
export const matrixExperts = (site: SiteFacts): number => matrixGroups(site).reduce((sum, g) => sum + g.count, 0);
/** Kernels per group of experts are counted once per group. */
export const matrixGroupCount = (site: SiteFacts): number => matrixGroups(site).length;
