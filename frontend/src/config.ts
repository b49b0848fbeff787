/** The options of card and badge. Each is validated. */

import type { Pace } from "./model/windows";

export const LAYOUTS = ["auto", "micro", "rows", "full", "days"] as const;
export const NUMBERS = ["used", "remaining"] as const;
export const PARTS = ["session", "weekly", "models", "chart", "money"] as const;
export const ACTIONS = ["tap", "hold", "double_tap"] as const;

export type Layout = (typeof LAYOUTS)[number];
export type Part = (typeof PARTS)[number];
export type Shape = Pace | "good" | "risk" | "spent" | "unknown" | "idle" | "resetting";

interface ActionConfig {
  action?: string;
}

export interface Config {
  type: string;
  device?: string | string[];
  grid_options?: { rows?: number | string };
  hide?: string | string[];
  layout?: Layout;
  show?: (typeof NUMBERS)[number];
  title?: string | number;
  tap_action?: ActionConfig;
  hold_action?: ActionConfig;
  double_tap_action?: ActionConfig;
}

/** Return an option that is a text or a list of texts as a list. */
export const listOf = (value: string | string[] | undefined | null): string[] =>
  [value ?? []].flat();

/** Return a valid configuration. Throws an error that Home Assistant shows in its error card. */
export function validated(config: Config): Config {
  const check = (isValid: boolean, message: string) => {
    if (!isValid) throw new Error(message);
  };
  const isText = (value: unknown) => typeof value === "string";
  const isOneOf = (value: unknown, values: readonly string[]) =>
    value === undefined || values.includes(value as string);
  check(isOneOf(config.layout, LAYOUTS), `layout has to be one of ${LAYOUTS.join(", ")}`);
  check(isOneOf(config.show, NUMBERS), `show has to be one of ${NUMBERS.join(", ")}`);
  check(listOf(config.device).every(isText), "device has to be an id, or a list of them");
  check(
    listOf(config.hide).every((part) => PARTS.includes(part as Part)),
    `hide has to be a list of ${PARTS.join(", ")}`,
  );
  check(
    config.title == null || isText(config.title) || typeof config.title === "number",
    "title has to be a text",
  );
  for (const kind of ACTIONS) {
    const action: unknown = config[`${kind}_action`];
    check(
      action == null || (typeof action === "object" && !Array.isArray(action)),
      `${kind}_action has to be an action`,
    );
  }
  return config;
}

/** Return how a card is drawn in its space. */
export function sizeOf(
  layout: Layout = "auto",
  width = 0,
  rows: number | string | undefined = undefined,
): Exclude<Layout, "auto"> {
  if (layout !== "auto") return layout;
  if (rows === 1 || (width > 0 && width < 200)) return "micro";
  const isLow = typeof rows === "number" && rows < 6;
  return isLow || (width > 0 && width < 300) ? "rows" : "full";
}
