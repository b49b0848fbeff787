// What is true and how it is said, without a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { NOW, SCENARIOS, forecastOf, hassOf, windowOf } from "./scenarios.js";

// The built module, which is what browsers load. Node has no elements, which Lit needs.
Object.assign(globalThis, {
  HTMLElement: class {},
  document: { createTreeWalker: () => ({}), documentElement: {} },
});
const urlOf = (name) =>
  new URL(`../../custom_components/claude_pulse/frontend/${name}`, import.meta.url);
const load = (name) =>
  import(`data:text/javascript;base64,${readFileSync(urlOf(name), "base64")}`);
const {
  Format,
  aboutOf,
  acrossOf,
  bindingOf,
  chosenOf,
  findAccounts,
  hoursOf,
  judge,
  ticksOf,
  valueAt,
  wordsOf,
  labelOf,
  layOut,
  limitsOf,
  optionOf,
  pointsOf,
  readAccount,
  sizeOf,
  suggest,
  suggestBadge,
  text,
  timesReached,
  useByDay,
  verdict,
  watchedOf,
  weeksOf,
  wholePercent,
} = await load("claude-pulse.js");
const { dashboard, isFrom } = await load("dashboard.js");
const english = (key) => text("en", key);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formatOf = (locale = {}, zone = "Europe/Berlin") =>
  new Format(
    {
      language: "en",
      number_format: "language",
      time_format: "24",
      time_zone: "server",
      ...locale,
    },
    { time_zone: zone },
  );
const format = formatOf();

/** A window as the card reads it, judged at a moment. */
const judged = (key, used, hours, { forecast, now = NOW, ...more } = {}) =>
  judge(
    {
      ...windowOf(key, used, hours, more),
      blocks: key === "session" || key === "weekly",
      forecast: forecast
        ? { ...forecast, runsOutAt: Date.parse(forecast.runs_out_at) || null }
        : null,
    },
    now,
  );

/** What a scenario's accounts are, at a moment. */
async function accountsOf(scenario, { details = true, now = NOW, hass = hassOf(scenario) } = {}) {
  const answer = details ? await hass.connection.sendMessagePromise() : undefined;
  return findAccounts(hass, answer).map((found) => readAccount(hass, found, answer, now));
}

describe("formats", () => {
  test("twelve and twenty-four hours", () => {
    const clock = (time_format, language = "en") => formatOf({ time_format, language }).clock(NOW);
    assert.equal(clock("12"), "2:00\u00a0PM");
    assert.equal(clock("24"), "14:00");
    assert.equal(clock("language"), "2:00\u00a0PM");
    assert.equal(clock("language", "en-GB"), "14:00");
    const midnight = Date.parse("2026-05-05T22:00:00Z");
    assert.equal(formatOf({ time_format: "12" }).clock(midnight), "12:00\u00a0AM");
    assert.equal(format.clock(midnight), "00:00");
  });

  test("the server's zone and the browser's", () => {
    assert.equal(formatOf({}, "America/New_York").clock(NOW), "08:00");
    const own = new Intl.DateTimeFormat("en", {
      hour: "numeric",
      minute: "2-digit",
      hourCycle: "h23",
    });
    assert.equal(formatOf({ time_zone: "local" }, "America/New_York").clock(NOW), own.format(NOW));
  });

  test("number formats", () => {
    const number = (number_format) => formatOf({ number_format, language: "de" }).number(1234567.8);
    assert.equal(number("comma_decimal"), "1,234,567.8");
    assert.equal(number("decimal_comma"), "1.234.567,8");
    assert.equal(number("quote_decimal").replace("’", "'"), "1'234'567.8");
    assert.equal(number("space_comma").replace(/\s/g, " "), "1 234 567,8");
    assert.equal(number("none"), "1234567.8");
    assert.equal(number("language"), "1.234.567,8");
    assert.equal(number("system"), new Intl.NumberFormat().format(1234567.8));
    assert.equal(number("of a newer version"), "1.234.567,8");
  });

  test("percentages are whole, and full only if all is used", () => {
    const shown = [-3, 0, 0.2, 0.5, 57.9, 99.6, 99.99, 100, 100.4, 240];
    assert.deepEqual(
      shown.map((value) => format.percent(value)),
      ["0%", "0%", "<1%", "1%", "58%", "99%", "99%", "100%", "100%", "240%"],
    );
    assert.equal(formatOf({ language: "de" }).percent(12), "12\u00a0%");
    assert.equal(wholePercent(99.6), 99);
  });

  test("durations have their two largest units", () => {
    const said = (minutes) => format.duration(minutes * MINUTE);
    assert.deepEqual([-5, 0, 0.1, 59, 60, 61, 59.5, 1439.2, 1440, 1445, 1500, 10079].map(said), [
      "1m",
      "1m",
      "1m",
      "59m",
      "1h",
      "1h 1m",
      "1h",
      "1d",
      "1d",
      "1d",
      "1d 1h",
      "6d 23h",
    ]);
  });

  test("a clock has the day that it needs", () => {
    const when = (hours, weekday) => format.when(NOW + hours * HOUR, NOW, weekday);
    assert.equal(when(9.9), "23:54");
    assert.equal(when(10), "tomorrow at 00:00");
    assert.equal(when(48), "Fri\u00a014:00");
    assert.equal(when(48, "long"), "Friday at 14:00");
    assert.equal(when(9.9, "long"), "at 23:54");
    assert.equal(when(6 * 24), "Tue\u00a014:00");
    assert.equal(when(7 * 24), "May 13\u00a014:00");
    assert.equal(when(-24), "May 5\u00a014:00");
  });

  test("the clocks change", () => {
    // In Berlin on 2026-03-29 at two, and on 2026-10-25 at three.
    const before = Date.parse("2026-03-28T12:00:00Z");
    assert.equal(format.when(before + DAY, before), "tomorrow at 14:00");
    assert.equal(format.when(before + 11 * HOUR, before), "tomorrow at 00:00");
    const late = Date.parse("2026-10-24T21:30:00Z");
    assert.equal(format.when(late + DAY, late), "tomorrow at 22:30");
    assert.equal(format.when(late + DAY + 1.5 * HOUR, late), "Mon\u00a000:00");
    assert.equal(format.clock(Date.parse("2026-10-25T00:30:00Z")), "02:30");
    assert.equal(format.clock(Date.parse("2026-10-25T01:30:00Z")), "02:30");
  });

  test("an unknown zone leaves the language, and an unknown language the zone", () => {
    const lost = formatOf({ language: "de" }, "Nowhere/None");
    assert.equal(lost.number(1.5), "1,5");
    assert.match(lost.dayKey(NOW), /^2026-05-0[5-7]$/);
    assert.match(lost.when(NOW + 2 * DAY, NOW), /^(Thu|Fri|Sat)\s\d\d:\d\d\u200e$/);
    const strange = formatOf({ language: "no_language at all" });
    assert.equal(strange.clock(NOW), "14:00\u200e");
    assert.equal(strange.dayKey(NOW), "2026-05-06");
    assert.equal(strange.t("spent"), "Limit reached");
    const dollars = strange.money({ amount: 3, currency: "USD", decimals: 2 });
    assert.match(dollars, /\$/);
  });

  test("money has the decimals of its currency", () => {
    const money = (amount, currency, decimals) => format.money({ amount, currency, decimals });
    assert.equal(money(12.4, "EUR", 2), "€12.40");
    assert.equal(money(1240, "JPY", 0), "¥1,240");
    assert.equal(money(-1.234, "KWD", 3).replace(/\s/g, " "), "−KWD 1.234");
    assert.equal(money(3, "credits", 0), "3 credits");
    assert.equal(money(3, null, undefined), "3.00");
    assert.equal(formatOf({ language: "de" }).money({ amount: 5, currency: "EUR" }), "5,00\u00a0€");
  });

  test("words are of one language, and numbers of the person's", () => {
    const german = formatOf({ language: "de" });
    assert.deepEqual([german.language, german.direction], ["en", "ltr"]);
    assert.equal(german.duration(25 * HOUR), "1d 1h");
    // What follows a clock stays on its right, whatever its letters are.
    assert.equal(german.when(NOW + DAY, NOW), "tomorrow at 14:00\u200e");
    assert.equal(german.when(NOW + 2 * DAY, NOW), "Fri\u00a014:00\u200e");
    assert.equal(german.number(1.5), "1,5");
    assert.deepEqual([format.language, format.direction], ["en", ""]);
    assert.equal(formatOf({ language: "en-GB" }).direction, "");
    assert.equal(formatOf({ language: "en-GB" }).when(NOW + 7 * DAY, NOW), "13 May\u00a014:00");
  });

  test("texts fall back on English, and keep no gap", () => {
    assert.equal(text("de-AT", "spent"), "Limit reached");
    assert.equal(text(undefined, "in", { duration: "5m" }), "in 5m");
    assert.equal(text("en", "in"), "in ");
    assert.equal(text("en", "no_such_text"), "no_such_text");
  });
});

