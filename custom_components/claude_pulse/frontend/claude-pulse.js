/**
 * Claude Pulse in the frontend: card, badge and dashboard.
 *
 * One module of ES2020 without dependencies: what is edited is what is served. All above
 * the sources (what Home Assistant is asked for) is pure, and is tested without a browser.
 */

const PLATFORM = "claude_pulse";
const INTEGRATION = `/config/integrations/integration/${PLATFORM}`;
const README = "https://github.com/claude-pulse/claude-pulse#readme";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const last = (list) => list[list.length - 1];
const within = (value, most = 100) => Math.max(0, Math.min(most, value));
const joined = (parts, by) => parts.filter(Boolean).join(by);

/* --------------- texts */

// Another language is another member, as long as it likes: English fills what it lacks.
const TEXTS = {
	en: {
		a_day: "{percent} a day until the reset",
		a_month: "The last 30 days",
		actions: "What happens when",
		ahead: "{points} ahead of time",
		all_last: "Session and week last until their resets",
		as_of: "Last read {when}, {duration} ago",
		auto: "By the space there is",
		balance: "Balance {money}",
		chart: "Chart",
		chart_of: "{name}, chart",
		clear: "{the} has {percent} left",
		days: "Days of the week",
		days_of: "{name}, day by day",
		description: "Can I go on, and until when?",
		device: "Account",
		disabled: "disabled",
		double_tap_action: "When tapped twice",
		extra: "Extra usage {money}",
		extra_goes_on: "Extra usage goes on.",
		extra_of: "Extra usage {money} of {limit}",
		full: "Full",
		health: "Health",
		hide: "Leave out",
		hold_action: "When held",
		idle: "No session is running",
		idle_lasts: "No session is running, and the week lasts until its reset",
		in: "in {duration}",
		lasts: "Lasts until the reset",
		layout: "Layout",
		may_run_out: "May run out",
		may_run_out_the: "{the} may run out before its reset",
		micro: "One line",
		model_spent: "{the} is used up until {when}; the rest goes on",
		models: "Models",
		money: "Money",
		no_accounts: "Claude Pulse shows no account here",
		no_history: "No history yet",
		nothing: "Nothing is known yet",
		now: "now",
		on_pace: "On pace",
		out_of_credits: "out of credits",
		one_lasts: "{the} lasts until its reset",
		overview: "Overview",
		remaining: "left",
		renew: "Renew the session key",
		reserve: "{points} in reserve",
		resets: "Resets {when}",
		resetting: "Being reset",
		resetting_the: "{the} is being reset",
		rows: "Rows",
		runs_out: "Runs out {when}",
		runs_out_before: "{the} runs out {when}, {before} before its reset",
		session: "Session",
		set_up: "Set it up",
		show: "Numbers",
		spend: "Spend limit",
		spend_left: "{money} left",
		spend_of: "{money} of {limit} spent",
		spend_only: "{money} spent",
		spend_percent: "{percent} of the spend limit is used",
		spent: "Used up",
		spent_unknown: "{the} is used up",
		spent_until: "{the} is used up until {when}",
		status_is: "Claude: {status}",
		tap_action: "When tapped",
		the_session: "The session",
		the_weekly: "The week",
		this_week: "This week",
		title: "Title",
		told: "What was told",
		tomorrow: "tomorrow {clock}",
		trouble: "claude.ai could not be read",
		trouble_is: "claude.ai: {trouble}",
		unknown: "Unknown",
		used: "used",
		used_up: "used up",
		weekly: "Week",
	},
};

const textsOf = (language) => TEXTS[language] ?? TEXTS[String(language).split("-")[0]];

