"""Builds spoken and structured answers for voice assistants.

| Question | The answer has | It starts with |
| --- | --- | --- |
| `LEFT` | how much is left | |
| `USED` | how much is used | |
| `REACHED` | how much is left | yes if any limit is reached |
| `OUT` | how much is left | yes if a limit is reached that blocks |
| `AVAILABLE` | how much is left | no if a limit is reached that blocks |
| `LASTS` | the forecasts | yes if all limits that have a forecast last |
| `RUNS_OUT` | the forecasts | no if all limits that have a forecast last |
| `RESETS` | the reset times | |
| `STATUS` | whether Claude works | yes if it does not |
| `CONTINUE` | when Claude can be used | |
| `SESSIONS` | how many full sessions fit into the week | |
| `TODAY` | how much of the week can be used today | |

Without yes or no, something that it depends on is unknown or not exposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..claude_ai.money import Money
from ..clock import Clock
from .exposed import MODEL, OTHER, SPEND, ExposedAccount, Service, Window
from .questions import (
    AVAILABLE,
    CONTINUE,
    LASTS,
    OUT,
    REACHED,
    RESETS,
    RUNS_OUT,
    SESSIONS,
    STATUS,
    TODAY,
    USED,
    Question,
    resolve,
)

# The reasons for an answer without limits.
NOTHING_EXPOSED = "nothing_exposed"
NO_SUCH_LIMIT = "no_such_limit"
UNKNOWN_ACCOUNT = "unknown_account"
WINDOW_NOT_EXPOSED = "window_not_exposed"

_EXPOSE = "Expose the usage sensors under Settings → Voice assistants → Expose."
_NOT_READ = "claude.ai can't be read at the moment."

_SPOKEN = {SPEND: "spend limit", MODEL: "{} week", OTHER: "limit {}"}
_CURRENCIES = {"EUR": "euros", "GBP": "pounds", "USD": "US dollars"}

_STATUSES = {
    "operational": "No. Claude's status page reports no problem.",
    "minor": "No, but Claude's status page reports a minor problem.",
    "major": "In part. Claude's status page reports a major problem.",
    "critical": "Yes. Claude's status page reports a critical problem.",
    "maintenance": "Claude's status page reports maintenance.",
}


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """An answer in words, the accounts in it, and the problem if there are none."""

    text: str
    accounts: Sequence[ExposedAccount] = ()
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "answer": self.text,
            "accounts": [account.as_dict() for account in self.accounts],
            "problem": self.problem,
        }


def answer(
    question: Question,
    accounts: Sequence[ExposedAccount],
    service: Service,
    clock: Clock,
) -> SpokenAnswer:
    """Answer a question. Pure."""
    if question.kind == STATUS and (accounts or service.status):
        return SpokenAnswer(_of_service(service), accounts)
    if not accounts:
        return _not_exposed("Claude", NOTHING_EXPOSED)
    question, chosen = resolve(question, accounts)
    if not chosen:
        titles = " and ".join(account.title for account in accounts)
        return SpokenAnswer(
            f"I know no account called {question.account}, only {titles}.",
            (),
            UNKNOWN_ACCOUNT,
        )
    if question.is_about_one:
        all_chosen, chosen = chosen, [*_with_limit(question, chosen)]
        if not chosen:
            return _without_limit(question, all_chosen)
    titled = len(accounts) > 1
    sentences = (
        f"{item.title}: {text}" if titled else text
        for item in chosen
        if (text := _of_account(question, item, clock))
    )
    return SpokenAnswer(" ".join(sentences), chosen)


def _not_exposed(what: str, problem: str) -> SpokenAnswer:
    """Return the answer about limits that are not exposed."""
    return SpokenAnswer(f"I can't see how much {what} is left. {_EXPOSE}", (), problem)


def _with_limit(
    question: Question, accounts: Iterable[ExposedAccount]
) -> Iterable[ExposedAccount]:
    """Yield the accounts that have the limit in question, with only this limit."""
    for account in accounts:
        if windows := tuple(filter(question.is_about, account.windows)):
            yield replace(account, windows=windows, hidden=())


def _without_limit(
    question: Question, accounts: Sequence[ExposedAccount]
) -> SpokenAnswer:
    """Return the answer about a limit that no account shows."""
    if any(question.is_about(item) for account in accounts for item in account.hidden):
        what = f"{question.model} week" if question.model else question.window
        return _not_exposed(f"of the {what}", WINDOW_NOT_EXPOSED)
    if not all(account.readable for account in accounts):
        return SpokenAnswer(_NOT_READ, accounts)
    have = "This account has" if len(accounts) == 1 else "These accounts have"
    return SpokenAnswer(f"{have} no {question.limit}.", (), NO_SUCH_LIMIT)


def _of_service(service: Service) -> str:
    """Return sentences about claude.ai as a whole."""
    unread = not service.answers
    if service.status:
        return _STATUSES[service.status] + (f" {_NOT_READ}" if unread else "")
    if unread:
        return f"{'Perhaps' if service.fails else 'I do not know'}. {_NOT_READ}"
    return "No. claude.ai answers."


def _of_account(question: Question, account: ExposedAccount, clock: Clock) -> str:
    """Return sentences about the limits of an account."""
    if not account.readable:
        return _NOT_READ
    if not account.windows:
        if account.hidden:
            return _not_exposed("Claude", NOTHING_EXPOSED).text
        return "claude.ai shows no limits for this account."
    windows: Iterable[Window] = account.windows
    verdict = _verdict(question, account)
    if question.kind == CONTINUE and verdict is not None:
        if not verdict:
            return _back(account.windows, clock)
        left = (_left(item, clock) for item in windows)
        return " ".join(("You can continue now.", *left))
    if question.kind == REACHED and verdict:
        windows = [item for item in windows if item.is_used_up]
    sentence = _SENTENCES.get(question.kind, _left)
    sentences = [text for item in windows if (text := sentence(item, clock))]
    if not sentences:
        names = " and ".join(_spoken(item) for item in windows)
        sentences = [f"There is no forecast for the {names} at the moment."]
    start = [] if verdict is None else ["Yes." if verdict else "No."]
    return " ".join((*start, *sentences))


def _verdict(question: Question, account: ExposedAccount) -> bool | None:
    """Return yes or no, or None if that is unknown or not asked."""
    kind, windows = question.kind, account.windows
    is_complete = not any(window.blocks for window in account.hidden)
    if kind in (LASTS, RUNS_OUT):
        known = [
            not window.is_used_up and window.lasts
            for window in windows
            if window.is_used_up or window.lasts is not None
        ]
        if not known or (all(known) and not is_complete):
            return None
        return all(known) == (kind == LASTS)
    if kind not in (REACHED, OUT, AVAILABLE, CONTINUE):
        return None
    if kind != REACHED:
        windows = _blocking(windows)
    used_up = [window.is_used_up for window in windows]
    if True not in used_up and (None in used_up or not is_complete):
        return None
    return (True in used_up) != (kind in (AVAILABLE, CONTINUE))


def _blocking(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Return the limits that block, or all if the question is about another one."""
    return tuple(item for item in windows if item.blocks) or windows


