/** The card. */

import { html, nothing, type TemplateResult } from "lit";

import { DAY, INTEGRATION } from "../const";
import type { Running } from "../model/history";
import { labelOf, wordsOf } from "../model/verdict";
import { bindingOf, type Window } from "../model/windows";
import { historyOf } from "../sources";
import type { Hass } from "../types";
import { PulseElement, type Shown } from "./base";
import { cardForm } from "./form";
import { anchor, bar, chart, days, money, numberShown, rows, shape, type View } from "./parts";
import { CARD, COMMON } from "./styles";

const isRunning = (window: Window): window is Running => window.elapsed !== null;

export class ClaudePulseCard extends PulseElement {
  static override styles = [COMMON, CARD];
  static getConfigForm = cardForm;

  /** Fill the rows that a grid gives, but not a column. */
  set layout(layout: string) {
    this.toggleAttribute("in-grid", layout === "grid");
  }

  getCardSize(): number {
    const count = Math.max(2, this.found[0]?.windows.size ?? 2);
    return { micro: 1, rows: 2 + count, days: 5, full: 6 + count }[this.size];
  }

  getGridOptions(): object {
    return this.config?.layout === "micro"
      ? { columns: 6, rows: 1, min_columns: 3, min_rows: 1 }
      : { columns: 12, min_columns: 3 };
  }

  protected override content(view: View): TemplateResult {
    return html`<ha-card>${this.inside(view)}</ha-card>`;
  }

  private inside(view: View): TemplateResult {
    const { hide, t } = view;
    const { grid_options: grid, title } = this.config ?? {};
    const found = this.found.find(({ id }) => id === this.account) ?? this.found[0];
    if (!found)
      return html`<div class="content">
        <div class="sentence">${t("no_accounts")}</div>
        ${this._hass?.user?.is_admin ? anchor(INTEGRATION, t("set_up")) : nothing}
      </div>`;
    const { size } = this;
    const account = size === "micro" ? this.worst(view) : this.read(found, view);
    const { said, shown } = account;
    this.entity = said.entity;
    if (size === "micro") return this.micro(account, view);
    const gridRows = typeof grid?.rows === "number" ? grid.rows : Infinity;
    if (gridRows < 5)
      shown.sort((one, other) => Number(other === said.window) - Number(one === said.window));
    const running = shown.filter(isRunning);
    const week = size === "days" ? running.find(({ length }) => length > DAY) : undefined;
    const full = size === "full";
    return html`<div class="content">
      ${title ? html`<div class="title">${title}</div>` : nothing}
      ${this.chips(
        "account",
        t("device"),
        this.found.map((one) => [one.id, this.nameOf(one)]),
        account.id,
      )}
      ${week
        ? html`${account.asOf ? html`<div class="line">${said.about}</div>` : nothing}
          ${days(week, this.points(week, view), view)}`
        : this.verdict(said, gridRows < 3 ? null : account.plan, view)}
      ${size === "days" ? nothing : rows(shown, account, view)}
      ${full && !hide.has("chart") && running.length ? this.charts(running, account, view) : nothing}
      ${full && !hide.has("money") ? money(account, said, view) : nothing}
      ${account.status
        ? html`<div class="status">
            ${shape("risk")}${t("status_is", { status: account.status })}
          </div>`
        : nothing}
    </div>`;
  }

  private chips(
    name: "account" | "chart",
    label: string,
    items: readonly (readonly [id: string, words: string])[],
    chosen: string,
  ): TemplateResult | typeof nothing {
    if (items.length < 2) return nothing;
    return html`<div class="chips" role="group" aria-label=${label}>
      ${items.map(
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
    { t }: View,
  ): TemplateResult {
    const below = about || plan;
    return html`<div class="verdict" data-level=${level}>
      <div class="sign">${shape(level)}</div>
      <div class="said">
        <div class="sentence" role="status">${sentence}</div>
        ${below ? html`<div class="about">${below}</div>` : nothing}
        ${link ? html`<div class="about">${anchor(link, t("renew"))}</div>` : nothing}
      </div>
    </div>`;
  }

  private charts(windows: readonly Running[], { said }: Shown, view: View): TemplateResult {
    const find = (wanted: string | undefined) => windows.find(({ key }) => key === wanted);
    const window = (find(this.chart) ??
      find(said.window?.key) ??
      bindingOf(windows)) as Running;
    return html`<div class="charts">
      ${this.chips(
        "chart",
        view.t("chart"),
        windows.map((one) => [one.key, labelOf(one, view.format)]),
        window.key,
      )}
      ${chart(window, this.points(window, view), view)}
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
            ? html`<span class="name">${labelOf(window, view.format)}</span
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
}