/** Return a text of a language, with what stands in it. */
export function text(language, key, values = {}) {
	const found = textsOf(language)?.[key] ?? TEXTS.en[key] ?? key;
	return found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/* --------------- formats */

const NUMBER_LOCALES = {
	comma_decimal: ["en-US", "en"],
	decimal_comma: ["de", "es", "it"],
	quote_decimal: ["de-CH"],
	space_comma: ["fr", "sv", "cs"],
	system: undefined,
	none: ["en-US"],
};

const DATE = { day: "numeric", month: "short" };

/** Return a value if the browser knows it; undefined stands for its own. */
function usable(value, use) {
	try {
		use(value);
		return value;
	} catch {
		return undefined;
	}
}

/** How a person reads numbers and times, in words of `TEXTS`. */
export class Format {
	constructor(locale = {}, config = {}) {
		const own = usable(locale.language || "en", Intl.getCanonicalLocales);
		this.language = textsOf(own) ? own : "en";
		// From left to right where the page's language is another one.
		this.direction = this.language === own ? "" : "ltr";
		this.numbers =
			locale.number_format in NUMBER_LOCALES ? NUMBER_LOCALES[locale.number_format] : own;
		this.grouping = locale.number_format !== "none";
		this.zone =
			locale.time_zone === "server"
				? usable(config.time_zone, (timeZone) => new Intl.DateTimeFormat("en", { timeZone }))
				: undefined;
		const clock = { 12: true, 24: false }[locale.time_format];
		this.clockOptions = { hour: "numeric", minute: "2-digit", timeZone: this.zone };
		if (clock !== undefined) this.clockOptions.hourCycle = clock ? "h12" : "h23";
		this.times = locale.time_format === "system" ? undefined : own;
		this.cache = new Map();
		this.t = (key, values) => text(this.language, key, values);
	}

	number(value, options = {}) {
		return this.formatter("NumberFormat", this.numbers, {
			useGrouping: this.grouping,
			...options,
		}).format(value);
	}

	/** Return a whole percentage that is 0 only if nothing is used. */
	percent(value) {
		const shown = wholePercent(value);
		const little = shown === 0 && value > 0;
		return (little ? "<" : "") + this.number(little ? 0.01 : shown / 100, { style: "percent" });
	}

	/** Return a time's two largest units; a minute begun counts. */
	duration(ms) {
		const minutes = Math.max(1, Math.ceil(ms / MINUTE));
		const parts = [
			[Math.floor(minutes / 1440), "day"],
			[Math.floor(minutes / 60) % 24, "hour"],
			[minutes % 60, "minute"],
		];
		const first = parts.findIndex(([count]) => count > 0);
		return parts
			.slice(first, first + 2)
			.filter(([count]) => count > 0)
			.map(([count, unit]) => {
				const options = { style: "unit", unit, unitDisplay: "narrow" };
				return this.formatter("NumberFormat", this.language, options).format(count);
			})
			.join(" ");
	}

	clock(ms) {
		const shown = this.formatter("DateTimeFormat", this.times, this.clockOptions).format(ms);
		// Not broken before PM; what follows stays behind.
		return shown.replace(/\s/g, "\u00a0") + (this.direction && "\u200e");
	}

	/** Return a clock time with the day that it needs. */
	when(ms, now, weekday = "short") {
		const [today, that] = [now, ms].map((one) => Date.parse(this.dayKey(one)) / DAY);
		const days = that - today;
		if (days === 0) return this.clock(ms);
		if (days === 1) return this.t("tomorrow", { clock: this.clock(ms) });
		const far = days > 6 || days < 0;
		const day = this.day(ms, far ? DATE : { weekday });
		return `${day}\u00a0${this.clock(ms)}`;
	}

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

	/** Return an amount of money with the decimals it comes with. */
	money({ amount, currency, decimals = 2 }) {
		const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
		const money = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
		let shown;
		try {
			shown = this.number(amount, { ...money, ...digits });
		} catch {
			// No currency, or none that the browser knows.
			shown = joined([this.number(amount, digits), currency], " ");
		}
		// No line ends after a minus.
		return shown.replace("-", "\u2212");
	}

	/** Return a formatter of `Intl`, which is slow to make. */
	formatter(kind, locale, options) {
		const key = `${kind}${locale}${JSON.stringify(options)}`;
		if (!this.cache.has(key)) this.cache.set(key, new Intl[kind](locale, options));
		return this.cache.get(key);
	}
}

export function wholePercent(value) {
	return value < 100 ? within(Math.round(value), 99) : Math.round(value);
}

/** Return how much is left, 100 only if nothing is used. */
const leftOf = (used) => within(100 - wholePercent(used), used > 0 ? 99 : 100);

/* --------------- model */

// What an entity of a window is, by its translation key.
const OF_A_WINDOW = /^(session|weekly|model|window|extra(?=_(?:usage|events)$))_(.+)$/;
// These repeat what other sensors tell, one of them each minute.
const REPEATED = /^(session|weekly)_(limit|reset|reset_countdown|reset_time|reset_weekday|used)$/;

const SESSION = "session";
const WEEKLY = "weekly";
const LENGTHS = { [SESSION]: 5 * HOUR, [WEEKLY]: 7 * DAY };
// The limit of a seat that pays by spend and has no other.
const EXTRA = "extra";

// A share of the spend limit by which it is nearly spent, where no threshold is told.
const NEARLY_SPENT = 90;

// So many points from the even line are none.
const ON_PACE = 4;
// A fall by more, without a reset, is a refill.
const REFILL = 2;

const UNKNOWN_STATES = new Set(["unknown", "unavailable", "", undefined]);

const stateOf = (hass, id) => {
	const state = hass.states[id]?.state;
	return UNKNOWN_STATES.has(state) ? null : state;
};
const numberOf = (value) => {
	const number = parseFloat(value);
	return Number.isFinite(number) ? number : null;
};
const momentOf = (value) => Date.parse(value) || null;

/**
 * Find the accounts that Home Assistant shows: devices of the platform, and which of their
 * entities is what, by translation key and the attribute `window`. No id is read.
 */
export function findAccounts(hass, details) {
	const accounts = new Map();
	const told = new Map();
	for (const account of details?.accounts ?? [])
		for (const { entity_id: id, window } of account.windows) told.set(id, window);
	for (const [id, { platform, device_id: device, translation_key: key }] of Object.entries(
		hass.entities ?? {},
	)) {
		if (platform !== PLATFORM || !device || REPEATED.test(key)) continue;
		if (!accounts.has(device))
			accounts.set(device, { id: device, entities: {}, windows: new Map() });
		const { entities, windows } = accounts.get(device);
		const [, kind, part] = OF_A_WINDOW.exec(key) ?? [];
		// An unavailable entity has no attributes.
		const window = kind in LENGTHS ? kind : (hass.states[id]?.attributes.window ?? told.get(id));
		// Whose window is not known yet goes by its id.
		if (!window || !kind) entities[kind && kind !== EXTRA ? id : key] = id;
		else {
			if (!windows.has(window)) windows.set(window, { key: window, kind, entities: {} });
			windows.get(window).entities[part] = id;
		}
	}
	for (const { device_id: device, trouble, windows } of details?.accounts ?? [])
		if (trouble === null && accounts.has(device)) drop(hass, accounts.get(device), windows);
	return [...accounts.values()];
}

/** Drop the sensors of a session and a week that an account has no limits of. */
function drop(hass, found, windows) {
	for (const key of Object.keys(LENGTHS)) {
		const usage = found.windows.get(key)?.entities.usage;
		const has = windows.some(({ window }) => window === key);
		if (!has && hass.states[usage]?.state === "unknown") found.windows.delete(key);
	}
}

/**
 * Return what is true of an account that was found at a moment: states, and from `details`
 * (the answer of `claude_pulse/usage`) what no enabled entity shows.
 */
export function readAccount(hass, found, details, now) {
	const detail = details?.accounts.find((account) => account.device_id === found.id);
	const connection = hass.states[found.entities.connection];
	const trouble = stateOf(hass, found.entities.connection) ?? detail?.trouble ?? null;
	const wrong = trouble !== null && trouble !== "up_to_date";
	const inWords = (id, state) =>
		state && state !== "unavailable" && hass.states[id]
			? (hass.formatEntityState?.({ ...hass.states[id], state }) ?? state)
			: null;
	const status = stateOf(hass, found.entities.service_status);
	const windows = new Map(found.windows);
	for (const { window: key, kind } of detail?.windows ?? [])
		if (!windows.has(key)) windows.set(key, { key, kind, entities: {} });
	return {
		id: found.id,
		name: deviceName(hass, found.id) || detail?.title || "Claude Pulse",
		plan: stateOf(hass, found.entities.plan) ?? detail?.plan ?? null,
		trouble: wrong ? trouble : null,
		troubleWords: wrong ? inWords(found.entities.connection, trouble) : null,
		asOf: wrong
			? (momentOf(connection?.attributes.last_update) ?? momentOf(detail?.last_success))
			: null,
		thresholds: detail?.thresholds ?? [],
		windows: [...windows.values()]
			.map((window) => readWindow(hass, window, detail))
			.filter(({ entity, used }) => entity || used !== null)
			.map((window) => (window.key === EXTRA ? withSpend(window, detail) : judge(window, now)))
			.sort((one, other) => rank(one) - rank(other)),
		spend: detail?.spend ?? null,
		balance: detail?.balance ?? null,
		status: status === "operational" ? null : inWords(found.entities.service_status, status),
	};
}

const rank = ({ key }) => [SESSION, WEEKLY].indexOf(key) + 1 || 3;

function readWindow(hass, { key, kind, entities }, detail) {
	const told = detail?.windows.find(({ window }) => window === key);
	const used = numberOf(entities.usage ? stateOf(hass, entities.usage) : told?.percent);
	const forecast = used === null ? null : told?.forecast;
	return {
		key,
		name: told?.name ?? nameOf(hass, entities.usage),
		entity: entities.usage,
		blocks: kind in LENGTHS,
		length: told ? told.length && told.length * 1000 : (LENGTHS[kind] ?? null),
		used,
		resetsAt: momentOf(entities.resets_at ? stateOf(hass, entities.resets_at) : told?.resets_at),
		forecast: forecast ? { ...forecast, runsOutAt: momentOf(forecast.runs_out_at) } : null,
	};
}

function deviceName(hass, id) {
	const device = hass.devices?.[id];
	return device?.name_by_user || device?.name;
}

/** Return a name as an entity has it, without its device's. */
function nameOf(hass, id) {
	const state = hass.states[id];
	const whole = state?.attributes.friendly_name ?? id;
	const own = deviceName(hass, hass.entities[id]?.device_id);
	return own && whole.startsWith(`${own} `) ? whole.slice(own.length + 1) : whole;
}

export function watchedOf(found) {
	return [found, ...found.windows.values()].flatMap(({ entities }) => Object.values(entities));
}

/**
 * Return a window with what it means at a moment.
 *
 * `level` is `unknown`, `idle` (no time runs), `resetting`, `good`, `risk` (it runs out
 * before its reset) or `spent`; `elapsed` the share of its time that has passed; `pace` is
 * `ahead`, `reserve`, `even` or null, and `points` by how many.
 */
export function judge(window, now) {
	const { used, resetsAt, length } = window;
	const runsOutAt = window.forecast?.runsOutAt ?? null;
	// What was foreseen for a moment that has passed is no forecast.
	const forecast = runsOutAt !== null && runsOutAt <= now ? null : window.forecast;
	const running = resetsAt !== null && now < resetsAt;
	const elapsed = running && length ? Math.max(0, 1 - (resetsAt - now) / length) : null;
	let level = "good";
	if (resetsAt !== null && !running) level = "resetting";
	else if (used === null) level = "unknown";
	else if (used >= 100) level = "spent";
	else if (!running) level = "idle";
	else if (forecast?.runsOutAt) level = "risk";
	const points = forecast?.pace ?? null;
	let pace = null;
	if (points !== null && level === "good")
		pace = Math.abs(points) < ON_PACE ? "even" : points > 0 ? "ahead" : "reserve";
	else if (points >= ON_PACE && level === "risk") pace = "ahead";
	return { ...window, forecast, level, running, elapsed, pace, points };
}

/** Return the spend limit with what it means; nothing is foreseen of it. */
function withSpend(window, detail) {
	const { spend, thresholds } = detail ?? {};
	const judged = judge(window, -Infinity);
	const blocked = spend?.used_up || spend?.enabled === false || window.used >= 100;
	let { level } = judged;
	if (window.used !== null) {
		const nearly = window.used >= (last(thresholds ?? []) ?? NEARLY_SPENT);
		level = blocked ? "spent" : nearly ? "risk" : "good";
	}
	return { ...judged, level, spend };
}

/** Say what of a spend limit is spent, and what remains or why nothing does. */
function spendParts({ spend, used }, format) {
	const { disabled_reason: reason, enabled, spent, used_up: usedUp } = spend ?? {};
	// A limit of zero is none.
	const limit = spend?.limit?.amount > 0 ? spend.limit : null;
	const { t } = format;
	const money = (amount) => format.money(roundIfWhole(amount));
	// What is known of the amounts has no limit then.
	const unlimited = used === null || (typeof enabled === "boolean" && !limit);
	let said = unlimited ? "" : t("spend_percent", { percent: format.percent(used) });
	if (spent && limit) said = t("spend_of", { money: money(spent), limit: money(limit) });
	else if (spent) said = t("spend_only", { money: money(spent) });
	let rest = "";
	if (reason === "out_of_credits") rest = t("out_of_credits");
	else if (usedUp || used >= 100) rest = t("used_up");
	else if (enabled === false) rest = t("disabled");
	else if (spent && limit)
		rest = t("spend_left", { money: money({ ...limit, amount: limit.amount - spent.amount }) });
	return [said, rest];
}

function spendWords(window, format) {
	const words = joined(spendParts(window, format), "; ");
	return words[0].toUpperCase() + words.slice(1);
}

/** Return an amount that is shown without cents if it has none. */
const roundIfWhole = (amount) =>
	Number.isInteger(amount.amount) ? { ...amount, decimals: 0 } : amount;

const isSure = ({ forecast }) => forecast.certain;

/** Return the window that decides whether a person can go on. */
export function bindingOf(windows) {
	const blocking = windows.filter(({ blocks }) => blocks);
	const most = (found, by) =>
		found.reduce((best, one) => (best && by(best) >= by(one) ? best : one), undefined);
	const of = (level) => blocking.filter((window) => window.level === level);
	return (
		most(of("spent"), ({ resetsAt }) => resetsAt ?? Infinity) ??
		most(of("risk"), (one) => (isSure(one) ? 1e15 : 0) - one.forecast.runsOutAt) ??
		most(blocking.length ? blocking : windows, ({ used }) => used ?? -1)
	);
}

/**
 * Say in one sentence whether a person can go on: its `level`, its `text`, the `window` it
 * is about, and a `link` where something can be done.
 */
export function verdict({ windows, spend, trouble, troubleWords }, now, format) {
	const { t } = format;
	const when = (ms) => format.when(ms, now, "long");
	const said = (window, key, values, level = window.level) => ({
		level,
		text: t(key, { the: window.blocks ? t(`the_${window.key}`) : window.name, ...values }),
		window,
	});
	if (trouble === "invalid_auth")
		return { level: "spent", text: troubleOf(troubleWords, format), link: INTEGRATION };
	if (trouble && windows.every(({ used }) => used === null))
		return { level: "unknown", text: troubleOf(troubleWords, format) };

	const limit = windows.find(({ key }) => key === EXTRA);
	if (limit && limit.used !== null)
		return { level: limit.level, text: spendWords(limit, format), window: limit };
	// Without a limit there is no window.
	if (!windows.length && spend?.spent) {
		const level = spend.used_up || spend.enabled === false ? "spent" : "good";
		return { level, text: spendWords({ spend, used: null }, format) };
	}

	const bound = bindingOf(windows);
	const first = (level) =>
		bound?.level === level ? bound : windows.find((window) => window.level === level);
	const spent = first("spent");
	const risk = first("risk");
	if (spent && (spent.blocks || !risk)) {
		const { blocks, resetsAt } = spent;
		if (resetsAt === null) return said(spent, "spent_unknown");
		const until = { when: when(resetsAt) };
		return blocks ? said(spent, "spent_until", until) : said(spent, "model_spent", until, "risk");
	}
	if (risk && !isSure(risk)) return said(risk, "may_run_out_the");
	if (risk) {
		const { runsOutAt } = risk.forecast;
		const before = format.duration(risk.resetsAt - runsOutAt);
		return said(risk, "runs_out_before", { when: when(runsOutAt), before });
	}
	const blocking = windows.filter(({ blocks }) => blocks);
	const lasting = blocking.filter(({ level, forecast }) => level === "good" && forecast?.lasts);
	const idle = blocking.find(({ key, level }) => key === SESSION && level === "idle");
	if (idle && lasting.length) return said(idle, "idle_lasts", {}, "good");
	if (lasting.length && lasting.length === blocking.length)
		return lasting.length > 1
			? { level: "good", text: t("all_last") }
			: said(lasting[0], "one_lasts");
	if (!bound || bound.used === null) return { level: "unknown", text: t("nothing") };
	if (bound.level === "resetting") return said(bound, "resetting_the");
	return said(bound, "clear", { percent: format.percent(leftOf(bound.used)) }, "good");
}

const troubleOf = (words, format) =>
	words ? format.t("trouble_is", { trouble: words }) : format.t("trouble");

/** Return what there is to know beside the sentence. */
export function aboutOf(
	{ asOf, spend, trouble, troubleWords },
	{ level, text: sentence, window },
	now,
	format,
) {
	const why = trouble && troubleOf(troubleWords, format);
	const { enabled, limit, spent, used_up: usedUp } = spend ?? {};
	const goesOn =
		enabled && !usedUp && !(limit && spent?.amount >= limit.amount) && window?.key !== EXTRA;
	return joined(
		[
			asOf &&
				format.t("as_of", { when: format.when(asOf, now), duration: format.duration(now - asOf) }),
			why !== sentence && why,
			level === "spent" && goesOn && format.t("extra_goes_on"),
		],
		" · ",
	);
}

export function labelOf(window, format) {
	if (window.key === EXTRA) return format.t("spend");
	return window.blocks ? format.t(window.key) : window.name;
}

/** Return how large a card is drawn, if wished by its space. */
export function sizeOf(layout = "auto", width = 0, rows = undefined) {
	if (layout !== "auto") return layout;
	if (rows === 1 || (width > 0 && width < 200)) return "micro";
	return rows < 6 || (width > 0 && width < 300) ? "rows" : "full";
}

/* --------------- chart */

/**
 * Lay a window's course out in a square of 100 by 100, from its start to its reset.
 *
 * `points` are `{t, v}` in time, `v` null where nothing is known: such a gap breaks the
 * line, as a refill does. With `remaining` all is upside down.
 */
export function layOut(points, window, now, remaining = false) {
	const { resetsAt, length, used, forecast } = window;
	const start = resetsAt - length;
	const x = (ms) => (100 * within(ms - start, length)) / length;
	const y = (percent) => (remaining ? within(percent) : 100 - within(percent));
	const until = Math.min(now, resetsAt);
	const lines = [];
	let before = null;
	points.forEach(({ t, v }, index) => {
		const next = points[index + 1]?.t ?? until;
		const end = Math.min(next, until);
		// What the window before it left shows until the first poll.
		if (end <= start || t >= until || (t < start + 1000 && next < start + 10 * MINUTE)) return;
		if (v !== null) {
			if (before === null || v < before - REFILL) lines.push([]);
			last(lines).push([x(t), y(v)], [x(end), y(v)]);
		}
		before = v;
	});
	const projection = [];
	let range = [];
	if (forecast && used < 100) {
		const here = [x(now), y(used)];
		const { projected, low, high, runsOutAt } = forecast;
		if (projected > 100 && runsOutAt) projection.push(here, [x(runsOutAt), y(100)], [100, y(100)]);
		else projection.push(here, [100, y(projected)]);
		if (low !== null && high !== null) {
			// Where the upper edge meets the limit, it goes on along it.
			const meets = high > 100 ? here[0] + ((100 - here[0]) * (100 - used)) / (high - used) : 100;
			range = [here, [meets, y(high)], [100, y(high)], [100, y(Math.max(low, used))]];
		}
	}
	return {
		lines,
		projection,
		range,
		even: [0, 100].map((share) => [share, y(share)]),
		limit: y(100),
		now: [x(now), used === null ? null : y(used)],
	};
}

/** Return the use on each day of a week, null where nothing is known. */
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
		if (v === null) continue;
		const base = v < before - REFILL ? 0 : (before ?? v);
		const day = days.get(format.dayKey(Math.max(t, start)));
		if (day) day.used = (day.used ?? 0) + (t > start ? Math.max(0, v - base) : 0);
		before = Math.max(base, v);
	}
	const today = format.dayKey(now);
	const known = points.find(({ v }) => v !== null)?.t ?? Infinity;
	return [...days.values()].map((day) => ({
		...day,
		// Without a new number nothing was used, if there is one before it.
		used: day.key > today || (day.used === null && known > day.at + DAY) ? null : (day.used ?? 0),
		even: (100 * day.hours) / (window.length / HOUR),
		today: day.key === today,
	}));
}

