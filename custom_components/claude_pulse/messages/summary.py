"""The message that sums up the day of an account. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..claude_ai.windows import WEEKLY
from ..language.texts import Texts
from .limits import SPENT, Limit

# The key of the texts.
SUMMARY = "summary"


class Today(NamedTuple):
    """The share of the week that is used today, its budget, and the sessions that still fit.

    `used` and `budget` are points of the week. An unknown value is None.
    """

    used: float | None = None
    budget: float | None = None
    sessions_left: float | None = None


def summarize(
    limits: Sequence[Limit], today: Today, reason: str | None, texts: Texts
) -> str:
    """Return the text of the message, with a line for each sentence.

    `reason` says why claude.ai cannot be read, and is None if it can.
    """
    lines: Iterable[str | None]
    if reason is not None:
        lines = [texts.get(SUMMARY, "cannot_be_read", reason=reason or None)]
    elif limits:
        lines = (
            *(_usage(limit, texts) for limit in limits),
            *(_outlook(limit, texts) for limit in limits),
            *_today(today, texts),
        )
    else:
        lines = [texts.get(SUMMARY, "no_limits")]
    return "\n".join(filter(None, lines)).strip()


def _usage(limit: Limit, texts: Texts) -> str | None:
    """Return how much of a limit is used, and when it resets."""
    subject = limit.subject
    prefix = subject.translation_prefix
    return texts.get(
        SUMMARY,
        "reached" if limit.level == SPENT else "used",
        limit=texts.get("limit", prefix, name=subject.placeholders.get(prefix)),
        percent=texts.percent(limit.window.percent),
        resets_at=texts.at(limit.window.resets_at),
    )


def _outlook(limit: Limit, texts: Texts) -> str | None:
    """Return whether the week lasts, or None without a forecast."""
    forecast = limit.forecast
    if limit.window.identity != WEEKLY or limit.level == SPENT or forecast is None:
        return None
    if forecast.lasts:
        return texts.get(SUMMARY, "lasts")
    key = "runs_out" if forecast.is_certain else "may_run_out"
    return texts.get(SUMMARY, key, runs_out_at=texts.at(forecast.runs_out_at))


def _today(today: Today, texts: Texts) -> Iterator[str | None]:
    """Yield today's share of the week, and how many sessions still fit."""
    used, budget = texts.percent(today.used), texts.percent(today.budget)
    if used is not None:
        key = "used_today" if budget is None else "used_of_budget"
        yield texts.get(SUMMARY, key, used=used, budget=budget)
    elif budget is not None:
        yield texts.get(SUMMARY, "budget_today", budget=budget)
    if today.sessions_left is not None:
        number = f"{today.sessions_left:.0f}"
        yield texts.get(SUMMARY, "sessions_left", number=number)
