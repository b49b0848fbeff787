/**
 * Claude Pulse in the frontend: card, badge and dashboard.
 *
 * One module without dependencies: what is edited is what is served. From top to bottom:
 * texts, formats, the model (what is true), the chart (where it is drawn), the sources
 * (what Home Assistant is asked for), drawing, and the elements. All above the sources is
 * pure, and is tested without a browser.
 */

const PLATFORM = "claude_pulse";
const INTEGRATION = `/config/integrations/integration/${PLATFORM}`;
const README = "https://github.com/claude-pulse/claude-pulse#readme";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* ------------------------------------------------------------------ texts */

// Another language is another member, as long as it likes: English fills what it lacks.
const TEXTS = {
  en: {
    account: "Account",
    a_day: "{percent} a day until the reset",
    ago: "{duration} ago",
    ahead: "{points} ahead of time",
    all_last: "Session and week last until their resets",
    as_of: "As of {when}",
    balance: "Balance {money}",
    chart: "Chart",
    chart_of: "{name}, chart",
    clear: "{percent} of {the} is left",
    days: "Days of the week",
    days_of: "{name}, day by day",
    extra: "Extra usage {money}",
    extra_goes_on: "Extra usage goes on.",
    extra_of: "Extra usage {money} of {limit}",
    full: "Full",
    hold: "When held",
    idle: "No session is running",
    idle_lasts: "No session is running, and the week lasts until its reset",
    in: "in {duration}",
    lasts: "Lasts until the reset",
    layout: "Layout",
    leave_out: "Leave out",
    left: "left",
    limit: "limit",
    micro: "One line",
    model_spent: "{name} is used up until {when}; the rest goes on",
    models: "Models",
    money: "Money",
    no_accounts: "Claude Pulse shows no account here",
    no_history: "No history of {the} yet",
    now: "now",
    on_pace: "On pace",
    one_lasts: "{the} lasts until its reset",
    over: "over",
    reading: "Being read",
    remaining: "What is left",
    renew: "Renew the session key",
    reserve: "{points} in reserve",
    resets: "Resets {when}",
    resetting: "Being reset",
    rows: "Rows",
    runs_out: "Runs out {when}",
    runs_out_before: "{the} runs out {when}, {before} before its reset",
    self: "By the space there is",
    session: "Session",
    set_up: "Set it up",
    show: "Numbers",
    size: "Size",
    spent: "Used up",
    spent_until: "{the} is used up until {when}",
    spent_unknown: "{the} is used up",
    tap: "When tapped",
    double_tap: "When tapped twice",
    actions: "What happens when",
    the_session: "The session",
    the_weekly: "The week",
    title: "Title",
    tomorrow: "tomorrow {clock}",
    unknown: "Unknown",
    used: "used",
    used_up: "What is used",
    weekly: "Week",
    whole: "{name}: {parts}",
    windows: "Windows",
    overview: "Overview",
    health: "Health",
    this_week: "This week",
    trouble_blocked: "claude.ai is blocked by Cloudflare or a login page",
    trouble_cannot_connect: "claude.ai cannot be reached",
    trouble_forbidden: "claude.ai refuses",
    trouble_invalid_auth: "The session key has ended",
    trouble_invalid_org_id: "The organization ID is not valid",
    trouble_org_not_found: "The organization is not there any more",
    trouble_rate_limited: "claude.ai asked to wait",
    trouble_region_blocked: "claude.ai is not available in this region",
    trouble_unavailable: "claude.ai could not be read",
    status_minor: "Claude has a minor problem",
    status_major: "Claude has a major outage",
    status_critical: "Claude has a critical outage",
    status_maintenance: "Claude is under maintenance",
    description: "Can I go on, and until when?",
    compact: "Claude Pulse: one line",
  },
};

/** Return a text of a language, with what stands in it. */
export function text(language, key, values = {}) {
  const found =
    (TEXTS[language] ?? TEXTS[String(language).split("-")[0]] ?? {})[key] ??
    TEXTS.en[key] ??
    key;
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/* ---------------------------------------------------------------- formats */

const NUMBER_LOCALES = {
  comma_decimal: ["en-US", "en"],
  decimal_comma: ["de", "es", "it"],
  quote_decimal: ["de-CH"],
  space_comma: ["fr", "sv", "cs"],
  system: undefined,
  none: ["en-US"],
};

/** How a person reads numbers and times, as Home Assistant knows it. */
export class Format {
  /** `locale` and `config` are Home Assistant's. */
  constructor(locale = {}, config = {}) {
    this.language = locale.language || "en";
    this.numbers =
      locale.number_format in NUMBER_LOCALES
        ? NUMBER_LOCALES[locale.number_format]
        : this.language;
    this.grouping = locale.number_format !== "none";
    this.zone = locale.time_zone === "server" ? config.time_zone : undefined;
    const clock = { 12: true, 24: false }[locale.time_format];
    this.clockOptions = { hour: "numeric", minute: "2-digit", timeZone: this.zone };
    if (clock !== undefined) this.clockOptions.hourCycle = clock ? "h12" : "h23";
    this.times = locale.time_format === "system" ? undefined : this.language;
    this.cache = new Map();
  }

  /** Return a text. */
  t(key, values) {
    return text(this.language, key, values);
  }

  /** Return a number as the person reads it. */
  number(value, options = {}) {
    return this.formatter("NumberFormat", this.numbers, {
      useGrouping: this.grouping,
      ...options,
    }).format(value);
  }

  /** Return a whole percentage that is 100 only if all is used, and 0 only if nothing is. */
  percent(value) {
    if (value === null || value === undefined) return "—";
    const shown = wholePercent(value);
    const text = this.number(shown / 100, { style: "percent" });
    return shown === 0 && value > 0 ? `<\u2060${this.number(0.01, { style: "percent" })}` : text;
  }

  /** Return a length of time in its two largest units; a minute begun counts. */
  duration(ms) {
    const minutes = Math.max(0, Math.ceil(ms / MINUTE));
    const parts = [
      [Math.floor(minutes / 1440), "day"],
      [Math.floor(minutes / 60) % 24, "hour"],
      [minutes % 60, "minute"],
    ];
    const first = Math.max(0, parts.findIndex(([count]) => count > 0));
    return parts
      .slice(minutes === 0 ? 2 : first, minutes === 0 ? 3 : first + 2)
      .filter(([count], index) => count > 0 || (minutes === 0 && index === 0))
      .map(([count, unit]) =>
        this.number(count, { style: "unit", unit, unitDisplay: "narrow" }),
      )
      .join(" ");
  }

  /** Return a clock time. */
  clock(ms) {
    return this.formatter("DateTimeFormat", this.times, this.clockOptions).format(ms);
  }

  /** Return a clock time with the day that it needs to be understood. */
  when(ms, now, weekday = "short") {
    const days = this.daysBetween(now, ms);
    if (days === 0) return this.clock(ms);
    if (days === 1) return this.t("tomorrow", { clock: this.clock(ms) });
    const far = days > 6 || days < 0;
    return `${this.day(ms, far ? { day: "numeric", month: "short" } : { weekday })} ${this.clock(ms)}`;
  }

  /** Return the name of a day. */
  day(ms, options) {
    return this.formatter("DateTimeFormat", this.language, {
      timeZone: this.zone,
      ...options,
    }).format(ms);
  }

  /** Return what tells days apart, such as `2026-05-04`. */
  dayKey(ms) {
    return this.formatter("DateTimeFormat", "en-CA", {
      timeZone: this.zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    }).format(ms);
  }

  /** Return how many midnights lie between two moments. */
  daysBetween(from, to) {
    return Math.round((Date.parse(this.dayKey(to)) - Date.parse(this.dayKey(from))) / DAY);
  }

  /** Return an amount of money with the decimals it comes with. */
  money({ amount, currency, decimals = 2 }) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    try {
      if (currency)
        return this.number(amount, {
          style: "currency",
          currency,
          currencyDisplay: "narrowSymbol",
          ...digits,
        });
    } catch {
      // No currency that the browser knows.
    }
    return [this.number(amount, digits), currency].filter(Boolean).join(" ");
  }

  /** Return a formatter of `Intl`, which is slow to make. */
  formatter(kind, locale, options) {
    const key = `${kind}${locale}${JSON.stringify(options)}`;
    if (!this.cache.has(key)) {
      let made;
      try {
        made = new Intl[kind](locale, options);
      } catch (error) {
        if (options.style === "currency") throw error;
        // A language or a time zone that the browser does not know.
        made = new Intl[kind](undefined, { ...options, timeZone: undefined });
      }
      this.cache.set(key, made);
    }
    return this.cache.get(key);
  }
}

/** Return a whole percentage that is 100 only if all is used. */
export function wholePercent(value) {
  return value < 100 ? Math.max(0, Math.min(99, Math.round(value))) : Math.round(value);
}

