// SPDX-License-Identifier: Apache-2.0
// chart.tsx: a small chart of gaps and sizes over the entries.
//
// A column shows the entries that fall on a pixel. Its height is their largest gap, on a
// logarithmic scale from a tenth of a millisecond to ten seconds; below it are their bytes. A band
// behind the columns shows when a run was running.

import { memo, useEffect, useMemo, useRef } from "react";
import type { JSX } from "react";

import { microseconds } from "./facts.js";
import { runTimes } from "./timeline.js";
import type { Timeline } from "./timeline.js";

const HEIGHT = 56;
const BYTES_HEIGHT = 14;
const LOG_LOW = 2;
const LOG_SPAN = 5;

export interface Columns {
  readonly gaps: Float64Array;
  readonly bytes: Float64Array;
  readonly kinds: Uint8Array;
  /** 1 while a run is running. */
  readonly running: Uint8Array;
}

const CUT = 1;
const FROM_DEVICE = 2;

/** The largest gap and all bytes of each of `count` columns. Pure. */
export function columnsOf(timeline: Timeline, count: number): Columns {
  const gaps = new Float64Array(count);
  const bytes = new Float64Array(count);
  const kinds = new Uint8Array(count);
  const running = new Uint8Array(count);
  const runs = new Set<string>();
  timeline.facts.forEach((facts, index) => {
    const column = Math.min(count - 1, Math.floor((index / timeline.length) * count));
    gaps[column] = Math.max(gaps[column] ?? 0, facts.gap);
    bytes[column] = (bytes[column] ?? 0) + facts.bytes;
    const kind =
      (facts.kinds.includes("message_cut") ? CUT : 0) |
      (facts.origin.type === "device" ? FROM_DEVICE : 0);
    kinds[column] = (kinds[column] ?? 0) | kind;
    const events = timeline.entries[index]?.events ?? [];
    for (const event of events) if (event.type === "run_started") runs.add(event.run);
    if (runs.size > 0) running[column] = 1;
    for (const event of events) if (event.type === "run_ended") runs.delete(event.run);
  });
  return { gaps, bytes, kinds, running };
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
  const count = Math.min(width, timeline.length);
  const wide = width / count;
  const { gaps, bytes, kinds, running } = columnsOf(timeline, count);
  const bytesMax = bytes.reduce((most, value) => Math.max(most, value), 1);
  const base = HEIGHT - BYTES_HEIGHT - 2;
  for (let column = 0; column < count; column += 1) {
    const kind = kinds[column] ?? 0;
    const left = column * wide;
    const bar = Math.max(1, wide - (wide > 4 ? 1 : 0));
    if (running[column]) {
      context.fillStyle = colour("--chart-band");
      context.fillRect(Math.floor(left), 0, Math.ceil(wide) + 1, base);
    }
    const name = kind & CUT ? "--chart-cut" : kind & FROM_DEVICE ? "--chart-device" : "--chart-run";
    context.fillStyle = colour(name);
    const height = heightOf(gaps[column] ?? 0) * base;
    context.fillRect(left, base - height, bar, height);
    if (kind & CUT) context.fillRect(left, 0, Math.min(bar, 2), base);
    context.fillStyle = colour("--chart-bytes");
    context.fillRect(left, HEIGHT, bar, -Math.sqrt((bytes[column] ?? 0) / bytesMax) * BYTES_HEIGHT);
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
    const at = (share: number): string => microseconds(quantile(gaps, share));
    const [half, most, all] = [at(0.5), at(0.99), at(1)];
    return `Gaps between entries: half below ${half}, 99 of 100 below ${most}, longest ${all}`;
  }, [timeline]);
  const latencies = useMemo(() => {
    const words = runTimes(timeline).flatMap((one) =>
      one.firstWord === null ? [] : [one.firstWord],
    );
    if (words.length === 0) return "";
    const sorted = Float64Array.from(words).sort();
    const at = (share: number): string => microseconds(quantile(sorted, share));
    return `First word after ${at(0.5)} (median of ${words.length}), at worst ${at(1)}`;
  }, [timeline]);
  return (
    <figure className="chart">
      <canvas ref={canvas} role="img" aria-label={said} data-testid="chart" />
      <figcaption>
        <small>{said}</small>
        <small>{latencies}</small>
      </figcaption>
    </figure>
  );
});

interface ChartProps {
  readonly timeline: Timeline;
  readonly index: number;
}

export function Chart({ timeline, index }: ChartProps): JSX.Element {
  const share = timeline.length === 0 ? 0 : (index + 0.5) / timeline.length;
  return (
    <div className="chart-box">
      <Picture timeline={timeline} />
      <div className="chart-hand" style={{ left: `${share * 100}%` }} aria-hidden="true" />
    </div>
  );
}