/* --------------- sources */

const DETAILS_AGE = 5 * MINUTE;
const HISTORY_AGE = 30 * MINUTE;
const SOON = 250;

/** Tell whether a time is long ago, or of a clock that was set back. */
const isOld = (at, age, now = Date.now()) => now < at || now - at >= age;

/** Return what tells answers apart, without what always moves. */
const toldBy = (answer) =>
	JSON.stringify(answer, (key, value) => (key === "last_success" ? undefined : value));

/** What no state holds, for all cards of a connection. */
class Details {
	static of({ connection }) {
		if (!Details.all.has(connection)) Details.all.set(connection, new Details(connection));
		return Details.all.get(connection);
	}

	constructor(connection) {
		this.askedAt = -Infinity;
		this.connection = connection;
		this.listeners = new Set();
		connection.addEventListener("ready", () => {
			this.askedAt = -Infinity;
			this.refresh();
		});
	}

	/** Call an action with each answer; returns how to end it. */
	listen(action) {
		this.listeners.add(action);
		this.refresh();
		return () => this.listeners.delete(action);
	}

	refresh() {
		if (isOld(this.askedAt, DETAILS_AGE)) this.ask();
	}

	/** Ask soon, as several states change at one time. */
	ask() {
		if (this.timer || !this.listeners.size) return;
		const delay = this.value ? SOON : 0;
		this.timer = setTimeout(async () => {
			this.timer = undefined;
			this.askedAt = Date.now();
			const before = toldBy(this.value);
			try {
				this.value = await this.connection.sendMessagePromise({ type: "claude_pulse/usage" });
				if (toldBy(this.value) === before) return;
			} catch {
				// Not set up yet, or no connection: for a minute there are states alone.
				this.askedAt += MINUTE - DETAILS_AGE;
				return;
			}
			for (const action of this.listeners) action();
		}, delay);
	}
}
Details.all = new WeakMap();