/* ------------------------------------------------------------------ model */

// What a sensor's translation key says it is, after the kind of its window.
const PARTS = {
  usage: "used",
  resets_at: "resetsAt",
  pace: "pace",
  projected_usage: "projected",
  runs_out_at: "runsOutAt",
  lasts: "lasts",
  events: "events",
};
const OF_A_WINDOW = new RegExp(
  `^(session|weekly|model|window)_(${Object.keys(PARTS).join("|")})$`,
);
const OF_AN_ACCOUNT = new Set([
  "connection",
  "extra_usage_limit",
  "extra_usage_spent",
  "limit_reached",
  "plan",
  "prepaid_balance",
  "service_status",
]);

const SESSION = "session";
const WEEKLY = "weekly";
const LENGTHS = { [SESSION]: 5 * HOUR };

// So early in a window, a forecast is too weak to be said.
const EARLY = 0.1;
// So many points from the even line are none.
const ON_PACE = 4;
// A fall by more, without a reset, is a refill.
const REFILL = 2;

const UNKNOWN_STATES = new Set(["unknown", "unavailable", "", undefined]);

const stateOf = (hass, id) => {
  const state = hass.states[id]?.state;
  return UNKNOWN_STATES.has(state) ? null : state;
};
const numberOf = (value) =>
  value === null || value === undefined || !Number.isFinite(Number(value))
    ? null
    : Number(value);
const momentOf = (value) => {
  const ms = value ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : ms;
};

/**
 * Find the accounts that Home Assistant shows: devices of the platform, and which of their
 * entities is what, by translation key and the attribute `window`. No id is read.
 */
export function findAccounts(hass, details) {
  const accounts = new Map();
  const windowsById = new Map(
    (details?.accounts ?? []).flatMap((account) =>
      account.windows.map((window) => [window.entity_id, window.window]),
    ),
  );
  const known = new Map();
  const later = [];
  for (const [id, entry] of Object.entries(hass.entities ?? {})) {
    if (entry.platform !== PLATFORM || !entry.device_id) continue;
    const key = entry.translation_key;
    const account = accounts.get(entry.device_id) ?? {
      id: entry.device_id,
      entities: {},
      windows: new Map(),
    };
    accounts.set(entry.device_id, account);
    const [, kind, part] = OF_A_WINDOW.exec(key) ?? [];
    if (kind) later.push({ account, id, kind, part: PARTS[part] });
    else if (OF_AN_ACCOUNT.has(key)) account.entities[key] = id;
  }
  for (const { account, id, kind, part } of later) {
    const own = kind === SESSION || kind === WEEKLY ? kind : null;
    // An unavailable entity has no attributes.
    const key =
      own ?? hass.states[id]?.attributes.window ?? windowsById.get(id) ?? known.get(id);
    if (!key) continue;
    known.set(id, key);
    if (!account.windows.has(key)) account.windows.set(key, { key, kind, entities: {} });
    account.windows.get(key).entities[part] = id;
  }
  return [...accounts.values()];
}

/**
 * Return what is true of an account that was found: states first, and from `details` (the
 * answer of `claude_pulse/usage`) what no enabled entity shows.
 */
export function readAccount(hass, found, details) {
  const device = hass.devices?.[found.id];
  const detail = details?.accounts.find((account) => account.device_id === found.id);
  const connection = stateOf(hass, found.entities.connection);
  const trouble =
    connection === null
      ? (detail?.trouble ?? null)
      : connection === "up_to_date"
        ? null
        : connection;
  const windows = [...found.windows.values()]
    .filter((window) => window.entities.used)
    .map((window) =>
      readWindow(hass, window, detail?.windows.find((one) => one.window === window.key)),
    )
    // One that the account has not is no row, but for those that every account has.
    .sort((one, other) => rank(one) - rank(other));
  return {
    id: found.id,
    name: device?.name_by_user || device?.name || detail?.title || "Claude Pulse",
    plan: stateOf(hass, found.entities.plan) ?? detail?.plan ?? null,
    trouble,
    asOf: trouble
      ? momentOf(hass.states[found.entities.connection]?.attributes.last_update) ??
        momentOf(detail?.last_success)
      : null,
    thresholds: detail?.thresholds ?? [],
    windows,
    money: readMoney(hass, found, detail),
    status: stateOf(hass, found.entities.service_status),
    entities: found.entities,
  };
}

const rank = ({ key }) => [SESSION, WEEKLY].indexOf(key) + 1 || 3;

function readWindow(hass, { key, kind, entities }, detail) {
  const read = (part) => stateOf(hass, entities[part]);
  const shown = detail?.forecast;
  const used = numberOf(read("used"));
  const projected = shown?.projected ?? numberOf(read("projected"));
  const lasts = read("lasts");
  const runsOutAt = momentOf(shown ? shown.runs_out_at : read("runsOutAt"));
  return {
    key,
    kind,
    name: detail?.name ?? nameOf(hass, entities.used),
    entity: entities.used,
    events: entities.events,
    blocks: kind === SESSION || kind === WEEKLY,
    length: detail?.length ? detail.length * 1000 : (LENGTHS[kind] ?? 7 * DAY),
    used,
    resetsAt: momentOf(entities.resetsAt ? read("resetsAt") : detail?.resets_at),
    forecast:
      used === null || projected === null
        ? null
        : {
            projected,
            low: shown?.low ?? null,
            high: shown?.high ?? null,
            pace: shown ? shown.pace : numberOf(read("pace")),
            runsOutAt,
            lasts: shown?.lasts ?? (lasts === null ? runsOutAt === null : lasts === "on"),
          },
  };
}

/** Return the name of a window that only the server knows, as its sensor has it. */
function nameOf(hass, id) {
  const state = hass.states[id];
  const device = hass.devices?.[hass.entities[id]?.device_id];
  const whole = state?.attributes.friendly_name ?? id;
  const own = device?.name_by_user || device?.name;
  return own && whole.startsWith(`${own} `) ? whole.slice(own.length + 1) : whole;
}

function readMoney(hass, found, detail) {
  const amount = (key) => {
    const id = found.entities[key];
    const value = numberOf(stateOf(hass, id));
    if (value === null) return null;
    const currency = hass.states[id].attributes.unit_of_measurement;
    return { amount: value, currency, decimals: hass.entities[id].display_precision ?? 2 };
  };
  return {
    enabled: detail?.spend?.enabled ?? null,
    spent: detail?.spend?.spent ?? amount("extra_usage_spent"),
    limit: detail?.spend?.limit ?? amount("extra_usage_limit"),
    balance: detail?.balance ?? amount("prepaid_balance"),
  };
}

/** Return the ids of all that an account's card shows, which a change of makes it look again. */
export function watchedOf(found) {
  return [
    ...Object.values(found.entities),
    ...[...found.windows.values()].flatMap((window) => Object.values(window.entities)),
  ];
}

/**
 * Judge a window at a moment.
 *
 * `level` is what it means for the person: `unknown`, `idle` (no time runs), `resetting`,
 * `good`, `risk` (it runs out before its reset) or `spent`. `elapsed` is the share of its
 * time that has passed, from 0 to 1, `pace` `ahead`, `reserve`, `even` or null.
 */
export function judge(window, now) {
  const { used, resetsAt, length, forecast } = window;
  const elapsed =
    resetsAt === null
      ? null
      : Math.max(0, Math.min(1, 1 - (resetsAt - now) / length));
  const over = resetsAt !== null && now >= resetsAt;
  let level = "good";
  if (over) level = "resetting";
  else if (used === null) level = "unknown";
  else if (used >= 100) level = "spent";
  else if (resetsAt === null) level = "idle";
  else if (forecast && !forecast.lasts && forecast.runsOutAt && elapsed >= EARLY)
    level = "risk";
  const points = forecast?.pace ?? null;
  let pace = null;
  if (points !== null && (level === "good" || level === "risk"))
    pace = Math.abs(points) < ON_PACE ? "even" : points > 0 ? "ahead" : "reserve";
  return { level, elapsed, pace, points };
}

/** Return the window that decides whether the person can go on, and until when. */
export function bindingOf(account, now) {
  const judged = account.windows.map((window) => ({ window, ...judge(window, now) }));
  const blocking = judged.filter(({ window }) => window.blocks);
  const pick = (found, by) =>
    found.length ? found.reduce((best, one) => (by(one) > by(best) ? one : best)) : null;
  return (
    pick(
      blocking.filter(({ level }) => level === "spent"),
      ({ window }) => window.resetsAt ?? Infinity,
    ) ??
    pick(
      blocking.filter(({ level }) => level === "risk"),
      ({ window }) => -window.forecast.runsOutAt,
    ) ??
    pick(
      (blocking.length ? blocking : judged).filter(({ window }) => window.used !== null),
      ({ window }) => window.used,
    ) ??
    judged[0] ??
    null
  );
}

