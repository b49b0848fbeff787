/** Defines the elements, and offers them in Home Assistant's dialogs. */

import { PLATFORM, README } from "./const";
import { ClaudePulseBadge } from "./elements/badge";
import { ClaudePulseCard } from "./elements/card";
import { ClaudePulseBar, isUsage } from "./elements/feature";
import { hassOfPage, languageOfPage } from "./elements/form";
import { findAccounts } from "./model/accounts";
import { ClaudePulseDashboard } from "./strategy";
import { text } from "./texts";
import type { EntityState, Hass } from "./types";

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "claude-pulse-badge": ClaudePulseBadge,
  "claude-pulse-bar": ClaudePulseBar,
  "claude-pulse-card": ClaudePulseCard,
  "ll-strategy-dashboard-claude-pulse": ClaudePulseDashboard,
};

type List = "customBadges" | "customCardFeatures" | "customCards" | "customStrategies";

declare global {
  interface Window extends Partial<Record<List, { type: string }[]>> {}
}

/** Return cards to suggest for one of our entities, or null. */
export function suggest(hass: Hass, id: string) {
  const entry = hass.entities?.[id];
  if (entry?.platform !== PLATFORM || !entry.device_id) return null;
  return (["full", "rows", "micro"] as const).map((layout) => ({
    label: text(hass.locale?.language ?? "en", layout),
    config: { type: "custom:claude-pulse-card", device: entry.device_id, layout },
  }));
}

/** Return badges to suggest for one of our entities, or null: of its limit, and of all. */
export function suggestBadge(hass: Hass, id: string) {
  const entry = hass.entities?.[id];
  if (entry?.platform !== PLATFORM || !entry.device_id) return null;
  const all = { type: "custom:claude-pulse-badge", device: entry.device_id };
  const windows = findAccounts(hass).flatMap((found) => [...found.windows.values()]);
  const own = windows.find(({ entities }) => Object.values(entities).includes(id));
  const limit = own?.key.split(":")[1] ?? own?.key;
  const t = (key: "all_limits" | "this_limit") => text(hass.locale?.language ?? "en", key);
  return [
    ...(limit ? [{ label: t("this_limit"), config: { ...all, limits: [limit] } }] : []),
    { label: t("all_limits"), config: all },
  ];
}

function offer(list: List, type: string, more: object = {}): void {
  const offered = (window[list] ??= []);
  if (offered.some((other) => other.type === type)) return;
  const entry = {
    type,
    name: "Claude Pulse",
    documentationURL: README,
    preview: true,
    // In the language of the moment when it is shown.
    get description() {
      return text(languageOfPage(), "description");
    },
  };
  offered.push(Object.defineProperties(entry, Object.getOwnPropertyDescriptors(more)));
}

/** Define the elements that are not defined in the current registry. */
function define(): void {
  for (const [tag, element] of Object.entries(ELEMENTS)) {
    try {
      if (!customElements.get(tag)) customElements.define(tag, element);
    } catch {
      // Another copy of this module was first.
    }
  }
}

export function register(): void {
  offer("customCards", "claude-pulse-card", { getEntitySuggestion: suggest });
  offer("customBadges", "claude-pulse-badge", { getEntitySuggestion: suggestBadge });
  offer("customCardFeatures", "claude-pulse-bar", {
    configurable: true,
    isSupported: (hass: Hass, { entity_id: id }: { entity_id?: string }) => isUsage(hass, id),
    // Old versions, such as 2024.1, pass a state alone.
    supported: ({ entity_id: id }: EntityState) => isUsage(hassOfPage(), id),
  });
  offer("customStrategies", "claude-pulse", { strategyType: "dashboard" });
  // Until 2026.10, Home Assistant replaces the registry while it loads. Elements that were
  // defined before are missing in the new one.
  define();
  void customElements.whenDefined("home-assistant").then(define);
  for (const wait of [1000, 5000]) setTimeout(define, wait);
}
