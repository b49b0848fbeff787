"""The limits of an account for automations: usage, level, and which one is shown first.

The level is that of the card (`judge`, `judgeSpend` and `bindingOf` in
`frontend/src/model/windows.ts`), of limits whose usage is known:

| Level | Meaning |
| --- | --- |
| `good` | it is expected to last, or there is no forecast |
| `risk` | it is expected to run out before its reset, or the last threshold of the spend limit is reached |
| `spent` | it is reached, or usage beyond the plan is turned off and there is no other limit |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..claude_ai.windows import SPEND, UsageWindow
from ..events.model import BLOCKING
from ..forecast.projection import Forecast
from ..forecast.readings import Reading
from ..formatting import iso_time
from ..naming import WindowSubject, subject_of
from ..runtime import Runtime
from ..stored import options_of

GOOD, RISK, SPENT = "good", "risk", "spent"

# The last threshold of the spend limit, if the user has chosen none.
_NEARLY_SPENT = 90
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with its usage, which is known."""

    window: UsageWindow
    forecast: Forecast | None
    level: str

    @property
    def subject(self) -> WindowSubject:
        """Return the subject of the limit."""
        return subject_of(self.window)

    @property
    def blocks(self) -> bool:
        """Return whether Claude cannot be used at all while the limit is reached."""
        return self.window.identity in BLOCKING

    @property
    def runs_out_at(self) -> datetime | None:
        """Return the time at which it is expected to be reached, or None."""
        return self.forecast.runs_out_at if self.forecast else None

    def as_dict(self) -> dict[str, Any]:
        """Return the response of the action."""
        subject = self.subject
        prefix = subject.translation_prefix
        return {
            "kind": prefix,
            "limit": subject.slug,
            "name": subject.placeholders.get(prefix),
            "percent": self.window.percent,
            "level": self.level,
            "blocks": self.blocks,
            "resets_at": iso_time(self.window.resets_at),
            "runs_out_at": iso_time(self.runs_out_at),
        }


def limits_of(runtime: Runtime) -> list[Limit]:
    """Return the limits whose usage is known. There are none while nothing can be read."""
    if not runtime.has_values:
        return []
    nearly_spent = max(options_of(runtime.entry).thresholds, default=_NEARLY_SPENT)
    spend = runtime.coordinator.data.spend
    is_spend_enabled = spend is None or spend.enabled
    readings = map(runtime.reading, _identities(runtime))
    return [
        Limit(
            reading.window,
            reading.forecast,
            _level(reading, nearly_spent, is_spend_enabled),
        )
        for reading in readings
        if reading
    ]


def first_of(limits: Sequence[Limit]) -> Limit | None:
    """Return the limit that stops a person first, or None without limits.

    This is the reached limit with the last reset, or the one that runs out first, certain
    ones before the others, or the most used one. Limits that do not block only count if no
    limit blocks.
    """
    blocking = [limit for limit in limits if limit.blocks] or limits
    if spent := [limit for limit in blocking if limit.level == SPENT]:
        return max(spent, key=lambda limit: limit.window.resets_at or _NEVER)
    if risk := [limit for limit in blocking if limit.level == RISK]:
        return min(risk, key=_urgency)
    return max(blocking, key=lambda limit: limit.window.percent, default=None)


def _urgency(limit: Limit) -> tuple[bool, datetime]:
    """Return a sort key: what is certain comes first, and then what runs out first."""
    forecast = limit.forecast
    is_certain = forecast is not None and forecast.is_certain
    return not is_certain, limit.runs_out_at or _NEVER


def _identities(runtime: Runtime) -> list[Any]:
    """Return the identities of all limits in the last answer."""
    return [window.identity for window in runtime.coordinator.data.all_windows]


def _level(reading: Reading, nearly_spent: float, is_spend_enabled: bool) -> str:
    """Return the level of a limit."""
    window, forecast = reading.window, reading.forecast
    if window.percent >= 100:
        return SPENT
    if window.identity == SPEND:
        if not is_spend_enabled:
            return SPENT
        return RISK if window.percent >= nearly_spent else GOOD
    return RISK if forecast and not forecast.lasts else GOOD