def _back(windows: tuple[Window, ...], clock: Clock) -> str:
    """Return when Claude can be used again, after the last reset of the reached limits."""
    reached = [item for item in _blocking(windows) if item.is_used_up]
    resets = [(item.resets_at, item) for item in reached if item.resets_at]
    if len(resets) < len(reached):
        return " ".join(_left(item, clock) for item in reached)
    time, last = max(resets, key=lambda reset: reset[0])
    return f"You can continue {clock.at(time)}, when the {_spoken(last)} resets."


def _spoken(window: Window) -> str:
    """Return the name of a limit in a sentence."""
    return _SPOKEN.get(window.kind, "{}").format(window.name)


def _if_extreme(window: Window, clock: Clock) -> str | None:
    """Return the sentence about a limit that is unknown, unused or used up, or None."""
    name = _spoken(window)
    if window.used is None:
        return f"How much of the {name} is left is not known at the moment."
    if window.is_used_up:
        until = f" until {clock.until(window.resets_at)}" if window.resets_at else ""
        return f"The {name} is used up{until}."
    if window.used == 0 and window.resets_at is None and not window.spent:
        return f"Nothing of the {name} is used."
    return None


def _left(window: Window, clock: Clock) -> str:
    """Return how much of a limit is left."""
    if extreme := _if_extreme(window, clock):
        return extreme
    left = f"{window.left} % of the {_spoken(window)} is left"
    if window.spent:
        spent, limit = window.spent
        remaining = replace(limit, amount=max(0, limit.amount - spent.amount))
        return f"{left}: {_amount(remaining)} of {_amount(limit)} {_currency(limit)}."
    if window.resets_at:
        return f"{left}, until {clock.until(window.resets_at)}."
    return f"{left}."


