/** The sentence that says whether a person can use Claude. Pure. */

import { INTEGRATION, joined } from "../const";
import type { Format } from "../format";
import { leftOf } from "../format";
import type { TextKey } from "../texts";
import type { Money, SpendDetail } from "../types";
import type { Account } from "./accounts";
import { EXTRA, SESSION, bindingOf, isSure, type Level, type Pace, type Window } from "./windows";

/** The sentence, the limit that it is about, and a link where something can be done. */
export interface Verdict {
  level: Level;
  text: string;
  window?: Window;
  link?: string;
}

type Spending = { spend?: SpendDetail | null; used: number | null };

/** Return an amount of money, without decimals if it is a whole one. */
export const shortMoney = (money: Money, format: Format): string =>
  format.money(Number.isInteger(money.amount) ? { ...money, decimals: 0 } : money);

/** Return the spent amount in words, and the remaining one or why nothing is left. */
export function spendParts({ spend, used }: Spending, format: Format): [string, string] {
  const { t } = format;
  const spent = spend?.spent;
  // A limit of zero is none.
  const limit = spend?.limit && spend.limit.amount > 0 ? spend.limit : null;
  const money = (amount: Money) => shortMoney(amount, format);
  // If amounts are known, there is no limit.
  const unlimited = used === null || (typeof spend?.enabled === "boolean" && !limit);
  let said = unlimited ? "" : t("spend_percent", { percent: format.percent(used) });
  if (spent && limit) said = t("spend_of", { money: money(spent), limit: money(limit) });
  else if (spent) said = t("spend_only", { money: money(spent) });
  let left = "";
  if (spend?.disabled_reason === "out_of_credits") left = t("out_of_credits");
  else if (spend?.used_up || (used !== null && used >= 100)) left = t("used_up");
  else if (spend?.enabled === false) left = t("disabled");
  else if (spent && limit)
    left = t("spend_left", { money: money({ ...limit, amount: limit.amount - spent.amount }) });
  return [said, left];
}