describe("accounts", () => {
  test("are found by platform, key and window, whatever their ids are", async () => {
    const hass = hassOf(SCENARIOS.usual);
    const [found, ...others] = findAccounts(hass, undefined);
    assert.deepEqual(others, []);
    assert.deepEqual([...found.windows.keys()], ["session", "weekly", "weekly_Opus"]);
    assert.match(found.windows.get("weekly").entities.usage, /^sensor\.renamed_/);
    assert.equal(found.windows.get("weekly_Opus").kind, "model");
    assert.ok(watchedOf(found).includes(found.entities.connection));
    assert.equal(watchedOf(found).length, 7);
  });

  test("which are unavailable have their models from the details", async () => {
    const hass = hassOf(SCENARIOS.usual);
    const answer = await hass.connection.sendMessagePromise();
    for (const state of Object.values(hass.states))
      Object.assign(state, { state: "unavailable", attributes: {} });
    assert.equal(findAccounts(hass, undefined)[0].windows.size, 2);
    assert.equal(findAccounts(hass, answer)[0].windows.size, 3);
  });

  test("leave others alone, and what the clock changes each minute", () => {
    const hass = hassOf(SCENARIOS.usual);
    const add = (id, more) => {
      hass.entities[id] = { device_id: "device0", platform: "claude_pulse", ...more };
      hass.states[id] = { state: "1", attributes: {} };
    };
    add("sensor.other", { platform: "demo", translation_key: "session_usage", device_id: "d" });
    add("sensor.none", { translation_key: "session_usage", device_id: null });
    for (const key of ["reset_countdown", "used", "limit", "reset_time"])
      add(`sensor.${key}`, { translation_key: `session_${key}` });
    add("sensor.weekday", { translation_key: "weekly_reset_weekday" });
    add("sensor.top", { translation_key: "extra_usage_limit" });
    add("sensor.bare", { translation_key: null });
    const found = findAccounts(hass, undefined);
    assert.equal(found.length, 1);
    const watched = watchedOf(found[0]);
    assert.ok(
      !watched.some((id) => /other|none|countdown|used|_limit|time|weekday/.test(id)),
      watched,
    );
    assert.equal(found[0].entities.extra_usage_limit, "sensor.top");
    assert.deepEqual(findAccounts({ states: {} }, undefined), []);
  });

  test("of two devices stay two", async () => {
    const [one, two] = await accountsOf(SCENARIOS.two_accounts);
    assert.equal(one.name, "Claude Pulse");
    assert.match(two.name, /Söhne$/);
    assert.deepEqual(
      [one, two].map(({ windows }) => windows.map(({ used }) => used)),
      [
        [31.3, 57.9],
        [5, 100],
      ],
    );
  });

  test("have what is hidden, and what is told of the disabled", async () => {
    const hass = hassOf(SCENARIOS.usual);
    const hidden = Object.values(hass.entities).find(
      ({ translation_key: key }) => key === "session_usage",
    );
    hidden.hidden = true;
    const [account] = await accountsOf(undefined, { hass });
    assert.equal(account.windows[0].used, 31.3);
    delete hass.entities[hidden.entity_id];
    const known = async (more) =>
      (await accountsOf(undefined, { hass, ...more }))[0].windows.map(({ entity, key, used }) => [
        key,
        used,
        Boolean(entity),
      ]);
    const rest = [
      ["weekly", 57.9, true],
      ["weekly_Opus", 22, true],
    ];
    assert.deepEqual(await known(), [["session", 31.3, false], ...rest]);
    assert.deepEqual(await known({ details: false }), rest);
    // So it is with a window that has no entity at all.
    for (const [id, { translation_key: key }] of Object.entries(hass.entities))
      if (key.startsWith("session")) delete hass.entities[id];
    assert.deepEqual(await known(), [["session", 31.3, false], ...rest]);
  });

  test("are read from states alone", async () => {
    const [account] = await accountsOf(SCENARIOS.usual, { details: false });
    assert.deepEqual(account.thresholds, []);
    assert.deepEqual(
      account.windows.map(({ used, name, forecast, level, length }) => [
        used,
        name,
        forecast,
        level,
        length,
      ]),
      [
        [31.3, "Weekly null usage", null, "good", 5 * HOUR],
        [57.9, "Weekly null usage", null, "good", 7 * DAY],
        [22, "Weekly Opus usage", null, "good", null],
      ],
    );
  });

  test("say how old their numbers are when claude.ai cannot be read", async () => {
    const [account] = await accountsOf(SCENARIOS.stale);
    assert.deepEqual(
      [account.trouble, account.troubleWords, account.asOf],
      ["blocked", "blocked", NOW - 14 * MINUTE],
    );
    const [fine] = await accountsOf(SCENARIOS.usual);
    assert.deepEqual([fine.trouble, fine.troubleWords, fine.asOf], [null, null, null]);
    const hass = hassOf(SCENARIOS.stale);
    for (const state of Object.values(hass.states))
      if (state.state === "blocked") Object.assign(state, { state: "unavailable", attributes: {} });
    const [told] = await accountsOf(undefined, { hass });
    assert.deepEqual([told.trouble, told.troubleWords], ["blocked", "blocked"]);
    for (const id of Object.keys(hass.states))
      if (id.includes("connection")) delete hass.states[id];
    const [bare] = await accountsOf(undefined, { hass });
    assert.deepEqual([bare.trouble, bare.troubleWords], ["blocked", null]);
  });

  test("are named by a person, by the details, or by what they are", async () => {
    const hass = hassOf(SCENARIOS.usual);
    const named = async (device) => {
      hass.devices = device;
      return (await accountsOf(undefined, { hass })).map(({ name }) => name);
    };
    assert.deepEqual(await named({ device0: { name: "One", name_by_user: "Mine" } }), ["Mine"]);
    assert.deepEqual(await named({ device0: { name: "One" } }), ["One"]);
    assert.deepEqual(await named({}), ["Claude Pulse"]);
    const answer = await hass.connection.sendMessagePromise();
    answer.accounts[0].title = "Title";
    assert.deepEqual(await named(undefined), ["Title"]);
    hass.connection.sendMessagePromise = async () => ({ accounts: [] });
    assert.deepEqual(await named(undefined), ["Claude Pulse"]);
  });

  test("do without states and details that are not there yet", async () => {
    const hass = hassOf(SCENARIOS.stale);
    const answer = await hass.connection.sendMessagePromise();
    hass.states = {};
    const [found, ...others] = findAccounts(hass, answer);
    assert.deepEqual(others, []);
    const account = readAccount(hass, found, answer, NOW);
    assert.deepEqual(
      account.windows.map(({ used }) => used),
      [null, null],
    );
    assert.deepEqual([account.trouble, account.asOf], ["blocked", NOW - 14 * MINUTE]);
    const bare = readAccount(hass, found, undefined, NOW);
    assert.deepEqual([bare.trouble, bare.asOf, bare.plan, bare.spend], [null, null, null, null]);
  });

  test("have session and week first, and models by the names they have", async () => {
    const hass = hassOf(SCENARIOS.usual);
    hass.entities = Object.fromEntries(Object.entries(hass.entities).reverse());
    const [account] = await accountsOf(undefined, { hass });
    assert.deepEqual(
      account.windows.map(({ key }) => key),
      ["session", "weekly", "weekly_Opus"],
    );
    const names = async (devices) => {
      hass.devices = devices;
      return (await accountsOf(undefined, { hass, details: false }))[0].windows.at(-1).name;
    };
    assert.equal(await names({ device0: { name: "Claude Pulse" } }), "Weekly Opus usage");
    assert.equal(await names({ device0: { name: "Claude" } }), "Pulse Weekly Opus usage");
    assert.equal(await names({ device0: { name: "Other" } }), "Claude Pulse Weekly Opus usage");
    assert.equal(await names({}), "Claude Pulse Weekly Opus usage");
    for (const state of Object.values(hass.states)) delete state.attributes.friendly_name;
    assert.match(await names({}), /^sensor\.renamed_/);
  });

  test("have no session and no week without such limits", async () => {
    const keys = async (scenario, options) =>
      (await accountsOf(scenario, options)).map(({ windows }) => windows.map(({ key }) => key));
    assert.deepEqual(await keys(SCENARIOS.no_session_limit), [["weekly"]]);
    assert.deepEqual(await keys(SCENARIOS.pays_by_spend), [["extra"]]);
    assert.deepEqual(await keys(SCENARIOS.free), [[]]);
    // What is not known yet, or not readable, may have them.
    assert.deepEqual(await keys(SCENARIOS.no_session_limit, { details: false }), [["session", "weekly"]]);
    assert.deepEqual(await keys(SCENARIOS.unavailable), [["session", "weekly"]]);
    assert.deepEqual(await keys(SCENARIOS.unknown), [["session", "weekly"]]);
    // A session that has started since.
    const hass = hassOf(SCENARIOS.no_session_limit);
    const [id] = Object.keys(hass.states).filter((one) => one.includes("session_usage"));
    hass.states[id].state = "3";
    assert.deepEqual(await keys(undefined, { hass }), [["session", "weekly"]]);
  });

  test("have plan, money and service status", async () => {
    const [account] = await accountsOf(SCENARIOS.runs_out);
    assert.equal(account.plan, "Max 20x");
    assert.equal(account.spend.spent.amount, 12.4);
    assert.equal(account.balance.amount, 20);
    assert.equal(account.status, null);
    assert.equal((await accountsOf(SCENARIOS.outage))[0].status, "major");
  });
});