/** The courses by entity, read at times and followed in between. */
const COURSES = new Map();

/** Return a window's points so far; an action is called when they come. */
function courseOf(hass, { entity, length, resetsAt }, now, action) {
	const start = resetsAt - length;
	let course = COURSES.get(entity);
	const same = course?.start === start;
	if (!same || isOld(course.readAt, HISTORY_AGE, now)) {
		course = {
			start,
			readAt: now,
			points: same ? course.points : undefined,
			actions: new Set(),
		};
		COURSES.set(entity, course);
		readCourse(hass, entity, start, now).then((points) => {
			if (points) course.points = points;
			else {
				// No recorder, or not yet.
				course.points = course.points ?? [];
				course.readAt += DETAILS_AGE - HISTORY_AGE;
			}
			for (const wanted of course.actions) wanted();
			course.actions.clear();
		});
	}
	// What has been drawn already can wait for the next minute.
	if (!course.points) course.actions.add(action);
	const t = Date.parse(hass.states[entity]?.last_changed);
	if (course.points && t > Math.max(start, (last(course.points)?.t ?? 0) + 1))
		course.points.push({ t, v: numberOf(stateOf(hass, entity)) });
	return course.points;
}

/** Read which states of a sensor the recorder knows, if it can. */
async function readCourse(hass, entity, start, now) {
	try {
		const states = await hass.callWS({
			type: "history/history_during_period",
			start_time: new Date(start).toISOString(),
			end_time: new Date(now).toISOString(),
			entity_ids: [entity],
			include_start_time_state: true,
			minimal_response: true,
			no_attributes: true,
			significant_changes_only: false,
		});
		return (states[entity] ?? []).map(({ s, lu, lc }) => ({
			t: 1000 * (lc ?? lu),
			v: numberOf(s),
		}));
	} catch {
		return undefined;
	}
}

/* --------------- drawing */

/** Make an element, such as `div.name`, of attributes, if these come first, and children. */
function h(tag, ...rest) {
	const [name, ...classes] = tag.split(".");
	const element = ["svg", "path"].includes(name)
		? document.createElementNS("http://www.w3.org/2000/svg", name)
		: document.createElement(name);
	if (classes.length) element.setAttribute("class", classes.join(" "));
	const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [key, value] of Object.entries(attributes))
		if (value !== undefined && value !== false) element.setAttribute(key, value);
	for (const child of rest.flat()) if (child) element.append(child);
	return element;
}

/** Make an element's content like another's, and touch nothing alike. */
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

const HIDDEN = { "aria-hidden": "true" };

// Shapes beside colours; each fills a square of 24.
const SHAPES = {
	good: "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
	risk: "M12 3 1.5 21h21zm1 15h-2v-2h2zm0-4h-2v-4h2z",
	spent: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20m5 11H7v-2h10z",
	unknown: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M6 11h2v2H6zm5 0h2v2h-2zm5 0h2v2h-2z",
	ahead: "M12 5 21 19H3z",
	reserve: "M12 19 3 5h18z",
	even: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12",
};
SHAPES.idle = SHAPES.even;
SHAPES.resetting = SHAPES.unknown;

const shape = (name) =>
	h("svg.shape", { viewBox: "0 0 24 24", ...HIDDEN }, h("path", { d: SHAPES[name] }));

const anchor = (path, words) => h("a", { href: path, "data-path": path }, words);

const percentOf = (value) => `${within(value).toFixed(2)}%`;

/** Draw what is used, where time is, where it leads, and the thresholds. */
function bar(window, thresholds, { format, remaining }, label) {
	const { elapsed, forecast, level, used } = window;
	const known = used !== null && level !== "resetting";
	const at = (percent) => `inset-inline-start:${percentOf(remaining ? 100 - percent : percent)}`;
	const filled = known ? within(remaining ? 100 - used : used) : 0;
	const leads = forecast && (level === "good" || level === "risk");
	const end = leads ? Math.min(100, Math.max(used, forecast.projected)) : used;
	const ghost =
		leads &&
		h("div.ghost", { style: `${at(remaining ? end : used)};inline-size:${percentOf(end - used)}` });
	const meter = known && {
		role: "meter",
		"aria-label": labelOf(window, format),
		"aria-valuemin": 0,
		"aria-valuemax": 100,
		"aria-valuenow": Math.round(filled),
		"aria-valuetext": label,
	};
	return h(
		remaining ? "div.bar.left" : "div.bar",
		meter || { role: "img", "aria-label": label },
		h(
			"div.track",
			h("div.fill", { style: `inline-size:${percentOf(filled)}` }),
			ghost,
			known && thresholds.map((tick) => h("div.tick", { style: at(tick) })),
		),
		elapsed !== null && h("div.marker", { style: at(100 * elapsed) }),
	);
}

