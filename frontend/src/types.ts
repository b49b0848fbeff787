/** What Home Assistant passes to cards, and the answer of `claude_pulse/usage`. */

export interface EntityState {
  entity_id: string;
  state: string;
  last_changed: string;
  attributes: { friendly_name?: unknown; window?: string; last_update?: string };
}

export interface EntityEntry {
  platform: string;
  device_id?: string | null;
  translation_key?: string;
}

export interface Device {
  name?: string | null;
  name_by_user?: string | null;
  disabled_by?: string | null;
}

export interface Locale {
  language?: string;
  number_format?: string;
  time_format?: string;
  time_zone?: string;
}

export interface Connection {
  addEventListener(type: "ready", listener: () => void): void;
  sendMessagePromise<T>(message: { type: string }): Promise<T>;
}

export interface Hass {
  states: Record<string, EntityState | undefined>;
  entities?: Record<string, EntityEntry>;
  devices?: Record<string, Device | undefined>;
  locale?: Locale;
  language?: string;
  config: { time_zone?: string; version?: string };
  connection: Connection;
  user?: { is_admin?: boolean };
  callWS<T>(message: Record<string, unknown>): Promise<T>;
  formatEntityState?(state: EntityState): string;
}

export interface Money {
  amount: number;
  currency: string | null;
  decimals?: number;
}

export interface ForecastDetail {
  pace: number | null;
  projected: number;
  low: number | null;
  high: number | null;
  runs_out_at: string | null;
  lasts: boolean;
  certain: boolean;
  expected: number | null;
  basis: string;
}

/** The week's use today, its budget (both in points), and how many full sessions fit. */
export interface TodayDetail {
  used: number | null;
  budget: number | null;
  sessions_left: number | null;
}

export interface WindowDetail {
  window: string;
  kind: string;
  name: string | null;
  entity_id: string;
  length: number | null;
  percent: number | null;
  resets_at: string | null;
  forecast: ForecastDetail | null;
  /** The share of each hour in the usual use, from the start on, in ten-thousandths. */
  usual_hours?: number[] | null;
  today?: TodayDetail | null;
}

export interface SpendDetail {
  enabled: boolean | null;
  disabled_reason: string | null;
  used_up: boolean | null;
  spent: Money | null;
  limit: Money | null;
  percent: number | null;
}

export interface AccountDetail {
  entry_id: string;
  device_id: string | null;
  title: string;
  plan: string | null;
  trouble: string | null;
  last_success: string | null;
  thresholds: number[];
  windows: WindowDetail[];
  spend: SpendDetail | null;
  balance: Money | null;
}

export interface Details {
  accounts: AccountDetail[];
}
