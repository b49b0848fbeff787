/** The accounts that Home Assistant shows, and their values. Pure. */

import { PLATFORM } from "../const";
import type { AccountDetail, Details, Hass, Money, SpendDetail } from "../types";
import {
  EXTRA,
  LENGTHS,
  SESSION,
  WEEKLY,
  judge,
  judgeSpend,
  type Window,
  type WindowValues,
} from "./windows";

/** The parts of an entity's translation key, if it is one of a limit. */
const OF_A_WINDOW = /^(session|weekly|model|window|extra(?=_(?:usage|events)$))_(.+)$/;

/** Return the kind of a limit if a translation key is that of its usage. */
export function usageKind(key: string | undefined): string | undefined {
  const [, kind, part] = OF_A_WINDOW.exec(key ?? "") ?? [];
  return part === "usage" ? kind : undefined;
}

/** These repeat the values of other sensors, one of them every minute. */
const REPEATED = /^(session|weekly)_(limit|reset|reset_countdown|reset_time|reset_weekday|used)$/;

const UNKNOWN_STATES = new Set(["unknown", "unavailable", ""]);

type EntityIds = Record<string, string | undefined>;

interface FoundWindow {
  key: string;
  kind: string;
  entities: EntityIds;
}

/** An account: a device, and its entities by role. */
export interface Found {
  id: string;
  entities: EntityIds;
  windows: Map<string, FoundWindow>;
}

/** The saved resets that are left, and when the first of them expires. */
export interface SavedResets {
  left: number;
  until: number | null;
}

/** The values of an account at one time. */
export interface Account {
  id: string;
  name: string;
  plan: string | null;
  trouble: string | null;
  troubleWords: string | null;
  /** When the values were read, if claude.ai cannot be read now. */
  asOf: number | null;
  thresholds: number[];
  windows: Window[];
  spend: SpendDetail | null;
  balance: Money | null;
  savedResets: SavedResets | null;
  status: string | null;
}

/** Return the state of an entity, or null if it is unknown. */
export function stateOf(hass: Hass, id: string | undefined): string | null {
  const state = id === undefined ? undefined : hass.states[id]?.state;
  return state === undefined || UNKNOWN_STATES.has(state) ? null : state;
}

/** Return a number, or null. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === "number" ? value : parseFloat(String(value));
  return Number.isFinite(number) ? number : null;
}

/** Return a time in ms since 1970, or null. */
export const timeOf = (value: string | null | undefined): number | null =>
  Date.parse(value ?? "") || null;

/**
 * Find the accounts: the devices of the platform, and their entities by translation key and
 * the attribute `window`. Entity IDs are not parsed.
 */
export function findAccounts(hass: Hass, details?: Details): Found[] {
  const accounts = new Map<string, Found>();
  const known = new Map<string, string>();
  for (const account of details?.accounts ?? [])
    for (const { entity_id: id, window } of account.windows) known.set(id, window);
  for (const [id, entry] of Object.entries(hass.entities ?? {})) {
    const { platform, device_id: device, translation_key: key = "" } = entry;
    if (platform !== PLATFORM || !device || REPEATED.test(key)) continue;
    let account = accounts.get(device);
    if (!account)
      accounts.set(device, (account = { id: device, entities: {}, windows: new Map() }));
    const [, kind = "", part = ""] = OF_A_WINDOW.exec(key) ?? [];
    // An unavailable entity has no attributes.
    const window =
      kind in LENGTHS ? kind : (hass.states[id]?.attributes.window ?? known.get(id));
    if (window && kind) {
      let found = account.windows.get(window);
      if (!found) account.windows.set(window, (found = { key: window, kind, entities: {} }));
      found.entities[part] = id;
    } else {
      // While the limit of an entity is unknown, its ID is its role.
      account.entities[kind && kind !== EXTRA ? id : key] = id;
    }
  }
  for (const { device_id: device, trouble, windows } of details?.accounts ?? []) {
    const account = device === null ? undefined : accounts.get(device);
    if (trouble === null && account)
      dropMissing(
        hass,
        account,
        windows.map(({ window }) => window),
      );
  }
  return [...accounts.values()];
}

/** Drop the session and the week if the account does not have them. */
function dropMissing(hass: Hass, account: Found, existing: readonly string[]): void {
  for (const key of Object.keys(LENGTHS)) {
    const usage = account.windows.get(key)?.entities.usage;
    if (usage && !existing.includes(key) && hass.states[usage]?.state === "unknown")
      account.windows.delete(key);
  }
}

