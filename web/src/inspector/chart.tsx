// chart.tsx: gaps and sizes over the entries, in one small picture.
//
// A column is as many entries as fall on a pixel, its height the largest gap among them, by orders
// of magnitude from a tenth of a millisecond to ten seconds; below it the bytes. Runs are bands.

import { memo, useEffect, useMemo, useRef } from "react";
import type { JSX } from "react";

import { bytesText, microseconds } from "./facts.js";
import type { Timeline } from "./timeline.js";

const HEIGHT = 56;
const BYTES_HEIGHT = 14;
const LOG_LOW = 2;
const LOG_SPAN = 5;

export interface Columns {
  readonly gaps: Float64Array;
  readonly bytes: Float64Array;
  readonly kinds: Uint8Array;
}

const CUT = 1;
const FROM_DEVICE = 2;

/** The largest gap and all bytes of each of `width` columns. Pure. */
export function columnsOf(timeline: Timeline, width: number): Columns {
  const gaps = new Float64Array(width);
  const bytes = new Float64Array(width);
  const kinds = new Uint8Array(width);
  const last = Math.max(1, timeline.length - 1);
  timeline.facts.forEach((facts, index) => {
    const column = Math.min(width - 1, Math.round((index / last) * (width - 1)));
    gaps[column] = Math.max(gaps[column] ?? 0, facts.gap);
    bytes[column] = (bytes[column] ?? 0) + facts.bytes;
    const kind = (facts.kinds.includes("message_cut") ? CUT : 0) | (facts.origin.type === "device" ? FROM_DEVICE : 0);
    kinds[column] = (kinds[column] ?? 0) | kind;
  });
  return { gaps, bytes, kinds };
}

const heightOf = (gap: number): number =>
  gap <= 0 ? 0 : Math.max(0.02, Math.min(1, (Math.log10(gap) - LOG_LOW) / LOG_SPAN));

function draw(canvas: HTMLCanvasElement, timeline: Timeline, width: number): void {
  const scale = devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  context.scale(scale, scale);
  const { gaps, bytes, kinds } = columnsOf(timeline, width);
  const bytesMax = bytes.reduce((most, value) => Math.max(most, value), 1);
  const base = HEIGHT - BYTES_HEIGHT - 2;
  for (let x = 0; x < width; x += 1) {
    const kind = kinds[x] ?? 0;
    context.fillStyle = colour(kind & CUT ? "--chart-cut" : kind & FROM_DEVICE ? "--chart-device" : "--chart-run");
    const height = heightOf(gaps[x] ?? 0) * base;
    context.fillRect(x, base - height, 1, height);
    if (kind & CUT) context.fillRect(x, 0, 1, base);
    context.fillStyle = colour("--chart-bytes");
    context.fillRect(x, HEIGHT, 1, -Math.sqrt((bytes[x] ?? 0) / bytesMax) * BYTES_HEIGHT);
  }
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const Picture = memo(function Picture({ timeline }: { readonly timeline: Timeline }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const again = (): void => draw(element, timeline, Math.max(1, Math.floor(element.clientWidth)));
    const resized = new ResizeObserver(again);
    resized.observe(element);
    const themed = new MutationObserver(again);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", again);
    };
  }, [timeline]);
  const said = useMemo(() => {
    const gaps = Float64Array.from(timeline.facts, (facts) => facts.gap).sort();
    return `Gaps between entries: half are below ${microseconds(quantile(gaps, 0.5))}, 99 of 100 below ${microseconds(quantile(gaps, 0.99))}, the longest is ${microseconds(quantile(gaps, 1))}. ${bytesText(timeline.bytes)} in all.`;
  }, [timeline]);
  return (
    <figure className="chart">
      <canvas ref={canvas} role="img" aria-label={said} data-testid="chart" />
      <figcaption>
        <small>{said}</small>
      </figcaption>
    </figure>
  );
});

interface ChartProps {
  readonly timeline: Timeline;
  readonly index: number;
}

export function Chart({ timeline, index }: ChartProps): JSX.Element {
  const share = timeline.length < 2 ? 0 : index / (timeline.length - 1);
  return (
    <div className="chart-box">
      <Picture timeline={timeline} />
      <div className="chart-hand" style={{ left: `${share * 100}%` }} aria-hidden="true" />
    </div>
  );
}
