"""The limits of a simulated person, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from custom_components.claude_pulse.forecast.habit import Hour
from tests.simulator.world import Meter, Seat

from .people import BEFORE, DAYS_PER_WEEK, MINUTE, MINUTES_PER_DAY, START, Group

BEGIN = START.astimezone(UTC) - timedelta(weeks=BEFORE)

SESSION_MINUTES = 5 * 60
_WEEK = DAYS_PER_WEEK * MINUTES_PER_DAY

# The week of the limit begins on Thursday at 11 o'clock.
_WEEK_BEGINS = 3 * MINUTES_PER_DAY + 11 * 60

# The price of a point of the session, and the limit of a month, which begins with START.
_CENTS, _SPEND_LIMIT = 22, 40_000


@dataclass(frozen=True)
class Session:
    """A session: the minutes in which it starts and is used up, or None."""

    start: int
    full: int | None


@dataclass
class Limits:
    """The usage of each limit in each minute since BEGIN, in percent.

    `percents` has the session, the week and the models, as in their entity IDs. `starts` are
    the starts of the sessions that run. Nothing is used while a limit is reached.
    """

    percents: dict[str, list[float]] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    starts: list[int | None] = field(default_factory=list)
    cents: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, group: Group, usage: list[float]) -> Limits:
        """Return the limits of a person with some usage in each minute."""
        limits = cls()
        used = {"session": 0.0, "weekly": 0.0}
        used |= {f"weekly_{name.lower()}": 0.0 for name in group.models}
        limits.percents = {name: [] for name in used}
        start, full, cents = None, None, 0.0
        for minute, points in enumerate(usage):
            if minute % _WEEK == _WEEK_BEGINS:
                used |= {name: 0.0 for name in used if name != "session"}
            if start is not None and minute - start >= SESSION_MINUTES:
                limits.sessions.append(Session(start, full))
                start, full, used["session"] = None, None, 0.0
            if minute == BEFORE * _WEEK:
                cents = 0
            if points and limits._can_use(group, used, cents):
                if start is None and group.has_session:
                    start = minute
                cents += points * _CENTS
                used["session"] += points if group.has_session else 0
                used["weekly"] += points / group.per_week
                for name, (share, per_model) in group.models.items():
                    used[f"weekly_{name.lower()}"] += (
                        points * share / group.per_week / per_model
                    )
                if used["session"] >= 100:
                    full = minute
            limits.starts.append(start)
            limits.cents.append(cents)
            for name, percent in used.items():
                limits.percents[name].append(min(percent, 100))
        return limits

    @staticmethod
    def _can_use(group: Group, used: dict[str, float], cents: float) -> bool:
        """Return whether no limit prevents usage."""
        if group.is_spend:
            return cents < _SPEND_LIMIT
        return used["session"] < 100 and used["weekly"] < 100

    def hours(self, name: str, start: int, end: int) -> Iterator[Hour]:
        """Yield the statistics of a limit in the complete hours between two minutes."""
        percents = self.percents[name]
        for minute in range(start - start % -60, end - 59, 60):
            known = percents[max(minute - 1, 0) : minute + 60]
            number = int(time_of(minute).timestamp() // 3600)
            yield Hour(number, round(min(known)), round(max(known)))

    def answer(self, minute: int) -> tuple[float | None, ...]:
        """Return the content of an answer of claude.ai."""
        rounded = (round(percents[minute]) for percents in self.percents.values())
        spent = round(100 * self.cents[minute] / _SPEND_LIMIT)
        return (*rounded, self.starts[minute], spent)

    def serve(self, group: Group, seat: Seat) -> None:
        """Let a seat of the simulator follow the limits."""
        meters = {name: Recorded(self, name) for name in self.percents}
        seat.session = meters["session"] if group.has_session else None
        seat.weekly = meters["weekly"]
        seat.models = {name: meters[f"weekly_{name.lower()}"] for name in group.models}
        if group.is_spend:
            seat.session, seat.weekly = None, None

    def spent_cents(self, minute: int) -> tuple[int, int]:
        """Return the amount spent in the month, and the limit."""
        return round(self.cents[minute]), _SPEND_LIMIT


class Recorded(Meter):
    """A limit of the simulator that follows the limits of a person."""

    def __init__(self, limits: Limits, name: str) -> None:
        """Initialize the meter of a limit."""
        super().__init__(timedelta())
        self._limits = limits
        self._name = name

    def read(self, now: datetime) -> tuple[float, datetime | None]:
        """Return the percentage at a time, and the reset of the running window."""
        minute = minute_of(now)
        percent = self._limits.percents[self._name][minute]
        if self._name != "session":
            begin = (minute - _WEEK_BEGINS) // _WEEK * _WEEK + _WEEK_BEGINS
            return percent, time_of(begin + _WEEK)
        start = self._limits.starts[minute]
        return percent, None if start is None else time_of(start + SESSION_MINUTES)


def minute_of(time: datetime) -> int:
    """Return the number of a minute since BEGIN."""
    return (time - BEGIN) // MINUTE


def time_of(minute: float) -> datetime:
    """Return the time of a minute since BEGIN."""
    return BEGIN + minute * MINUTE