/**
 * Say in one sentence whether the person can go on, and until when.
 *
 * Returns the `level` of it, its `text`, the `window` it is about, and a `link` where
 * something can be done.
 */
export function verdict(account, now, format) {
  const t = format.t.bind(format);
  const the = ({ key, name }) =>
    key === SESSION || key === WEEKLY ? t(`the_${key}`) : name;
  const judged = account.windows.map((window) => ({ window, ...judge(window, now) }));
  const blocking = judged.filter(({ window }) => window.blocks);
  const known = judged.filter(({ window }) => window.used !== null);
  const said = (level, words, window, link) => ({ level, text: words, window, link });

  if (account.trouble === "invalid_auth")
    return said("spent", t("trouble_invalid_auth"), undefined, {
      path: INTEGRATION,
      text: t("renew"),
    });
  if (!known.length && account.trouble) {
    const key = `trouble_${account.trouble}`;
    const words = t(key);
    return said("unknown", words === key ? t("trouble_unavailable") : words);
  }

  const bound = bindingOf(account, now);
  if (bound?.level === "spent") {
    const { window } = bound;
    const sentence = window.resetsAt
      ? t("spent_until", { the: the(window), when: format.when(window.resetsAt, now, "long") })
      : t("spent_unknown", { the: the(window) });
    return said("spent", sentence, window);
  }
  const risky = [bound, ...judged].find((one) => one?.level === "risk");
  if (risky) {
    const { window } = risky;
    const { runsOutAt } = window.forecast;
    return said(
      "risk",
      t("runs_out_before", {
        the: the(window),
        when: format.when(runsOutAt, now, "long"),
        before: format.duration(window.resetsAt - runsOutAt),
      }),
      window,
    );
  }
  const model = judged.find(({ level }) => level === "spent");
  if (model)
    return said(
      "risk",
      model.window.resetsAt
        ? t("model_spent", {
            name: model.window.name,
            when: format.when(model.window.resetsAt, now, "long"),
          })
        : t("spent_unknown", { the: model.window.name }),
      model.window,
    );

  const resetting = blocking.find(({ level }) => level === "resetting");
  const lasting = blocking.filter(({ level, window }) => level === "good" && window.forecast);
  const idle = blocking.find(({ level, window }) => level === "idle" && window.key === SESSION);
  if (!resetting && lasting.length === 2) return said("good", t("all_last"));
  if (idle && lasting.length) return said("good", t("idle_lasts"), idle.window);
  if (!resetting && idle && blocking.length === 1) return said("good", t("idle"), idle.window);
  if (blocking.length === 1 && lasting.length)
    return said("good", t("one_lasts", { the: the(lasting[0].window) }), lasting[0].window);
  if (bound && bound.window.used !== null && bound.level !== "resetting")
    return said(
      "good",
      t("clear", {
        the: lower(the(bound.window), bound.window),
        percent: format.percent(100 - wholePercent(bound.window.used)),
      }),
      bound.window,
    );
  if (resetting) return said("unknown", t("resetting"), resetting.window);
  return said("unknown", t("unknown"));
}

// "The week" within a sentence.
const lower = (words, { blocks }) =>
  blocks ? words.charAt(0).toLowerCase() + words.slice(1) : words;

/** Return how a window is called. */
export function labelOf(window, format) {
  return window.key === SESSION || window.key === WEEKLY
    ? format.t(window.key)
    : window.name;
}

/** Return how large a card is drawn, by what is configured, or by the space it has. */
export function sizeOf(layout, width, rows) {
  if (["micro", "rows", "full", "days"].includes(layout)) return layout;
  if (rows === 1 || (width > 0 && width < 200)) return "micro";
  if (rows < 6 || (width > 0 && width < 300)) return "rows";
  return "full";
}

/* ------------------------------------------------------------------ chart */

/**
 * Lay a window's course out in a square of 100 by 100, from its start to its reset.
 *
 * `points` are `{t, v}` in time, `v` null where nothing is known: such a gap breaks the
 * line, as a refill does. With `remaining` all is upside down.
 */
export function layOut(points, window, now, remaining = false) {
  const { resetsAt, length, used, forecast } = window;
  const start = resetsAt - length;
  const x = (ms) => (100 * Math.max(0, Math.min(length, ms - start))) / length;
  const y = (percent) => {
    const within = Math.max(0, Math.min(100, percent));
    return remaining ? within : 100 - within;
  };
  const until = Math.min(now, resetsAt);
  const lines = [];
  let before = null;
  points.forEach(({ t, v }, index) => {
    const next = points[index + 1]?.t ?? until;
    const end = Math.min(next, until);
    // What the window before it left shows until the first poll.
    if (end <= start || t >= until || (t < start && next < start + 10 * MINUTE)) return;
    if (v !== null) {
      if (before === null || v < before - REFILL) lines.push([]);
      lines.at(-1).push([x(t), y(v)], [x(end), y(v)]);
    }
    before = v;
  });
  const projection = [];
  let range = [];
  if (forecast && used !== null && used < 100 && now < resetsAt) {
    const here = [x(now), y(used)];
    const { projected, low, high, runsOutAt } = forecast;
    if (projected > 100 && runsOutAt)
      projection.push(here, [x(runsOutAt), y(100)], [100, y(100)]);
    else projection.push(here, [100, y(projected)]);
    if (low !== null && high !== null) {
      // Where the upper edge meets the limit, it goes on along it.
      const meets =
        high > 100 ? here[0] + ((100 - here[0]) * (100 - used)) / (high - used) : 100;
      range = [here, [meets, y(high)], [100, y(high)], [100, y(Math.max(low, used))]];
    }
  }
  return {
    lines,
    projection,
    range,
    even: [
      [0, y(0)],
      [100, y(100)],
    ],
    limit: y(100),
    now: now < resetsAt ? [x(now), used === null ? null : y(used)] : null,
  };
}

/** Return how much of a week was used on each of its days, null where nothing is known. */
export function useByDay(points, window, now, format) {
  const start = window.resetsAt - window.length;
  const days = new Map();
  for (let hour = start; hour < window.resetsAt; hour += HOUR / 2) {
    const key = format.dayKey(hour);
    if (!days.has(key)) days.set(key, { key, at: hour, hours: 0, used: null });
    days.get(key).hours += 0.5;
  }
  let before = null;
  for (const { t, v } of points) {
    if (t > now) break;
    const day = days.get(format.dayKey(Math.max(t, start)));
    if (v !== null && day) {
      const rise = v < before - REFILL ? v : v - (before ?? v);
      day.used = (day.used ?? 0) + (t > start ? Math.max(0, rise) : 0);
    }
    if (v !== null) before = v;
  }
  const today = format.dayKey(now);
  const known = points.some(({ v }) => v !== null);
  return [...days.values()].map((day) => ({
    ...day,
    // A day without a new number is one without use, if numbers are known before it.
    used:
      day.key > today || !known || (day.used === null && points[0].t > day.at + DAY)
        ? null
        : (day.used ?? 0),
    even: (100 * day.hours) / (window.length / HOUR),
    today: day.key === today,
  }));
}

/* ---------------------------------------------------------------- sources */

const DETAILS_AGE = 5 * MINUTE;
const HISTORY_AGE = 30 * MINUTE;
const SOON = 250;

/** What no state holds, asked for once for all cards of a connection. */
class Details {
  static of(hass) {
    const { connection } = hass;
    if (!Details.all.has(connection)) Details.all.set(connection, new Details(connection));
    return Details.all.get(connection);
  }

  constructor(connection) {
    this.connection = connection;
    this.value = undefined;
    this.askedAt = -Infinity;
    this.listeners = new Set();
    this.timer = undefined;
    connection.addEventListener?.("ready", () => this.ask());
  }

  /** Call an action with each answer; returns how to end it. */
  listen(action) {
    this.listeners.add(action);
    return () => this.listeners.delete(action);
  }

  /** Ask soon: several states change at one time. */
  ask() {
    if (this.timer || !this.listeners.size) return;
    const wait = this.askedAt === -Infinity ? 0 : SOON;
    this.timer = setTimeout(async () => {
      this.askedAt = Date.now();
      try {
        this.value = await this.connection.sendMessagePromise({ type: "claude_pulse/usage" });
      } catch {
        // An integration that is not there yet; states alone are shown meanwhile.
        this.askedAt = Date.now() - DETAILS_AGE + MINUTE / 2;
      }
      this.timer = undefined;
      for (const action of this.listeners) action();
    }, wait);
  }

  /** Ask again if the answer has become old. */
  refresh() {
    if (Date.now() - this.askedAt >= DETAILS_AGE) this.ask();
  }
}
Details.all = new WeakMap();

/** The courses of windows so far, read once each and then followed. */
class Courses {
  constructor() {
    this.known = new Map();
  }

