/** The history of a limit over time: its chart, and the usage on each day. Pure. */

import { DAY, HOUR, MINUTE, last, within } from "../const";
import type { Format } from "../format";
import type { Window } from "./windows";

/** A fall by more points, without a reset, is a refill. */
export const REFILL = 2;

const QUARTER = HOUR / 4;

/** The percentage of the width below which two points are drawn as one. */
const NARROW = 0.2;

/** A percentage from a time on. It is null where it is unknown. */
export interface Point {
  t: number;
  v: number | null;
}

export type Position = [x: number, y: number];

/** The steps in which a forecast along a habit is drawn. */
const STEP = 3 * HOUR;

/** A limit that has a start and a reset. */
export type Running = Window & { resetsAt: number; length: number };

export interface Layout {
  lines: Position[][];
  projection: Position[];
  range: Position[];
  /** The expected usage: a mark at the present, or an even pace from start to reset. */
  expected: Position[];
  limit: number;
  now: [x: number, y: number | null];
}

/**
 * Return the positions of a limit's history in a square of 100 by 100, from its start to its
 * reset. A line breaks where nothing is known, and at a refill. With `remaining`, everything
 * is upside down.
 */
export function layOut(
  points: readonly Point[],
  window: Running,
  now: number,
  remaining = false,
): Layout {
  const { expected, resetsAt, length, used, usual, usualHours, forecast } = window;
  const start = resetsAt - length;
  const x = (ms: number) => (100 * within(ms - start, length)) / length;
  const y = (percent: number) => (remaining ? within(percent) : 100 - within(percent));
  const until = Math.min(now, resetsAt);
  const lines: Position[][] = [];
  let before: number | null = null;
  points.forEach(({ t, v }, index) => {
    const next = points[index + 1]?.t ?? until;
    const end = Math.min(next, until);
    // The first state of a window is often that of the window before it, until the first poll.
    if (end <= start || t >= until || (t < start + 1000 && next < start + 10 * MINUTE)) return;
    if (v !== null) {
      const drawn = last(last(lines) ?? [])?.[0] ?? -Infinity;
      const isLast = index === points.length - 1;
      if (before === null || v < before - REFILL) lines.push([[x(t), y(v)], [x(end), y(v)]]);
      else if (isLast || x(end) - drawn >= NARROW) last(lines)?.push([x(t), y(v)], [x(end), y(v)]);
    }
    before = v;
  });
  let projection: Position[] = [];
  const range: Position[] = [];
  if (forecast && used !== null && used < 100) {
    const { projected, low, high, runsOutAt } = forecast;
    const line = (end: number, by = resetsAt): Position[] =>
      stepsOf(window, now, by).map((time) => [x(time), y(risen(window, now, time, end, by))]);
    projection = line(runsOutAt ? 100 : projected, runsOutAt ?? resetsAt);
    if (low !== null && high !== null) {
      // Where the upper edge reaches the limit, it follows the limit.
      const meets = now + ((resetsAt - now) * (100 - used)) / (high - used);
      range.push(...(high > 100 && !usualHours ? line(100, meets) : line(high)));
      range.push(...line(Math.max(low, used)).slice(1).reverse());
    }
  }
  return {
    lines,
    projection,
    range,
    expected:
      usual && expected !== null
        ? [
            [x(now) - 2, y(expected)],
            [x(now) + 2, y(expected)],
          ]
        : [
            [0, y(0)],
            [100, y(100)],
          ],
    limit: y(100),
    now: [x(now), used === null ? null : y(used)],
  };
}

/** Return the share of the usual use, or without a habit of the time, that is over by a time. */
function shareBy({ length, resetsAt, usualHours }: Running, time: number): number {
  const start = resetsAt - length;
  if (!usualHours) return time - start;
  let at = start;
  let sum = 0;
  for (const hour of usualHours) {
    const next = Math.min(HOUR * (Math.floor(at / HOUR) + 1), resetsAt);
    sum += (hour * within(time - at, next - at)) / (next - at);
    at = next;
  }
  return sum;
}

/**
 * Return the percentage that is used at a time from now on, if the usage rises to `end` by
 * another time, along the habit if there is one.
 */
function risen(window: Running, now: number, time: number, end: number, by: number): number {
  const used = window.used ?? 0;
  const at = Math.min(time, by);
  const from = shareBy(window, now);
  const whole = shareBy(window, by) - from;
  // If usually nothing is used until then, it rises evenly.
  const share = whole > 0 ? (shareBy(window, at) - from) / whole : (at - now) / Math.max(1, by - now);
  return Math.min(100, used + (end - used) * share);
}

