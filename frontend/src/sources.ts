/** What cards request from Home Assistant: the details of accounts, and histories. */

import { DAY, MINUTE, last } from "./const";
import { numberOf, stateOf } from "./model/accounts";
import { pointsOf, type Hour, type Point, type Running } from "./model/history";
import type { Connection, Details as Answer, Hass } from "./types";

const DETAILS_AGE = 5 * MINUTE;
const HISTORY_AGE = 30 * MINUTE;
const SOON = 250;

/** Return whether a time is long ago, or in the future because the clock was set back. */
const isOld = (at: number, age: number, now = Date.now()): boolean =>
  now < at || now - at >= age;

/** Return the parts that differ between answers, without the times that always change. */
const contentOf = (answer: Answer | undefined): string | undefined =>
  JSON.stringify(answer, (key, value: unknown) => (key === "last_success" ? undefined : value));

/** The details of all accounts, for all cards of a connection. */
export class Details {
  private static readonly all = new WeakMap<Connection, Details>();

  static of({ connection }: Hass): Details {
    let found = Details.all.get(connection);
    if (!found) Details.all.set(connection, (found = new Details(connection)));
    return found;
  }

  value: Answer | undefined;
  /** Whether there is an answer, or none can be expected soon. */
  isSettled = false;
  private askedAt = -Infinity;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(private readonly connection: Connection) {
    connection.addEventListener("ready", () => {
      this.expire();
      this.refresh();
    });
  }

  /** Call an action with each new answer. Return a function that stops this. */
  listen(action: () => void): () => void {
    this.listeners.add(action);
    this.refresh();
    return () => this.listeners.delete(action);
  }

  /** Mark the answer as old. */
  expire(): void {
    this.askedAt = -Infinity;
  }

  /** Ask if the answer is old, a little later, as several states change at one time. */
  refresh(): void {
    if (!isOld(this.askedAt, DETAILS_AGE) || this.timer || !this.listeners.size) return;
    this.timer = setTimeout(() => void this.ask(), this.value ? SOON : 0);
  }

  private async ask(): Promise<void> {
    this.timer = undefined;
    this.askedAt = Date.now();
    const wasSettled = this.isSettled;
    const before = contentOf(this.value);
    try {
      this.value = await this.connection.sendMessagePromise({ type: "claude_pulse/usage" });
    } catch {
      // Not set up yet, or no connection. For a minute, states are enough.
      this.askedAt += MINUTE - DETAILS_AGE;
    }
    this.isSettled = true;
    if (wasSettled && contentOf(this.value) === before) return;
    for (const action of this.listeners) action();
  }
}

interface UsageHistory {
  start: number;
  readAt: number;
  points: Point[] | undefined;
  actions: Set<() => void>;
}

/** The histories by entity. They are read from time to time, and continued in between. */
const HISTORIES = new Map<string, UsageHistory>();

/** Return a history. Read it if it is new or old, and then call the action. */
function remembered(
  key: string,
  start: number,
  now: number,
  action: () => void,
  read: () => Promise<Point[]>,
): UsageHistory {
  let history = HISTORIES.get(key);
  const same = history?.start === start;
  if (!history || !same || isOld(history.readAt, HISTORY_AGE, now)) {
    const fresh: UsageHistory = {
      start,
      readAt: now,
      points: same ? history?.points : undefined,
      actions: new Set(),
    };
    history = fresh;
    HISTORIES.set(key, fresh);
    void read()
      .then(
        (points) => {
          fresh.points = points;
        },
        () => {
          // There is no recorder, or not yet.
          fresh.points ??= [];
          fresh.readAt += DETAILS_AGE - HISTORY_AGE;
        },
      )
      .then(() => {
        for (const wanted of fresh.actions) wanted();
        fresh.actions.clear();
      });
  }
  // The next draw shows newer points soon enough.
  if (!history.points) history.actions.add(action);
  return history;
}

/** Return the points of a limit so far. The action is called when they have been read. */
export function historyOf(
  hass: Hass,
  { entity, length, resetsAt }: Running,
  now: number,
  action: () => void,
): Point[] | undefined {
  if (entity === undefined) return undefined;
  const start = resetsAt - length;
  const read = () => readStates(hass, entity, start, now);
  const { points } = remembered(entity, start, now, action, read);
  const t = Date.parse(hass.states[entity]?.last_changed ?? "");
  if (points && t > Math.max(start, (last(points)?.t ?? 0) + 1))
    points.push({ t, v: numberOf(stateOf(hass, entity)) });
  return points;
}

/** Return the points of a sensor in the last days, from its statistics. */
export function statisticsOf(
  hass: Hass,
  entity: string,
  days: number,
  now: number,
  action: () => void,
): Point[] | undefined {
  const read = () => readStatistics(hass, entity, now - days * DAY);
  return remembered(`${days} ${entity}`, days, now, action, read).points;
}

interface CompressedState {
  s: string;
  lu: number;
  lc?: number;
}

/** Return the states of a sensor that the recorder knows. */
async function readStates(
  hass: Hass,
  entity: string,
  start: number,
  now: number,
): Promise<Point[]> {
  const states = await hass.callWS<Record<string, CompressedState[] | undefined>>({
    type: "history/history_during_period",
    start_time: new Date(start).toISOString(),
    end_time: new Date(now).toISOString(),
    entity_ids: [entity],
    include_start_time_state: true,
    minimal_response: true,
    no_attributes: true,
    significant_changes_only: false,
  });
  return (states[entity] ?? []).map(({ s, lu, lc }) => ({
    t: 1000 * (lc ?? lu),
    v: numberOf(s),
  }));
}

async function readStatistics(hass: Hass, entity: string, start: number): Promise<Point[]> {
  const found = await hass.callWS<Record<string, Hour[] | undefined>>({
    type: "recorder/statistics_during_period",
    start_time: new Date(start).toISOString(),
    statistic_ids: [entity],
    period: "hour",
    types: ["min", "max"],
  });
  return pointsOf(found[entity] ?? []);
}
