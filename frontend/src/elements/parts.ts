/** The parts that card and badge are drawn from. */

import { html, nothing, svg, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { Shape } from "../config";
import { DAY, HOUR, joined, last, within } from "../const";
import { leftOf, type Format, type Translate } from "../format";
import type { Account } from "../model/accounts";
import {
  layOut,
  ticksOf,
  useByDay,
  valueAt,
  type Day,
  type Point,
  type Position,
  type Running,
} from "../model/history";
import type { TextKey } from "../texts";
import { labelOf, limitOf, shortMoney, wordsOf, type Verdict } from "../model/verdict";
import { EXTRA, type Window } from "../model/windows";

/** How everything is drawn at one time. */
export interface View {
  format: Format;
  t: Translate;
  now: number;
  /** Whether the remaining percentage is shown. */
  remaining: boolean;
  hide: ReadonlySet<string>;
  /** The limits that are shown, in their order. Without any, all are. */
  limits: readonly string[];
  /** Whether the details are missing, so that no verdict is known yet. */
  isLoading: boolean;
}

type Content = TemplateResult | typeof nothing;

// Shapes differ, not only colours. Each fills a square of 24.
const CIRCLE = "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20";
const DOT = "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12";
const SHAPES: Record<Shape, string> = {
  good: "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
  risk: "M12 3 1.5 21h21zm1 15h-2v-2h2zm0-4h-2v-4h2z",
  spent: `${CIRCLE}m5 11H7v-2h10z`,
  unknown: `${CIRCLE}M6 11h2v2H6zm5 0h2v2h-2zm5 0h2v2h-2z`,
  resetting: `${CIRCLE}M6 11h2v2H6zm5 0h2v2h-2zm5 0h2v2h-2z`,
  over: "M12 5 21 19H3z",
  under: "M12 19 3 5h18z",
  on: DOT,
  idle: DOT,
};

export const shape = (name: Shape): TemplateResult =>
  html`<svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
    <path d=${SHAPES[name]}></path>
  </svg>`;

/** A link within Home Assistant. */
export const anchor = (path: string, words: string): TemplateResult =>
  html`<a href=${path} data-path=${path}>${words}</a>`;

const percentOf = (value: number): string => `${within(value).toFixed(2)}%`;

/** Return the shown percentage or amount, and whether it is used or left. */
export function numberShown(
  { level, spend, used }: Window,
  { format, remaining, t }: View,
): [number: string, meaning?: string] {
  if (used === null || level === "resetting") return ["—"];
  // A seat that pays by spend thinks in money.
  if (spend?.spent && spend.limit) {
    const { limit, spent } = spend;
    if (!remaining) return [shortMoney(spent, format), t("of_money", { money: shortMoney(limit, format) })];
    const left = Math.max(0, limit.amount - spent.amount);
    return [shortMoney({ ...limit, amount: left }, format), t("remaining")];
  }
  if (!remaining) return [format.percent(used), t("used")];
  return [format.percent(leftOf(used)), t("remaining")];
}

/** A bar with the usage, the elapsed time, the projection and the thresholds. */
export function bar(
  window: Window,
  thresholds: readonly number[],
  { format, remaining, t }: View,
  label: string,
): TemplateResult {
  const { expected, forecast, level, usual, used } = window;
  const known = used !== null && level !== "resetting";
  const at = (percent: number) =>
    `inset-inline-start: ${percentOf(remaining ? 100 - percent : percent)}`;
  const filled = known ? within(remaining ? 100 - used : used) : 0;
  let ghost: Content = nothing;
  // It would look like a part of the remaining percentage that is gone.
  if (!remaining && forecast && used !== null && (level === "good" || level === "risk")) {
    const end = Math.min(100, Math.max(used, forecast.projected));
    const style = `${at(used)}; inline-size: ${percentOf(end - used)}`;
    ghost = html`<div class="ghost" style=${style}></div>`;
  }
  const content = html`<div class="track">
      <div class="fill" style="inline-size: ${percentOf(filled)}"></div>
      ${ghost}
      ${known
        ? thresholds.map(
            (tick) =>
              html`<div
                class="tick"
                title=${t("marker_alert", { percent: format.percent(tick) })}
                style=${at(tick)}
              ></div>`,
          )
        : nothing}
    </div>
    ${expected === null
      ? nothing
      : html`<div
          class="marker"
          title=${t(usual ? "legend_marker_usual" : "legend_marker_even")}
          style=${at(expected)}
        ></div>`}`;
  return known
    ? html`<div
        class="bar"
        role="meter"
        aria-label=${labelOf(window, format)}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.round(filled)}
        aria-valuetext=${label}
      >
        ${content}
      </div>`
    : html`<div class="bar" role="img" aria-label=${label}>${content}</div>`;
}

/** Return all that is known about a limit in words, for those who do not see its bar. */
export function sayLimit(window: Window, view: View): string {
  const { pace, outcome, reset } = wordsOf(window, view.now, view.format, view.remaining);
  const number = joined(numberShown(window, view), " ");
  return `${labelOf(window, view.format)}: ${joined([number, pace, outcome, reset], ", ")}`;
}

/** A limit: its name, its percentage, its bar and its words. */
export function row(window: Window, account: Account, view: View): TemplateResult {
  const { format, isLoading, now, remaining, t } = view;
  const name = labelOf(window, format);
  const { direction, pace, outcome, reset } = wordsOf(window, now, format, remaining);
  // While it is loading, words that nobody sees keep the space.
  const isOpen = isLoading && (window.level === "good" || window.level === "risk");
  const [number, meaning] = numberShown(window, view);
  return html`<div
    class="row"
    data-level=${isLoading ? "unknown" : window.level}
    data-entity=${window.entity ?? nothing}
  >
    <div class=${window.spend ? "top money" : "top"}>
      <button class="name" title=${name}>${name}</button>
      <span class="number"><b>${number}</b>${meaning ? ` ${meaning}` : nothing}</span>
    </div>
    ${bar(window, account.thresholds, view, sayLimit(window, view))}
    <div class="words">
      ${isOpen
        ? html`<span class="outcome soon" aria-hidden="true"
            ><span class="pace">${shape("on")}${t("under_pace", { points: "00" })}</span
            ><span>${t("lasts")}</span></span
          >`
        : nothing}
      ${!isOpen && (pace || outcome)
        ? html`<span class="outcome"
            >${pace
              ? html`<span class="pace">${shape(direction ?? "on")}${pace}</span>`
              : nothing}${outcome ? html`<span>${outcome}</span>` : nothing}</span
          >`
        : nothing}
      ${reset ? html`<span>${reset}</span>` : nothing}
    </div>
  </div>`;
}

/** The limits of an account, each with its own element, so that the focus follows it. */
export const rows = (windows: readonly Window[], account: Account, view: View): TemplateResult =>
  html`<div class="rows">
    ${repeat(
      windows,
      ({ key }) => key,
      (window) => row(window, account, view),
    )}
  </div>`;

const pathOf = (points: readonly (readonly [number, number])[]): string =>
  `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join(" L")}`;

/** Let a pointer or the arrow keys choose a time in a chart, which is then said. */
function explore(here: number, say: (percent: number) => string) {
  const show = (plot: HTMLElement, percent: number) => {
    const at = within(percent);
    const said = say(at);
    plot.dataset.at = String(at);
    plot.style.setProperty("--at", `${at}%`);
    plot.setAttribute("aria-valuenow", String(Math.round(at)));
    plot.setAttribute("aria-valuetext", said);
    const readout = plot.lastElementChild;
    if (readout) readout.textContent = said;
  };
  return {
    pointer: (event: PointerEvent) => {
      const plot = event.currentTarget as HTMLElement;
      const { left, width } = plot.getBoundingClientRect();
      show(plot, (100 * (event.clientX - left)) / width);
    },
    key: (event: KeyboardEvent) => {
      const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
      if (!step) return;
      event.preventDefault();
      const plot = event.currentTarget as HTMLElement;
      show(plot, Number(plot.dataset.at ?? here) + step);
    },
    leave: (event: Event) => {
      delete (event.currentTarget as HTMLElement).dataset.at;
    },
  };
}

/** The history of a limit from its start to its reset. */
export function chart(
  window: Running,
  points: readonly Point[] | undefined,
  { thresholds }: Account,
  view: View,
): TemplateResult {
  const { format, now, remaining, t } = view;
  const { length, resetsAt, usual } = window;
  const start = resetsAt - length;
  const plot = layOut(points ?? [], window, now, remaining);
  const path = (name: string, line: readonly Position[]) =>
    line.length > 1 ? svg`<path class=${name} d=${pathOf(line)}></path>` : nothing;
  const across = (y: number): Position[] => [
    [0, y],
    [100, y],
  ];
  const down = (x: number): Position[] => [
    [x, 0],
    [x, 100],
  ];
  const isLong = length >= DAY;
  const area = (line: readonly Position[]): Position[] => {
    const [first, end] = [line[0], last(line)];
    return first && end ? [[first[0], 100], ...line, [end[0], 100]] : [];
  };
  const [x, y] = plot.now;
  const name = labelOf(window, format);
  const parts = [numberShown(window, view).join(" "), wordsOf(window, now, format).outcome];
  const share = (ms: number) => (100 * (ms - start)) / length;
  const ticks = ticksOf(window, now, format);
  const say = (percent: number) => {
    const ms = start + (percent * length) / 100;
    const value = valueAt(points ?? [], window, now, ms);
    const shown = value === null ? "—" : format.percent(remaining ? leftOf(value) : value);
    const time = `${isLong ? `${format.day(ms, { weekday: "short" })} ` : ""}${format.clock(ms)}`;
    return `${time} · ${ms > now && value !== null ? t("forecast_of", { percent: shown }) : shown}`;
  };
  const { key, leave, pointer } = explore(x, say);
  const percent = joined(thresholds.map((one) => format.percent(one)), ", ");
  // Names that would cover the one of the present, or leave the chart, are left out.
  const hasSpace = (left: number) =>
    Math.abs(left - x) > (isLong ? 9 : 12) && left >= (isLong ? 4 : 10) && left <= (isLong ? 96 : 90);
  return html`<div class="chart" data-level=${window.level}>
    <div
      class="plot"
      role="slider"
      tabindex="0"
      aria-label=${`${t("chart_of", { name })}: ${joined(parts, ", ")}`}
      aria-valuenow=${Math.round(x)}
      aria-valuetext=${say(x)}
      @pointermove=${pointer}
      @pointerdown=${pointer}
      @pointerleave=${leave}
      @blur=${leave}
      @keydown=${key}
    >
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        ${[0, 50, 100].map((percent) => path("grid", across(percent)))}
        ${ticks.map(({ at }) => (at > start ? path("grid", down(share(at))) : nothing))}
        ${path("range", plot.range)} ${plot.lines.map((line) => path("area", area(line)))}
        ${path(usual ? "usual" : "even", plot.expected)} ${path("limit", across(plot.limit))}
        ${path("projection", plot.projection)} ${plot.lines.map((line) => path("history", line))}
        ${path("now", down(x))}
      </svg>
      <div class="scale" aria-hidden="true">
        ${[100, 50, 0].map((percent) => html`<span>${format.percent(percent)}</span>`)}
      </div>
      ${y === null
        ? nothing
        : html`<div class="dot" style="left: ${percentOf(x)}; top: ${percentOf(y)}"></div>`}
      ${points?.length === 0 ? html`<div class="nothing">${t("no_history")}</div>` : nothing}
      <div class="cursor"></div>
      <div class="readout" aria-hidden="true"></div>
    </div>
    <div class="axis" aria-hidden="true">
      ${ticks.map(({ label }) => {
        const left = share(label);
        return hasSpace(left)
          ? html`<span style="left: ${percentOf(left)}"
              >${isLong ? format.day(label, { weekday: "short" }) : format.clock(label)}</span
            >`
          : nothing;
      })}
      <span class="present" style="left: clamp(1.4em, ${percentOf(x)}, 100% - 1.4em)">${t("now")}</span>
    </div>
    <details class="legend">
      <summary>${t("legend")}</summary>
      <ul>
        ${[
          "legend_history",
          "legend_forecast",
          usual ? "legend_usual" : "legend_even",
          usual ? "legend_marker_usual" : "legend_marker_even",
          thresholds.length && "legend_alerts",
          plot.lines.length > 1 && "legend_breaks",
          "legend_points",
        ].map((item) => (item ? html`<li>${t(item as TextKey, { percent })}</li>` : nothing))}
      </ul>
    </details>
  </div>`;
}

/** The number of days of a month. */
export const MONTH = 30;

/** Columns with the usage of days. */
function columns(
  found: readonly Day[],
  name: string,
  isWeek: boolean,
  view: View,
  budget: number | null = null,
): TemplateResult {
  const { format } = view;
  const used = Math.max(...found.map((day) => day.used ?? 0), budget ?? 0, 1);
  // A day of a week that looks full has used a quarter of the week at least.
  const most = Math.max(1.1 * used, isWeek ? 25 : 0);
  const height = (percent: number) => percentOf((100 * percent) / most);
  const isPast = ({ at }: Day) => at <= view.now;
  const labelOfDay: Intl.DateTimeFormatOptions = isWeek ? { weekday: "short" } : { day: "numeric" };
  return html`<ul class=${isWeek ? "days" : "days month"} aria-label=${name}>
    ${found.map((day) => {
      const { at, today, used } = day;
      const isUnknown = used === null && isPast(day);
      const value = isUnknown ? "—" : used === null ? "" : format.percent(used);
      return html`<li
        class=${joined(["day", today && "today", isUnknown && "unknown"], " ")}
        title=${joined([format.date(at), value], ": ")}
      >
        <span class="value">${value}</span>
        <div class="column" aria-hidden="true">
          ${used === null
            ? nothing
            : html`<div class="use" style="height: ${height(used)}"></div>`}
          ${today && budget !== null
            ? html`<div class="budget" style="bottom: ${height(budget)}"></div>`
            : nothing}
        </div>
        <span class="label">${format.day(at, labelOfDay)}</span>
      </li>`;
    })}
  </ul>`;
}

/** The usage on each day of a week, and the budget of the days that are left. */
export function days(
  window: Running,
  points: readonly Point[] | undefined,
  view: View,
): TemplateResult {
  const { format, now, t } = view;
  const { length, resetsAt, used } = window;
  const found = useByDay(points ?? [], window, now, format);
  const name = t("days_of", { name: labelOf(window, format) });
  const when = format.when(resetsAt, now, "long");
  const left = 100 - (used ?? 0);
  // The budget of a person's habit says more than an even share.
  const hasBudget = window.today?.budget != null;
  const percent = format.percent(left / Math.max(1, (resetsAt - now) / DAY));
  const first = points?.find(({ v }) => v !== null)?.t;
  // What was used before is in none of the columns.
  const lacks = first !== undefined && first > resetsAt - length + HOUR;
  return html`${columns(found, name, true, view, window.today?.budget)} ${today(window, view)}
    ${used === null
      ? nothing
      : left > 0 && hasBudget
        ? nothing
        : html`<div class="line">
            ${left > 0 ? t("a_day", { percent, when }) : t("back", { when })}
          </div>`}
    ${lacks
      ? html`<div class="line">${t("days_from", { when: format.when(first, now) })}</div>`
      : nothing}`;
}

/** What was used today, of what budget, and how many full sessions still fit. */
export function today({ level, today: found }: Window, { format, t }: View): Content {
  if (!found) return nothing;
  const { budget, sessions_left: sessions } = found;
  const points = (value: number) => format.number(Math.round(value));
  const lines = [
    found.used !== null &&
      budget !== null &&
      t("today_of_budget", { used: points(found.used), budget: points(budget) }),
    // If the week lasts anyway, a number of sessions sounds like a warning.
    level === "risk" && sessions !== null && format.counted("sessions_left", sessions),
  ];
  return lines.some(Boolean)
    ? html`<div>${lines.map((line) => (line ? html`<div class="line">${line}</div>` : nothing))}</div>`
    : nothing;
}

/** The usage on each day of the last 30 days. */
export function month(
  window: Running,
  points: readonly Point[] | undefined,
  view: View,
): TemplateResult {
  const { format, now, t } = view;
  const name = t("month_of", { name: labelOf(window, format) });
  const period = { resetsAt: now, length: MONTH * DAY };
  const known = [...(points ?? [])];
  // The statistics have only full hours.
  if (now - (last(known)?.t ?? 0) < 2 * HOUR) known.push({ t: now, v: window.used });
  const found = useByDay(known, period, now, format).slice(-MONTH);
  const most = Math.max(...found.map(({ used }) => used ?? 0));
  const line = most
    ? t("most_a_day", { limit: limitOf(window, format), percent: format.percent(most) })
    : t("no_history");
  return html`${columns(found, name, false, view)}
    ${points ? html`<div class="line">${line}</div>` : nothing}`;
}

/** The saved resets that are left, and when the first one expires. */
export function savedResets({ savedResets: saved }: Account, { format, now }: View): Content {
  if (!saved) return nothing;
  const { left, until } = saved;
  const line = until
    ? format.counted("saved_resets_until", left, { when: format.when(until, now, "long") })
    : format.counted("saved_resets_left", left);
  return html`<div class="line">${line}</div>`;
}

/** The paid usage. Without any, the balance: two amounts would look like a sum. */
export function money(account: Account, said: Verdict, { format, t }: View): Content {
  const { balance } = account;
  // For a seat that pays by spend, the sentence has said it.
  const spend = said.window?.key === EXTRA ? null : account.spend;
  const values = {
    money: spend?.spent ? format.money(spend.spent) : undefined,
    limit: spend?.limit ? format.money(spend.limit) : undefined,
  };
  const line =
    (spend && (spend.enabled || spend.spent?.amount) && t(spend.limit ? "extra_of" : "extra", values)) ||
    (balance && t("balance", { money: format.money(balance) }));
  return line ? html`<div class="line">${line}</div>` : nothing;
}