  /**
   * Return the points of a window so far, undefined until they are known; `done` is called
   * when they are.
   */
  points(hass, window, now, done) {
    const start = window.resetsAt - window.length;
    const key = `${window.entity} ${start}`;
    const state = hass.states[window.entity];
    let course = this.known.get(key);
    if (!course || now - course.readAt > HISTORY_AGE) {
      const points = course?.points;
      course = { points, readAt: now };
      // The windows before it are over.
      for (const other of this.known.keys())
        if (other.startsWith(`${window.entity} `) && other !== key) this.known.delete(other);
      this.known.set(key, course);
      const own = course;
      readCourse(hass, window.entity, start, now).then((found) => {
        own.points = found;
        done();
      });
    } else if (course.points && state) {
      const t = Date.parse(state.last_changed);
      const last = course.points.at(-1);
      if (t >= start && (!last || t > last.t + 1)) {
        const v = numberOf(stateOf(hass, window.entity));
        course.points.push({ t, v });
      }
    }
    return course.points;
  }
}
const COURSES = new Courses();

/** Read what the recorder knows of a sensor: its states, and hours where these are gone. */
async function readCourse(hass, entity, start, now) {
  const at = (ms) => new Date(ms).toISOString();
  let points = [];
  try {
    const states = await hass.callWS({
      type: "history/history_during_period",
      start_time: at(start),
      end_time: at(now),
      entity_ids: [entity],
      include_start_time_state: true,
      minimal_response: true,
      no_attributes: true,
      significant_changes_only: false,
    });
    points = (states[entity] ?? []).map(({ s, lu, lc }) => ({
      t: 1000 * (lc ?? lu),
      v: UNKNOWN_STATES.has(s) ? null : numberOf(s),
    }));
  } catch {
    // No recorder, or no history: the chart goes without.
    return [];
  }
  const first = points[0]?.t ?? now;
  if (first - start < 2 * HOUR) return points;
  try {
    const hours = await hass.callWS({
      type: "recorder/statistics_during_period",
      start_time: at(start),
      end_time: at(first),
      statistic_ids: [entity],
      period: "hour",
      types: ["max"],
    });
    const older = (hours[entity] ?? [])
      .map(({ start: hour, max }) => ({ t: Number(new Date(hour)), v: numberOf(max) }))
      .filter(({ t }) => t < first);
    return [...older, ...points];
  } catch {
    return points;
  }
}

/* ---------------------------------------------------------------- drawing */

const SVG = new Set(["svg", "path", "line", "circle", "polygon"]);

/** Make an element; children are elements, texts, or nothing. */
function h(tag, attributes = {}, ...children) {
  const element = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  for (const child of children.flat())
    if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** Make the content of an element like that of another, and touch nothing that is alike. */
function morph(element, like) {
  const present = [...element.childNodes];
  const wanted = [...like.childNodes];
  wanted.forEach((node, index) => {
    const old = present[index];
    if (!old) element.append(node);
    else if (old.nodeName !== node.nodeName) old.replaceWith(node);
    else if (node.nodeType === Node.TEXT_NODE) {
      if (old.data !== node.data) old.data = node.data;
    } else {
      for (const { name } of [...old.attributes])
        if (!node.hasAttribute(name)) old.removeAttribute(name);
      for (const { name, value } of node.attributes)
        if (old.getAttribute(name) !== value) old.setAttribute(name, value);
      morph(old, node);
    }
  });
  present.slice(wanted.length).forEach((node) => node.remove());
}

// Shapes beside colours; each fills a square of 24.
const SHAPES = {
  good: "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
  risk: "M12 3 1.5 21h21zm1 15h-2v-2h2zm0-4h-2v-4h2z",
  spent: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20m5 11H7v-2h10z",
  unknown: "M11 18h2v-2h-2zm1-16a10 10 0 1 0 0 20 10 10 0 0 0 0-20m0 4a4 4 0 0 0-4 4h2a2 2 0 1 1 4 0c0 2-3 1.8-3 5h2c0-2.2 3-2.5 3-5a4 4 0 0 0-4-4",
  ahead: "M12 5 21 19H3z",
  reserve: "M12 19 3 5h18z",
  even: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12",
};
SHAPES.idle = SHAPES.even;
SHAPES.resetting = SHAPES.unknown;

const shape = (name) =>
  h(
    "svg",
    { class: "shape", viewBox: "0 0 24 24", "aria-hidden": "true" },
    h("path", { d: SHAPES[name] }),
  );

const percentOf = (value) => `${Math.max(0, Math.min(100, value)).toFixed(2)}%`;

/** Draw a window's bar: what is used, where time is, where it leads, and the thresholds. */
function bar(window, judged, account, { format, remaining }, label) {
  const { used, forecast } = window;
  const { level, elapsed } = judged;
  const filled = used === null ? 0 : Math.min(100, remaining ? 100 - used : used);
  const ghost =
    forecast && (level === "good" || level === "risk")
      ? Math.min(100, Math.max(used, forecast.projected))
      : null;
  const from = remaining ? 100 - (ghost ?? used) : used;
  const ticks = used === null ? [] : account.thresholds;
  return h(
    "div",
    used === null
      ? { class: "bar", role: "img", "aria-label": label }
      : {
          class: "bar",
          role: "meter",
          "aria-label": labelOf(window, format),
          "aria-valuemin": 0,
          "aria-valuemax": 100,
          "aria-valuenow": Math.round(filled),
          "aria-valuetext": label,
        },
    h(
      "div",
      { class: "track" },
      ghost !== null &&
        h("div", {
          class: "ghost",
          style: `inset-inline-start:${percentOf(from)};inline-size:${percentOf(ghost - used)}`,
        }),
      h("div", { class: "fill", style: `inline-size:${percentOf(filled)}` }),
      ticks.map((tick) =>
        h("div", {
          class: "tick",
          style: `inset-inline-start:${percentOf(remaining ? 100 - tick : tick)}`,
        }),
      ),
    ),
    elapsed !== null &&
      level !== "resetting" &&
      h("div", {
        class: "marker",
        style: `inset-inline-start:${percentOf(100 * (remaining ? 1 - elapsed : elapsed))}`,
      }),
  );
}

/** Return the words below a window's bar: its pace, its outcome, and its reset. */
function wordsOf(window, judged, now, format) {
  const { level, pace, points } = judged;
  const { forecast, resetsAt, used } = window;
  const t = format.t.bind(format);
  const paceWords = pace && {
    shape: pace,
    text:
      pace === "even"
        ? t("on_pace")
        : t(pace, { points: format.number(Math.abs(Math.round(points))) }),
  };
  let outcome = null;
  if (level === "spent") outcome = t("spent");
  else if (level === "resetting") outcome = t("resetting");
  else if (level === "unknown") outcome = t("unknown");
  else if (level === "idle" && window.key === SESSION && used === 0) outcome = t("idle");
  else if (level === "risk")
    outcome = `${t("runs_out", { when: format.when(forecast.runsOutAt, now) })}, ${t("in", {
      duration: format.duration(forecast.runsOutAt - now),
    })}`;
  else if (forecast?.lasts) outcome = t("lasts");
  const reset =
    resetsAt !== null && now < resetsAt
      ? `${t("resets", { when: format.when(resetsAt, now) })}, ${t("in", {
          duration: format.duration(resetsAt - now),
        })}`
      : null;
  return { pace: paceWords, outcome, reset };
}

/** Draw a window as a row. */
function row(window, account, view) {
  const { format, now, remaining } = view;
  const judged = judge(window, now);
  const name = labelOf(window, format);
  const words = wordsOf(window, judged, now, format);
  const shown = numberShown(window, view);
  const whole = format.t("whole", {
    name,
    parts: [shown.join(" "), words.pace?.text, words.outcome, words.reset]
      .filter(Boolean)
      .join(", "),
  });
  return h(
    "div",
    { class: "row", "data-level": judged.level, "data-entity": window.entity },
    h(
      "div",
      { class: "top" },
      h("button", { class: "name", "data-entity": window.entity, title: name }, name),
      h(
        "span",
        { class: "number" },
        h("b", {}, shown[0]),
        shown[1] && h("span", {}, ` ${shown[1]}`),
      ),
    ),
    bar(window, judged, account, { format, remaining }, whole),
    h(
      "div",
      { class: "words" },
      h(
        "span",
        { class: "outcome" },
        words.pace && h("span", { class: "pace" }, shape(words.pace.shape), words.pace.text),
        words.outcome && h("span", {}, words.outcome),
      ),
      words.reset && h("span", { class: "reset" }, words.reset),
    ),
  );
}

/** Return the number of a window, and what it counts. */
function numberShown({ used }, { format, remaining }) {
  if (used === null) return ["—"];
  if (!remaining) return [format.percent(used), format.t("used")];
  return [format.percent(Math.max(0, 100 - wholePercent(used))), format.t("left")];
}

const pathOf = (points) => points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join(" L");

/** Draw the course of a window. */
function chart(window, points, account, view) {
  const { format, now, remaining } = view;
  const { lines, projection, range, even, limit, now: here } = layOut(
    points ?? [],
    window,
    now,
    remaining,
  );
  const stroke = (name, path) =>
    path.length > 1 &&
    h("path", { class: name, d: `M${pathOf(path)}`, "vector-effect": "non-scaling-stroke" });
  const floor = remaining ? limit : 100;
  const start = window.resetsAt - window.length;
  const label = format.t("chart_of", { name: labelOf(window, format) });
  const words = wordsOf(window, judge(window, now), now, format);
  return h(
    "div",
    { class: "chart", "data-level": judge(window, now).level },
    h(
      "div",
      {
        class: "plot",
        role: "img",
        "aria-label": `${label}: ${[numberShown(window, view).join(" "), words.outcome]
          .filter(Boolean)
          .join(", ")}`,
      },
      h(
        "svg",
        { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
        [25, 50, 75].map((y) => stroke("grid", [[0, y], [100, y]])),
        range.length && h("polygon", { class: "range", points: pathOf(range).replaceAll(" L", " ") }),
        lines.map((line) =>
          h("path", {
            class: "area",
            d: `M${line[0][0].toFixed(2)} ${floor} L${pathOf(line)} L${line.at(-1)[0].toFixed(2)} ${floor}Z`,
          }),
        ),
        stroke("even", even),
        stroke("limit", [[0, limit], [100, limit]]),
        stroke("projection", projection),
        lines.map((line) => stroke("line", line)),
        here && stroke("now", [[here[0], 0], [here[0], 100]]),
      ),
      here &&
        here[1] !== null &&
        h("div", { class: "dot", style: `left:${percentOf(here[0])};top:${percentOf(here[1])}` }),
      points?.length === 0 &&
        h("div", { class: "nothing" }, format.t("no_history", { the: labelOf(window, format) })),
    ),
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, format.when(start, start)),
      here && here[0] > 22 && here[0] < 78
        ? h("span", { class: "here", style: `left:${percentOf(here[0])}` }, format.t("now"))
        : null,
      h("span", {}, format.when(window.resetsAt, now)),
    ),
  );
}