/** Return the words of a window; `short` is what matters most of them. */
function wordsOf(window, { format, now }) {
	if (window.key === EXTRA) {
		const [, outcome] = spendParts(window, format);
		return { outcome, short: outcome };
	}
	const { forecast, level, pace, points, resetsAt, running } = window;
	const { t } = format;
	const left = (ms) => t("in", { duration: format.duration(ms - now) });
	const clock = (key, ms) => t(key, { when: format.when(ms, now) });
	const moment = (key, ms) => `${clock(key, ms)}, ${left(ms)}`;
	const sure = level === "risk" && isSure(window);
	const out = forecast?.runsOutAt;
	const key =
		{
			good: forecast?.lasts ? "lasts" : "",
			idle: window.key === SESSION ? "idle" : "",
			risk: "may_run_out",
		}[level] ?? level;
	let short = running && t("resets", { when: left(resetsAt) });
	if (level === "risk") short = sure ? clock("runs_out", out) : t(key);
	return {
		pace:
			pace &&
			(pace === "even" ? t("on_pace") : t(pace, { points: format.percent(Math.abs(points)) })),
		outcome: sure ? moment("runs_out", out) : key && t(key),
		reset: running && moment("resets", resetsAt),
		short,
	};
}

function row(window, account, view) {
	const { format, now } = view;
	const name = labelOf(window, format);
	const { pace, outcome, reset } = wordsOf(window, view);
	const [number, counted] = numberShown(window, view);
	const parts = [joined([number, counted], " "), pace, outcome, reset];
	return h(
		"div.row",
		{ "data-level": window.level, "data-entity": window.entity },
		h(
			"div.top",
			h("button.name", { title: name }, name),
			h("span.number", h("b", number), counted && ` ${counted}`),
		),
		bar(window, account.thresholds, view, `${name}: ${joined(parts, ", ")}`),
		h(
			"div.words",
			(pace || outcome) &&
				h(
					"span.outcome",
					pace && h("span.pace", shape(window.pace), pace),
					outcome && h("span", outcome),
				),
			reset && h("span", reset),
		),
	);
}

function numberShown({ level, used }, { format, remaining, t }) {
	if (used === null || level === "resetting") return ["—"];
	if (!remaining) return [format.percent(used), t("used")];
	return [format.percent(leftOf(used)), t("remaining")];
}

const pathOf = (points) =>
	`M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join(" L")}`;

function chart(window, points, view) {
	const { format, now, remaining, t } = view;
	const plot = layOut(points ?? [], window, now, remaining);
	const path = (name, line) => line.length > 1 && h(`path.${name}`, { d: pathOf(line) });
	const across = (y) => [0, 100].map((x) => [x, y]);
	const edge = (ms) =>
		`${window.length < DAY ? "" : `${format.day(ms, DATE)} `}${format.clock(ms)}`;
	const [x, y] = plot.now;
	const upright = [0, 100].map((at) => [x, at]);
	const name = labelOf(window, format);
	const parts = [numberShown(window, view).join(" "), wordsOf(window, view).outcome];
	return h(
		"div.chart",
		{ "data-level": window.level },
		h(
			"div.plot",
			{
				role: "img",
				"aria-label": `${t("chart_of", { name })}: ${joined(parts, ", ")}`,
			},
			h(
				"svg",
				{ viewBox: "0 0 100 100", preserveAspectRatio: "none", ...HIDDEN },
				[25, 50, 75].map((percent) => path("grid", across(percent))),
				path("range", plot.range),
				plot.lines.map((line) => path("area", [[line[0][0], 100], ...line, [last(line)[0], 100]])),
				path("even", plot.even),
				path("limit", across(plot.limit)),
				path("projection", plot.projection),
				plot.lines.map((line) => path("course", line)),
				path("now", upright),
			),
			y !== null && h("div.dot", { style: `left:${percentOf(x)};top:${percentOf(y)}` }),
			points?.length === 0 && h("div.nothing", t("no_history")),
		),
		h(
			"div.axis",
			HIDDEN,
			h("span", edge(window.resetsAt - window.length)),
			// Not in the way of the others.
			x > 35 && x < 65 && h("span.here", { style: `left:${percentOf(x)}` }, t("now")),
			h("span", edge(window.resetsAt)),
		),
	);
}

function days(window, points, view) {
	const { format, now, t } = view;
	const found = useByDay(points ?? [], window, now, format);
	const most = Math.max(...found.map(({ used, even }) => Math.max(used ?? 0, even)), 1);
	const left = Math.max(0, 100 - (window.used ?? 0));
	const ahead = Math.max(1, (window.resetsAt - now) / DAY);
	const name = labelOf(window, format);
	return [
		h(
			"ul.days",
			{ "aria-label": t("days_of", { name }) },
			found.map(({ at, used, even, today }) =>
				h(
					today ? "li.day.today" : "li.day",
					h("span.value", used === null ? "" : format.percent(used)),
					h(
						"div.column",
						HIDDEN,
						used !== null && h("div.use", { style: `height:${percentOf((100 * used) / most)}` }),
						h("div.share", { style: `bottom:${percentOf((100 * even) / most)}` }),
					),
					h("span.label", format.day(at, { weekday: "short" })),
				),
			),
		),
		window.used !== null && h("div.line", t("a_day", { percent: format.percent(left / ahead) })),
	];
}

function money({ balance, said, spend }, { format, t }) {
	// Of a seat that pays by spend, the sentence has said it.
	const { enabled, limit, spent } = (said.window?.key !== EXTRA && spend) || {};
	const of = { money: spent && format.money(spent), limit: limit && format.money(limit) };
	const line = [
		(enabled || spent?.amount) && t(limit ? "extra_of" : "extra", of),
		balance && t("balance", { money: format.money(balance) }),
	];
	return line.some(Boolean) && h("div.line", joined(line, " · "));
}

const COLOURS = `
:host {
  --good: var(--claude-pulse-good, var(--info-color));
  --risk: var(--claude-pulse-risk, var(--warning-color));
  --spent: var(--claude-pulse-spent, var(--error-color));
  --unknown: var(--disabled-color);
  --ink: var(--primary-text-color);
  --soft: var(--secondary-text-color);
  --back: var(--ha-card-background, var(--card-background-color));
  --track: var(--divider-color);
  color: var(--ink); display: block;
}
:host([in-grid]), .all { height: 100%; }
* { box-sizing: border-box; }
a { color: inherit; }
[data-level] { --level: var(--good); }
[data-level="risk"] { --level: var(--risk); }
[data-level="spent"] { --level: var(--spent); }
[data-level="unknown"], [data-level="resetting"] { --level: var(--unknown); }
button { all: unset; box-sizing: border-box; cursor: pointer; }
button:focus-visible, a:focus-visible { border-radius: 4px; outline: 2px solid var(--primary-color); outline-offset: 2px; }
.shape { fill: currentColor; fill-rule: evenodd; flex: none; height: 1em; width: 1em; }
`;