/** Return the IDs of all entities of an account. */
export const watchedOf = (found: Found): string[] =>
  [found, ...found.windows.values()]
    .flatMap(({ entities }) => Object.values(entities))
    .filter((id): id is string => id !== undefined);

/** Return the values of an account: its states, completed from the details. */
export function readAccount(
  hass: Hass,
  found: Found,
  details: Details | undefined,
  now: number,
): Account {
  const detail = details?.accounts.find((account) => account.device_id === found.id);
  const connection = found.entities.connection;
  const trouble = stateOf(hass, connection) ?? detail?.trouble ?? null;
  const failed = trouble !== null && trouble !== "up_to_date";
  const lastUpdate = connection && hass.states[connection]?.attributes.last_update;
  const status = stateOf(hass, found.entities.service_status);
  const windows = new Map(found.windows);
  for (const { window: key, kind } of detail?.windows ?? [])
    if (!windows.has(key)) windows.set(key, { key, kind, entities: {} });
  return {
    id: found.id,
    name: deviceName(hass, found.id) || detail?.title || "Claude Pulse",
    plan: stateOf(hass, found.entities.plan) ?? detail?.plan ?? null,
    trouble: failed ? trouble : null,
    troubleWords: failed ? wordsOf(hass, connection, trouble) : null,
    asOf: failed ? (timeOf(lastUpdate) ?? timeOf(detail?.last_success)) : null,
    thresholds: detail?.thresholds ?? [],
    windows: [...windows.values()]
      .map((window) => readWindow(hass, window, detail))
      .filter(({ entity, used }) => entity || used !== null)
      .map((window) => (window.key === EXTRA ? judgeSpend(window, detail) : judge(window, now)))
      .sort((one, other) => rank(one) - rank(other)),
    spend: detail?.spend ?? null,
    balance: detail?.balance ?? null,
    savedResets: readSavedResets(hass, found, now),
    status: status === "operational" ? null : wordsOf(hass, found.entities.service_status, status),
  };
}

function readSavedResets(hass: Hass, { entities }: Found, now: number): SavedResets | null {
  const left = numberOf(stateOf(hass, entities.saved_resets));
  if (!left || left < 1) return null;
  const until = timeOf(stateOf(hass, entities.saved_reset_expires_at));
  return { left, until: until !== null && until > now ? until : null };
}

/** Return a state in the words of Home Assistant, or null. */
function wordsOf(hass: Hass, id: string | undefined, state: string | null): string | null {
  const shown = id === undefined ? undefined : hass.states[id];
  if (!shown || !state || state === "unavailable") return null;
  return hass.formatEntityState?.({ ...shown, state }) ?? state;
}

const rank = ({ key }: Window): number => [SESSION, WEEKLY].indexOf(key) + 1 || 3;

function readWindow(
  hass: Hass,
  { key, kind, entities }: FoundWindow,
  account: AccountDetail | undefined,
): WindowValues {
  const detail = account?.windows.find(({ window }) => window === key);
  const { usage, resets_at: resetsAt } = entities;
  const used = numberOf(usage ? stateOf(hass, usage) : detail?.percent);
  const forecast = used === null ? null : detail?.forecast;
  return {
    key,
    name: detail?.name ?? nameOf(hass, usage ?? key),
    entity: usage,
    blocks: kind in LENGTHS,
    length: detail ? detail.length && detail.length * 1000 : (LENGTHS[kind] ?? null),
    used,
    resetsAt: timeOf(resetsAt ? stateOf(hass, resetsAt) : detail?.resets_at),
    forecast: forecast ? { ...forecast, runsOutAt: timeOf(forecast.runs_out_at) } : null,
    today: detail?.today,
    usualHours: detail?.usual_hours,
  };
}

/** Return the name of a device, or "". */
export function deviceName(hass: Hass, id: string | null | undefined): string {
  const device = id ? hass.devices?.[id] : undefined;
  return String(device?.name_by_user || device?.name || "");
}

/** Return the name of an entity without that of its device. */
export function nameOf(hass: Hass, id: string): string {
  const whole = String(hass.states[id]?.attributes.friendly_name ?? id);
  const device = deviceName(hass, hass.entities?.[id]?.device_id);
  return device && whole.startsWith(`${device} `) ? whole.slice(device.length + 1) : whole;
}