def _used(window: Window, clock: Clock) -> str:
    """Return how much of a limit is used."""
    if extreme := _if_extreme(window, clock):
        return extreme
    used = f"{window.used} % of the {_spoken(window)} is used"
    if window.spent:
        spent, limit = window.spent
        return f"{used}: {_amount(spent)} of {_amount(limit)} {_currency(limit)}."
    if window.resets_at:
        return f"{used}. It resets {clock.at(window.resets_at)}."
    return f"{used}."


def _lasts(window: Window, clock: Clock) -> str | None:
    """Return the forecast of a limit, or None if there is none."""
    if window.used is None or window.is_used_up:
        return _if_extreme(window, clock)
    if window.lasts is None or window.resets_at is None:
        return None
    name, reset = _spoken(window), f"its reset {clock.at(window.resets_at)}"
    if window.lasts:
        return f"The {name} is expected to last until {reset}."
    runs_out = f" {clock.at(window.runs_out_at)}," if window.runs_out_at else ""
    expected = "is expected to" if window.certain else "may"
    return f"The {name} {expected} run out{runs_out} before {reset}."


def _resets(window: Window, clock: Clock) -> str:
    """Return when a limit resets."""
    name = _spoken(window)
    if window.resets_at:
        remaining = clock.remaining(window.resets_at)
        return f"The {name} resets in {remaining}, {clock.at(window.resets_at)}."
    if window.used == 0 and window.kind != SPEND:
        return f"Nothing of the {name} is used."
    return f"When the {name} resets is not known."


def _today(window: Window, clock: Clock) -> str:
    """Return how much of the week can be used today."""
    if extreme := _if_extreme(window, clock):
        return extreme
    name, used, budget = _spoken(window), window.used_today, window.budget_today
    if used is None or budget is None:
        return f"How much of the {name} you can use today is not known at the moment."
    if used >= budget:
        return f"You have used {used} % of the {name} today. The budget was {budget} %."
    return (
        f"You can use {budget - used} % of the {name} today. "
        f"Of {budget} %, {used} % is used."
    )


def _sessions(window: Window, clock: Clock) -> str:
    """Return how many full sessions fit into the rest of the week."""
    if window.used is None or window.is_used_up:
        return _left(window, clock)
    count, name = window.sessions_left, _spoken(window)
    if count is None:
        return "How many sessions are left is not known at the moment."
    if count == 0:
        return f"No full session is left in the {name}."
    sessions = "1 full session is" if count == 1 else f"{count} full sessions are"
    until = f", until {clock.until(window.resets_at)}" if window.resets_at else ""
    return f"About {sessions} left in the {name}{until}."


_SENTENCES: dict[str, Callable[[Window, Clock], str | None]] = {
    USED: _used,
    LASTS: _lasts,
    RUNS_OUT: _lasts,
    RESETS: _resets,
    SESSIONS: _sessions,
    TODAY: _today,
}


def _amount(money: Money) -> str:
    """Return an amount without its currency."""
    return f"{money.amount:.{money.decimals}f}"


def _currency(money: Money) -> str:
    """Return the currency of an amount in words."""
    return _CURRENCIES.get(money.currency or "", money.currency or "").rstrip()
