/** The history of a limit over time: its chart, and the usage on each day. Pure. */

import { HOUR, MINUTE, last, within } from "../const";
import type { Format } from "../format";
import type { Window } from "./windows";

/** A fall by more points, without a reset, is a refill. */
const REFILL = 2;

/** A percentage from a time on. It is null where it is unknown. */
export interface Point {
  t: number;
  v: number | null;
}

export type Position = [x: number, y: number];

/** A limit that has a start and a reset. */
export type Running = Window & { resetsAt: number; length: number };

export interface Layout {
  lines: Position[][];
  projection: Position[];
  range: Position[];
  even: Position[];
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
  const { resetsAt, length, used, forecast } = window;
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
      if (before === null || v < before - REFILL) lines.push([]);
      last(lines)?.push([x(t), y(v)], [x(end), y(v)]);
    }
    before = v;
  });
  const projection: Position[] = [];
  let range: Position[] = [];
  if (forecast && used !== null && used < 100) {
    const here: Position = [x(now), y(used)];
    const { projected, low, high, runsOutAt } = forecast;
    if (projected > 100 && runsOutAt)
      projection.push(here, [x(runsOutAt), y(100)], [100, y(100)]);
    else projection.push(here, [100, y(projected)]);
    if (low !== null && high !== null) {
      // Where the upper edge reaches the limit, it follows the limit.
      const meets = high > 100 ? here[0] + ((100 - here[0]) * (100 - used)) / (high - used) : 100;
      range = [here, [meets, y(high)], [100, y(high)], [100, y(Math.max(low, used))]];
    }
  }
  return {
    lines,
    projection,
    range,
    even: [
      [0, y(0)],
      [100, y(100)],
    ],
    limit: y(100),
    now: [x(now), used === null ? null : y(used)],
  };
}

/** The usage on a day of the week, or null if it is unknown. `even` is its share of time. */
export interface Day {
  key: string;
  at: number;
  hours: number;
  used: number | null;
  even: number;
  today: boolean;
}

/** Return the usage on each day of a week. */
export function useByDay(
  points: readonly Point[],
  window: Running,
  now: number,
  format: Format,
): Day[] {
  const start = window.resetsAt - window.length;
  const days = new Map<string, Day>();
  for (let time = start; time < window.resetsAt; time += HOUR / 2) {
    const key = format.dayKey(time);
    let day = days.get(key);
    if (!day)
      days.set(key, (day = { key, at: time, hours: 0, used: null, even: 0, today: false }));
    day.hours += 0.5;
  }
  let before: number | null = null;
  for (const { t, v } of points) {
    if (t > now) break;
    if (v === null) continue;
    const base: number = before !== null && v < before - REFILL ? 0 : (before ?? v);
    const day = days.get(format.dayKey(Math.max(t, start)));
    if (day) day.used = (day.used ?? 0) + (t > start ? Math.max(0, v - base) : 0);
    before = Math.max(base, v);
  }
  const today = format.dayKey(now);
  const known = points.find(({ v }) => v !== null)?.t ?? Infinity;
  return [...days.values()].map((day) => ({
    ...day,
    // Without a new percentage nothing was used, if an earlier one is known.
    used:
      day.key > today || (day.used === null && known > day.at + 24 * HOUR)
        ? null
        : (day.used ?? 0),
    even: (100 * day.hours) / (window.length / HOUR),
    today: day.key === today,
  }));
}
