// What Home Assistant could show, for the stub page and for the tests of what is pure.

export const NOW = Date.parse("2026-05-06T12:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const iso = (ms) => new Date(ms).toISOString();

/** A window as it is told of: percent, hours until its reset, and what is foreseen. */
export function windowOf(key, used, hours, more = {}) {
  const kind = { session: "session", weekly: "weekly" }[key] ?? "model";
  return {
    key,
    kind,
    used,
    name: kind === "model" ? key.replace("weekly_", "") : null,
    resetsAt: hours === null ? null : NOW + hours * HOUR,
    length: kind === "session" ? 5 * HOUR : 7 * DAY,
    ...more,
  };
}

/** A forecast; without `out`, the hours until it runs out, it lasts. */
export function forecastOf(projected, { low, high, pace = 0, out = null } = {}) {
  return {
    projected,
    low: low ?? Math.max(0, projected - 15),
    high: high ?? projected + 15,
    pace,
    runs_out_at: out === null ? null : iso(NOW + out * HOUR),
    lasts: out === null,
    certain: true,
    confidence: 90,
    expected: null,
    basis: "even",
    weeks: 0,
  };
}

// Each has ids of its own, as histories are remembered by them.
let mounted = 0;

/** The `hass` object of Home Assistant, as far as the card asks it, showing accounts. */
export function hassOf(accounts, { details = true, ...more } = {}) {
  const states = {};
  const entities = {};
  const devices = {};
  const answer = { accounts: [] };
  const histories = {};
  accounts.forEach((account, number) => {
    const device = `device${number}`;
    const slug = `renamed_${(mounted += 1)}`;
    devices[device] = { id: device, name: account.name ?? "Claude Pulse" };
    const add = (key, state, attributes = {}) => {
      const id = `sensor.${slug}_${key}_${Object.keys(states).length}`;
      entities[id] = {
        entity_id: id,
        device_id: device,
        platform: "claude_pulse",
        translation_key: key,
      };
      states[id] = {
        entity_id: id,
        state: String(state),
        attributes,
        last_changed: iso(NOW - 5 * MINUTE),
        last_updated: iso(NOW - 5 * MINUTE),
      };
      return id;
    };
    const told = [];
    for (const window of account.windows) {
      const { key, kind, used, resetsAt, length, name, forecast = null, lacks } = window;
      const at = { window: key, friendly_name: `${devices[device].name} Weekly ${name} usage` };
      const gone = account.unavailable ? "unavailable" : "unknown";
      const usage = add(`${kind}_usage`, used ?? gone, account.unavailable ? {} : at);
      add(`${kind}_resets_at`, resetsAt ? iso(resetsAt) : gone, account.unavailable ? {} : at);
      if (!lacks)
        told.push({
        window: key,
        kind,
        name,
        entity_id: usage,
        length: length && length / 1000,
        percent: used,
        resets_at: resetsAt && iso(resetsAt),
        forecast,
        today: window.today ?? null,
        usual_hours: window.usualHours ?? null,
      });
      histories[usage] = account.history?.(window) ?? historyOf(window);
    }
    add("connection", account.trouble ?? "up_to_date", {
      last_update: account.trouble ? iso(NOW - 14 * MINUTE) : undefined,
    });
    if (account.savedResets) {
      add("saved_resets", account.savedResets);
      add("saved_reset_expires_at", iso(NOW + 3 * DAY));
    }
    if (account.status) add("service_status", account.status);
    answer.accounts.push({
      device_id: device,
      title: devices[device].name,
      plan: account.plan ?? "Max 20x",
      trouble: account.trouble ?? null,
      last_success: iso(NOW - 14 * MINUTE),
      thresholds: [75, 90],
      windows: account.unavailable ? [] : told,
      spend: account.spend ?? null,
      balance: account.balance ?? null,
    });
  });
  return {
    states,
    entities,
    devices,
    language: "en",
    locale: {
      language: "en",
      number_format: "language",
      time_format: "24",
      time_zone: "server",
      first_weekday: "language",
    },
    config: { version: "2026.11.0", time_zone: "Europe/Berlin" },
    themes: { darkMode: false },
    user: { is_admin: true },
    formatEntityState: ({ state }) => state.replaceAll("_", " "),
    connection: {
      addEventListener() {},
      sendMessagePromise: async () => {
        if (!details) throw { code: "unknown_command" };
        return answer;
      },
    },
    callWS: async ({ type, entity_ids: ids }) => {
      if (type !== "history/history_during_period") return {};
      if (accounts[0].recorder === false) throw { code: "unknown_command" };
      return { [ids[0]]: histories[ids[0]] };
    },
    ...more,
  };
}

/** A history that rises as a person works, with what it shows now at its end. */
function historyOf({ used, resetsAt, length }) {
  if (used === null || resetsAt === null) return [];
  const start = resetsAt - length;
  const points = [];
  for (let share = 0; share <= 1; share += 0.04) {
    const at = start + share * (NOW - start);
    const bent = share + 0.05 * Math.sin(share * 20) * (1 - share);
    points.push({ s: String(Math.round(used * bent)), lu: at / 1000 });
  }
  return points;
}

const SESSION = windowOf("session", 31.3, 2.2, { forecast: forecastOf(58, { pace: -24 }) });
const WEEK = windowOf("weekly", 57.9, 75, { forecast: forecastOf(88, { pace: 2.5 }) });
const OPUS = windowOf("weekly_Opus", 22, 75, { forecast: forecastOf(40, { pace: -33 }) });
const euro = (amount) => ({ amount, currency: "EUR", decimals: 2 });

const dollars = (amount) => ({ amount, currency: "USD", decimals: 2 });

// Its sensors exist nevertheless.
const NO_LIMITS = ["session", "weekly"].map((key) => ({ ...windowOf(key, null, null), lacks: true }));

/** An account of a seat that pays by spend. */
function payingBySpend(percent, spend) {
  return {
    plan: "Enterprise",
    windows: [...NO_LIMITS, { ...windowOf("extra", percent, null), kind: "extra", name: null, length: null }],
    spend: { enabled: true, disabled_reason: null, used_up: false, percent, ...spend },
  };
}

/** The usual hours of the week: from 9 to 17 on weekdays, most of all in the morning. */
const OFFICE = Array.from({ length: 168 }, (_, number) => {
  const at = new Date(WEEK.resetsAt - 7 * DAY + number * HOUR);
  const [day, hour] = [at.getUTCDay(), (at.getUTCHours() + 2) % 24];
  // Too little to be drawn.
  if (day === 0 && hour === 20) return 60;
  if (day % 6 === 0 || hour < 9 || hour > 16) return 0;
  return hour < 12 ? 350 : 190;
});

export const SCENARIOS = {
  habit: [
    {
      windows: [
        SESSION,
        {
          ...WEEK,
          forecast: { ...forecastOf(88, { low: 70, high: 108 }), basis: "habit", expected: 48 },
          today: { used: 9, budget: 14, sessions_left: 2 },
          usualHours: OFFICE,
        },
        OPUS,
      ],
    },
  ],
  usual: [{ windows: [SESSION, WEEK, OPUS] }],
  runs_out: [
    {
      windows: [
        SESSION,
        windowOf("weekly", 78, 75, {
          forecast: forecastOf(140, { low: 112, high: 165, pace: 22, out: 40 }),
        }),
      ],
      spend: { enabled: true, spent: euro(12.4), limit: euro(50), percent: 25 },
      balance: euro(20),
    },
  ],
  session_runs_out: [
    {
      windows: [
        windowOf("session", 82, 1.5, {
          forecast: forecastOf(120, { low: 105, high: 135, pace: 12, out: 0.7 }),
        }),
        WEEK,
      ],
    },
  ],
  week_spent: [
    {
      windows: [SESSION, windowOf("weekly", 100, 53)],
      spend: { enabled: true, spent: euro(3), limit: null, percent: null },
    },
  ],
  session_spent: [{ windows: [windowOf("session", 100, 1.2), WEEK] }],
  both_spent: [{ windows: [windowOf("session", 100, 1.2), windowOf("weekly", 103, 53)] }],
  model_spent: [{ windows: [SESSION, WEEK, windowOf("weekly_Opus", 100, 75)] }],
  more_than_all: [{ windows: [windowOf("session", 117, 2), windowOf("weekly", 240, 20)] }],
  idle: [{ windows: [windowOf("session", 0, null), WEEK] }],
  nothing_used: [{ windows: [windowOf("session", 0, 4.9), windowOf("weekly", 0.3, 167)] }],
  only_week: [{ windows: [WEEK] }],
  no_session_limit: [{ windows: [{ ...windowOf("session", null, null), lacks: true }, WEEK] }],
  free: [{ windows: NO_LIMITS }],
  pays_by_spend: [payingBySpend(93.5, { spent: dollars(374), limit: dollars(400) })],
  spend_used_up: [
    payingBySpend(100, { spent: dollars(400.25), limit: dollars(400), used_up: true }),
  ],
  out_of_credits: [
    payingBySpend(100, {
      spent: dollars(120.5),
      limit: dollars(400),
      used_up: true,
      disabled_reason: "out_of_credits",
      enabled: false,
    }),
  ],
  spend_disabled: [
    payingBySpend(12, {
      spent: dollars(48),
      limit: dollars(400),
      disabled_reason: "org_level_disabled",
      enabled: false,
    }),
  ],
  no_credits_at_all: [
    payingBySpend(100, { spent: null, limit: null, used_up: true, disabled_reason: "out_of_credits" }),
  ],
  limit_of_zero: [
    {
      ...payingBySpend(null, { spent: dollars(0), limit: dollars(0), enabled: false }),
      windows: NO_LIMITS,
    },
  ],
  unlimited_spend: [{ ...payingBySpend(null, { spent: dollars(48), limit: null }), windows: NO_LIMITS }],
  resetting: [{ windows: [windowOf("session", 80, -0.02), WEEK] }],
  unknown: [{ windows: [windowOf("session", null, null), windowOf("weekly", null, null)] }],
  unavailable: [
    {
      windows: [windowOf("session", null, null), windowOf("weekly", null, null)],
      trouble: "cannot_connect",
      unavailable: true,
    },
  ],
  stale: [{ windows: [SESSION, WEEK], trouble: "blocked" }],
  dead_login: [
    {
      windows: [windowOf("session", null, null), windowOf("weekly", null, null)],
      trouble: "invalid_auth",
      unavailable: true,
    },
  ],
  many_models: [
    {
      windows: [
        SESSION,
        WEEK,
        OPUS,
        ...["Sonnet", "Haiku", "Fable", "Opus 5 with a very long name that does not end soon"].map(
          (name, number) => windowOf(`weekly_${name}`, 10 * number, 75),
        ),
      ],
    },
  ],
  two_accounts: [
    { name: "Claude Pulse", windows: [SESSION, WEEK] },
    {
      name: "Claude Pulse Donaudampfschifffahrtsgesellschaft mbH & Söhne",
      windows: [windowOf("session", 5, 1), windowOf("weekly", 100, 20)],
    },
  ],
  yen: [
    {
      windows: [SESSION, WEEK],
      spend: {
        enabled: true,
        spent: { amount: 1240, currency: "JPY", decimals: 0 },
        limit: { amount: 5000, currency: "JPY", decimals: 0 },
        percent: 25,
      },
      balance: { amount: -1.234, currency: "KWD", decimals: 3 },
    },
  ],
  saved_resets: [{ windows: [SESSION, WEEK], savedResets: 2 }],
  outage: [{ windows: [SESSION, WEEK], status: "major" }],
  no_recorder: [{ windows: [SESSION, WEEK], recorder: false }],
  gap_and_refill: [
    {
      windows: [SESSION, WEEK],
      history: ({ key, resetsAt, length }) => {
        const start = (resetsAt - length) / 1000;
        const step = length / 20000;
        const shown = [0, 20, 45, "unavailable", "unavailable", 50, 10, 20];
        return shown.map((s, index) => ({ s: String(s), lu: start + index * step }));
      },
    },
  ],
  nobody: [],
};