/** Return the times between which a forecast is drawn as a straight line. */
function stepsOf({ resetsAt, usualHours }: Running, now: number, by: number): number[] {
  const times = new Set([now, by, resetsAt]);
  if (usualHours)
    for (let at = STEP * Math.ceil(now / STEP); at < resetsAt; at += STEP) times.add(at);
  return [...times].sort((one, other) => one - other);
}

/** Return the percentage at a time, from the history or the forecast, or null. */
export function valueAt(
  points: readonly Point[],
  window: Running,
  now: number,
  time: number,
): number | null {
  const { forecast, resetsAt, used } = window;
  if (time <= now) return last(points.filter(({ t }) => t <= time))?.v ?? null;
  if (!forecast || used === null) return null;
  const { projected, runsOutAt } = forecast;
  return risen(window, now, time, runsOutAt ? 100 : projected, runsOutAt ?? resetsAt);
}

/** A time on the axis of a chart, and where its label is. */
export interface Tick {
  at: number;
  label: number;
}

/** Return the full hours of a session, or the days of a longer limit. */
export function ticksOf(window: Period, now: number, format: Format): Tick[] {
  const start = window.resetsAt - window.length;
  if (window.length >= 2 * DAY)
    return daysOf(window, now, format).map(({ at, hours }) => ({ at, label: at + (hours * HOUR) / 2 }));
  const ticks: Tick[] = [];
  for (let at = HOUR * Math.ceil(start / HOUR); at < window.resetsAt; at += HOUR)
    ticks.push({ at, label: at });
  return ticks;
}

/** The usage on a day, or null if it is unknown. */
export interface Day {
  key: string;
  at: number;
  hours: number;
  used: number | null;
  today: boolean;
}

type Period = Pick<Running, "resetsAt" | "length">;

/** Return the days of a period. The first and the last one can be shorter. */
function daysOf({ resetsAt, length }: Period, now: number, format: Format): Day[] {
  const today = format.dayKey(now);
  const days: Day[] = [];
  let at = resetsAt - length;
  while (at < resetsAt) {
    const key = format.dayKey(at);
    // All time zones have their midnight at a quarter of an hour.
    const late = at + 22 * HOUR;
    let next = format.dayKey(late) === key ? late : at;
    do next = QUARTER * (Math.floor(next / QUARTER) + 1);
    while (next < resetsAt && format.dayKey(next) === key);
    next = Math.min(next, resetsAt);
    const hours = (next - at) / HOUR;
    days.push({ key, at, hours, used: null, today: key === today });
    at = next;
  }
  return days;
}

/** Return the usage on each day of a period. A day without a known percentage is unknown. */
export function useByDay(
  points: readonly Point[],
  period: Period,
  now: number,
  format: Format,
): Day[] {
  const start = period.resetsAt - period.length;
  const days = daysOf(period, now, format);
  let index = 0;
  let before: Point | undefined;
  points.forEach((point, number) => {
    const { t, v } = point;
    if (t > now || v === null) return;
    const isIn = (time: number) => time >= (days[index + 1]?.at ?? Infinity);
    while (isIn(t)) index += 1;
    const day = days[index] as Day;
    const old = before?.v ?? v;
    let base = old;
    if (v < old - REFILL) {
      // After a reset, all was used since then. Another fall is a correction.
      const isReset = v <= REFILL || (before?.t ?? 0) < start + 1000;
      base = isReset ? 0 : v;
    }
    day.used = (day.used ?? 0) + (t > start ? Math.max(0, v - base) : 0);
    before = { t, v: Math.max(base, v) };
    // The percentage is known until the next point, also on later days.
    const until = Math.min(points[number + 1]?.t ?? now, now);
    while (isIn(until)) {
      index += 1;
      const later = days[index] as Day;
      later.used ??= 0;
    }
  });
  return days;
}

/** The lowest and the highest percentage of an hour, from its start in ms. */
export interface Hour {
  start: number;
  min: number;
  max: number;
}

/** Return points for the statistics of hours. In the hour of a reset, the lowest is about 0. */
export function pointsOf(hours: readonly Hour[]): Point[] {
  const points: Point[] = [];
  hours.forEach(({ start, min, max }, index) => {
    const before = hours[index - 1];
    if (before && start > before.start + HOUR) points.push({ t: before.start + HOUR, v: null });
    const values = [max];
    if (before && min <= REFILL && before.max > min + REFILL) {
      if (max >= before.max - REFILL) values.push(min);
      else values.unshift(min);
    }
    values.forEach((v, step) => points.push({ t: start + step * MINUTE, v }));
  });
  return points;
}