describe("a window", () => {
  const out = (more) => ({ ...forecastOf(120, { pace: 12, out: 1 }), ...more });

  test("is what its numbers say", () => {
    assert.equal(judged("session", null, 2).level, "unknown");
    assert.equal(judged("session", 99.9, 2).level, "good");
    assert.equal(judged("session", 100, 2).level, "spent");
    assert.equal(judged("session", 100, null).level, "spent");
    assert.equal(judged("session", 0, null).level, "idle");
    assert.equal(judged("session", 50, -0.001).level, "resetting");
    assert.equal(judged("session", 100, 0).level, "resetting");
  });

  test("is at risk where a forecast says so, until that has passed", () => {
    assert.equal(judged("session", 60, 2, { forecast: out({ certain: false }) }).level, "risk");
    assert.equal(judged("session", 60, 4.49, { forecast: out() }).level, "risk");
    assert.equal(judged("session", 60, 4.51, { forecast: out() }).level, "risk");
    const passed = judged("session", 60, 2, { forecast: out(), now: NOW + HOUR });
    assert.deepEqual([passed.level, passed.forecast], ["good", null]);
    assert.equal(judged("session", 60, 2, { forecast: forecastOf(90) }).level, "good");
  });

  test("has a pace beyond four points", () => {
    const pace = (points, more) =>
      judged("session", 60, 2, { forecast: { ...forecastOf(90), pace: points, ...more } }).pace;
    assert.deepEqual(
      [3.9, -3.9, 4, -4, null].map((points) => pace(points)),
      ["on", "on", "over", "under", null],
    );
    // Nobody who runs out is under pace.
    assert.equal(pace(-10, { lasts: false, runs_out_at: new Date(NOW + HOUR).toISOString() }), null);
    assert.equal(pace(4, { lasts: false, runs_out_at: new Date(NOW + HOUR).toISOString() }), "over");
    assert.equal(pace(10, { lasts: false, runs_out_at: new Date(NOW + HOUR).toISOString() }), "over");
    assert.equal(judged("session", 100, 2, { forecast: out() }).pace, null);
  });

  test("knows how much of its time has passed", () => {
    assert.equal(judged("session", 1, 2.5).elapsed, 0.5);
    assert.equal(judged("session", 1, 6).elapsed, 0);
    assert.equal(judged("session", 1, -1).elapsed, null);
    assert.equal(judged("session", 1, null).elapsed, null);
    assert.equal(judged("session", 1, 2, { length: null }).elapsed, null);
  });

  test("is called by its kind, or by what the server calls it", () => {
    assert.equal(labelOf(judged("session", 1, 2), format), "Session");
    assert.equal(labelOf(judged("weekly_Opus", 1, 2), format), "Opus");
  });
});

describe("the window that decides", () => {
  const key = (...windows) => bindingOf(windows)?.key;
  const risky = (name, hours, out) =>
    judged(name, 80, hours, { forecast: forecastOf(130, { pace: 9, out }) });

  test("is the one used up, and of two the one for longer", () => {
    assert.equal(key(judged("session", 20, 2), judged("weekly", 100, 20)), "weekly");
    assert.equal(key(judged("session", 100, 2), judged("weekly", 50, 20)), "session");
    assert.equal(key(judged("session", 100, 2), judged("weekly", 100, 1)), "session");
    assert.equal(key(judged("session", 100, 2), judged("weekly", 100, null)), "weekly");
  });

  test("is the one that runs out first, and otherwise the fullest", () => {
    assert.equal(key(risky("session", 2, 1), risky("weekly", 20, 0.5)), "weekly");
    assert.equal(key(risky("session", 2, 0.4), risky("weekly", 20, 0.5)), "session");
    assert.equal(key(judged("session", 95, 2), risky("weekly", 20, 5)), "weekly");
    assert.equal(key(judged("session", 58, 2), judged("weekly", 57, 20)), "session");
    assert.equal(key(judged("session", null, null), judged("weekly", 0, 20)), "weekly");
  });

  test("is no model's, unless there is nothing else", () => {
    assert.equal(key(judged("session", 5, 2), judged("weekly_Opus", 100, 20)), "session");
    assert.equal(
      key(judged("weekly_Opus", 10, 20), judged("weekly_Haiku", 30, 20)),
      "weekly_Haiku",
    );
    assert.equal(key(), undefined);
  });
});

