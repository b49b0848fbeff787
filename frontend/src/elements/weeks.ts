/** The usage at the end of the last weeks, and of this one. */

import { html, nothing, type TemplateResult } from "lit";

import { joined, last } from "../const";
import type { Point, Running } from "../model/history";
import { labelOf, limitOf } from "../model/verdict";
import { timesReached, weeksOf } from "../model/weeks";
import { shape, type View } from "./parts";

/** A column for each of the last weeks, and how often its limit and sessions were used up. */
export function weeks(
  window: Running,
  points: readonly Point[] | undefined,
  sessions: readonly Point[] | undefined,
  view: View,
): TemplateResult {
  const { format, t } = view;
  const found = weeksOf(points ?? [], window);
  const present = {
    start: window.resetsAt - window.length,
    end: window.resetsAt,
    used: window.used,
    reached: window.level === "spent",
  };
  const all = [...found, present];
  const known = all.filter(({ used }) => used !== null);
  const hasPast = found.some(({ used }) => used !== null);
  const [from, to] = [known[0]?.start, last(known)?.end];
  const reached = known.filter((week) => week.reached).length;
  const times =
    hasPast && sessions?.length && from !== undefined && to !== undefined
      ? timesReached(sessions, from, to)
      : undefined;
  return html`<ul class="days weeks" aria-label=${t("weeks_of", { name: labelOf(window, format) })}>
      ${all.map((week) => {
        const { start, end, reached: isReached, used } = week;
        const value = used === null ? "—" : format.percent(used);
        const title = t("week_from_to", { from: format.date(start), to: format.date(end), value });
        return html`<li
          class=${joined(["day", week === present && "today", used === null && "unknown"], " ")}
          data-level=${isReached ? "spent" : "good"}
          title=${title}
        >
          <span class="value">${value}</span>
          <div class="column" aria-hidden="true">
            ${used === null
              ? nothing
              : html`<div class="use" style="height: ${Math.min(100, used)}%"></div>`}
            ${isReached ? shape("spent") : nothing}
          </div>
          <span class="label">${format.date(start)}</span>
        </li>`;
      })}
    </ul>
    ${points && !hasPast ? html`<div class="line">${t("no_history")}</div>` : nothing}
    ${hasPast
      ? html`<div class="line">
          ${format.counted("weeks_reached", known.length, {
            limit: limitOf(window, format),
            reached: format.number(reached),
          })}
        </div>`
      : nothing}
    ${times === undefined
      ? nothing
      : html`<div class="line">
          ${times ? format.counted("sessions_reached", times) : t("sessions_never")}
        </div>`}`;
}