function spendWords(spending: Spending, format: Format): string {
  const words = joined(spendParts(spending, format), "; ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return the verdict of an account. */
export function verdict(
  { windows, spend, trouble, troubleWords }: Pick<Account, "windows" | "spend" | "trouble" | "troubleWords">,
  now: number,
  format: Format,
): Verdict {
  const { t } = format;
  const when = (ms: number) => format.when(ms, now, "long");
  const said = (
    window: Window,
    key: TextKey,
    values: Record<string, string> = {},
    level: Level = window.level,
  ): Verdict => {
    const names = { limit: limitOf(window, format), the: limitOf(window, format, "the") };
    return { level, text: t(key, { ...names, ...values }), window };
  };
  if (trouble === "invalid_auth")
    return { level: "spent", text: troubleOf(troubleWords, format), link: INTEGRATION };
  if (trouble && windows.every(({ used }) => used === null))
    return { level: "unknown", text: troubleOf(troubleWords, format) };

  const spendLimit = windows.find(({ key }) => key === EXTRA);
  if (spendLimit && spendLimit.used !== null)
    return { level: spendLimit.level, text: spendWords(spendLimit, format), window: spendLimit };
  // Paid usage without a limit has no window.
  if (!windows.length && spend?.spent) {
    const level = spend.used_up || spend.enabled === false ? "spent" : "good";
    return { level, text: spendWords({ spend, used: null }, format) };
  }

  const bound = bindingOf(windows);
  const first = (level: Level) =>
    bound?.level === level ? bound : windows.find((window) => window.level === level);
  const spent = first("spent");
  const risk = first("risk");
  if (spent && (spent.blocks || !risk)) {
    const { blocks, resetsAt } = spent;
    if (resetsAt === null) return said(spent, "spent_unknown");
    const until = { when: when(resetsAt) };
    return blocks ? said(spent, "spent_until", until) : said(spent, "model_spent", until, "risk");
  }
  if (risk) {
    const runsOutAt = risk.forecast?.runsOutAt;
    if (!isSure(risk) || !runsOutAt || risk.resetsAt === null)
      return said(risk, risk.forecast?.basis === "even" ? "at_this_rate" : "may_run_out_the");
    const before = format.duration(risk.resetsAt - runsOutAt);
    return said(risk, "runs_out_before", { when: when(runsOutAt), before });
  }
  const blocking = windows.filter(({ blocks }) => blocks);
  const lasting = blocking.filter(({ level, forecast }) => level === "good" && forecast?.lasts);
  const [lasts] = lasting;
  const idle = blocking.find(({ key, level }) => key === SESSION && level === "idle");
  if (idle && lasts) return said(idle, "idle_lasts", {}, "good");
  if (lasts && lasting.length === blocking.length)
    return lasting.length > 1
      ? { level: "good", text: t("all_last") }
      : said(lasts, "one_lasts");
  if (!bound || bound.used === null) return { level: "unknown", text: t("nothing") };
  if (bound.level === "resetting") return said(bound, "resetting_the");
  return said(bound, "clear", { percent: format.percent(leftOf(bound.used)) }, "good");
}

const troubleOf = (words: string | null, format: Format): string =>
  words ? format.t("trouble_is", { trouble: words }) : format.t("trouble");

/** Return the second line, below the sentence. */
export function aboutOf(
  { asOf, spend, trouble, troubleWords }: Pick<Account, "asOf" | "spend" | "trouble" | "troubleWords">,
  { level, text: sentence, window }: Verdict,
  now: number,
  format: Format,
): string {
  const why = trouble && troubleOf(troubleWords, format);
  const isUsedUp =
    spend?.used_up || (spend?.limit && spend.spent && spend.spent.amount >= spend.limit.amount);
  const continues = spend?.enabled && !isUsedUp && window?.key !== EXTRA;
  return joined(
    [
      asOf &&
        format.t("as_of", { when: format.when(asOf, now), duration: format.duration(now - asOf) }),
      why !== sentence && why,
      level === "spent" && continues && format.t("extra_continues"),
      level === "risk" && window && window.key !== EXTRA && !window.blocks && window.level === "risk" && format.t("others_work"),
    ],
    " · ",
  );
}

/** Return the short name of a limit, such as "Week". */
export function labelOf(window: Pick<Window, "key" | "blocks" | "name">, format: Format): string {
  if (window.key === EXTRA) return format.t("spend");
  return window.blocks ? format.t(window.key as TextKey) : window.name;
}

/** Return the name of a limit, such as "Weekly limit" or, in a sentence, "The weekly limit". */
export const limitOf = (
  { blocks, key, name }: Pick<Window, "key" | "blocks" | "name">,
  { t }: Format,
  form: "limit" | "the" = "limit",
): string => t(`${form}_${blocks ? key : "model"}` as TextKey, { name });

/** The words of a row: its pace, whether it lasts, and when it resets. */
export interface Words {
  /** The shape before the pace. */
  direction?: Pace | null;
  pace?: string | null;
  outcome: string;
  reset?: string;
  /** The one that matters most. */
  short: string;
}

const OPPOSITES: Record<Pace, Pace> = { over: "under", under: "over", on: "on" };

/** Return the words of a limit. With `remaining`, they compare what is left with the usual. */
export function wordsOf(window: Window, now: number, format: Format, remaining = false): Words {
  if (window.key === EXTRA) {
    const [, outcome] = spendParts(window, format);
    return { outcome, short: outcome };
  }
  const { forecast, level, points, resetsAt, running, usual } = window;
  const pace = window.pace && usual && remaining ? OPPOSITES[window.pace] : window.pace;
  const suffix = pace !== "on" && usual && remaining ? "_left" : "";
  const { t } = format;
  const left = (ms: number) => t("in", { duration: format.duration(ms - now) });
  const clock = (key: TextKey, ms: number) => t(key, { when: format.when(ms, now) });
  const moment = (key: TextKey, ms: number) => `${clock(key, ms)}, ${left(ms)}`;
  const out = level === "risk" && isSure(window) ? forecast?.runsOutAt : null;
  const keys: Partial<Record<Level, TextKey | "">> = {
    good: forecast?.lasts ? "lasts" : "",
    idle: window.key === SESSION ? "idle" : "",
    risk: "may_run_out",
  };
  const key = keys[level] ?? (level as TextKey);
  let short = running && resetsAt ? t("resets", { when: left(resetsAt) }) : "";
  if (level === "risk") {
    // There is no space for another day.
    const isToday = out && format.dayKey(out) === format.dayKey(now);
    const when = out && (isToday ? format.clock(out) : left(out));
    short = when ? t("runs_out", { when }) : t("may_run_out");
  }
  return {
    direction: pace,
    pace:
      pace && t(`${pace}_${usual ? "usual" : "pace"}${suffix}` as TextKey, { points: format.number(Math.round(Math.abs(points ?? 0))) }),
    outcome: out ? moment("runs_out", out) : key && t(key),
    reset: running && resetsAt ? moment("resets", resetsAt) : "",
    short,
  };
}