describe("the verdict", () => {
  const SENTENCES = {
    habit: ["good", "Session and weekly limits last until reset"],
    usual: ["good", "Session and weekly limits last until reset"],
    runs_out: ["risk", "The weekly limit runs out Friday at 06:00, 1d 11h before reset"],
    session_runs_out: ["risk", "The session limit runs out at 14:42, 48m before reset"],
    week_spent: ["spent", "Weekly limit reached, back Friday at 19:00"],
    session_spent: ["spent", "Session limit reached, back at 15:12"],
    both_spent: ["spent", "Weekly limit reached, back Friday at 19:00"],
    model_spent: ["risk", "Opus limit reached, back Saturday at 17:00; other models still work"],
    more_than_all: ["spent", "Weekly limit reached, back tomorrow at 10:00"],
    idle: ["good", "No active session, and the weekly limit lasts until reset"],
    nothing_used: ["good", "The weekly limit has 99% left"],
    only_week: ["good", "The weekly limit lasts until reset"],
    no_session_limit: ["good", "The weekly limit lasts until reset"],
    free: ["unknown", "No usage data yet"],
    pays_by_spend: ["risk", "$374 of $400 spent; $26 left"],
    spend_used_up: ["spent", "$400.25 of $400 spent; used up"],
    out_of_credits: ["spent", "$120.50 of $400 spent; out of credits"],
    spend_disabled: ["spent", "$48 of $400 spent; disabled"],
    no_credits_at_all: ["spent", "Out of credits"],
    limit_of_zero: ["spent", "$0 spent; disabled"],
    unlimited_spend: ["good", "$48 spent"],
    resetting: ["resetting", "The session limit is resetting"],
    unknown: ["unknown", "No usage data yet"],
    unavailable: ["unknown", "claude.ai: cannot connect"],
    stale: ["good", "Session and weekly limits last until reset"],
    dead_login: ["spent", "claude.ai: invalid auth"],
    many_models: ["good", "Session and weekly limits last until reset"],
    two_accounts: ["good", "Session and weekly limits last until reset"],
    yen: ["good", "Session and weekly limits last until reset"],
    saved_resets: ["good", "Session and weekly limits last until reset"],
    outage: ["good", "Session and weekly limits last until reset"],
    no_recorder: ["good", "Session and weekly limits last until reset"],
    gap_and_refill: ["good", "Session and weekly limits last until reset"],
  };

  test("is a sentence for each scenario", () => {
    const all = Object.keys(SCENARIOS).filter((name) => SCENARIOS[name].length);
    assert.deepEqual(Object.keys(SENTENCES).sort(), all.sort());
  });

  for (const [name, [level, sentence]] of Object.entries(SENTENCES))
    test(`is right for ${name}`, async () => {
      const [account] = await accountsOf(SCENARIOS[name]);
      const said = verdict(account, NOW, format);
      assert.deepEqual([said.level, said.text.replaceAll("\u00a0", " ")], [level, sentence]);
    });

  test("is about the spend limit by its percentage, and by the amounts that are told", async () => {
    const said = async (change) => {
      const hass = hassOf(SCENARIOS.pays_by_spend);
      const answer = await hass.connection.sendMessagePromise();
      change(answer.accounts[0], hass);
      const [found] = findAccounts(hass, answer);
      const { level, text } = verdict(readAccount(hass, found, answer, NOW), NOW, format);
      return [level, text];
    };
    const use = (percent) => (_, { states }) => {
      for (const state of Object.values(states)) if (state.state === "93.5") state.state = percent;
    };
    const words = "$374 of $400 spent; $26 left";
    assert.deepEqual(await said(use("89")), ["good", words]);
    assert.deepEqual(await said(use("90")), ["risk", words]);
    assert.deepEqual(await said(use("100")), ["spent", "$374 of $400 spent; used up"]);
    const strict = (account) => (account.thresholds = [50, 95]);
    assert.deepEqual(await said(strict), ["good", words]);
    // Whoever may read the percentage only.
    const percentage = "94% of the spend limit is used";
    const parts = { enabled: null, disabled_reason: null, used_up: false, spent: null, limit: null };
    const hide = (account) => Object.assign(account.spend, parts);
    assert.deepEqual(await said(hide), ["risk", percentage]);
    assert.deepEqual(await said((account) => (account.spend = null)), ["risk", percentage]);
  });

  const say = (...windows) => verdict({ windows, trouble: null }, NOW, format);

  test("is about what runs out even where a model is used up", () => {
    const week = judged("weekly", 80, 75, { forecast: forecastOf(140, { out: 40 }) });
    const opus = judged("weekly_Opus", 100, 75);
    assert.match(say(week, opus).text, /^The weekly limit runs out Friday/);
    assert.match(say(judged("session", 100, 1), opus).text, /^Session limit reached/);
    const model = judged("weekly_Opus", 80, 75, { forecast: forecastOf(140, { out: 40 }) });
    assert.match(say(judged("weekly", 1, 75), model).text, /^The Opus limit runs out Friday/);
  });

  test("does not promise what is unsure", () => {
    const week = judged("weekly", 80, 75, {
      forecast: { ...forecastOf(101, { out: 70 }), certain: false },
    });
    const calm = judged("session", 1, 2, { forecast: forecastOf(3) });
    const may = say(calm, week);
    assert.deepEqual(
      [may.level, may.text],
      ["risk", "The weekly limit may run out before reset at this rate"],
    );
    const habit = { ...week, forecast: { ...week.forecast, basis: "habit" } };
    assert.equal(say(calm, habit).text, "The weekly limit may run out before reset");
    // What is sure comes first.
    const session = judged("session", 90, 1, { forecast: forecastOf(130, { out: 0.5 }) });
    assert.equal(bindingOf([week, session]).key, "session");
    const later = judged("session", 90, 4, {
      forecast: { ...forecastOf(130, { out: 3 }), certain: false },
    });
    assert.equal(
      bindingOf([later, judged("weekly", 80, 75, { forecast: forecastOf(140, { out: 40 }) })]).key,
      "weekly",
    );
    assert.equal(
      say(judged("session", 1, 2), judged("weekly", 30, 75, { forecast: forecastOf(60) })).text,
      "The weekly limit has 70% left",
    );
    assert.equal(say(judged("weekly_Opus", 30, 75)).text, "The Opus limit has 70% left");
    assert.equal(say(judged("session", 100, null)).text, "Session limit reached");
    assert.equal(say(judged("session", 0, 2)).text, "The session limit has 100% left");
    assert.equal(say().text, "No usage data yet");
  });

  test("says what goes on where there is extra usage, and how old it is", async () => {
    const about = (spend, more = {}) =>
      aboutOf({ spend, ...more }, { level: "spent", text: "" }, NOW, format);
    const euro = (amount) => ({ amount, currency: "EUR", decimals: 2 });
    const spend = { enabled: true, spent: euro(50), limit: null };
    assert.equal(about(spend), "You can continue with extra usage.");
    assert.equal(about({ ...spend, limit: euro(51) }), "You can continue with extra usage.");
    assert.equal(about({ ...spend, limit: euro(50) }), "");
    assert.equal(about({ ...spend, enabled: false }), "");
    assert.equal(about({ ...spend, used_up: true }), "");
    // Whoever may not read what is spent, or the limit, is not told whether it goes on.
    assert.equal(about({ enabled: null, spent: null, limit: euro(50) }), "");
    assert.equal(about({ enabled: null, spent: euro(50), limit: null }), "");
    assert.equal(about(null), "");
    const [stale] = await accountsOf(SCENARIOS.stale);
    assert.equal(
      aboutOf(stale, { level: "good", text: "" }, NOW, format),
      "Last update 13:46, 14m ago · claude.ai: blocked",
    );
  });

  test("says that other models go on where one runs out", () => {
    const out = { forecast: forecastOf(140, { out: 40 }) };
    const said = (window) => {
      const windows = [judged("session", 5, 2, { forecast: forecastOf(20) }), window];
      const account = { windows, spend: null, trouble: null, troubleWords: null };
      return aboutOf(account, verdict(account, NOW, format), NOW, format);
    };
    assert.equal(said(judged("weekly_Opus", 80, 75, out)), "Other models keep working");
    assert.equal(said(judged("weekly", 80, 75, out)), "");
    assert.equal(said(judged("weekly_Opus", 100, 75)), "");
  });

  test("leads to a new key where the login is dead", async () => {
    const [account] = await accountsOf(SCENARIOS.dead_login);
    const said = verdict(account, NOW, format);
    assert.equal(said.link, "/config/integrations/integration/claude_pulse");
    const [unread] = await accountsOf(SCENARIOS.unavailable);
    assert.equal(
      verdict({ ...unread, troubleWords: null }, NOW, format).text,
      "No data from claude.ai",
    );
  });
});

