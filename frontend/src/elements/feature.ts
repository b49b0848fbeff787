/** The bar of a limit, as a feature of Home Assistant's tile card. */

import { html, nothing } from "lit";

import { PLATFORM } from "../const";
import { usageKind } from "../model/accounts";
import type { Hass } from "../types";
import { PulseElement } from "./base";
import { featureForm } from "./form";
import { bar, sayLimit, type View } from "./parts";
import { BAR, COMMON, FEATURE } from "./styles";

/** Return whether an entity is the usage of a limit. */
export function isUsage(hass: Hass | undefined, id: string | undefined): boolean {
  const entry = id === undefined ? undefined : hass?.entities?.[id];
  return entry?.platform === PLATFORM && usageKind(entry.translation_key) !== undefined;
}

export class ClaudePulseBar extends PulseElement {
  static override styles = [COMMON, BAR, FEATURE];
  static getConfigForm = featureForm;

  private usageId: string | undefined;

  static override getStubConfig(): object {
    return { type: "custom:claude-pulse-bar" };
  }

  set context({ entity_id: id }: { entity_id?: string }) {
    this.bind(id);
  }

  /** Old versions, such as 2024.1, have no context. */
  set stateObj({ entity_id: id }: { entity_id: string }) {
    this.bind(id);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // In old versions, such as 2024.1, features have their own space around them.
    const height = getComputedStyle(this).getPropertyValue("--feature-height");
    this.toggleAttribute("spaced", !height);
  }

  protected override get wanted(): string[] {
    return [this._hass?.entities?.[this.usageId ?? ""]?.device_id ?? "none"];
  }

  protected override content(view: View) {
    const [found] = this.found;
    const account = found && this.read(found, view);
    const window = account?.windows.find(({ entity }) => entity === this.usageId);
    if (!account || !window) return nothing;
    // Without an answer, it is not known what the numbers mean.
    const level = view.isLoading ? "unknown" : window.level;
    return html`<div class="feature" data-level=${level}>
      ${bar(window, [], view, sayLimit(window, view))}
    </div>`;
  }

  private bind(id: string | undefined): void {
    if (id === this.usageId) return;
    this.usageId = id;
    this.look();
  }
}
