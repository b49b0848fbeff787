/** What card and badge share: which accounts they show, and when they are drawn. */

import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";

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
import { aboutOf, labelOf, verdict, type Verdict } from "../model/verdict";
import { EXTRA, bindingOf, type Window } from "../model/windows";
import { Details } from "../sources";
import { loadTexts } from "../texts";
import type { Hass, Locale } from "../types";
import { numberShown, shape, type View } from "./parts";

const HOLD = 500;
const TWICE = 250;

/** The parts of `hass` that change how everything is drawn. */
const PARTS = ["entities", "devices", "locale", "config", "formatEntityState"] as const;

/** An account with its verdict, and the limits that are shown. */
export type Shown = Account & {
  said: Verdict & { about: string; entity?: string };
  shown: Window[];
};

export abstract class PulseElement extends LitElement {
  static getStubConfig(): object {
    return {};
  }

  _hass: Hass | undefined;
  protected account: string | undefined;
  protected chart: string | undefined;
  protected config: Config | undefined;
  protected entity: string | undefined;
  protected found: Found[] = [];
  protected width = 0;
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
    const before = this.size;
    this.width = entry?.contentRect.width ?? 0;
    if (this.size !== before) this.draw();
  });
  private readonly onVisibility = () => this.follow();

  /** Set the configuration. Throws an error if it is invalid. */
  setConfig(config: Config): void {
    this.config = validated(config);
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
    this.observer.observe(this);
    this.sizes.observe(this);
    document.addEventListener("visibilitychange", this.onVisibility);
    if (this._hass) this.listen();
    this.follow();
    this.draw();
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
    this.drawn = this.details?.value !== undefined;
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
    >
      ${this.content(view)}
    </div>`;
  }

  protected abstract content(view: View): unknown;

  protected get size() {
    return sizeOf(this.config?.layout, this.width, this.config?.grid_options?.rows);
  }

  protected nameOf({ id }: Found): string {
    return (this._hass && deviceName(this._hass, id)) || id;
  }

  /** Read an account, and the verdict on all its limits, also those that are hidden. */
  protected read(found: Found, { format, hide, now }: View): Shown {
    const hass = this._hass as Hass;
    const account = readAccount(hass, found, this.details?.value, now);
    const said = verdict(account, now, format);
    const partOf = ({ blocks, key }: Window) =>
      key === EXTRA ? "money" : blocks ? key : "models";
    const shown = account.windows.filter((window) => !hide.has(partOf(window)));
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

  /** Return the account that is in the worst state. There is at least one. */
  protected worst(view: View): Shown {
    const rank = ({ said: { level, window } }: Shown) =>
      1000 * ["risk", "spent"].indexOf(level) + (window?.used ?? 0);
    return this.found
      .map((found) => this.read(found, view))
      .reduce((worst, one) => (rank(one) > rank(worst) ? one : worst));
  }

  /** A button with the most important limit of an account. */
  protected button({ asOf, name, said }: Shown, view: View, content: unknown): TemplateResult {
    const { about, link, text: sentence, window } = said;
    // Old values promise nothing.
    const level = asOf && said.level === "good" ? "unknown" : said.level;
    const title = joined(
      [
        this.found.length > 1 && name,
        window && `${labelOf(window, view.format)}: ${numberShown(window, view).join(" ")}`,
        sentence,
        about,
      ],
      ". ",
    );
    return html`<button
      class="micro"
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

  /** Find the accounts, and draw them. */
  private look(): void {
    const hass = this._hass;
    if (!hass || !this.config) return;
    const wanted = listOf(this.config.device);
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
      hide: new Set(listOf(this.config?.hide)),
    };
  }

  private isHeld = false;
  private holding: ReturnType<typeof setTimeout> | undefined;
  private tapped: ReturnType<typeof setTimeout> | undefined;

  private does(kind: "tap" | "hold" | "double_tap"): boolean {
    return (this.config?.[`${kind}_action`]?.action ?? "none") !== "none";
  }

  private act(action: "tap" | "hold" | "double_tap"): void {
    this.fire("hass-action", { config: { entity: this.entity, ...this.config }, action });
  }

  private onDown(): void {
    this.isHeld = false;
    this.holding = setTimeout(() => {
      this.isHeld = this.does("hold");
      if (this.isHeld) this.act("hold");
    }, HOLD);
  }

  private onUp(): void {
    clearTimeout(this.holding);
  }

  private onClick(event: MouseEvent): void {
    // Releasing after a hold is no tap, but a key on the keyboard is one.
    if (this.isHeld && event.detail) return;
    const selector = "[data-path],[data-account],[data-chart],[data-entity]";
    const on = (event.target as Element).closest<HTMLElement>(selector);
    const { account = this.account, chart = this.chart, entity, path } = on?.dataset ?? {};
    const showMore = () => this.fire("hass-more-info", { entityId: entity });
    const tap = () => {
      if (this.does("tap")) this.act("tap");
      else if (entity && !this.config?.tap_action) showMore();
    };
    if (path) {
      event.preventDefault();
      history.pushState(null, "", path);
      this.fire("location-changed", { replace: false }, window);
    } else if (on?.matches(".chips button")) {
      Object.assign(this, { account, chart });
      this.draw();
    } else if (entity && !on?.matches(".micro")) {
      showMore();
    } else if (this.tapped) {
      clearTimeout(this.tapped);
      this.tapped = undefined;
      this.act("double_tap");
    } else if (this.does("double_tap")) {
      this.tapped = setTimeout(() => {
        this.tapped = undefined;
        tap();
      }, TWICE);
    } else tap();
  }

  private fire(type: string, detail: object, target: EventTarget = this): void {
    target.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}