describe("the chart", () => {
  const START = NOW - 2 * HOUR;
  const session = (used, forecast) => judged("session", used, 3, { forecast });
  const at = (hours, v) => ({ t: START + hours * HOUR, v });

  test("draws steps from the start to now", () => {
    const plot = layOut([at(0, 0), at(1, 20)], session(20), NOW);
    assert.deepEqual(plot.lines, [
      [
        [0, 100],
        [20, 100],
        [20, 80],
        [40, 80],
      ],
    ]);
    assert.deepEqual(plot.now, [40, 80]);
    assert.deepEqual(plot.projection, []);
  });

  test("leaves gaps, and breaks at a refill", () => {
    const points = [at(0, 0), at(0.5, 30), at(0.75, null), at(1, 35), at(1.5, 10), at(1.75, 8)];
    const { lines } = layOut(points, session(8), NOW);
    assert.deepEqual(
      lines.map((line) => line[0]),
      [
        [0, 100],
        [20, 65],
        [30, 90],
      ],
    );
    assert.equal(lines[0].at(-1)[0], 15);
    // Two points less are jitter.
    assert.equal(lines[2].length, 4);
  });

  test("begins with its window, without what is left of the one before", () => {
    const points = [{ t: START - HOUR, v: 90 }, at(0.05, 2), at(1, 9)];
    const { lines } = layOut(points, session(9), NOW);
    assert.deepEqual(lines[0][0], [1, 98]);
    // A number that is old has been one of this window for long.
    const [kept] = layOut([{ t: START - HOUR, v: 4 }, at(1, 9)], session(9), NOW).lines;
    assert.deepEqual(kept[0], [0, 96]);
    assert.deepEqual(
      layOut(
        [
          { t: START - 2 * HOUR, v: 90 },
          { t: START - HOUR, v: 1 },
        ],
        session(1),
        NOW,
      ).lines.length,
      1,
    );
    assert.deepEqual(layOut([at(2.5, 50)], session(9), NOW).lines, []);
  });

  test("leads on to the reset, or along the limit", () => {
    const lasting = layOut([], session(20, forecastOf(50, { low: 40, high: 60 })), NOW);
    assert.deepEqual(lasting.projection, [
      [40, 80],
      [100, 50],
    ]);
    assert.deepEqual(lasting.range, [
      [40, 80],
      [100, 40],
      [100, 60],
    ]);
    const hitting = layOut([], session(60, forecastOf(140, { low: 90, high: 160, out: 1.5 })), NOW);
    assert.deepEqual(hitting.projection, [
      [40, 40],
      [70, 0],
      [100, 0],
    ]);
    assert.deepEqual(hitting.range, [
      [40, 40],
      [64, 0],
      [100, 0],
      [100, 10],
    ]);
    const sure = layOut([], session(60, { ...forecastOf(140), low: null }), NOW);
    assert.deepEqual(sure.projection.at(-1), [100, 0]);
    assert.equal(sure.projection.length, 2);
    assert.deepEqual(sure.range, []);
    const bare = { ...forecastOf(50), low: null, high: null };
    assert.deepEqual(layOut([], session(20, bare), NOW).range, []);
    assert.deepEqual(layOut([], session(120, forecastOf(140)), NOW).projection, []);
  });

  test("follows the habit where one is known", () => {
    // From Saturday 17:00 until the next, two days before the reset. Nothing is used on the
    // first of them.
    const usualHours = Array.from({ length: 168 }, (_, hour) => (hour < 144 ? 60 : 57));
    usualHours.fill(0, 120, 144);
    const week = { ...judged("weekly", 40, 48, { forecast: forecastOf(80, { low: 60, high: 130 }) }), usualHours };
    const { projection, range } = layOut([], week, NOW);
    const yAt = (line, x) => line.find(([at]) => Math.abs(at - x) < 0.01)?.[1];
    const tomorrow = (100 * 144) / 168;
    assert.equal(yAt(projection, tomorrow), 60);
    assert.deepEqual(projection.at(-1), [100, 20]);
    assert.equal(yAt(range, tomorrow), 60);
    assert.equal(Math.min(...range.map(([, y]) => y)), 0);
    const at = (hours) => valueAt([], week, NOW, NOW + hours * HOUR);
    assert.deepEqual([12, 24, 48].map(at), [40, 40, 80]);
    assert.ok(Math.abs(at(36) - 60) < 0.01, String(at(36)));
    const spent = judged("weekly", 40, 48, { forecast: forecastOf(180, { out: 36 }) });
    const out = layOut([], { ...spent, usualHours }, NOW).projection;
    assert.equal(yAt(out, (100 * (120 + 36)) / 168), 0);
    assert.equal(yAt(out, tomorrow), 60);
    // If usually nothing is used any more, it rises evenly.
    const idle = { ...week, usualHours: usualHours.map((share, hour) => (hour < 120 ? share : 0)) };
    assert.equal(valueAt([], idle, NOW, NOW + 24 * HOUR), 60);
  });

  test("is upside down with what is left", () => {
    const plot = layOut([at(0, 0), at(1, 20)], session(20, forecastOf(50)), NOW, true);
    assert.deepEqual(plot.lines[0], [
      [0, 0],
      [20, 0],
      [20, 20],
      [40, 20],
    ]);
    assert.deepEqual(plot.expected, [
      [0, 0],
      [100, 100],
    ]);
    assert.equal(plot.limit, 100);
    assert.deepEqual(plot.projection.at(-1), [100, 50]);
  });

  test("marks the usual usage where a habit is known", () => {
    const usual = judged("session", 20, 3, { forecast: { ...forecastOf(50), expected: 30 } });
    assert.deepEqual([usual.points, usual.pace, usual.expected], [-10, "under", 30]);
    assert.equal(wordsOf(usual, NOW, format).pace, "10 points less than usual");
    // More is left than usual.
    const left = wordsOf(usual, NOW, format, true);
    assert.deepEqual([left.pace, left.direction], ["10 points more left than usual", "over"]);
    const even = judged("session", 20, 3, { forecast: forecastOf(50, { pace: -20 }) });
    assert.equal(wordsOf(even, NOW, format, true).pace, "20 points under pace");
    const { expected } = layOut([], usual, NOW);
    assert.deepEqual(expected.map(([, y]) => y), [70, 70]);
  });

  test("has a value at each time", () => {
    const limit = session(20, forecastOf(50));
    const points = [at(0, 0), at(1, 20)];
    const value = (hours) => valueAt(points, limit, NOW, NOW + hours * HOUR);
    assert.deepEqual([-2, -0.5, 3, 1.5].map(value), [0, 20, 50, 35]);
    assert.equal(valueAt([], limit, NOW, NOW - HOUR), null);
    assert.equal(valueAt(points, session(20), NOW, NOW + HOUR), null);
    const hours = ticksOf(limit, NOW, format).map(({ label }) => format.clock(label));
    assert.equal(hours.length, 5);
    assert.ok(hours.every((text) => text.endsWith(":00")), String(hours));
  });

  test("has no more points than can be seen", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => at(index / 10_000, index / 1000));
    const { lines } = layOut(many, session(20), NOW);
    assert.equal(lines.length, 1);
    assert.ok(lines[0].length < 1000, String(lines[0].length));
    assert.ok(lines[0][0][0] < 0.1);
    assert.deepEqual(lines[0].at(-1), [40, 80.001]);
  });

  test("stays within, whatever the numbers are", () => {
    const wild = layOut([at(0, -5), at(1, 240)], session(240, forecastOf(300)), NOW);
    for (const [x, y] of [...wild.lines.flat(), wild.now, ...wild.range])
      assert.ok(x >= 0 && x <= 100 && y >= 0 && y <= 100, `${x} ${y}`);
    assert.equal(layOut([], session(null), NOW).now[1], null);
  });
});