/** Draw how much of a window was used on each day. */
function days(window, points, view) {
  const { format, now } = view;
  const found = useByDay(points ?? [], window, now, format);
  const most = Math.max(...found.map(({ used, even }) => Math.max(used ?? 0, even)), 1);
  const left = Math.max(0, 100 - (window.used ?? 0));
  const ahead = Math.max(1, (window.resetsAt - now) / DAY);
  const name = labelOf(window, format);
  return [
    h(
      "ul",
      { class: "days", "aria-label": format.t("days_of", { name }) },
      found.map(({ at, used, even, today }) =>
        h(
          "li",
          { class: today ? "day today" : "day" },
          h("span", { class: "value" }, used === null ? "" : format.percent(used)),
          h(
            "div",
            { class: "column", "aria-hidden": "true" },
            used !== null &&
              h("div", { class: "used", style: `block-size:${percentOf((100 * used) / most)}` }),
            h("div", { class: "share", style: `inset-block-end:${percentOf((100 * even) / most)}` }),
          ),
          h("span", { class: "label" }, format.day(at, { weekday: "short" })),
        ),
      ),
    ),
    window.used !== null &&
      now < window.resetsAt &&
      h("div", { class: "line" }, format.t("a_day", { percent: format.percent(left / ahead) })),
  ];
}

/** Draw what money is spent and left. */
function money({ spent, limit, balance, enabled }, format) {
  const parts = [];
  if (spent && (enabled !== false || spent.amount > 0))
    parts.push(
      limit
        ? format.t("extra_of", { money: format.money(spent), limit: format.money(limit) })
        : format.t("extra", { money: format.money(spent) }),
    );
  if (balance) parts.push(format.t("balance", { money: format.money(balance) }));
  return parts.length ? h("div", { class: "line money" }, parts.join(" · ")) : null;
}

const COLOURS = `
  :host {
    --good: var(--claude-pulse-good, var(--info-color, #039be5));
    --risk: var(--claude-pulse-risk, var(--warning-color, #ffa600));
    --spent: var(--claude-pulse-spent, var(--error-color, #db4437));
    --unknown: var(--disabled-color, #bdbdbd);
    --soft: var(--secondary-text-color, #727272);
    --back: var(--ha-card-background, var(--card-background-color, #fff));
    --track: var(--divider-color, rgba(0, 0, 0, 0.12));
    display: block;
  }
  * { box-sizing: border-box; }
  [data-level] { --level: var(--good); }
  [data-level="risk"] { --level: var(--risk); }
  [data-level="spent"] { --level: var(--spent); }
  [data-level="unknown"], [data-level="resetting"] { --level: var(--unknown); }
  button { all: unset; box-sizing: border-box; cursor: pointer; }
  button:focus-visible, a:focus-visible {
    border-radius: 4px;
    outline: 2px solid var(--primary-color, #03a9f4);
    outline-offset: 2px;
  }
  .shape { block-size: 1em; fill: currentColor; flex: none; inline-size: 1em; }
`;

const STYLE = `
  ${COLOURS}
  ha-card {
    block-size: 100%;
    color: var(--primary-text-color, #212121);
    display: block;
    overflow: hidden;
  }
  ha-card:not(:defined) {
    background: var(--back);
    border: 1px solid var(--track);
    border-radius: var(--ha-card-border-radius, 12px);
  }
  .content {
    block-size: 100%;
    display: flex;
    flex-direction: column;
    font-size: var(--ha-font-size-m, 14px);
    gap: 14px;
    line-height: 1.35;
    overflow: auto;
    padding: 16px;
  }
  .title { font-size: 1.25em; font-weight: 500; overflow-wrap: anywhere; }
  .verdict { align-items: center; display: flex; gap: 12px; }
  .verdict .sign {
    align-items: center;
    border-radius: 50%;
    block-size: 40px;
    color: var(--level);
    display: flex;
    flex: none;
    font-size: 22px;
    inline-size: 40px;
    justify-content: center;
    position: relative;
  }
  .verdict .sign::before {
    background: currentColor;
    border-radius: 50%;
    content: "";
    inset: 0;
    opacity: 0.16;
    position: absolute;
  }
  .verdict .said { min-inline-size: 0; overflow-wrap: anywhere; }
  .sentence { font-size: 1.15em; font-weight: 500; line-height: 1.3; text-wrap: balance; }
  .about { color: var(--soft); }
  .about a, .sentence a { color: var(--primary-text-color); }
  .chips { display: flex; flex-wrap: wrap; gap: 6px; }
  .chips button {
    border: 1px solid var(--track);
    border-radius: 999px;
    max-inline-size: 100%;
    overflow: hidden;
    padding: 3px 12px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .chips button[aria-pressed="true"] {
    background: var(--track);
    font-weight: 500;
  }
  .rows { display: flex; flex-direction: column; gap: 16px; }
  .row { cursor: pointer; display: grid; gap: 6px; }
  .top { align-items: baseline; display: flex; gap: 8px; justify-content: space-between; }
  .name { font-weight: 500; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .number { color: var(--soft); flex: none; white-space: nowrap; }
  .number b {
    color: var(--primary-text-color);
    font-size: 1.35em;
    font-variant-numeric: tabular-nums;
    font-weight: 600;
  }
  .bar { block-size: 10px; margin-block: 2px; position: relative; }
  .track { background: var(--track); block-size: 100%; border-radius: 999px; overflow: hidden; position: relative; }
  .fill, .ghost, .tick { inset-block: 0; position: absolute; }
  .fill { background: var(--level); border-radius: 999px; inset-inline-start: 0; transition: inline-size 0.4s; }
  .ghost {
    background: repeating-linear-gradient(115deg, var(--level) 0 3px, transparent 3px 6px);
    opacity: 0.55;
  }
  .tick { background: var(--back); inline-size: 2px; margin-inline-start: -1px; opacity: 0.85; }
  .marker {
    background: var(--primary-text-color);
    border-radius: 2px;
    box-shadow: 0 0 0 2px var(--back);
    inline-size: 3px;
    inset-block: -4px;
    margin-inline-start: -1.5px;
    position: absolute;
  }
  .words { color: var(--soft); column-gap: 12px; display: flex; flex-wrap: wrap; font-size: 0.93em; justify-content: space-between; }
  .outcome { display: flex; flex-wrap: wrap; column-gap: 10px; }
  .row[data-level="risk"] .outcome, .row[data-level="spent"] .outcome { color: var(--primary-text-color); }
  .pace { align-items: center; display: inline-flex; gap: 4px; }
  .pace .shape { color: var(--level); font-size: 0.8em; }
  .plot { block-size: 120px; direction: ltr; position: relative; }
  .plot svg { block-size: 100%; display: block; inline-size: 100%; overflow: visible; }
  .plot path { fill: none; stroke-width: 1.5; }
  .plot .grid { opacity: 0.6; stroke: var(--track); stroke-width: 1; }
  .plot .limit { stroke: var(--soft); stroke-width: 1; }
  .plot .even { opacity: 0.7; stroke: var(--soft); stroke-dasharray: 4 4; stroke-width: 1; }
  .plot .area { fill: var(--level); opacity: 0.16; }
  .plot .line { stroke: var(--level); stroke-linejoin: round; stroke-width: 2.5; }
  .plot .projection { stroke: var(--level); stroke-dasharray: 1 5; stroke-linecap: round; stroke-width: 2.5; }
  .plot .range { fill: var(--level); opacity: 0.12; }
  .plot .now { opacity: 0.5; stroke: var(--soft); stroke-width: 1; }
  .dot {
    background: var(--level);
    border: 2px solid var(--back);
    border-radius: 50%;
    block-size: 12px;
    inline-size: 12px;
    position: absolute;
    transform: translate(-50%, -50%);
  }
  .nothing { color: var(--soft); inset: 0; padding: 40px 12px; position: absolute; text-align: center; }
  .axis { color: var(--soft); direction: ltr; display: flex; font-size: 0.85em; justify-content: space-between; margin-block-start: 4px; position: relative; }
  .axis .here { position: absolute; transform: translateX(-50%); }
  .days { display: flex; gap: 6px; list-style: none; margin: 0; padding: 0; }
  .day { color: var(--soft); display: grid; flex: 1; font-size: 0.85em; gap: 4px; min-inline-size: 0; text-align: center; }
  .day .value { min-block-size: 1.35em; font-variant-numeric: tabular-nums; }
  .day.today { color: var(--primary-text-color); font-weight: 600; }
  .column { background: var(--track); block-size: 120px; border-radius: 6px; overflow: hidden; position: relative; }
  .column .used { background: var(--good); border-radius: 6px; inset: auto 0 0; opacity: 0.75; position: absolute; }
  .today .used { opacity: 1; }
  .column .share { border-block-start: 2px dashed var(--soft); inset-inline: 0; position: absolute; }
  .label { overflow: hidden; text-overflow: clip; white-space: nowrap; }
  .line { color: var(--soft); overflow-wrap: anywhere; }
  .status { align-items: center; color: var(--primary-text-color); display: flex; gap: 8px; }
  .status .shape { color: var(--risk); font-size: 18px; }
  .micro {
    align-items: center;
    block-size: 100%;
    display: flex;
    gap: 10px;
    inline-size: 100%;
    min-block-size: 56px;
    padding: 8px 12px;
  }
  .micro > .shape { color: var(--level); font-size: 22px; }
  .micro .middle { display: grid; flex: 1; gap: 4px; min-inline-size: 0; }
  .micro .bar { block-size: 6px; margin: 0; }
  .micro .marker { inset-block: -3px; }
  .micro .words { flex-wrap: nowrap; }
  .micro .words span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  @media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
  @media (forced-colors: active) {
    .track, .column { border: 1px solid CanvasText; }
    .fill, .column .used { background: Highlight; forced-color-adjust: none; }
    .marker, .tick { background: CanvasText; forced-color-adjust: none; }
    .plot path { stroke: CanvasText; }
  }
`;

