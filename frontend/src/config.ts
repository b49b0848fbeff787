/** The options of card and badge. Each is validated. */

import type { Pace } from "./model/windows";

export const LAYOUTS = ["auto", "micro", "rows", "full", "days", "month", "weeks", "hours"] as const;
export const NUMBERS = ["used", "remaining"] as const;
export const PARTS = ["session", "weekly", "models", "chart", "money", "saved_resets"] as const;
export const ACTIONS = ["tap", "hold", "double_tap"] as const;

export type Layout = (typeof LAYOUTS)[number];
export type Part = (typeof PARTS)[number];
export type Shape = Pace | "good" | "risk" | "spent" | "unknown" | "idle" | "resetting";

interface ActionConfig {
  action?: string;
}

export interface Config {
  type: string;
  device?: string | string[] | null;
  grid_options?: { rows?: number | string } | null;
  hide?: string | string[] | null;
  layout?: Layout | null;
  limits?: string | string[] | null;
  show?: (typeof NUMBERS)[number] | null;
  title?: string | number | null;
  tap_action?: ActionConfig;
  hold_action?: ActionConfig;
  double_tap_action?: ActionConfig;
}

/** Return an option that is a text or a list of texts as a list, without empty ones. */
export const listOf = (value: string | string[] | undefined | null): string[] =>
  [value].flat().filter((one): one is string => one != null && one !== "");

/** Return a valid configuration. Throws an error that Home Assistant shows in its error card. */
export function validated(config: Config): Config {
  const check = (isValid: boolean, message: string) => {
    if (!isValid) throw new Error(message);
  };
  const isText = (value: unknown) => typeof value === "string";
  const isOneOf = (value: unknown, values: readonly string[]) =>
    value == null || value === "" || values.includes(value as string);
  check(isOneOf(config.layout, LAYOUTS), `layout has to be one of ${LAYOUTS.join(", ")}`);
  check(isOneOf(config.show, NUMBERS), `show has to be one of ${NUMBERS.join(", ")}`);
  check(listOf(config.device).every(isText), "device has to be an id, or a list of them");
  check(
    listOf(config.hide).every((part) => PARTS.includes(part as Part)),
    `hide has to be a list of ${PARTS.join(", ")}`,
  );
  check(listOf(config.limits).every(isText), "limits has to be a list of names of limits");
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

type Size = Exclude<Layout, "auto">;

/** The least width of each size that a width decides, in pixels. */
const WIDTHS = { micro: 0, rows: 200, full: 300 };

/**
 * The additional width for a larger size. Otherwise the size could change without end: the
 * larger one needs a scrollbar, which leaves the width of the smaller one.
 */
const SCROLLBAR = 20;

/** Return how a card is drawn in its space, if it was drawn in a size before. */
export function sizeOf(
  layout: Layout | "" | null | undefined = "auto",
  width = 0,
  rows: number | string | undefined = undefined,
  before: Size | undefined = undefined,
): Size {
  if (layout && layout !== "auto") return layout;
  if (rows === 1) return "micro";
  if (width <= 0) return before ?? "full";
  const least = WIDTHS[before as keyof typeof WIDTHS] ?? Infinity;
  const fits = (size: keyof typeof WIDTHS) =>
    width >= WIDTHS[size] + (WIDTHS[size] > least ? SCROLLBAR : 0);
  return fits("full") ? "full" : fits("rows") ? "rows" : "micro";
}
