/** The strategy, with which Home Assistant generates the dashboard. */

import { PLATFORM } from "./const";
import type { Options, dashboard } from "./dashboard";
import { loadTexts, text } from "./texts";
import type { Details, Hass } from "./types";

/** The file of the module with the dashboard. The build inserts it. */
declare const DASHBOARD: string;

/** Return the parts of `hass` that decide about the dashboard: our entities and devices. */
function originsOf({ entities, devices, locale }: Hass): string {
  const ours = Object.entries(entities ?? {}).filter(([, { platform }]) => platform === PLATFORM);
  const origins = ours.map(([id, { device_id: device, translation_key: key }]) => {
    const { name, name_by_user: own } = devices?.[device ?? ""] ?? {};
    return [id, key, device, own ?? name];
  });
  return JSON.stringify([locale?.language, origins.map(String).sort()]);
}

export class ClaudePulseDashboard extends HTMLElement {
  static registryDependencies = ["entities", "devices"];
  static noEditor = true;

  /** Home Assistant asks this at every change of a registry. */
  static shouldRegenerate(_: unknown, before: Hass, now: Hass): boolean {
    const isSame =
      before.entities === now.entities &&
      before.devices === now.devices &&
      before.locale === now.locale;
    return !isSame && originsOf(before) !== originsOf(now);
  }

  static async generate(options: Options, hass: Hass) {
    const language = hass.locale?.language ?? "en";
    const answer = hass.connection.sendMessagePromise<Details>({ type: "claude_pulse/usage" });
    const [module, details] = await Promise.all([
      import(new URL(DASHBOARD, import.meta.url).href) as Promise<{ dashboard: typeof dashboard }>,
      answer.catch(() => undefined),
      loadTexts(language),
    ]);
    return module.dashboard(hass, (key) => text(language, key), details, options);
  }

  static getCreateSuggestions() {
    return { title: "Claude Pulse", icon: "mdi:heart-pulse" };
  }
}