/* --------------------------------------------------------------- elements */

// In node there is none, and what is pure can be tested all the same.
const Element = globalThis.HTMLElement ?? class {};
const HOLD = 500;
const TWICE = 250;

/** What card and badge share: whose usage it is, and when to draw it again. */
class PulseElement extends Element {
  constructor() {
    super();
    this._found = [];
    this._watched = [];
    this._visible = false;
    this._drawing = false;
    this._onVisibility = () => this._follow();
    this.attachShadow({ mode: "open" }).append(h("style", {}, this.constructor.style), h("div"));
    this._act();
  }

  setConfig(config) {
    const { device, layout, show } = config;
    if (device !== undefined && ![device].flat().every((id) => typeof id === "string"))
      throw new Error("device has to be the id of a device, or a list of them");
    if (layout !== undefined && !["auto", "micro", "rows", "full", "days"].includes(layout))
      throw new Error("layout has to be auto, micro, rows, full or days");
    if (show !== undefined && !["used", "remaining"].includes(show))
      throw new Error("show has to be used or remaining");
    this._config = config;
    this._look();
  }

  set hass(hass) {
    const old = this._hass;
    this._hass = hass;
    if (old?.connection !== hass.connection) this._listen();
    const other = ["entities", "devices", "locale", "language"].some(
      (part) => old?.[part] !== hass[part],
    );
    const changed = this._watched.some((id) => old?.states[id] !== hass.states[id]);
    if (!old || other || changed) {
      if (changed) this._details.ask();
      this._look();
    }
  }

  get hass() {
    return this._hass;
  }

  connectedCallback() {
    this._observer ??= globalThis.IntersectionObserver
      ? new IntersectionObserver((seen) => {
          this._seen = seen.at(-1).isIntersecting;
          this._follow();
        })
      : undefined;
    if (this._observer) this._observer.observe(this);
    else this._seen = true;
    this._sizes ??= new ResizeObserver(([{ contentRect }]) => {
      const before = this._size;
      this._width = contentRect.width;
      if (this._size !== before) this.draw();
    });
    this._sizes.observe(this);
    document.addEventListener("visibilitychange", this._onVisibility);
    if (this._hass) this._listen();
    this._follow();
    this.draw();
  }

  disconnectedCallback() {
    this._observer?.disconnect();
    this._sizes.disconnect();
    document.removeEventListener("visibilitychange", this._onVisibility);
    this._stop?.();
    this._stop = undefined;
    this._seen = false;
    this._follow();
  }

  get _size() {
    const config = this._config ?? {};
    const { rows } = config.grid_options ?? {};
    return sizeOf(config.layout, this._width ?? 0, typeof rows === "number" ? rows : undefined);
  }

  /** Hear of answers while it is on the page. */
  _listen() {
    this._stop?.();
    this._details = Details.of(this._hass);
    if (!this.isConnected) return;
    this._stop = this._details.listen(() => this._look());
    if (!this._details.value) this._details.ask();
  }

  /** Find out which entities it is about, and draw them. */
  _look() {
    if (!this._hass || !this._config) return;
    const wanted = this._config.device && [this._config.device].flat();
    this._found = findAccounts(this._hass, this._details?.value)
      .filter(({ id }) => !wanted?.length || wanted.includes(id))
      .sort((one, other) =>
        wanted?.length
          ? wanted.indexOf(one.id) - wanted.indexOf(other.id)
          : this._nameOf(one).localeCompare(this._nameOf(other)),
      );
    this._watched = this._found.flatMap(watchedOf);
    this.draw();
  }

  _nameOf({ id }) {
    const device = this._hass.devices?.[id];
    return device?.name_by_user || device?.name || id;
  }

  /** Follow the minutes while somebody can see it. */
  _follow() {
    const visible = Boolean(this._seen) && document.visibilityState !== "hidden";
    if (visible === this._visible) return;
    this._visible = visible;
    clearTimeout(this._timer);
    if (!visible) return;
    const tick = () => {
      this._timer = setTimeout(tick, MINUTE - (Date.now() % MINUTE) + 50);
      this._details?.refresh();
      this.draw();
    };
    tick();
  }

  /** Draw what is true now, once for all that has changed. */
  draw() {
    if (this._drawing) return;
    this._drawing = true;
    queueMicrotask(() => {
      this._drawing = false;
      if (!this._hass || !this._config || !this.isConnected) return;
      // The first time in any case, so that it has its height.
      if (!this._visible && this._drawn) return;
      this._drawn = true;
      const root = h("div");
      root.append(...[this.render(this._view())].flat().filter(Boolean));
      morph(this.shadowRoot.lastElementChild, root);
    });
  }

  /** Return what drawing needs to know. */
  _view() {
    const { locale, config, language } = this._hass;
    if (this._locale !== locale) {
      this._locale = locale;
      this._format = new Format({ language, ...locale }, config);
    }
    return {
      format: this._format,
      now: Date.now(),
      remaining: this._config.show === "remaining",
      hide: new Set(this._config.hide ?? []),
    };
  }

  /** Read an account that was found, without the windows that are left out. */
  _read(found, { hide }) {
    const account = readAccount(this._hass, found, this._details?.value);
    account.windows = account.windows.filter(
      ({ key, kind }) => !hide.has(key) && !(hide.has("models") && kind !== SESSION && kind !== WEEKLY),
    );
    return account;
  }

