/** The memory timeline as a picture: launches from left to right, the workspace from bottom to top. */
import { quantity } from "../diff/render/numbers.js";
import { type BufferLife, liveAt, type MemoryTimeline } from "./memory-timeline.js";

export interface MemoryView {
  readonly headline: string;
  readonly kept: readonly { readonly role: string; readonly text: string; readonly percent: string }[];
  readonly width: number;
  readonly height: number;
  readonly rects: readonly {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
    readonly look: "forward" | "backward" | "update";
    readonly title: string;
  }[];
  /** bytes that live, launch by launch, as a path over the rectangles */
  readonly live: string;
  readonly peak: { readonly x: number; readonly text: string; readonly launch: number };
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
  readonly last: number;
  readonly largest: readonly { readonly name: string; readonly bytes: string; readonly life: string }[];
  /** JSON for the page's script: names, bytes, lives, launches */
  readonly data: string;
}

const [width, height, left, bottom, top] = [1000, 320, 70, 6, 14] as const;

const words = { param: "weights", state: "optimiser and biases", data: "tables", input: "inputs" } as const;

/** The picture of one program. */
export function memoryView(timeline: MemoryTimeline, program: string): MemoryView {
  const { launches, lives, kept, peak, own } = timeline;
  const count = Math.max(1, launches.length);
  const x = (launch: number) => round(left + (launch / count) * (width - left));
  const y = (bytes: number) => round(height - bottom - (bytes / Math.max(1, own)) * (height - bottom - top));
  const all = [...kept.filter(({ bytes }) => bytes > 0)];
  const sum = all.reduce((bytes, each) => bytes + each.bytes, own);
  const share = (bytes: number) => ((100 * bytes) / Math.max(1, sum)).toFixed(2);
  return {
    headline: `${quantity(own, "byte")} of workspace for the ${launches.length} launches of a ${program}; at most ${quantity(peak.bytes, "byte")} live at once`,
    kept: [
      ...all.map(({ role, bytes }) => ({
        role,
        text: `${quantity(bytes, "byte")} ${words[role]}`,
        percent: share(bytes),
      })),
      { role: "work", text: `${quantity(own, "byte")} workspace`, percent: share(own) },
    ],
    width,
    height,
    rects: lives.map((life) => ({
      x: x(life.from),
      y: y(life.offset + life.bytes),
      w: round(Math.max(0.6, x(life.to + 1) - x(life.from))),
      h: round(Math.max(0.6, y(life.offset) - y(life.offset + life.bytes))),
      look: lookOf(life),
      title: `${life.name}: ${quantity(life.bytes, "byte")}, ${lifeText(life)}`,
    })),
    live: launches.map(({ live }, i) => `${i === 0 ? "M" : "L"}${x(i + 0.5)} ${y(live)}`).join(""),
    peak: { x: x(peak.launch + 0.5), text: `peak ${quantity(peak.bytes, "byte")}`, launch: peak.launch },
    ticks: [0, 0.25, 0.5, 0.75, 1].map((part) => ({
      y: y(part * own),
      text: quantity(Math.round(part * own), "byte"),
    })),
    last: launches.length - 1,
    largest: largestAt(lives, peak.launch),
    data: JSON.stringify({
      left,
      width,
      buffers: lives.map(({ name, bytes, from, to }) => [name, bytes, from, to]),
      launches: launches.map(({ kernel, scope, live }) => [kernel, scope, live]),
    }).replaceAll("<", "\\u003c"),
  };
}

/** Gradients are called `d_…`; what the optimiser makes is its own. */
function lookOf({ name }: BufferLife): "forward" | "backward" | "update" {
  if (name.startsWith("optimizer.")) return "update";
  return /(^|\.)d_/.test(name) ? "backward" : "forward";
}

const lifeText = ({ from, to }: BufferLife): string => (from === to ? `launch ${from}` : `launches ${from} to ${to}`);

function largestAt(lives: readonly BufferLife[], launch: number): MemoryView["largest"] {
  return [...liveAt(lives, launch)]
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
    .slice(0, 8)
    .map((life) => ({ name: life.name, bytes: quantity(life.bytes, "byte"), life: lifeText(life) }));
}

const round = (value: number): number => Math.round(value * 10) / 10;
