/** When somebody uses Claude. */

import { html, nothing, svg, type TemplateResult } from "lit";

import { DAY, HOUR } from "../const";
import { hoursOf } from "../model/hours";
import type { Running } from "../model/history";
import { labelOf } from "../model/verdict";
import type { View } from "./parts";

/** The opacity of an hour, for each further fifth of the use in the most used one. */
const SHADES = [0.25, 0.5, 0.75, 1];

/** Days as rows and hours as columns. The more use an hour usually has, the stronger its color. */
export function hours(window: Running, { format, t }: View): TemplateResult {
  const found = hoursOf(window, format);
  if (!found) return html`<div class="line">${t("hours_unknown")}</div>`;
  const most = Math.max(...found.map(({ share }) => share));
  const peak = found.find(({ share }) => share === most);
  // Hours below the first fifth are blank, as the forecast takes some use from those around.
  const shadeOf = (share: number) => Math.min(SHADES.length, Math.floor((5 * share) / most)) - 1;
  const line = peak && t("most_often", { when: format.moment(peak.at) });
  // Any Monday at noon in UTC, and any day in the time zone of the person.
  const monday = 4.5 * DAY;
  const reset = HOUR * Math.floor(window.resetsAt / HOUR);
  const midnight = reset - HOUR * format.hour(reset);
  return html`<div class="heat" role="img" aria-label=${`${t("hours_of", { name: labelOf(window, format) })}. ${line ?? ""}`}>
      <div class="weekdays" aria-hidden="true">
        ${[0, 1, 2, 3, 4, 5, 6].map(
          (day) => html`<span>${format.weekday(monday + day * DAY)}</span>`,
        )}
      </div>
      <svg viewBox="0 0 24 7" preserveAspectRatio="none" aria-hidden="true">
        ${SHADES.map((opacity, shade) => {
          const cells = found.filter(({ share }) => shadeOf(share) === shade);
          const path = cells.map(({ day, hour }) => `M${hour} ${day}h1v1h-1z`).join("");
          return svg`<path d=${path} opacity=${opacity}></path>`;
        })}
        <path class="grid" d="M0 0h24v7h-24zM6 0v7M12 0v7M18 0v7"></path>
      </svg>
      <div class="axis" aria-hidden="true">
        ${[0, 6, 12, 18].map((hour) => html`<span>${format.clock(midnight + hour * HOUR)}</span>`)}
      </div>
    </div>
    <div class="line">${t("hours_legend")}</div>
    ${line ? html`<div class="line">${line}</div>` : nothing}`;
}
