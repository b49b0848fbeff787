/** The sentence about several accounts: which one a person can still use. Pure. */

import { leftOf, type Format } from "../format";
import type { Account } from "./accounts";
import type { Verdict } from "./verdict";
import { bindingOf } from "./windows";

type Said = Pick<Account, "name" | "asOf" | "trouble" | "windows"> & { said: Verdict };

/** Return the percentage that is left until Claude cannot be used, or null if it is unknown. */
function remainingOf({ windows, asOf, said: { level } }: Said): number | null {
  // Old values promise nothing.
  if (asOf || (level !== "good" && level !== "risk")) return null;
  const blocking = windows.filter(({ blocks }) => blocks);
  const used = (blocking.length ? blocking : windows).map((window) =>
    window.level === "resetting" ? null : window.used,
  );
  const known = used.filter((value): value is number => value !== null);
  return known.length ? leftOf(Math.max(...known)) : null;
}

/** Return the sentence if an account is used up, and there is more to say than that. */
export function acrossOf(
  accounts: readonly Said[],
  now: number,
  format: Format,
): Pick<Verdict, "level" | "text"> | undefined {
  const { t } = format;
  const isUsedUp = ({ said, trouble }: Said) =>
    said.level === "spent" && trouble !== "invalid_auth";
  const usedUp = accounts.filter(isUsedUp);
  const [first] = usedUp;
  if (!first || accounts.length < 2) return undefined;
  const resetOf = ({ windows }: Said) => bindingOf(windows)?.resetsAt ?? Infinity;
  let best: Said | undefined;
  for (const one of accounts)
    if ((remainingOf(one) ?? 0) > ((best && remainingOf(best)) ?? 0)) best = one;
  if (best) {
    const percent = format.percent(remainingOf(best) ?? 0);
    const values = { name: first.name, other: best.name, percent };
    const until = resetOf(first);
    let text: string;
    if (usedUp.length > 1) text = format.counted("accounts_used_up", usedUp.length, values);
    else if (until === Infinity) text = t("account_used_up", values);
    else text = t("account_used_up_until", { ...values, when: format.when(until, now) });
    return { level: best.said.level, text };
  }
  if (usedUp.length < accounts.length) return undefined;
  const next = usedUp.reduce((one, other) => (resetOf(other) < resetOf(one) ? other : one));
  if (resetOf(next) === Infinity) return undefined;
  const when = format.when(resetOf(next), now, "long");
  return { level: "spent", text: t("all_used_up", { name: next.name, when }) };
}
