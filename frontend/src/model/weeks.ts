/** The usage at the end of the last weeks, and how often a limit was reached. Pure. */

import { HOUR, last } from "../const";
import { REFILL, type Point, type Running } from "./history";

/** The number of past weeks that are shown, next to the present one. */
export const WEEKS = 7;

/** A reset is found up to this time from when it was due. */
const NEAR = 2 * HOUR;

/** A fall by fewer points, at another time than the usual one, is a correction. */
const MUCH = 10;

/** A week that is over. `used` is the usage at its end, or null if that is unknown. */
export interface Week {
  start: number;
  end: number;
  used: number | null;
  /** Whether the limit was reached. */
  reached: boolean;
}

/** Return the times at which a limit fell to nearly nothing, without a gap before. */
const resetsOf = (points: readonly Point[], least: number): number[] =>
  points.flatMap(({ t, v }, index) => {
    const before = points[index - 1]?.v ?? null;
    return v !== null && before !== null && v <= REFILL && before > v + least ? [t] : [];
  });

/**
 * Return the weeks before the present one, the oldest first. A week begins with a reset: its
 * usual one, or another one, after which claude.ai counts from 0.
 */
export function weeksOf(
  points: readonly Point[],
  { resetsAt, length }: Pick<Running, "resetsAt" | "length">,
  count = WEEKS,
): Week[] {
  const resets = resetsOf(points, REFILL);
  const others = resetsOf(points, MUCH);
  const known = points.filter((point): point is { t: number; v: number } => point.v !== null);
  // A statistic of an hour says only about when its reset was.
  const near = (due: number) => resets.find((at) => Math.abs(at - due) <= NEAR) ?? due;
  const weeks: Week[] = [];
  let due = resetsAt - length;
  while (weeks.length < count) {
    const end = near(due);
    const other = last(others.filter((at) => at > due - length + NEAR && at < due - NEAR));
    due = other ?? due - length;
    const start = near(due);
    const values = known.filter(({ t }) => t >= start && t < end);
    const reached = values.some(({ v }) => v >= 100);
    weeks.unshift({ start, end, used: last(values)?.v ?? null, reached });
  }
  return weeks;
}

/** Return how often a limit was reached in a time, each time until its next reset. */
export function timesReached(points: readonly Point[], from: number, to: number): number {
  let count = 0;
  let before = 0;
  for (const { t, v } of points) {
    if (v === null) continue;
    if (v >= 100 && before < 100 && t >= from && t < to) count += 1;
    before = v;
  }
  return count;
}