describe("the usual hours of a week", () => {
  // It began on a Saturday at 17:40, so its first hour is a part of one.
  const end = Date.parse("2026-05-09T17:40:00+02:00");
  const usualHours = Array(169).fill(0);
  usualHours[0] = usualHours[168] = 100;
  usualHours[40] = 300;
  const week = { length: 7 * DAY, resetsAt: end, usual: true, usualHours };

  test("are those of the person's time zone", () => {
    const found = hoursOf(week, format).map(({ day, hour, share }) => [day, hour, share]);
    // The first and the last part are of one hour.
    assert.deepEqual(found, [
      [5, 17, 2],
      [0, 9, 3],
    ]);
    const [, { at }] = hoursOf(week, formatOf({}, "Asia/Kolkata"));
    assert.equal(formatOf({}, "Asia/Kolkata").moment(at), "Monday at 12:30");
  });

  test("are unknown in the first week, and without a habit", () => {
    assert.equal(hoursOf({ ...week, usual: false }, format), null);
    assert.equal(hoursOf({ ...week, usualHours: null }, format), null);
  });
});

describe("the days of a week", () => {
  // From Saturday 17:00 until the next, in Berlin.
  const week = judged("weekly", 50, 75);
  const start = week.resetsAt - week.length;
  const used = (points, format_ = format, window = week) =>
    useByDay(points, window, NOW, format_).map((day) => day.used);

  test("are eight where it begins within a day", () => {
    const found = useByDay([], week, NOW, format);
    assert.equal(found.length, 8);
    assert.equal(found[4].today, true);
    assert.equal(found.filter(({ today }) => today).length, 1);
    assert.deepEqual(
      found.map((day) => day.used),
      Array(8).fill(null),
    );
  });

  test("are counted to the day on which it rose", () => {
    const points = [
      { t: start, v: 0 },
      { t: start + 2 * HOUR, v: 3 },
      { t: start + DAY, v: 10 },
      { t: start + 3 * DAY, v: 14 },
    ];
    assert.deepEqual(used(points), [3, 7, 0, 4, 0, null, null, null]);
  });

  test("count small rises, and no small falls", () => {
    const points = [10, 11, 10, 12].map((v, hour) => ({ t: start + hour * HOUR, v }));
    assert.equal(used(points)[0], 2);
  });

  test("are unknown without a percentage", () => {
    const points = [
      { t: start, v: 4 },
      { t: start + DAY / 2, v: null },
      { t: start + 2.5 * DAY, v: 9 },
    ];
    assert.deepEqual(used(points).slice(0, 5), [0, 0, null, 5, 0]);
  });

  test("do not count a correction", () => {
    const points = [
      { t: start, v: 0 },
      { t: start + DAY, v: 60 },
      { t: start + 2 * DAY, v: 45 },
      { t: start + 3 * DAY, v: 47 },
    ];
    assert.deepEqual(used(points).slice(0, 5), [0, 60, 0, 2, 0]);
  });

  test("count from the reset although its first percentage comes late", () => {
    const points = [
      { t: start, v: 88 },
      { t: start + HOUR, v: 4 },
    ];
    assert.equal(used(points)[0], 4);
  });

  test("come from statistics too, with the resets in between", () => {
    const at = (day, hour, min, max = min) => ({ start: start + day * DAY + hour * HOUR, min, max });
    const points = pointsOf([
      at(0, 0, 0, 10),
      at(0, 1, 10, 30),
      at(0, 2, 0, 31),
      at(0, 3, 0, 5),
      at(0, 4, 8),
      at(2, 0, 9),
    ]);
    assert.deepEqual(used(points).slice(0, 3), [21 + 8, null, 1]);
  });

  test("count on after a gap and after a refill", () => {
    const points = [
      { t: start, v: 0 },
      { t: start + DAY, v: 20 },
      { t: start + DAY + HOUR, v: null },
      { t: start + 2 * DAY, v: 25 },
      { t: start + 3 * DAY, v: 2 },
    ];
    assert.deepEqual(used(points).slice(0, 5), [0, 20, 5, 2, 0]);
  });

  test("say nothing of days before the first number", () => {
    assert.deepEqual(
      used([
        { t: start + 2 * DAY, v: 20 },
        { t: start + 3 * DAY, v: 26 },
      ]).slice(0, 5),
      [null, null, 0, 6, 0],
    );
    assert.deepEqual(
      used([
        { t: start, v: null },
        { t: start + 2 * DAY, v: 20 },
      ]).slice(0, 5),
      [null, null, 0, 0, 0],
    );
  });

  test("begin anew with the window", () => {
    const points = [
      { t: start, v: 88 },
      { t: start + MINUTE, v: 0 },
      { t: start + HOUR, v: 5 },
    ];
    assert.equal(used(points)[0], 5);
  });

  test("have 23 and 25 hours when the clocks change", () => {
    for (const [sunday, hours] of [
      ["2026-03-29", 23],
      ["2026-10-25", 25],
    ]) {
      const now = Date.parse(`${sunday}T12:00:00Z`);
      const window = { ...week, resetsAt: now + 3 * DAY };
      const day = useByDay([], window, now, format).find(({ key }) => key === sunday);
      assert.equal(day.hours, hours);
      assert.equal(day.today, true);
    }
  });
});

test("a size needs more space to grow than to stay", () => {
  assert.equal(sizeOf("auto", 310, undefined, "rows"), "rows");
  assert.equal(sizeOf("auto", 320, undefined, "rows"), "full");
  assert.equal(sizeOf("auto", 300, undefined, "full"), "full");
  assert.equal(sizeOf("auto", 215, undefined, "micro"), "micro");
  assert.equal(sizeOf("auto", 290, undefined, "micro"), "rows");
  assert.equal(sizeOf("auto", 290, undefined, "days"), "rows");
});

test("a size is what is wished, or what there is space for", () => {
  assert.equal(sizeOf(), "full");
  assert.equal(sizeOf("auto", 199), "micro");
  assert.equal(sizeOf("auto", 200), "rows");
  assert.equal(sizeOf("auto", 299), "rows");
  assert.equal(sizeOf("auto", 300), "full");
  assert.equal(sizeOf("auto", 800, 1), "micro");
  assert.equal(sizeOf("auto", 800, 6), "full");
  assert.equal(sizeOf(null, 800), "full");
  assert.equal(sizeOf("", 0, undefined, "rows"), "rows");
  assert.equal(sizeOf("auto", 800, "auto"), "full");
  assert.equal(sizeOf("days", 100, 1), "days");
});

