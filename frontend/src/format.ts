/** How a person reads numbers and times. */

import { DAY, MINUTE, joined, within } from "./const";
import { hasTexts, plural, text, type TextKey } from "./texts";
import type { Locale, Money } from "./types";

const NUMBER_LOCALES: Record<string, string[] | undefined> = {
  comma_decimal: ["en-US", "en"],
  decimal_comma: ["de", "es", "it"],
  quote_decimal: ["de-CH"],
  space_comma: ["fr", "sv", "cs"],
  system: undefined,
  none: ["en-US"],
};

const DATE: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };

export type Translate = (key: TextKey, values?: Record<string, string | undefined>) => string;

/** Return a value if the browser knows it; undefined means the browser's own. */
function usable<T>(value: T, use: (value: T) => unknown): T | undefined {
  try {
    use(value);
    return value;
  } catch {
    return undefined;
  }
}

/** Return a whole percentage. It is 100 only if the limit is reached. */
export const wholePercent = (value: number): number =>
  value < 100 ? within(Math.round(value), 99) : Math.round(value);

/** Return the percentage that is left. It is 100 only if nothing is used. */
export const leftOf = (used: number): number =>
  within(100 - wholePercent(used), used > 0 ? 99 : 100);

/** The formats of a person's profile, and the texts in their language. */
export class Format {
  readonly language: string;
  /** The direction of the texts if the page's language is another one, otherwise "". */
  readonly direction: "" | "ltr";
  readonly t: Translate;

  private readonly cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();
  private readonly clockOptions: Intl.DateTimeFormatOptions;
  private readonly grouping: boolean;
  private readonly numbers: string | string[] | undefined;
  private readonly times: string | undefined;
  private readonly zone: string | undefined;

  constructor(locale: Locale = {}, config: { time_zone?: string } = {}) {
    const own = usable(locale.language || "en", Intl.getCanonicalLocales);
    this.language = own && hasTexts(own) ? own : "en";
    this.direction = this.language === own ? "" : "ltr";
    const numberFormat = locale.number_format ?? "";
    this.numbers = numberFormat in NUMBER_LOCALES ? NUMBER_LOCALES[numberFormat] : own;
    this.grouping = numberFormat !== "none";
    this.zone =
      locale.time_zone === "server"
        ? usable(config.time_zone, (timeZone) => new Intl.DateTimeFormat("en", { timeZone }))
        : undefined;
    this.clockOptions = { hour: "numeric", minute: "2-digit", timeZone: this.zone };
    if (locale.time_format === "12") this.clockOptions.hourCycle = "h12";
    if (locale.time_format === "24") this.clockOptions.hourCycle = "h23";
    this.times = locale.time_format === "system" ? undefined : own;
    this.t = (key, values) => text(this.language, key, values);
  }

  /** Return a text with a number, in the form for that number. */
  counted(key: string, count: number, values: Record<string, string | undefined> = {}): string {
    return plural(this.language, key, count, { count: this.number(count), ...values });
  }

  number(value: number, options: Intl.NumberFormatOptions = {}): string {
    const all = { useGrouping: this.grouping, ...options };
    return this.numberFormat(this.numbers, all).format(value);
  }

  /** Return a whole percentage that is 0 only if nothing is used. */
  percent(value: number): string {
    const shown = wholePercent(value);
    const little = shown === 0 && value > 0;
    return (little ? "<" : "") + this.number(little ? 0.01 : shown / 100, { style: "percent" });
  }

  /** Return a time in its two largest units. A started minute counts. */
  duration(ms: number): string {
    const minutes = Math.max(1, Math.ceil(ms / MINUTE));
    const parts: [number, string][] = [
      [Math.floor(minutes / 1440), "day"],
      [Math.floor(minutes / 60) % 24, "hour"],
      [minutes % 60, "minute"],
    ];
    const first = parts.findIndex(([count]) => count > 0);
    // The narrow units of these languages are English letters, or of several kinds.
    const unitDisplay = ["de", "ja"].includes(this.language) ? "short" : "narrow";
    return parts
      .slice(first, first + 2)
      .filter(([count]) => count > 0)
      .map(([count, unit]) => {
        const options: Intl.NumberFormatOptions = { style: "unit", unit, unitDisplay };
        return this.numberFormat(this.language, options).format(count);
      })
      .join(" ");
  }

  clock(ms: number): string {
    const shown = this.dateFormat(this.times, this.clockOptions).format(ms);
    // No line break before PM, and in right-to-left text the order stays.
    return shown.replace(/\s/g, "\u00a0") + (this.direction && "\u200e");
  }

  /** Return a clock time, with the day if it is not today. `long` is for sentences. */
  when(ms: number, now: number, weekday: "short" | "long" = "short"): string {
    const days = (Date.parse(this.dayKey(ms)) - Date.parse(this.dayKey(now))) / DAY;
    const clock = this.clock(ms);
    const inSentence = weekday === "long";
    if (days === 0) return inSentence ? this.t("at", { clock }) : clock;
    if (days === 1) return this.t("tomorrow", { clock });
    const day = this.day(ms, days > 6 || days < 0 ? DATE : { weekday });
    return inSentence ? this.t("day_at", { clock, day }) : `${day}\u00a0${clock}`;
  }

  /** Return a date such as `4 May`. */
  date(ms: number): string {
    return this.day(ms, DATE);
  }

  day(ms: number, options: Intl.DateTimeFormatOptions): string {
    return this.dateFormat(this.language, { timeZone: this.zone, ...options }).format(ms);
  }

  /** Return the short name of a day of the week, for a time at noon in UTC. */
  weekday(ms: number): string {
    return this.dateFormat(this.language, { timeZone: "UTC", weekday: "short" }).format(ms);
  }

  /** Return a day of the week and a clock time. */
  moment(ms: number): string {
    return this.t("day_at", { clock: this.clock(ms), day: this.day(ms, { weekday: "long" }) });
  }

  /** Return the hour of the day, from 0 to 23. */
  hour(ms: number): number {
    const options = { hour: "numeric", hourCycle: "h23", timeZone: this.zone } as const;
    return Number(this.dateFormat("en-US", options).format(ms));
  }

  /** Return a key that differs between days, such as `2026-05-04`. */
  dayKey(ms: number): string {
    return this.dateFormat("en-CA", {
      timeZone: this.zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    }).format(ms);
  }

  /** Return an amount of money with its decimals. */
  money({ amount, currency, decimals = 2 }: Money): string {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    let shown: string;
    try {
      shown = this.number(amount, {
        style: "currency",
        currency: currency ?? undefined,
        currencyDisplay: "narrowSymbol",
        ...digits,
      });
    } catch {
      // There is no currency, or the browser does not know it.
      shown = joined([this.number(amount, digits), currency], " ");
    }
    // No line ends after a minus sign.
    return shown.replace("-", "\u2212");
  }

  // Formatters of `Intl` are slow to create.
  private numberFormat(locale: string | string[] | undefined, options: Intl.NumberFormatOptions) {
    return this.cached("n", locale, options, () => new Intl.NumberFormat(locale, options));
  }

  private dateFormat(locale: string | undefined, options: Intl.DateTimeFormatOptions) {
    return this.cached("d", locale, options, () => new Intl.DateTimeFormat(locale, options));
  }

  private cached<T extends Intl.NumberFormat | Intl.DateTimeFormat>(
    kind: string,
    locale: unknown,
    options: object,
    create: () => T,
  ): T {
    const key = `${kind}${String(locale)}${JSON.stringify(options)}`;
    let found = this.cache.get(key) as T | undefined;
    if (!found) this.cache.set(key, (found = create()));
    return found;
  }
}