  /** Do what a person asks for, in Home Assistant's ways. */
  _act() {
    let timer;
    let held = false;
    const root = this.shadowRoot;
    const does = (kind) => {
      const action = this._config?.[`${kind}_action`];
      return action && action.action !== "none";
    };
    const act = (action) =>
      this._fire("hass-action", {
        config: { entity: this._entity, ...this._config },
        action,
      });
    root.addEventListener("pointerdown", () => {
      held = false;
      if (does("hold"))
        timer = setTimeout(() => {
          held = true;
          act("hold");
        }, HOLD);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      root.addEventListener(end, () => clearTimeout(timer));
    let tapped;
    root.addEventListener("click", (event) => {
      if (held) return;
      const on = (name) => event.target.closest(`[data-${name}]`)?.dataset[name];
      if (on("path")) {
        event.preventDefault();
        history.pushState(null, "", on("path"));
        this._fire("location-changed", { replace: false }, window);
      } else if (on("account")) {
        this._account = on("account");
        this.draw();
      } else if (on("chart")) {
        this._chart = on("chart");
        this.draw();
      } else if (on("entity") && !(event.target.closest(".micro") && does("tap"))) {
        this._fire("hass-more-info", { entityId: on("entity") });
      } else if (tapped) {
        clearTimeout(tapped);
        tapped = undefined;
        act("double_tap");
      } else if (does("double_tap")) {
        tapped = setTimeout(() => {
          tapped = undefined;
          if (does("tap")) act("tap");
        }, TWICE);
      } else if (does("tap")) act("tap");
    });
  }

  _fire(type, detail, target = this) {
    target.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }

  /** Draw an account on one line: the window that decides. */
  _renderMicro(account, view) {
    const { format, now } = view;
    const said = verdict(account, now, format);
    const bound = bindingOf(account, now);
    const window = said.window ?? bound?.window;
    this._entity = window?.entity;
    if (!window)
      return h("div", { class: "micro", "data-level": said.level }, shape(said.level), h("span", {}, said.text));
    const judged = judge(window, now);
    const reset =
      window.resetsAt !== null && now < window.resetsAt
        ? format.duration(window.resetsAt - now)
        : "";
    return h(
      "button",
      {
        class: "micro",
        "data-level": judged.level,
        "data-entity": window.entity,
        "aria-label": `${labelOf(window, format)}: ${numberShown(window, view).join(" ")}. ${said.text}`,
        title: said.text,
      },
      shape(judged.level),
      h(
        "span",
        { class: "middle" },
        h(
          "span",
          { class: "top" },
          h("span", { class: "name" }, labelOf(window, format)),
          h("span", { class: "number" }, h("b", {}, numberShown(window, view)[0])),
        ),
        bar(window, judged, account, view, said.text),
        reset && h("span", { class: "words" }, h("span", {}, format.t("resets", { when: format.t("in", { duration: reset }) }))),
      ),
    );
  }
}

class ClaudePulseCard extends PulseElement {
  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const language = document.documentElement.lang || "en";
    const t = (key) => text(language, key);
    const select = (names, more) => ({
      select: { options: names.map(([value, key]) => ({ value, label: t(key) })), ...more },
    });
    const action = { ui_action: {} };
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        {
          name: "device",
          selector: { device: { multiple: true, filter: { integration: PLATFORM } } },
        },
        {
          name: "",
          type: "grid",
          schema: [
            {
              name: "layout",
              selector: select(
                [
                  ["auto", "self"],
                  ["micro", "micro"],
                  ["rows", "rows"],
                  ["full", "full"],
                  ["days", "days"],
                ],
                { mode: "dropdown" },
              ),
            },
            {
              name: "show",
              selector: select(
                [
                  ["used", "used_up"],
                  ["remaining", "remaining"],
                ],
                { mode: "dropdown" },
              ),
            },
          ],
        },
        {
          name: "hide",
          selector: select(
            ["session", "weekly", "models", "chart", "money"].map((key) => [key, key]),
            { mode: "list", multiple: true },
          ),
        },
        {
          name: "",
          type: "expandable",
          title: t("actions"),
          schema: ["tap", "hold", "double_tap"].map((kind) => ({
            name: `${kind}_action`,
            selector: action,
          })),
        },
      ],
      computeLabel: ({ name }) =>
        ({
          device: t("account"),
          double_tap_action: t("double_tap"),
          hide: t("leave_out"),
          hold_action: t("hold"),
          layout: t("layout"),
          show: t("show"),
          tap_action: t("tap"),
          title: t("title"),
        })[name],
    };
  }

  getCardSize() {
    const rows = Math.max(2, this._found[0]?.windows.size ?? 2);
    return { micro: 1, rows: 2 + rows, days: 5 }[this._size] ?? 6 + rows;
  }

  getGridOptions() {
    return this._config?.layout === "micro"
      ? { columns: 6, rows: 1, min_columns: 3, min_rows: 1 }
      : { columns: 12, min_columns: 3 };
  }

  // Before 2024.11.
  getLayoutOptions() {
    return this._config?.layout === "micro"
      ? { grid_columns: 2, grid_rows: 1 }
      : { grid_columns: 4 };
  }

  render(view) {
    return h("ha-card", {}, this._content(view));
  }

  _content(view) {
    const { format, now, hide } = view;
    const found = this._found.find(({ id }) => id === this._account) ?? this._found[0];
    if (!found) {
      return h(
        "div",
        { class: "content" },
        h("div", { class: "sentence" }, format.t("no_accounts")),
        this._hass.user?.is_admin &&
          h("a", { href: INTEGRATION, "data-path": INTEGRATION }, format.t("set_up")),
      );
    }
    const account = this._read(found, view);
    const size = this._size;
    if (size === "micro") return this._renderMicro(account, view);
    const said = verdict(account, now, format);
    this._entity = (said.window ?? bindingOf(account, now)?.window)?.entity;
    const chartable = account.windows.filter(({ resetsAt }) => resetsAt !== null);
    return h(
      "div",
      { class: "content" },
      this._config.title && h("div", { class: "title" }, this._config.title),
      this._found.length > 1 && this._chips(account, view),
      this._verdict(said, account, view),
      size !== "days" &&
        account.windows.length > 0 &&
        h("div", { class: "rows" }, account.windows.map((window) => row(window, account, view))),
      size === "full" && !hide.has("chart") && chartable.length > 0 && this._charts(account, chartable, view),
      size === "days" && this._days(account, view),
      size === "full" && !hide.has("money") && money(account.money, format),
      account.status &&
        account.status !== "operational" &&
        h("div", { class: "status" }, shape("risk"), format.t(`status_${account.status}`)),
    );
  }

  _chips(shown, { format }) {
    return h(
      "div",
      { class: "chips", role: "group", "aria-label": format.t("account") },
      this._found.map((found) =>
        h(
          "button",
          { "data-account": found.id, "aria-pressed": String(found.id === shown.id) },
          this._nameOf(found),
        ),
      ),
    );
  }

  _verdict({ level, text: sentence, link }, account, { format, now }) {
    const about = [];
    if (account.asOf)
      about.push(
        `${format.t("as_of", { when: format.when(account.asOf, now) })}, ${format.t("ago", {
          duration: format.duration(now - account.asOf),
        })}`,
      );
    if (account.trouble && sentence !== format.t(`trouble_${account.trouble}`))
      about.push(format.t(`trouble_${account.trouble}`));
    if (level === "spent" && account.money.enabled) about.push(format.t("extra_goes_on"));
    if (!about.length && account.plan) about.push(account.plan);
    return h(
      "div",
      { class: "verdict", "data-level": level },
      h("div", { class: "sign" }, shape(level)),
      h(
        "div",
        { class: "said" },
        h("div", { class: "sentence", role: "status" }, sentence),
        about.length > 0 && h("div", { class: "about" }, about.join(" · ")),
        link &&
          this._hass.user?.is_admin &&
          h("div", { class: "about" }, h("a", { href: link.path, "data-path": link.path }, link.text)),
      ),
    );
  }

  _charts(account, windows, view) {
    const { format, now } = view;
    const bound = bindingOf(account, now)?.window;
    const window =
      windows.find(({ key }) => key === this._chart) ??
      windows.find(({ key }) => key === bound?.key) ??
      windows[0];
    return h(
      "div",
      {},
      windows.length > 1 &&
        h(
          "div",
          { class: "chips", role: "group", "aria-label": format.t("chart") },
          windows.map((one) =>
            h(
              "button",
              { "data-chart": one.key, "aria-pressed": String(one.key === window.key) },
              labelOf(one, format),
            ),
          ),
        ),
      chart(window, this._points(window, now), account, view),
    );
  }

  _days(account, view) {
    const window =
      account.windows.find(({ key }) => key === WEEKLY) ??
      account.windows.find(({ kind }) => kind !== SESSION);
    if (!window || window.resetsAt === null) return null;
    return days(window, this._points(window, view.now), view);
  }

  _points(window, now) {
    return COURSES.points(this._hass, window, now, () => this.draw());
  }
}
ClaudePulseCard.style = STYLE;