const STYLE = `${COLOURS}
ha-card { container-type: inline-size; display: block; height: 100%; overflow: hidden; }
.content { display: flex; flex-direction: column; font-size: var(--ha-font-size-m, 14px); gap: 14px; height: 100%; line-height: 1.35; overflow: auto; overflow-wrap: anywhere; padding: 16px; }
.about, .line, .number, .words, .axis, .nothing, .day { color: var(--soft); }
.charts, .middle, .row, .rows { display: grid; grid-template-columns: minmax(0, 1fr); }
.micro, .status, .verdict { align-items: center; display: flex; }
.chips button, .name, .micro .words { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sign::before, .fill, .ghost, .tick, .marker, .dot, .nothing, .here, .use, .share { position: absolute; }
.bar, .track, .sign, .plot, .axis, .column { position: relative; }
.title { font-size: 1.25em; font-weight: 500; }
.verdict { gap: 12px; }
.sign { color: var(--level); display: grid; flex: none; font-size: 22px; height: 40px; place-items: center; width: 40px; }
.sign::before { background: currentColor; border-radius: 50%; content: ""; inset: 0; opacity: 0.16; }
.said { min-width: 0; }
.sentence { font-size: 1.15em; font-weight: 500; line-height: 1.3; text-wrap: balance; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; }
.chips button { border: 1px solid var(--track); border-radius: 99px; max-width: 100%; padding: 3px 12px; }
.chips [aria-pressed="true"] { background: var(--track); font-weight: 500; }
.rows { gap: 16px; }
.row { cursor: pointer; gap: 6px; }
.top { align-items: baseline; display: flex; gap: 8px; justify-content: space-between; }
.name { font-weight: 500; }
.number { flex: none; }
.number b { color: var(--ink); font-size: 1.35em; font-variant-numeric: tabular-nums; font-weight: 600; }
.bar { height: 10px; margin-block: 2px; }
.track { background: var(--track); border-radius: 99px; height: 100%; overflow: hidden; }
.fill, .ghost, .tick { inset-block: 0; }
.fill { background: var(--level); border-radius: 99px; inset-inline-start: 0; transition: inline-size 0.4s; }
.ghost { background: repeating-linear-gradient(115deg, var(--stripe, var(--level)) 0 3px, transparent 3px 6px); opacity: 0.55; }
.left .ghost { --stripe: var(--back); }
.tick { background: var(--back); margin-inline-start: -1px; width: 2px; }
.marker { background: var(--ink); border-radius: 2px; box-shadow: 0 0 0 2px var(--back); inset-block: -4px; margin-inline-start: -1.5px; width: 3px; }
.outcome, .words { column-gap: 12px; display: flex; flex-wrap: wrap; justify-content: space-between; }
.words { font-size: 0.93em; }
[data-level="risk"] .outcome, [data-level="spent"] .outcome { color: var(--ink); }
.pace { align-items: center; display: inline-flex; gap: 4px; }
.pace .shape { color: var(--level); font-size: 0.8em; }
.charts { gap: 14px; }
.plot { direction: ltr; height: 120px; }
.plot svg { display: block; height: 100%; overflow: visible; width: 100%; }
.plot path { fill: none; stroke: var(--soft); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .grid { stroke: var(--track); }
.plot .even { stroke-dasharray: 4 4; }
.plot .now { opacity: 0.5; }
.plot .area, .plot .range { fill: var(--level); opacity: 0.14; stroke: none; }
.plot .course, .plot .projection { stroke: var(--level); stroke-linecap: round; stroke-linejoin: round; stroke-width: 2.5; }
.plot .projection { stroke-dasharray: 1 5; }
.dot { background: var(--level); border: 2px solid var(--back); border-radius: 50%; height: 12px; transform: translate(-50%, -50%); width: 12px; }
.nothing { inset: 0; padding: 40px 12px; text-align: center; }
.axis { direction: ltr; display: flex; font-size: 0.85em; justify-content: space-between; margin-top: 4px; }
.here { transform: translateX(-50%); }
.days { container-type: inline-size; display: flex; gap: min(6px, 1.5%); list-style: none; margin: 0; padding: 0; }
.day { display: grid; flex: 1; font-size: 0.85em; gap: 4px; min-width: 0; overflow: hidden; text-align: center; white-space: nowrap; }
.value { font-variant-numeric: tabular-nums; min-height: 1.35em; }
.today { color: var(--ink); font-weight: 600; }
.column { background: var(--track); border-radius: 6px; height: 120px; overflow: hidden; }
.use { background: var(--good); border-radius: 6px; inset: auto 0 0; }
.share { border-top: 2px dashed var(--soft); inset-inline: 0; }
.status { gap: 8px; }
.status .shape { color: var(--risk); font-size: 18px; }
.micro { font-size: 14px; gap: 8px; height: 100%; min-height: 56px; padding: 8px 10px; width: 100%; }
.micro > .shape { color: var(--level); font-size: 22px; }
.middle { flex: 1; gap: 4px; min-width: 0; }
.micro .bar { height: 6px; margin: 0; }
.micro .words { display: block; font-size: 12px; }
@container (max-width: 110px) {
  .micro { padding-inline: 5px; position: relative; }
  .micro > .shape { font-size: 12px; inset-inline-end: 5px; position: absolute; }
  .micro .top, .micro .top span { display: block; font-size: 12px; }
  .micro .words { display: none; }
}
@container (max-width: 18em) {
  .value, .label { height: 3em; line-height: 1; margin: auto; writing-mode: vertical-rl; }
}
@media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
@media (forced-colors: active) {
  .track, .column { border: 1px solid CanvasText; }
  .fill, .use { background: Highlight; forced-color-adjust: none; }
  .marker, .tick { background: CanvasText; forced-color-adjust: none; }
}
`;

/* --------------- elements */

// Node has none.
const Element = globalThis.HTMLElement ?? class {};
const CHOICES = {
	layout: ["auto", "micro", "rows", "full", "days"],
	show: ["used", "remaining"],
};
const PARTS = ["session", "weekly", "models", "chart", "money"];
const HOLD = 500;
const TWICE = 250;

const languageOfPage = () => document.documentElement.lang || "en";

/** What card and badge share: what to draw, and when. */
class PulseElement extends Element {
	static getStubConfig() {
		return {};
	}

	constructor() {
		super();
		this._found = [];
		this._watched = [];
		this._all = h("div.all");
		this._visible = false;
		this._onVisibility = () => this._follow();
		this._redraw = () => this.draw();
		this._observer = new IntersectionObserver((seen) => {
			this._seen = last(seen).isIntersecting;
			this._follow();
		});
		this._sizes = new ResizeObserver(([{ contentRect }]) => {
			const before = this._size;
			this._width = contentRect.width;
			if (this._size !== before) this.draw();
		});
		this.attachShadow({ mode: "open" }).append(h("style", this.constructor.style), this._all);
		this._act();
	}

	setConfig(config) {
		for (const [key, values] of Object.entries(CHOICES))
			if (config[key] !== undefined && !values.includes(config[key]))
				throw new Error(`${key} has to be one of ${values.join(", ")}`);
		if ([config.device ?? []].flat().some((id) => typeof id !== "string"))
			throw new Error("device has to be an id, or a list of them");
		this._config = config;
		this._look();
	}

	set hass(hass) {
		const old = this._hass;
		this._hass = hass;
		if (old?.connection !== hass.connection) this._listen();
		const other = ["entities", "devices", "locale", "config", "formatEntityState"].some(
			(part) => old?.[part] !== hass[part],
		);
		const before = this._watched;
		const changed = before.some((id) => old?.states[id] !== hass.states[id]);
		if (!other && !changed) return;
		this._look();
		if (changed || (old && String(before) !== String(this._watched)))
			this._details.askedAt = -Infinity;
		// Otherwise when somebody sees it again.
		if (this._visible) this._details.refresh();
	}

	connectedCallback() {
		this._observer.observe(this);
		this._sizes.observe(this);
		document.addEventListener("visibilitychange", this._onVisibility);
		if (this._hass) this._listen();
		this._follow();
		this.draw();
	}

	disconnectedCallback() {
		this._observer.disconnect();
		this._sizes.disconnect();
		document.removeEventListener("visibilitychange", this._onVisibility);
		this._stop?.();
		this._stop = undefined;
		this._seen = false;
		this._follow();
	}

	get _size() {
		const { grid_options: grid, layout } = this._config ?? {};
		return sizeOf(layout, this._width, grid?.rows);
	}

	/** Hear of answers while it is on the page. */
	_listen() {
		this._stop?.();
		this._details = Details.of(this._hass);
		if (!this.isConnected) return;
		this._stop = this._details.listen(() => this._look());
	}

	/** Find its entities, and draw them. */
	_look() {
		if (!this._hass || !this._config) return;
		const wanted = [this._config.device ?? []].flat();
		this._found = findAccounts(this._hass, this._details?.value)
			.filter(({ id }) => !wanted.length || wanted.includes(id))
			.sort(
				(one, other) =>
					wanted.indexOf(one.id) - wanted.indexOf(other.id) ||
					this._nameOf(one).localeCompare(this._nameOf(other)),
			);
		this._watched = this._found.flatMap(watchedOf);
		this.draw();
	}

