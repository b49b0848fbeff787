/** What card and badge share: which accounts they show, and when they are drawn. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";

import { listOf, sizeOf, validated, type Config } from "../config";
import { MINUTE, joined, last } from "../const";
import { Format } from "../format";
import {
  deviceName,
  findAccounts,
  readAccount,
  watchedOf,
  type Account,
  type Found,
} from "../model/accounts";
import { acrossOf } from "../model/across";
import { chosenOf } from "../model/choice";
import { aboutOf, labelOf, verdict, type Verdict } from "../model/verdict";
import { EXTRA, bindingOf, type Window } from "../model/windows";
import { Details } from "../sources";
import { loadTexts, type TextKey } from "../texts";
import type { Hass, Locale } from "../types";
import { ActingElement } from "./actions";
import { numberShown, shape, type View } from "./parts";

/** The width in pixels below which one line has a number and a bar only. */
const TINY = 110;

/** The parts of `hass` that change how everything is drawn. */
const PARTS = ["entities", "devices", "locale", "config", "formatEntityState"] as const;

/** An account with its verdict, and the limits that are shown. */
export type Shown = Account & {
  said: Verdict & { about: string; entity?: string };
  shown: Window[];
  /** The sentence about all accounts, if there is more to say than about this one. */
  across?: Pick<Verdict, "level" | "text">;
};

export abstract class PulseElement extends ActingElement {
  static getStubConfig(): object {
    return {};
  }

  _hass: Hass | undefined;
  protected found: Found[] = [];
  protected height = 0;
  protected width = 0;
  /** How much is left out because a grid gives too few rows. */
  protected fit = 0;
  private lastSize: ReturnType<typeof sizeOf> | undefined;
  private details: Details | undefined;
  private drawn = false;
  private format = new Format();
  private isVisible = false;
  private locale: Locale | undefined;
  private seen = false;
  private stop: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watched: string[] = [];
  private zone: string | undefined;
  private readonly observer = new IntersectionObserver((seen) => {
    this.seen = last(seen)?.isIntersecting ?? false;
    this.follow();
  });
  private readonly sizes = new ResizeObserver(([entry]) => {
    if (entry) this.resize(entry.contentRect.width, entry.contentRect.height);
  });
  private readonly onVisibility = () => this.follow();

  /** Set the configuration. Throws an error if it is invalid. */
  setConfig(config: Config): void {
    this.config = validated(config);
    this.fit = 0;
    this.look();
  }

  set hass(hass: Hass) {
    const old = this._hass;
    this._hass = hass;
    if (old?.connection !== hass.connection) this.listen();
    const other = PARTS.some((part) => old?.[part] !== hass[part]);
    const before = this.watched;
    const changed = before.some((id) => old?.states[id] !== hass.states[id]);
    if (!other && !changed) return;
    this.look();
    if (changed || (old && String(before) !== String(this.watched))) this.details?.expire();
    // Otherwise when somebody sees it again.
    if (this.isVisible) this.details?.refresh();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Before the first draw, so that nothing jumps.
    this.resize(this.offsetWidth, this.offsetHeight);
    this.observer.observe(this);
    this.sizes.observe(this);
    document.addEventListener("visibilitychange", this.onVisibility);
    if (this._hass) this.listen();
    this.follow();
    // An answer that came before may leave out limits.
    this.look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.stop?.();
    this.stop = undefined;
    this.seen = false;
    this.follow();
  }

  /** Draw the current values, once for many changes. */
  draw(): void {
    this.requestUpdate();
  }

  protected override shouldUpdate(_: PropertyValues): boolean {
    if (!this._hass || !this.config || !this.isConnected) return false;
    // Before anybody sees it, it is drawn until it has its height.
    return this.isVisible || !this.drawn;
  }

  protected override render(): TemplateResult {
    this.drawn = !this.isLoading;
    const view = this.view();
    const { direction, language } = view.format;
    return html`<div
      class="all"
      dir=${direction || nothing}
      lang=${language}
      @pointerdown=${this.onDown}
      @pointerup=${this.onUp}
      @pointercancel=${this.onUp}
      @pointerout=${this.onUp}
      @click=${this.onClick}
      @keydown=${this.onKey}
      @keyup=${this.onKey}
    >
      ${this.content(view)}
    </div>`;
  }

  protected abstract content(view: View): unknown;

  protected get size() {
    const { grid_options: grid, layout } = this.config ?? {};
    this.lastSize = sizeOf(layout, this.width, grid?.rows, this.lastSize);
    return this.lastSize;
  }

  private resize(width: number, height: number): void {
    const { size } = this;
    const grows = height > this.height + 1;
    const isOther = grows || width !== this.width;
    this.width = width;
    if (grows) this.height = height;
    this.toggleAttribute("tiny", width > 0 && width < TINY);
    if (isOther && this.fit) this.fit = 0;
    else if (this.size === size) return;
    this.draw();
  }

  protected nameOf({ id }: Found): string {
    return (this._hass && deviceName(this._hass, id)) || id;
  }

  /** Whether the details are missing, so that no verdict is known yet. */
  protected get isLoading(): boolean {
    return !this.details?.isSettled;
  }