describe("a choice of limits", () => {
  const windows = [
    judged("session", 10, 2),
    judged("weekly", 20, 70),
    { ...judged("weekly_scoped:fable", 30, 70), name: "Fable" },
    { ...judged("weekly_scoped:opus_5", 40, 70), name: "Opus 5" },
    { ...judged("extra", 50, null), name: "Extra usage" },
  ];
  const keys = (...limits) => chosenOf(windows, limits).map(({ key }) => key);

  test("is all of them without one", () => {
    assert.equal(keys().length, 5);
    assert.notEqual(chosenOf(windows, []), windows);
  });

  test("is their order, by the names that a person knows", () => {
    assert.deepEqual(keys("fable", "session"), ["weekly_scoped:fable", "session"]);
    assert.deepEqual(keys("Opus 5"), ["weekly_scoped:opus_5"]);
    assert.deepEqual(keys("weekly", "opus_5"), ["weekly", "weekly_scoped:opus_5"]);
    assert.deepEqual(keys("extra", "monthly"), ["extra"]);
  });

  test("knows a model before its name has come", () => {
    const early = [{ ...judged("weekly_scoped:fable", 30, 70), name: "Weekly Fable usage" }];
    assert.equal(chosenOf(early, ["fable"]).length, 1);
    assert.equal(chosenOf(early, ["weekly"]).length, 0);
  });

  test("is written as it is offered", () => {
    assert.deepEqual(windows.map(optionOf), ["session", "weekly", "fable", "opus_5", "extra"]);
    const offered = limitsOf(hassOf(SCENARIOS.pays_by_spend));
    assert.deepEqual(offered.at(-1), { value: "extra", label: "Spend limit" });
    assert.deepEqual(limitsOf(undefined), []);
  });
});

describe("the sentence about several accounts", () => {
  const accountOf = (name, windows, more = {}) => {
    const account = { name, windows, asOf: null, spend: null, trouble: null, ...more };
    return { ...account, said: verdict(account, NOW, format) };
  };
  const spent = judged("session", 100, 1.2);
  const work = accountOf("Work", [spent, judged("weekly", 50, 70)]);
  const home = accountOf("Private", [judged("session", 12, 2), judged("weekly", 38, 70)]);
  const team = accountOf("Team", [judged("weekly", 100, 20)]);
  const said = (...accounts) => {
    const across = acrossOf(accounts, NOW, format);
    return across && [across.level, across.text.replaceAll("\u00a0", " ")];
  };

  test("is with which one a person can go on, and what it has left", () => {
    const sentence = "Work is used up until 15:12; Private has 62% left";
    assert.deepEqual(said(work, home), ["good", sentence]);
    assert.deepEqual(said(home, work), ["good", sentence]);
  });

  test("names the one with the most left", () => {
    const full = accountOf("Full", [judged("session", 97, 2), judged("weekly", 5, 70)]);
    assert.match(said(full, work, home)[1], /Private has 62% left$/);
    assert.match(said(work, team, home)[1], /^2 accounts are used up; Private has 62% left$/);
  });

  test("is that of the account while none is used up", () => {
    assert.equal(said(home, home), undefined);
    assert.equal(said(work), undefined);
    assert.equal(said(), undefined);
  });

  test("says which one is back first if all are used up", () => {
    assert.deepEqual(said(team, work), [
      "spent",
      "All accounts are used up; Work is back first, at 15:12",
    ]);
    const unknown = accountOf("Work", [judged("session", 100, null)]);
    assert.equal(said(unknown, unknown), undefined);
    assert.match(said(unknown, home)[1], /^Work is used up; Private has 62% left$/);
  });

  test("promises nothing from old or unknown values", () => {
    assert.equal(said(work, { ...home, asOf: NOW - HOUR }), undefined);
    assert.equal(said(work, accountOf("Private", [judged("session", null, null)])), undefined);
    const dead = accountOf("Old", [spent], { trouble: "invalid_auth", troubleWords: "expired" });
    assert.equal(said(dead, home), undefined);
    assert.match(said(dead, work, home)[1], /^Work is used up/);
  });

  test("is about the spend limit of a seat that pays by spend", () => {
    const extra = { ...judged("extra", 30, null), level: "good" };
    assert.match(said(work, accountOf("Seat", [extra]))[1], /Seat has 70% left$/);
  });
});

describe("the last weeks", () => {
  const WEEK = 7 * DAY;
  const resetsAt = NOW + 2 * DAY;
  const began = resetsAt - WEEK;
  const week = { resetsAt, length: WEEK };
  /** Points that rise in each of the last weeks to a percentage, the oldest first. */
  const rising = (ends, shift = () => 0) =>
    ends.flatMap((end, index) => {
      const start = began - (ends.length - index) * WEEK + shift(index);
      return Array.from({ length: 168 }, (_, hour) => ({
        t: start + hour * HOUR,
        v: hour ? Math.round((end * hour) / 167) : 0,
      }));
    });
  const used = (points, count) => weeksOf(points, week, count).map((one) => one.used);

  test("are what each ended with", () => {
    assert.deepEqual(used(rising([30, 100, 70]), 3), [30, 100, 70]);
    const found = weeksOf(rising([30, 100, 70]), week, 3);
    assert.deepEqual(found.map(({ reached }) => reached), [false, true, false]);
    assert.equal(found.at(-1).end, began);
    assert.equal(found[0].start, began - 3 * WEEK);
  });

  test("are unknown before the first statistics, and not unused", () => {
    assert.deepEqual(used(rising([30, 70]), 4), [null, null, 30, 70]);
    assert.deepEqual(used([]), Array(7).fill(null));
  });

  test("end at the reset, although its hour has old values too", () => {
    const points = rising([80, 60]);
    const index = points.findIndex(({ t }) => t === began - WEEK);
    points.splice(index, 1, { t: began - WEEK, v: 80 }, { t: began - WEEK + MINUTE, v: 0 });
    assert.deepEqual(used(points, 2), [80, 60]);
  });

  test("begin at resets of another day", () => {
    const points = rising([50, 60, 70], (index) => (index ? 0 : -2 * DAY)).filter(
      ({ t }, index) => index < 168 || t >= began - 2 * WEEK,
    );
    // The limit stays at 50 until its new reset.
    assert.deepEqual(used(points, 3), [50, 60, 70]);
  });

  test("begin anew after a refill, and remember that they were used up", () => {
    const points = rising([100]).map(({ t, v }, hour) => ({
      t,
      v: hour < 100 ? Math.min(100, 2 * hour) : hour - 100,
    }));
    const [before, after] = weeksOf(points, week, 2);
    assert.deepEqual([before.used, before.reached], [100, true]);
    assert.deepEqual([after.used, after.reached], [67, false]);
    assert.equal(after.start, began - WEEK + 100 * HOUR);
  });

  test("are not divided by a small correction", () => {
    const points = rising([30]);
    points.splice(20, 0, { t: points[20].t - MINUTE, v: 0 });
    assert.deepEqual(used(points, 2), [null, 30]);
  });

  test("are not divided by a gap", () => {
    const points = rising([40, 60]);
    for (const point of points.slice(150, 180)) point.v = null;
    assert.deepEqual(used(points, 2), [Math.round((40 * 149) / 167), 60]);
  });

  test("count how often a limit was reached, once until its reset", () => {
    const values = [0, 50, 100, 100, 0, 100, null, 100, 3, 100, 0];
    const points = values.map((v, hour) => ({ t: NOW + hour * HOUR, v }));
    assert.equal(timesReached(points, NOW, NOW + DAY), 3);
    assert.equal(timesReached(points, NOW + 3 * HOUR, NOW + 8 * HOUR), 1);
    assert.equal(timesReached([], NOW, NOW + DAY), 0);
  });
});

