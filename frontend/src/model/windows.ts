/** Limits: their values, and what they mean at one time. Pure. */

import { DAY, HOUR, last } from "../const";
import type { AccountDetail, ForecastDetail, SpendDetail, TodayDetail } from "../types";

export const SESSION = "session";
export const WEEKLY = "weekly";
export const LENGTHS: Record<string, number> = { [SESSION]: 5 * HOUR, [WEEKLY]: 7 * DAY };

/** The spend limit of a seat that has no other limit. */
export const EXTRA = "extra";

/** The share of the spend limit that is nearly all, if there is no threshold. */
const NEARLY_SPENT = 90;

/** Fewer points from the even line are on pace. */
const ON_PACE = 4;

/**
 * `idle` means that the window has not started, `risk` that it runs out before its reset,
 * and `resetting` that its reset has passed and no answer has come since.
 */
export type Level = "unknown" | "idle" | "resetting" | "good" | "risk" | "spent";
export type Pace = "over" | "under" | "on";

export type Forecast = ForecastDetail & { runsOutAt: number | null };

/** The values of a limit. Times are in ms since 1970. */
export interface WindowValues {
  key: string;
  name: string;
  entity: string | undefined;
  /** Whether Claude cannot be used while this limit is reached. */
  blocks: boolean;
  length: number | null;
  used: number | null;
  resetsAt: number | null;
  forecast: Forecast | null;
  today?: TodayDetail | null;
  usualHours?: readonly number[] | null;
}

/** A limit, and what it means at one time. */
export interface Window extends WindowValues {
  level: Level;
  running: boolean;
  /** The share of its time that has passed, or null. */
  elapsed: number | null;
  /** The usual percentage so far, or that of an even pace if no habit is known. */
  expected: number | null;
  /** Whether `expected` is the usual one. */
  usual: boolean;
  pace: Pace | null;
  /** The points between its usage and the expected one. */
  points: number | null;
  spend?: SpendDetail | null;
}

/** Return a limit with what it means at one time. */
export function judge(window: WindowValues, now: number): Window {
  const { used, resetsAt, length } = window;
  const runsOutAt = window.forecast?.runsOutAt ?? null;
  // A forecast of a time that has passed is none.
  const forecast = runsOutAt !== null && runsOutAt <= now ? null : window.forecast;
  const running = resetsAt !== null && now < resetsAt;
  const elapsed = running && length ? Math.max(0, 1 - (resetsAt - now) / length) : null;
  let level: Level = "good";
  if (resetsAt !== null && !running) level = "resetting";
  else if (used === null) level = "unknown";
  else if (used >= 100) level = "spent";
  else if (!running) level = "idle";
  else if (forecast && !forecast.lasts) level = "risk";
  const usual = forecast?.expected ?? null;
  const even = elapsed === null ? null : 100 * elapsed;
  const points = usual === null || used === null ? (forecast?.pace ?? null) : used - usual;
  let pace: Pace | null = null;
  if (points !== null && level === "good")
    pace = Math.abs(points) < ON_PACE ? "on" : points > 0 ? "over" : "under";
  else if (points !== null && points >= ON_PACE && level === "risk") pace = "over";
  const expected = usual ?? even;
  return { ...window, forecast, level, running, elapsed, expected, usual: usual !== null, pace, points };
}

/** Return the spend limit with what it means. It has no forecast. */
export function judgeSpend(window: WindowValues, detail: AccountDetail | undefined): Window {
  const { spend, thresholds } = detail ?? {};
  const { used } = window;
  const judged = judge(window, -Infinity);
  if (used === null) return { ...judged, spend };
  const blocked = spend?.used_up || spend?.enabled === false || used >= 100;
  const nearly = used >= (last(thresholds ?? []) ?? NEARLY_SPENT);
  return { ...judged, level: blocked ? "spent" : nearly ? "risk" : "good", spend };
}

/** Return whether the verdict of a limit at risk can be said without a "may". */
export const isSure = ({ forecast }: WindowValues): boolean => forecast?.certain ?? false;

/** Return the limit that decides whether a person can use Claude. */
export function bindingOf(windows: readonly Window[]): Window | undefined {
  const blocking = windows.filter(({ blocks }) => blocks);
  const most = (found: readonly Window[], by: (window: Window) => number) =>
    found.reduce<Window | undefined>(
      (best, one) => (best && by(best) >= by(one) ? best : one),
      undefined,
    );
  const of = (level: Level) => blocking.filter((window) => window.level === level);
  return (
    most(of("spent"), ({ resetsAt }) => resetsAt ?? Infinity) ??
    most(of("risk"), (one) => (isSure(one) ? 1e15 : 0) - (one.forecast?.runsOutAt ?? 0)) ??
    most(blocking.length ? blocking : windows, ({ used }) => used ?? -1)
  );
}
