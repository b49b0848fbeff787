/** The card. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { DAY, INTEGRATION } from "../const";
import type { Running } from "../model/history";
import { labelOf, wordsOf } from "../model/verdict";
import { WEEKS } from "../model/weeks";
import { SESSION, bindingOf, type Level, type Window } from "../model/windows";
import { historyOf, statisticsOf } from "../sources";
import type { Hass } from "../types";
import { PulseElement, type Shown } from "./base";
import { cardForm } from "./form";
import { hours } from "./hours";
import { heightOf, rememberHeight } from "./heights";
import {
  MONTH,
  anchor,
  bar,
  chart,
  days,
  money,
  month,
  numberShown,
  rows,
  savedResets,
  shape,
  type View,
  today,
} from "./parts";
import { BAR, CARD, COMMON } from "./styles";
import { weeks } from "./weeks";

const isRunning = (window: Window): window is Running => window.elapsed !== null;

export class ClaudePulseCard extends PulseElement {
  static override styles = [COMMON, BAR, CARD];
  static getConfigForm = cardForm;

  /** Fill the rows that a grid gives, but not a column. */
  set layout(layout: string) {
    this.toggleAttribute("in-grid", layout === "grid");
    this.draw();
  }

  /** Return the measured height on a phone, in units of 50 pixels. */
  getCardSize(): number {
    const count = Math.max(2, this.found[0]?.windows.size ?? 2);
    return { micro: 1, rows: 2 + 2 * count, full: 7 + 2 * count, days: 7, month: 4, weeks: 5, hours: 5 }[this.size];
  }

  getGridOptions(): object {
    const layout = this.config?.layout || "auto";
    if (layout === "micro") return { columns: 6, rows: 1, min_columns: 3, min_rows: 1 };
    // The fewest rows that show the sentence and its limit, or all days.
    const rows = { auto: 1, rows: 2, full: 2, days: 6, month: 4, weeks: 5, hours: 5 }[layout];
    return { columns: 12, min_columns: 3, min_rows: rows };
  }

  /** Leave out more if a grid gives a height that the content does not have. */
  protected override updated(): void {
    const content = this.renderRoot.querySelector(".content");
    if (!content) return;
    if (!this.isFixed) {
      if (!this.isLoading) rememberHeight(this.key, this.offsetHeight);
    } else if (this.fit < 2 && content.scrollHeight > content.clientHeight + 1) {
      this.fit += 1;
      this.draw();
    }
  }

  /** Whether a grid gives a height. */
  private get isFixed(): boolean {
    const rows = this.config?.grid_options?.rows;
    return this.hasAttribute("in-grid") && typeof rows === "number";
  }

  /** The key of the height that the card had when it was loaded before. */
  private get key(): string {
    return JSON.stringify([this.config, Math.round(this.width)]);
  }

  protected override content(view: View): TemplateResult {
    const height = view.isLoading && !this.isFixed ? heightOf(this.key) : 0;
    return html`<ha-card style=${height ? `--height: ${height}px` : nothing}
      >${this.inside(view)}</ha-card
    >`;
  }

  private inside(view: View): TemplateResult {
    const { hide, t } = view;
    const { layout, title } = this.config ?? {};
    const found = this.found.find(({ id }) => id === this.account) ?? this.found[0];
    if (!found)
      return html`<div class="content">
        <div class="sentence">${t(this.absence)}</div>
        ${this._hass?.user?.is_admin && this.absence === "no_accounts" ? anchor(INTEGRATION, t("set_up")) : nothing}
      </div>`;
    const { fit, size } = this;
    const account = this.chosen(view, size === "micro" ? undefined : found.id);
    const { said, shown } = account;
    this.entity = said.entity;
    if (size === "micro") return this.micro(account, view);
    if (fit > 1)
      shown.sort((one, other) => Number(other === said.window) - Number(one === said.window));
    const running = shown.filter(isRunning);
    // Other layouts have a sentence or a row, which say what they are about.
    const isDiagram = size === "month" || size === "weeks" || size === "hours";
    const heading = title ?? (isDiagram ? t(size) : "");
    const byDay = isDiagram || size === "days";
    const week = byDay ? running.find(({ length }) => length > DAY) : undefined;
    const full = size === "full" && (layout === "full" || !fit);
    return html`<div class="content">
      ${heading !== "" ? html`<div class="title">${heading}</div>` : nothing}
      ${this.chips(
        "account",
        t("device"),
        this.found.map((one) => [one.id, this.nameOf(one)]),
        account.id,
      )}
      ${week
        ? html`${account.asOf ? html`<div class="line">${said.about}</div>` : nothing}
          ${this.byDay(week, account, view)}
          ${this.acts ? html`<div>${this.sign(said.level, view)}</div>` : nothing}`
        : this.verdict({ ...said, ...account.across }, fit > 1 ? null : account.plan, view)}
      ${byDay ? nothing : rows(shown, account, view)}
      ${full && !hide.has("chart") && running.length ? this.charts(running, account, view) : nothing}
      ${full && !hide.has("money") ? money(account, said, view) : nothing}
      ${full && !hide.has("saved_resets") ? savedResets(account, view) : nothing}
      ${account.status
        ? html`<div class="status">
            ${shape("risk")}${t("status_is", { status: account.status })}
          </div>`
        : nothing}
    </div>`;
  }

  /** The views of a limit over days or weeks. */
  private byDay(week: Running, account: Shown, view: View) {
    if (this.size === "days")
      return html`${rows([week], account, view)}${days(week, this.points(week, view), view)}`;
    if (this.size === "hours") return hours(week, view);
    if (this.size === "month") return month(week, this.statistics(week, MONTH, view), view);
    // From the start of the oldest week that can be shown.
    const length = (WEEKS + 2) * 7;
    const session = account.windows.find(({ key }) => key === SESSION);
    return weeks(
      week,
      this.statistics(week, length, view),
      session && this.statistics(session, length, view),
      view,
    );
  }

  private chips(
    name: "account" | "chart",
    label: string,
    items: readonly (readonly [id: string, words: string])[],
    chosen: string,
  ): TemplateResult | typeof nothing {
    if (items.length < 2) return nothing;
    return html`<div class="chips" role="group" aria-label=${label}>
      ${repeat(
        items,
        ([id]) => id,
        ([id, words]) =>
          html`<button
            data-account=${name === "account" ? id : nothing}
            data-chart=${name === "chart" ? id : nothing}
            aria-pressed=${String(id === chosen)}
          >
            ${words}
          </button>`,
      )}
    </div>`;
  }

  private verdict(
    { about, level, link, text: sentence }: Shown["said"],
    plan: string | null,
    view: View,
  ): TemplateResult {
    const { isLoading, t } = view;
    const below = about || plan || (isLoading && "\u00a0");
    return html`<div class="verdict" data-level=${level}>
      ${this.sign(level, view)}
      <div class="said">
        <div class="sentence" role="status">${sentence}</div>
        ${below ? html`<div class="about">${below}</div>` : nothing}
        ${link ? html`<div class="about">${anchor(link, t("renew"))}</div>` : nothing}
      </div>
    </div>`;
  }

  /** The shape of a level. If the card has actions, the keyboard performs them here. */
  private sign(level: Level, { t }: View): TemplateResult {
    return this.acts
      ? html`<button class="sign acts" data-level=${level} aria-label=${t("actions")}>
          ${shape(level)}
        </button>`
      : html`<div class="sign">${shape(level)}</div>`;
  }

  private charts(windows: readonly Running[], account: Shown, view: View): TemplateResult {
    const find = (wanted: string | undefined) => windows.find(({ key }) => key === wanted);
    const window = (find(this.chart) ??
      find(account.said.window?.key) ??
      bindingOf(windows)) as Running;
    return html`<div class="charts">
      ${this.chips(
        "chart",
        view.t("chart"),
        windows.map((one) => [one.key, labelOf(one, view.format)]),
        window.key,
      )}
      ${chart(window, this.points(window, view), account, view)} ${today(window, view)}
    </div>`;
  }

  private micro(account: Shown, view: View): TemplateResult {
    const { text: sentence, window } = account.said;
    const words = window && wordsOf(window, view.now, view.format).short;
    return this.button(
      account,
      view,
      html`<span class="middle"
        ><span class="top"
          >${window
            ? html`<span class="name">${this.labelOf(account, window, view)}</span
                ><span class="number"><b>${numberShown(window, view)[0]}</b></span>`
            : html`<span class="said">${sentence}</span>`}</span
        >${window ? bar(window, account.thresholds, view, sentence) : nothing}${words
          ? html`<span class="words">${words}</span>`
          : nothing}</span
      >`,
    );
  }

  private points(window: Running, { now }: View) {
    return historyOf(this._hass as Hass, window, now, () => this.draw());
  }

  private statistics({ entity }: Window, length: number, { now }: View) {
    const hass = this._hass as Hass;
    return entity === undefined
      ? undefined
      : statisticsOf(hass, entity, length, now, () => this.draw());
  }
}