	_nameOf({ id }) {
		return deviceName(this._hass, id) || id;
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

	/** Draw what is true now, once for many changes. */
	draw() {
		if (this._drawing) return;
		this._drawing = true;
		queueMicrotask(() => {
			this._drawing = false;
			if (!this._hass || !this._config || !this.isConnected) return;
			// Until it has its height in any case.
			if (!this._visible && this._drawn) return;
			this._drawn = this._details.value;
			morph(this._all, h("div", this.render(this._view())));
		});
	}

	_view() {
		const { locale, config, language } = this._hass;
		if (this._locale !== locale || this._zone !== config.time_zone) {
			this._locale = locale;
			this._zone = config.time_zone;
			const format = (this._format = new Format({ language, ...locale }, config));
			Object.assign(this._all, { dir: format.direction, lang: format.language });
		}
		return {
			format: this._format,
			t: this._format.t,
			now: Date.now(),
			remaining: this._config.show === "remaining",
			hide: new Set([this._config.hide ?? []].flat()),
		};
	}

	/**
	 * Read an account that was found, and what is said of all its windows. `shown` are those
	 * that are not left out, and `said.window` is the one of them that decides.
	 */
	_read(found, { format, hide, now }) {
		const account = readAccount(this._hass, found, this._details?.value, now);
		const said = verdict(account, now, format);
		const partOf = ({ blocks, key }) => (key === EXTRA ? "money" : blocks ? key : "models");
		const shown = account.windows.filter((window) => !hide.has(partOf(window)));
		const window = shown.includes(said.window) ? said.window : bindingOf(shown);
		said.about = aboutOf(account, said, now, format);
		said.entity = window?.entity;
		// Where nothing is known, the sentence is what there is to show.
		said.window = window?.used === null ? undefined : window;
		if (!this._hass.user?.is_admin) delete said.link;
		return { ...account, said, shown: shown.filter(({ entity }) => entity) };
	}

	/** Return the account that is worst off. */
	_worst(view) {
		const rank = ({ said: { level, window } }) =>
			1000 * ["risk", "spent"].indexOf(level) + (window?.used ?? 0);
		return this._found
			.map((found) => this._read(found, view))
			.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst));
	}

	_button({ asOf, name, said }, view, content) {
		const { about, link, text: sentence, window } = said;
		const { entity } = window ?? {};
		// Old numbers promise nothing.
		const level = asOf && said.level === "good" ? "unknown" : said.level;
		const title = joined(
			[
				this._found.length > 1 && name,
				window && `${labelOf(window, view.format)}: ${numberShown(window, view).join(" ")}`,
				sentence,
				about,
			],
			". ",
		);
		return h(
			"button.micro",
			{ "data-level": level, "data-entity": entity, "data-path": link, "aria-label": title, title },
			shape(level),
			content,
		);
	}

	_act() {
		let timer;
		let held;
		let tapped;
		const root = this.shadowRoot;
		const does = (kind) => (this._config?.[`${kind}_action`]?.action ?? "none") !== "none";
		const act = (action) =>
			this._fire("hass-action", { config: { entity: this._entity, ...this._config }, action });
		root.addEventListener("pointerdown", () => {
			held = false;
			timer = setTimeout(() => {
				held = does("hold");
				if (held) act("hold");
			}, HOLD);
		});
		for (const end of ["pointerup", "pointercancel", "pointerout"])
			root.addEventListener(end, () => clearTimeout(timer));
		root.addEventListener("click", (event) => {
			// Letting go is no tap, but a key of the keyboard is one.
			if (held && event.detail) return;
			const on = event.target.closest("[data-path],[data-account],[data-chart],[data-entity]");
			const { account = this._account, chart = this._chart, entity, path } = on?.dataset ?? {};
			const tell = () => this._fire("hass-more-info", { entityId: entity });
			const tap = () => {
				if (does("tap")) act("tap");
				else if (entity && !this._config.tap_action) tell();
			};
			if (path) {
				event.preventDefault();
				history.pushState(null, "", path);
				this._fire("location-changed", { replace: false }, window);
			} else if (on?.matches(".chips button")) {
				Object.assign(this, { _account: account, _chart: chart });
				this.draw();
			} else if (entity && !on.matches(".micro")) {
				tell();
			} else if (tapped) {
				tapped = clearTimeout(tapped);
				act("double_tap");
			} else if (does("double_tap")) {
				tapped = setTimeout(() => {
					tapped = undefined;
					tap();
				}, TWICE);
			} else tap();
		});
	}

	_fire(type, detail, target = this) {
		target.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
	}
}

class ClaudePulseCard extends PulseElement {
	static getConfigForm() {
		const t = (key) => text(languageOfPage(), key);
		const field = (name, selector) => ({ name, selector });
		const select = (name, values, more) =>
			field(name, {
				select: { options: values.map((value) => ({ value, label: t(value) })), ...more },
			});
		return {
			schema: [
				field("title", { text: {} }),
				field("device", { device: { multiple: true, filter: { integration: PLATFORM } } }),
				...Object.entries(CHOICES).map((choice) => select(...choice, { mode: "dropdown" })),
				select("hide", PARTS, { mode: "list", multiple: true }),
				{
					name: "",
					type: "expandable",
					title: t("actions"),
					schema: ["tap", "hold", "double_tap"].map((kind) =>
						field(`${kind}_action`, { ui_action: {} }),
					),
				},
			],
			computeLabel: ({ name }) => t(name),
		};
	}

	/** Fill the rows that a grid gives, but no column. */
	set layout(layout) {
		this.toggleAttribute("in-grid", layout === "grid");
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

	render(view) {
		return h("ha-card", this._content(view));
	}

	_content(view) {
		const { format, hide, t } = view;
		const { grid_options: grid, title } = this._config;
		const found = this._found.find(({ id }) => id === this._account) ?? this._found[0];
		if (!found)
			return h(
				"div.content",
				h("div.sentence", t("no_accounts")),
				this._hass.user?.is_admin && anchor(INTEGRATION, t("set_up")),
			);
		const size = this._size;
		const account = size === "micro" ? this._worst(view) : this._read(found, view);
		const { said, shown } = account;
		this._entity = said.entity;
		if (size === "micro") return this._micro(account, view);
		if (grid?.rows < 5) shown.sort((one, other) => (other === said.window) - (one === said.window));
		const running = shown.filter(({ elapsed }) => elapsed !== null);
		const week = size === "days" && running.find(({ length }) => length > DAY);
		const full = size === "full";
		return h(
			"div.content",
			title && h("div.title", title),
			this._chips(
				"data-account",
				t("device"),
				this._found.map((one) => [one.id, this._nameOf(one)]),
				account.id,
			),
			!week && this._verdict(said, grid?.rows < 3 ? "" : account.plan, view),
			week && account.asOf && h("div.line", said.about),
			week && days(week, this._points(week, view), view),
			size !== "days" &&
				h(
					"div.rows",
					shown.map((window) => row(window, account, view)),
				),
			full && !hide.has("chart") && running.length > 0 && this._charts(running, said, view),
			full && !hide.has("money") && money(account, view),
			account.status && h("div.status", shape("risk"), t("status_is", { status: account.status })),
		);
	}

	_chips(attribute, label, items, chosen) {
		return (
			items.length > 1 &&
			h(
				"div.chips",
				{ role: "group", "aria-label": label },
				items.map(([id, words]) =>
					h("button", { [attribute]: id, "aria-pressed": String(id === chosen) }, words),
				),
			)
		);
	}

	_verdict({ about, level, link, text: sentence }, plan, { t }) {
		const below = about || plan;
		return h(
			"div.verdict",
			{ "data-level": level },
			h("div.sign", shape(level)),
			h(
				"div.said",
				h("div.sentence", { role: "status" }, sentence),
				below && h("div.about", below),
				link && h("div.about", anchor(link, t("renew"))),
			),
		);
	}

	_charts(windows, said, view) {
		const { format, t } = view;
		const find = (wanted) => windows.find(({ key }) => key === wanted);
		const window = find(this._chart) ?? find(said.window?.key) ?? bindingOf(windows);
		return h(
			"div.charts",
			this._chips(
				"data-chart",
				t("chart"),
				windows.map((one) => [one.key, labelOf(one, format)]),
				window.key,
			),
			chart(window, this._points(window, view), view),
		);
	}

	_micro(account, view) {
		const { text: sentence, window } = account.said;
		const words = window && wordsOf(window, view).short;
		return this._button(
			account,
			view,
			h(
				"span.middle",
				h(
					"span.top",
					window ? h("span.name", labelOf(window, view.format)) : h("span.said", sentence),
					window && h("span.number", h("b", numberShown(window, view)[0])),
				),
				window && bar(window, account.thresholds, view, sentence),
				words && h("span.words", words),
			),
		);
	}

	_points(window, { now }) {
		return courseOf(this._hass, window, now, this._redraw);
	}
}
ClaudePulseCard.style = STYLE;

class ClaudePulseBadge extends PulseElement {
	static getConfigForm() {
		const { schema, computeLabel } = ClaudePulseCard.getConfigForm();
		const [, device, , show, , actions] = schema;
		return { schema: [device, show, actions], computeLabel };
	}