class ClaudePulseBadge extends PulseElement {
  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const { schema, computeLabel } = ClaudePulseCard.getConfigForm();
    const about = new Set(["device", "show"]);
    return {
      schema: [schema[1], ...schema[2].schema, schema.at(-1)].filter(
        ({ name }) => name === "" || about.has(name),
      ),
      computeLabel,
    };
  }

  render(view) {
    const { format, now } = view;
    const [found] = this._found;
    if (!found)
      return h("span", { class: "badge", "data-level": "unknown" }, format.t("no_accounts"));
    const account = this._read(found, view);
    const said = verdict(account, now, format);
    const bound = bindingOf(account, now);
    const window = said.window ?? bound?.window;
    this._entity = window?.entity;
    return h(
      "button",
      {
        class: "badge micro",
        "data-level": said.level,
        "data-entity": window?.entity,
        "aria-label": said.text,
        title: said.text,
      },
      shape(said.level),
      h(
        "span",
        { class: "text" },
        h("span", { class: "label" }, window ? labelOf(window, format) : account.name),
        h("span", {}, window ? numberShown(window, view).join(" ") : said.text),
      ),
    );
  }
}
ClaudePulseBadge.style = `
  ${COLOURS}
  :host { display: inline-block; }
  .badge {
    align-items: center;
    background: var(--back);
    border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--track));
    border-radius: 18px;
    color: var(--primary-text-color, #212121);
    display: inline-flex;
    font-size: 12px;
    font-weight: 500;
    gap: 8px;
    line-height: 16px;
    min-block-size: 36px;
    padding: 0 12px 0 9px;
    white-space: nowrap;
  }
  .badge .shape { color: var(--level); font-size: 20px; }
  .text { display: grid; }
  .label { color: var(--soft); font-size: 10px; line-height: 10px; }
`;

/* -------------------------------------------------------------- dashboard */

/** Tell whether Home Assistant is of a version, such as 2024.11, or newer. */
export function isFrom(version, year, month) {
  const [ofYear, ofMonth] = String(version).split(".").map(Number);
  return ofYear > year || (ofYear === year && ofMonth >= month);
}

/** Return a dashboard of all accounts, in the words of the version that shows it. */
export function dashboard(hass) {
  const language = hass.locale?.language || hass.language || "en";
  const t = (key) => text(language, key);
  const sections = isFrom(hass.config?.version, 2024, 11);
  const accounts = findAccounts(hass);
  const card = (found, more) => ({
    type: "custom:claude-pulse-card",
    ...(found && { device: found.id }),
    ...more,
  });
  const nameOf = ({ id }) => hass.devices?.[id]?.name_by_user || hass.devices?.[id]?.name || "";
  const heading = (words) =>
    sections ? [{ type: "heading", heading: words }] : [];
  const view = (path, title, icon, groups) => {
    const filled = groups.filter((cards) => cards.length > 0);
    return sections
      ? {
          path,
          title,
          icon,
          type: "sections",
          max_columns: 3,
          sections: filled.map((cards) => ({ type: "grid", cards })),
        }
      : { path, title, icon, cards: filled.flat() };
  };
  const entities = (title, ids) =>
    ids.filter(Boolean).length
      ? [{ type: "entities", ...(!sections && { title }), entities: ids.filter(Boolean) }]
      : [];
  const titled = (found, key) =>
    accounts.length > 1 ? `${nameOf(found)}: ${t(key)}` : t(key);
  const of = (found, key, part) => found.windows.get(key)?.entities[part];
  const modelsOf = (found) =>
    [...found.windows.values()].filter(({ kind }) => kind !== SESSION && kind !== WEEKLY);
  const each = (make) => accounts.flatMap((found) => make(found));
  const withHeading = (words, cards) => (cards.length ? [...heading(words), ...cards] : []);

  const overview = accounts.length
    ? each((found) => [
        [card(found, accounts.length > 1 ? { title: nameOf(found) } : {})],
        withHeading(titled(found, "this_week"), [
          card(found, { layout: "days", ...(!sections && { title: t("this_week") }) }),
        ]),
        withHeading(titled(found, "health"), entities(t("health"), healthOf(found))),
      ])
    : [[card()]];
  const week = each((found) => {
    const id = of(found, WEEKLY, "used");
    return id
      ? [
          withHeading(titled(found, "this_week"), [card(found, { layout: "days" })]),
          [
            {
              type: "statistics-graph",
              entities: [id],
              stat_types: ["max"],
              period: "day",
              chart_type: "bar",
              days_to_show: 30,
              title: t("weekly"),
            },
          ],
          entities(t("weekly"), Object.values(found.windows.get(WEEKLY).entities)),
        ]
      : [];
  });
  const models = each((found) =>
    modelsOf(found).map((window) => [
      ...heading(nameOfWindow(hass, window)),
      ...entities(nameOfWindow(hass, window), Object.values(window.entities)),
    ]),
  );
  const moneyOf = (found) =>
    ["extra_usage_spent", "extra_usage_limit", "prepaid_balance"].map(
      (key) => found.entities[key],
    );
  const spending = each((found) => {
    const ids = moneyOf(found).filter(Boolean);
    return ids.length
      ? [
          withHeading(titled(found, "money"), entities(t("money"), ids)),
          [{ type: "history-graph", entities: ids, hours_to_show: 168 }],
        ]
      : [];
  });
  const health = each((found) => [
    withHeading(titled(found, "health"), entities(t("health"), healthOf(found))),
    [...found.windows.values()].some((window) => window.entities.events)
      ? [
          {
            type: "logbook",
            entities: [...found.windows.values()]
              .map((window) => window.entities.events)
              .filter(Boolean),
            hours_to_show: 168,
          },
        ]
      : [],
  ]);
  return {
    title: "Claude Pulse",
    views: [
      view("overview", t("overview"), "mdi:heart-pulse", overview),
      week.length && view("week", t("weekly"), "mdi:calendar-week", week),
      models.length && view("models", t("models"), "mdi:shape-outline", models),
      spending.length && view("money", t("money"), "mdi:cash", spending),
      accounts.length && view("health", t("health"), "mdi:stethoscope", health),
    ].filter(Boolean),
  };
}

const healthOf = ({ entities }) =>
  ["connection", "service_status", "plan", "limit_reached"].map((key) => entities[key]);

const nameOfWindow = (hass, { entities }) => nameOf(hass, entities.used ?? entities.events);

class ClaudePulseDashboard extends Element {
  static async generate(_, hass) {
    return dashboard(hass);
  }

  static getCreateSuggestions() {
    return { title: "Claude Pulse", icon: "mdi:heart-pulse" };
  }
}
ClaudePulseDashboard.registryDependencies = ["entities", "devices"];
ClaudePulseDashboard.noEditor = true;

/* ----------------------------------------------------------- registration */

const ELEMENTS = {
  "claude-pulse-badge": ClaudePulseBadge,
  "claude-pulse-card": ClaudePulseCard,
  "ll-strategy-dashboard-claude-pulse": ClaudePulseDashboard,
};

/** Offer cards for an entity of ours, where Home Assistant suggests some. */
export function suggest(hass, id) {
  const entry = hass.entities?.[id];
  if (entry?.platform !== PLATFORM || !entry.device_id) return null;
  const language = hass.locale?.language || "en";
  return ["full", "rows", "micro"].map((layout) => ({
    label: `Claude Pulse: ${text(language, layout).toLowerCase()}`,
    config: { type: "custom:claude-pulse-card", device: entry.device_id, layout },
  }));
}

function register() {
  const language = () => document.documentElement.lang || "en";
  const about = {
    name: "Claude Pulse",
    documentationURL: README,
    preview: true,
    // Read when it is shown, in the language of then.
    get description() {
      return text(language(), "description");
    },
  };
  const offer = (list, type, more) => {
    const offered = (window[list] ??= []);
    if (offered.some((other) => other.type === type)) return;
    offered.push(Object.defineProperties({ type, ...more }, Object.getOwnPropertyDescriptors(about)));
  };
  offer("customCards", "claude-pulse-card", { getEntitySuggestion: suggest });
  offer("customBadges", "claude-pulse-badge");
  offer("customStrategies", "claude-pulse", { strategyType: "dashboard" });

  // Until 2026.10 Home Assistant replaces the registry while it loads, and what was
  // defined before is not found in the new one.
  const define = () => {
    for (const [tag, element] of Object.entries(ELEMENTS)) {
      try {
        if (!customElements.get(tag)) customElements.define(tag, element);
      } catch {
        // Another copy of this module was first.
      }
    }
  };
  define();
  customElements.whenDefined("home-assistant").then(define);
  for (const wait of [1000, 5000]) setTimeout(define, wait);
}

if (globalThis.customElements) register();
