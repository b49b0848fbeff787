/** The usual use in each hour of the week. Pure. */

import { HOUR } from "../const";
import type { Format } from "../format";
import type { Running } from "./history";

/** An hour of the week in a person's time zone. `day` is 0 on Monday. `share` is in percent. */
export interface UsualHour {
  day: number;
  hour: number;
  at: number;
  share: number;
}

/** Return the hours of a week with use, or null if they are unknown. */
export function hoursOf(
  { length, resetsAt, usual, usualHours }: Running,
  format: Format,
): UsualHour[] | null {
  if (!usual || !usualHours) return null;
  const found = new Map<string, UsualHour>();
  let at = resetsAt - length;
  for (const part of usualHours) {
    const day = (new Date(format.dayKey(at)).getUTCDay() + 6) % 7;
    const hour = format.hour(at);
    const key = `${day} ${hour}`;
    const share = part / 100 + (found.get(key)?.share ?? 0);
    const start = HOUR * Math.floor(at / HOUR);
    if (share) found.set(key, { day, hour, at: start, share });
    at = start + HOUR;
  }
  return [...found.values()];
}