describe("the dashboard", () => {
  const of = (scenario, version = "2026.11.0", change = () => {}) => {
    const hass = hassOf(scenario, { config: { version, time_zone: "Europe/Berlin" } });
    change(hass);
    return [dashboard(hass, english), hass];
  };
  const cardsOf = (view) => view.cards ?? view.sections.flatMap((section) => section.cards);

  /** Nothing undefined or empty is in it, and each entity is there. */
  function check(value, hass, path = "") {
    assert.notEqual(value, undefined, path);
    assert.notEqual(value, null, path);
    if (Array.isArray(value)) assert.ok(value.length, `${path} is empty`);
    const id = path.endsWith("entity") || /entities\.\d+$/.test(path) ? value : null;
    if (typeof id === "string") assert.ok(hass.states[id], `${path}: ${id}`);
    if (typeof value === "object")
      for (const [key, member] of Object.entries(value)) check(member, hass, `${path}.${key}`);
  }

  for (const [name, scenario] of Object.entries(SCENARIOS))
    for (const version of ["2024.1.2", "2024.10.4", "2024.11.0", "2026.11.0"])
      test(`is whole with ${name} in ${version}`, () => {
        const [made, hass] = of(scenario, version);
        check(made, hass);
        const paths = made.views.map(({ path }) => path);
        assert.equal(new Set(paths).size, paths.length);
        assert.equal(paths[0], "overview");
        for (const view of made.views) {
          const cards = cardsOf(view);
          assert.ok(cards.length);
          const types = cards.map(({ type }) => type);
          const sections = isFrom(version, 2024, 11);
          assert.equal(view.type === "sections", sections);
          if (!sections) assert.ok(!types.includes("heading"));
        }
      });

  test("has no view for limits that an account does not have", async () => {
    const paths = async (scenario) => {
      const hass = hassOf(scenario);
      const answer = await hass.connection.sendMessagePromise();
      return dashboard(hass, english, answer).views.map(({ path }) => path);
    };
    assert.deepEqual(await paths(SCENARIOS.only_week), ["overview", "weekly", "health"]);
    assert.deepEqual(await paths(SCENARIOS.pays_by_spend), ["overview", "health"]);
  });

  test("has a view of when somebody uses Claude only if that was chosen", () => {
    const hass = hassOf(SCENARIOS.usual);
    const paths = (options) =>
      dashboard(hass, english, undefined, options).views.map(({ path }) => path);
    assert.ok(!paths({}).includes("hours"));
    assert.deepEqual(paths({ hours: true }).slice(0, 3), ["overview", "weekly", "hours"]);
  });

  test("has a view for what there is", () => {
    const paths = (name, change) =>
      of(SCENARIOS[name], "2026.11.0", change)[0].views.map(({ path }) => path);
    assert.deepEqual(paths("only_week"), ["overview", "weekly", "health"]);
    assert.deepEqual(paths("usual"), ["overview", "weekly", "models", "health"]);
    assert.deepEqual(paths("nobody"), ["overview"]);
    const away = (hass) => {
      for (const state of Object.values(hass.states))
        Object.assign(state, { state: "unavailable", attributes: {} });
    };
    assert.deepEqual(paths("usual", away), paths("usual"));
    const [alone, hass] = of([{ windows: [windowOf("session", 5, 2)] }]);
    check(alone, hass);
    assert.deepEqual(
      alone.views.map(({ path }) => path),
      ["overview", "health"],
    );
    const [usual] = of(SCENARIOS.usual);
    assert.deepEqual(
      cardsOf(usual.views[0]).map(({ type, heading, title }) => heading ?? title ?? type),
      ["custom:claude-pulse-card", "This week", "custom:claude-pulse-card", "Health", "entities"],
    );
    const money = (hass) => {
      for (const key of ["extra_usage_spent", "extra_usage_limit"]) {
        hass.entities[`sensor.${key}`] = {
          platform: "claude_pulse",
          device_id: "device0",
          translation_key: key,
        };
        hass.states[`sensor.${key}`] = { state: "1", attributes: {} };
      }
    };
    assert.deepEqual(paths("only_week", money), ["overview", "weekly", "money", "health"]);
    const [made] = of(SCENARIOS.only_week, "2026.11.0", money);
    const [, list] = made.views[2].sections[0].cards;
    assert.deepEqual(
      list.entities.map(({ entity }) => entity),
      ["sensor.extra_usage_spent", "sensor.extra_usage_limit"],
    );
  });

  test("tells two accounts apart", () => {
    const [made] = of(SCENARIOS.two_accounts);
    const [overview] = made.views;
    const cards = cardsOf(overview);
    assert.deepEqual(
      cards.filter(({ title }) => title).map(({ device }) => device),
      ["device0", "device1"],
    );
    const headings = cards.filter(({ type }) => type === "heading").map(({ heading }) => heading);
    assert.equal(new Set(headings).size, headings.length);
    assert.ok(headings.includes("Claude Pulse: This week"));
  });

  test("names the account of each group of cards if there are several", () => {
    const { windows } = SCENARIOS.usual[0];
    const scenario = ["One", "Two"].map((name) => ({ name, windows }));
    for (const version of ["2024.1.2", "2026.11.0"])
      for (const view of of(scenario, version)[0].views) {
        const groups = view.sections?.map(({ cards }) => cards) ?? view.cards.map((card) => [card]);
        for (const cards of groups) {
          const [{ heading, title, card }] = cards;
          assert.match(heading ?? title ?? card?.title ?? "", /^(One|Two)/, JSON.stringify(cards));
        }
      }
  });

  test("shows nobody an empty card, which says what to do", () => {
    assert.deepEqual(of(SCENARIOS.nobody, "2024.1.2")[0].views[0].cards, [
      { type: "custom:claude-pulse-card" },
    ]);
  });

  test("knows versions", () => {
    assert.deepEqual(
      ["2024.10.9", "2024.11.0", "2024.11.0b1", "2025.1.0", "2023.12.0", undefined].map((version) =>
        isFrom(version, 2024, 11),
      ),
      [false, true, true, true, false, false],
    );
  });
});

test("old browsers know all words of the module", () => {
  for (const name of ["claude-pulse.js", "dashboard.js"])
    assert.doesNotMatch(
      readFileSync(urlOf(name), "utf8"),
    /\d_\d|\?\?=|\|\|=|&&=|\.at\(|\.replaceAll\(|\.hasOwn\(|static \w+ =/,
  );
});

test("badges are suggested for a limit and for all of an account", () => {
  const hass = hassOf(SCENARIOS.usual);
  const idOf = (key) =>
    Object.keys(hass.entities).find((id) => hass.entities[id].translation_key === key);
  const offered = (key) =>
    suggestBadge(hass, idOf(key)).map(({ config, label }) => [label, config.limits]);
  assert.deepEqual(offered("weekly_usage"), [
    ["This limit", ["weekly"]],
    ["All limits", undefined],
  ]);
  assert.deepEqual(offered("connection"), [["All limits", undefined]]);
  const [{ config }] = suggestBadge(hass, idOf("connection"));
  assert.deepEqual(config, { type: "custom:claude-pulse-badge", device: "device0" });
  hass.entities["sensor.other"] = { platform: "demo", device_id: "device0" };
  assert.equal(suggestBadge(hass, "sensor.other"), null);
  assert.equal(suggestBadge({}, "sensor.unknown"), null);
});

test("texts have the form for a number, in a language's own forms", () => {
  const said = (count) => format.counted("saved_resets_left", count);
  assert.deepEqual([0, 1, 2].map(said), ["0 saved resets", "1 saved reset", "2 saved resets"]);
});

test("cards are suggested for entities of ours only", () => {
  const hass = hassOf(SCENARIOS.usual);
  const [id] = Object.keys(hass.entities);
  const offered = suggest(hass, id);
  assert.deepEqual(
    offered.map(({ config }) => config.layout),
    ["full", "rows", "micro"],
  );
  for (const { config, label } of offered) {
    assert.equal(config.device, "device0");
    assert.equal(config.type, "custom:claude-pulse-card");
    assert.match(label, /^(Full|Rows|One line)$/);
  }
  hass.entities["sensor.other"] = { platform: "demo", device_id: "device0" };
  assert.equal(suggest(hass, "sensor.other"), null);
  assert.equal(suggest(hass, "sensor.unknown"), null);
  assert.equal(suggest({}, "sensor.unknown"), null);
});
