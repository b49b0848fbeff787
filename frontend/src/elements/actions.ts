/** What a tap, a hold, a double tap and the keyboard do. */

import { LitElement } from "lit";

import { ACTIONS, type Config } from "../config";

/** The milliseconds after which a pointer or a key is held. */
const HOLD = 500;

/** The milliseconds in which a second tap makes a double tap. */
const TWICE = 250;

export abstract class ActingElement extends LitElement {
  protected account: string | undefined;
  protected chart: string | undefined;
  protected config: Config | undefined;
  protected entity: string | undefined;
  private isHeld = false;
  private holding: ReturnType<typeof setTimeout> | undefined;
  private tapped: ReturnType<typeof setTimeout> | undefined;

  abstract draw(): void;

  /** Whether a tap, a hold or a double tap does something. */
  protected get acts(): boolean {
    return ACTIONS.some((kind) => this.does(kind));
  }

  private does(kind: "tap" | "hold" | "double_tap"): boolean {
    return (this.config?.[`${kind}_action`]?.action ?? "none") !== "none";
  }

  private act(action: "tap" | "hold" | "double_tap"): void {
    this.fire("hass-action", { config: { entity: this.entity, ...this.config }, action });
  }

  protected onDown(): void {
    this.isHeld = false;
    this.holding = setTimeout(() => {
      this.isHeld = this.does("hold");
      if (this.isHeld) this.act("hold");
    }, HOLD);
  }

  protected onUp(): void {
    clearTimeout(this.holding);
  }

  /** Let Enter and the space bar do what a pointer does, also if they are held. */
  protected onKey(event: KeyboardEvent): void {
    const on = (event.target as Element).closest<HTMLElement>(".acts");
    if (!on || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    if (event.repeat) return;
    if (event.type === "keydown") this.onDown();
    else {
      this.onUp();
      if (!this.isHeld) on.click();
    }
  }

  protected onClick(event: MouseEvent): void {
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
