/**
 * What the dashboard shows. A module of its own, which is loaded when a dashboard is
 * generated, so that cards on other dashboards do not wait for it. Pure.
 */

import { joined } from "./const";
import { deviceName, findAccounts, nameOf, type Found } from "./model/accounts";
import { EXTRA, LENGTHS, WEEKLY } from "./model/windows";
import type { TextKey } from "./texts";
import type { Details, Hass } from "./types";

interface CardConfig {
  type: string;
  heading?: string;
  entities?: unknown[];
  [key: string]: unknown;
}

interface ViewConfig {
  path: string;
  title: string;
  icon: string;
  [key: string]: unknown;
}

/** Return whether a version of Home Assistant is a certain one or newer. */
export function isFrom(version: unknown, year: number, month: number): boolean {
  const [ofYear = 0, ofMonth = 0] = String(version).split(".").map(Number);
  return ofYear > year || (ofYear === year && ofMonth >= month);
}

/** The options of the dashboard. */
export interface Options {
  /** Whether there is a view that shows when somebody uses Claude. */
  hours?: boolean;
}

/**
 * Return the configuration of the dashboard, for the version of Home Assistant, with texts
 * from `text`.
 */
export function dashboard(
  hass: Hass,
  text: (key: TextKey) => string,
  details?: Details,
  options: Options = {},
): { title: string; views: ViewConfig[] } {
  const t = (key: string) => text(key as TextKey);
  const sections = isFrom(hass.config?.version, 2024, 11);
  const accounts = findAccounts(hass, details);
  const several = accounts.length > 1;
  const card = (found?: Found, more: object = {}): CardConfig => ({
    type: "custom:claude-pulse-card",
    ...(found && { device: found.id }),
    ...more,
  });
  // The cards of an account below a heading, if there are any.
  const group = (found: Found, key: string, ...cards: (CardConfig | false | undefined)[]) => {
    const filled = cards.filter(
      (one): one is CardConfig => !!one && (!one.entities || one.entities.length > 0),
    );
    const heading = joined([several && `${deviceName(hass, found.id)}:`, t(key)], " ");
    return filled.length ? [{ type: "heading", heading }, ...filled] : [];
  };
  const idsOf = (entities: Record<string, string | undefined>, keys = Object.keys(entities)) =>
    keys.map((key) => entities[key]).filter((id): id is string => id !== undefined);
  // The card above them says when a limit runs out, and compares with the usual usage. The
  // sensor of the pace compares with an even one.
  const valuesOf = ({ events: _, pace: __, runs_out_at: ___, ...values }: Found["entities"]) => values;
  // Without the name of the device, which is in the heading.
  const list = (ids: readonly string[]): CardConfig => ({
    type: "entities",
    entities: ids.map((entity) => ({ entity, name: nameOf(hass, entity) })),
  });
  const week = (found: Found) => found.windows.get(WEEKLY)?.entities ?? {};
  const days = (found: Found) =>
    group(found, "this_week", !!week(found).usage && card(found, { layout: "days" }));
  const states = ["connection", "service_status", "plan", "limit_reached"];
  const health = (found: Found) => group(found, "health", list(idsOf(found.entities, states)));
  // The entities of each model, and those whose model is unknown now.
  const models = ({ entities, windows }: Found) =>
    [
      ...[...windows.values()]
        .filter(({ key, kind }) => key !== EXTRA && !(kind in LENGTHS))
        .map((window) => idsOf(valuesOf(window.entities))),
      Object.keys(entities).filter((key) => entities[key] === key),
    ].filter(({ length }) => length);
  const amounts = ["extra_usage_spent", "extra_usage_limit", "prepaid_balance"];
  const spent = (found: Found) => idsOf(found.entities, amounts);
  // Names the account if there are several.
  const titled = (found: Found, more: object = {}): object =>
    several ? { ...more, title: deviceName(hass, found.id) } : more;
  const events = (found: Found) =>
    [...found.windows.values()].flatMap(({ entities }) => idsOf(entities, ["events"]));
  // The last event of each limit. The card and its title appear with the first one.
  const recent = (found: Found): CardConfig[] => {
    const [heading, ...cards] = group(found, "recent_events", {
      ...list(events(found)),
      type: "entity-filter",
      show_empty: false,
      state_filter: [{ operator: "not in", value: ["unknown", "unavailable"] }],
    });
    return cards.map((one) => ({ ...one, card: { type: "entities", title: heading?.heading } }));
  };
  const views: Record<string, [icon: string, make: (found: Found) => CardConfig[][]]> = {
    overview: [
      "mdi:heart-pulse",
      (found) => [
        [card(found, titled(found))],
        [...days(found), ...health(found)],
      ],
    ],
    weekly: [
      "mdi:calendar-week",
      (found) => {
        const { usage } = week(found);
        return [
          days(found),
          group(found, "a_month", !!usage && card(found, { layout: "month", title: "" })),
          group(found, "weeks", !!usage && card(found, { layout: "weeks", title: "" })),
          group(found, "weekly", list(idsOf(valuesOf(week(found))))),
        ];
      },
    ],
    hours: [
      "mdi:clock-outline",
      (found) => [
        group(found, "hours", options.hours && !!week(found).usage && card(found, { layout: "hours", title: "" })),
      ],
    ],
    models: [
      "mdi:shape-outline",
      (found) => [
        models(found).length
          ? [card(found, titled(found, { hide: ["session", "weekly", "money"] }))]
          : [],
        ...models(found).map((ids) => [{ ...list(ids), ...titled(found) }]),
      ],
    ],
    money: [
      "mdi:cash",
      (found) => [
        group(found, "money", list(spent(found)), {
          type: "history-graph",
          entities: spent(found),
          hours_to_show: 168,
        }),
      ],
    ],
    health: [
      "mdi:stethoscope",
      (found) => [health(found), recent(found)],
    ],
  };
  return {
    title: "Claude Pulse",
    views: Object.entries(views).flatMap(([key, [icon, make]]) => {
      const groups = accounts.flatMap(make).filter(({ length }) => length > 0);
      if (!accounts.length && key === "overview") groups.push([card()]);
      if (!groups.length) return [];
      return [
        { path: key, title: t(key), icon, ...(sections ? asSections(groups) : asCards(groups)) },
      ];
    }),
  };
}

const asSections = (groups: CardConfig[][]) => ({
  type: "sections",
  max_columns: 2,
  sections: groups.map((cards) => ({ type: "grid", cards })),
});

/** Return cards for versions without headings: the card below a heading has it as its title. */
const asCards = (groups: CardConfig[][]) => ({
  cards: groups.flat().flatMap((one, index, all) => {
    const title = all[index - 1]?.heading;
    if (one.heading) return [];
    return [title ? { ...one, title } : one];
  }),
});