  /** Return why there is no account. */
  protected get absence(): TextKey {
    const { details, _hass: hass } = this;
    if (this.isLoading) return "loading";
    const wanted = this.wanted;
    const known = details?.value?.accounts.map(({ device_id: id }) => id ?? "") ?? [];
    const devices = (wanted.length ? wanted : known).map((id) => hass?.devices?.[id]);
    if (devices.some((device) => device?.disabled_by)) return "device_disabled";
    return wanted.length && !devices.some(Boolean) ? "device_gone" : "no_accounts";
  }

  /** Read an account, and the verdict on all its limits, also those that are hidden. */
  protected read(found: Found, { format, hide, isLoading, limits, now, t }: View): Shown {
    const hass = this._hass as Hass;
    const account = readAccount(hass, found, this.details?.value, now);
    const said = verdict(account, now, format);
    const partOf = ({ blocks, key }: Window) =>
      key === EXTRA ? "money" : blocks ? key : "models";
    const shown = chosenOf(account.windows, limits).filter((window) => !hide.has(partOf(window)));
    if (isLoading)
      return {
        ...account,
        said: { level: "unknown", text: t("loading"), about: "" },
        shown: shown.filter(({ entity }) => entity),
      };
    const window = said.window && shown.includes(said.window) ? said.window : bindingOf(shown);
    const about = aboutOf(account, said, now, format);
    return {
      ...account,
      said: {
        ...said,
        about,
        entity: window?.entity,
        // If nothing is known, the sentence is shown instead.
        window: window?.used === null ? undefined : window,
        link: hass.user?.is_admin ? said.link : undefined,
      },
      shown: shown.filter(({ entity }) => entity),
    };
  }

  /** Return an account, by default the one in the worst state. There is at least one. */
  protected chosen(view: View, id?: string): Shown {
    const all = this.found.map((found) => this.read(found, view));
    const rank = ({ said: { level, window } }: Shown) =>
      1000 * ["risk", "spent"].indexOf(level) + (window?.used ?? 0);
    const account =
      all.find((one) => one.id === id) ??
      all.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst));
    const across = view.isLoading ? undefined : acrossOf(all, view.now, view.format);
    return { ...account, across };
  }

  /** Return the name of a limit, with that of its account if there are several. */
  protected labelOf({ name }: Shown, window: Window, { format, t }: View): string {
    const limit = labelOf(window, format);
    return this.found.length > 1 ? t("limit_of", { name, limit }) : limit;
  }

  /** A button with the most important limit of an account. */
  protected button(account: Shown, view: View, content: unknown): TemplateResult {
    const { across, asOf, name, said } = account;
    const { about, link, text, window } = said;
    const sentence = across?.text ?? text;
    // Who chooses limits wants to know about them.
    const own = view.limits.length && !view.isLoading ? window?.level : undefined;
    const shown = own ?? said.level;
    // Old values promise nothing.
    const level = asOf && shown === "good" ? "unknown" : shown;
    const title = joined(
      [
        !window && this.found.length > 1 && name,
        window && `${this.labelOf(account, window, view)}: ${numberShown(window, view).join(" ")}`,
        sentence,
        about,
      ],
      ". ",
    );
    return html`<button
      class="micro acts"
      data-level=${level}
      data-entity=${window?.entity ?? nothing}
      data-path=${link ?? nothing}
      aria-label=${title}
      title=${title}
    >
      ${shape(level)}${content}
    </button>`;
  }

  /** Listen to answers while it is on the page. */
  private listen(): void {
    this.stop?.();
    this.details = Details.of(this._hass as Hass);
    this.stop = this.isConnected ? this.details.listen(() => this.look()) : undefined;
  }

  /** The devices of the accounts that are shown. Without any, all accounts are. */
  protected get wanted(): string[] {
    return listOf(this.config?.device);
  }

  /** Find the accounts, and draw them. */
  protected look(): void {
    const hass = this._hass;
    if (!hass || !this.config) return;
    const wanted = this.wanted;
    this.found = findAccounts(hass, this.details?.value)
      .filter(({ id }) => !wanted.length || wanted.includes(id))
      .sort(
        (one, other) =>
          wanted.indexOf(one.id) - wanted.indexOf(other.id) ||
          this.nameOf(one).localeCompare(this.nameOf(other)),
      );
    this.watched = this.found.flatMap(watchedOf);
    this.draw();
  }

  /** Draw each minute while somebody can see it. */
  private follow(): void {
    const visible = this.seen && document.visibilityState !== "hidden";
    if (visible === this.isVisible) return;
    this.isVisible = visible;
    clearTimeout(this.timer);
    if (!visible) return;
    const tick = () => {
      this.timer = setTimeout(tick, MINUTE - (Date.now() % MINUTE) + 50);
      this.details?.refresh();
      this.draw();
    };
    tick();
  }

  private view(): View {
    const { locale, config, language } = this._hass as Hass;
    if (this.locale !== locale || this.zone !== config.time_zone) {
      this.locale = locale;
      this.zone = config.time_zone;
      const create = () => new Format({ language, ...locale }, config);
      this.format = create();
      void loadTexts(locale?.language ?? language ?? "").then((isNew) => {
        if (!isNew) return;
        this.format = create();
        this.draw();
      });
    }
    return {
      format: this.format,
      t: this.format.t,
      now: Date.now(),
      remaining: this.config?.show === "remaining",
      isLoading: this.isLoading,
      hide: new Set(listOf(this.config?.hide)),
      limits: listOf(this.config?.limits),
    };
  }
}