	render(view) {
		const { format, t } = view;
		if (!this._found.length) return h("span.micro", t("no_accounts"));
		const account = this._worst(view);
		const { entity, text: sentence, window } = account.said;
		this._entity = entity;
		const words = window && [numberShown(window, view).join(" "), wordsOf(window, view).short];
		return this._button(
			account,
			view,
			h(
				"span.text",
				h("span.label", window ? labelOf(window, format) : account.name),
				h("span", words ? joined(words, " · ") : sentence),
			),
		);
	}
}
ClaudePulseBadge.style = `${COLOURS}
:host { display: inline-block; }
.micro { align-items: center; background: var(--back); border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--track)); border-radius: 18px; display: inline-flex; font-size: 12px; font-weight: 500; gap: 8px; line-height: 16px; min-height: 36px; padding: 0 12px 0 9px; white-space: nowrap; }
.micro .shape { color: var(--level); font-size: 20px; }
.text { display: grid; }
.label { color: var(--soft); font-size: 10px; line-height: 10px; }
`;

/* --------------- dashboard */

/** Tell whether a version is this one or newer. */
export function isFrom(version, year, month) {
	const [ofYear, ofMonth] = String(version).split(".").map(Number);
	return ofYear > year || (ofYear === year && ofMonth >= month);
}

/** Return a dashboard in the words of the version that shows it. */
export function dashboard(hass, details) {
	const t = (key) => text(hass.locale?.language, key);
	const sections = isFrom(hass.config?.version, 2024, 11);
	const accounts = findAccounts(hass, details);
	const several = accounts.length > 1;
	const card = (found, more) => ({
		type: "custom:claude-pulse-card",
		...(found && { device: found.id }),
		...more,
	});
	// Cards of an account under a heading, if there are any.
	const group = (found, key, ...cards) => {
		const filled = cards.filter((one) => one && (!one.entities || one.entities.length));
		const heading = several ? `${deviceName(hass, found.id)}: ${t(key)}` : t(key);
		return filled.length ? [{ type: "heading", heading }, ...filled] : [];
	};
	const of = (found, ...keys) => keys.map((key) => found.entities[key]).filter(Boolean);
	// Without the name of the device, under whose heading they are.
	const list = (ids) => ({
		type: "entities",
		entities: ids.map((entity) => ({ entity, name: nameOf(hass, entity) })),
	});
	const week = (found) => found.windows.get(WEEKLY)?.entities;
	const days = (found) =>
		group(found, "this_week", week(found)?.usage && card(found, { layout: "days" }));
	const states = ["connection", "service_status", "plan", "limit_reached"];
	const health = (found) => group(found, "health", list(of(found, ...states)));
	// Each model's entities, and those whose model is not known now.
	const models = ({ entities, windows }) =>
		[
			...[...windows.values()]
				.filter(({ key, kind }) => key !== EXTRA && !(kind in LENGTHS))
				.map((window) => Object.values(window.entities)),
			Object.keys(entities).filter((key) => entities[key] === key),
		].filter(({ length }) => length);
	const spent = (found) => of(found, "extra_usage_spent", "extra_usage_limit", "prepaid_balance");
	const lately = (type, entities) => ({ type, entities, hours_to_show: 168 });
	const bars = { stat_types: ["max"], period: "day", chart_type: "bar", days_to_show: 30 };
	const month = (id) => ({ type: "statistics-graph", entities: [id], ...bars });
	const told = (found) =>
		[...found.windows.values()].map(({ entities }) => entities.events).filter(Boolean);
	const views = {
		overview: [
			"mdi:heart-pulse",
			(found) => [
				[card(found, several ? { title: deviceName(hass, found.id) } : {})],
				[...days(found), ...health(found)],
			],
		],
		weekly: [
			"mdi:calendar-week",
			(found) => [
				days(found),
				group(found, "a_month", week(found)?.usage && month(week(found).usage)),
				group(found, "weekly", list(Object.values(week(found) ?? {}))),
			],
		],
		models: [
			"mdi:shape-outline",
			(found) => [
				models(found).length ? [card(found, { hide: ["session", "weekly", "money"] })] : [],
				...models(found).map((ids) => [list(ids)]),
			],
		],
		money: [
			"mdi:cash",
			(found) => [group(found, "money", list(spent(found)), lately("history-graph", spent(found)))],
		],
		health: [
			"mdi:stethoscope",
			(found) => [health(found), group(found, "told", lately("logbook", told(found)))],
		],
	};
	return {
		title: "Claude Pulse",
		views: Object.entries(views).flatMap(([key, [icon, make]]) => {
			const groups = accounts.flatMap(make).filter(({ length }) => length > 0);
			if (!accounts.length && key === "overview") groups.push([card()]);
			// Without headings they are titles of what they stand above.
			const cards = groups
				.flat()
				.flatMap((one, index, { [index - 1]: before }) =>
					one.heading ? [] : [before?.heading ? { ...one, title: before.heading } : one],
				);
			const shown = sections
				? {
						type: "sections",
						max_columns: 2,
						sections: groups.map((grid) => ({ type: "grid", cards: grid })),
					}
				: { cards };
			return groups.length ? [{ path: key, title: t(key), icon, ...shown }] : [];
		}),
	};
}

class ClaudePulseDashboard extends Element {
	static async generate(_, hass) {
		const asked = hass.connection.sendMessagePromise({ type: "claude_pulse/usage" });
		return dashboard(hass, await asked.catch(() => undefined));
	}

	static getCreateSuggestions() {
		return { title: "Claude Pulse", icon: "mdi:heart-pulse" };
	}
}
ClaudePulseDashboard.registryDependencies = ["entities", "devices"];
ClaudePulseDashboard.noEditor = true;

/* --------------- registration */

const ELEMENTS = {
	"claude-pulse-badge": ClaudePulseBadge,
	"claude-pulse-card": ClaudePulseCard,
	"ll-strategy-dashboard-claude-pulse": ClaudePulseDashboard,
};

/** Suggest cards for an entity of ours. */
export function suggest(hass, id) {
	const entry = hass.entities?.[id];
	if (entry?.platform !== PLATFORM || !entry.device_id) return null;
	return ["full", "rows", "micro"].map((layout) => ({
		label: text(hass.locale?.language, layout),
		config: { type: "custom:claude-pulse-card", device: entry.device_id, layout },
	}));
}

function register() {
	const offer = (list, type, more) => {
		const offered = (window[list] = window[list] ?? []);
		if (offered.some((other) => other.type === type)) return;
		offered.push({
			type,
			name: "Claude Pulse",
			documentationURL: README,
			preview: true,
			// In the language of then.
			get description() {
				return text(languageOfPage(), "description");
			},
			...more,
		});
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
