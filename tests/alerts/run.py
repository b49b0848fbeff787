"""Four weeks of a simulated person with the blueprint for alerts, poll by poll."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
import random
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.windows import SESSION, UsageWindow
from custom_components.claude_pulse.forecast import habit, history
from custom_components.claude_pulse.forecast.habit import Hour
from custom_components.claude_pulse.runtime import Runtime, runtime_of
from homeassistant.core import Event
from homeassistant.util import dt as dt_util
from tests.common import POLL, Claude

from .limits import SESSION_MINUTES, Limits, minute_of, time_of
from .people import BEFORE, DAYS_PER_WEEK, GROUPS, MINUTES_PER_DAY, ZONE, usage_of

# The account of the simulator with a plan like that of the group.
_ACCOUNTS = {"Ultra": "fay", "spend only": "gus"}

# An unchanged answer is compared this often, in polls. Without a session, only time passes.
_COMPARED, _IDLE = 5, 15

_FIRST = BEFORE * DAYS_PER_WEEK * MINUTES_PER_DAY

# The thresholds of CodexBar.
_CODEXBAR = (50, 80)

SOUND, SILENT, CLEAR = "sound", "silent", "clear"


@dataclass(frozen=True)
class Case:
    """A person, and whether the weeks before are known."""

    group: str
    seed: int
    is_known: bool

    def __str__(self) -> str:
        """Return the name of the test."""
        known = "" if self.is_known else ", new"
        return f"{self.group} {self.seed}{known}"


@dataclass
class Outcome:
    """The messages and limits of a person, in minutes since the first history.

    `pushes` are the kind and the title of each push with its minute. `expected` are the
    announced session limits, and the times in the announcements or None. `forecast` are the
    minutes at which the forecast alone would have announced a session limit, and
    `thresholds` those of CodexBar's messages about sessions.
    """

    case: Case
    begin: int
    end: int
    sessions: list[tuple[int, int | None]]
    pushes: list[tuple[int, str, str]] = field(default_factory=list)
    expected: list[tuple[int, int | None]] = field(default_factory=list)
    forecast: list[int] = field(default_factory=list)
    thresholds: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of the outcome."""
        return asdict(self)


class Run:
    """The weeks of one person."""

    def __init__(self, claude: Claude, case: Case, calls: list[Any], days: int) -> None:
        """Initialize with the messages that the phone receives."""
        self.case = case
        self.group = GROUPS[case.group]
        self.limits = Limits.of(
            self.group, usage_of(self.group, f"{case.group} {case.seed}")
        )
        self.outcome = Outcome(
            case,
            _FIRST,
            _FIRST + days * MINUTES_PER_DAY,
            [
                (session.start, session.full)
                for session in self.limits.sessions
                if session.start >= _FIRST
                and session.start + SESSION_MINUTES < _FIRST + days * MINUTES_PER_DAY
            ],
        )
        # The events, and the messages with their minutes.
        self.seen: list[tuple[Any, ...]] = []
        self.messages: list[tuple[int, str, str]] = []
        self._calls = calls
        self._claude = claude
        self._forecast_at_risk = False
        self._percent = 100
        self._seat = self._account.seats[-1]

    @property
    def _account(self) -> Any:
        """Return the account of the simulator."""
        name = _ACCOUNTS.get(self.case.group, "ada")
        return self._claude.server.world.accounts[name]

    @property
    def now(self) -> int:
        """Return the current minute."""
        return minute_of(dt_util.utcnow())

    async def set_up(self, monkeypatch: pytest.MonkeyPatch) -> Runtime:
        """Set up the entry in the night before the first day."""
        claude = self._claude
        random.seed(str(self.case))
        self.limits.serve(self.group, self._seat)
        self._spend(_FIRST)
        # The recorder would need most of the time.
        monkeypatch.setattr(history, "async_read_hours", self._read_hours)
        claude.hass.config.components.add(history.RECORDER)
        # Each hour would be converted again each hour, with a slow frozen clock.
        monkeypatch.setattr(habit, "hour_of_week", cache(habit.hour_of_week))
        entry = await claude.entry(self._account.name)
        claude.hass.bus.async_listen("claude_pulse_event", self._record)
        await claude.pass_time(11)
        return runtime_of(claude.hass, entry)

    async def _read_hours(
        self,
        _: Any,
        entity_ids: Collection[str],
        start: datetime,
        end: datetime | None = None,
    ) -> dict[str, list[Hour]]:
        """Return the statistics of the usage sensors."""
        first = minute_of(start)
        first = max(first, 0 if self.case.is_known else _FIRST)
        names = {
            f"sensor.claude_pulse_{name}_usage": name for name in self.limits.percents
        }
        return {
            entity_id: [*self.limits.hours(names[entity_id], first, self.now)]
            if entity_id in names
            else []
            for entity_id in entity_ids
        }

    async def live(self, runtime: Runtime) -> None:
        """Pass the days.

        A poll whose answer has not changed is left out for ten minutes, because Claude
        Pulse would not compare it, and for half an hour while Claude is not used.
        """
        claude, last, waited = self._claude, None, 0
        time = dt_util.utcnow()
        while True:
            time += timedelta(seconds=POLL)
            if (minute := minute_of(time)) >= self.outcome.end:
                return
            answer, waited = self.limits.answer(minute), waited + 1
            is_idle = self.limits.starts[minute] is None
            if answer == last and waited < (_IDLE if is_idle else _COMPARED):
                continue
            last, waited = answer, 0
            self._spend(minute)
            before = len(self.seen)
            await claude.pass_time((time - dt_util.utcnow()).total_seconds())
            if len(self.seen) > before:
                # A second event of the same limit.
                await claude.pass_time(2)
            self._note_calls()
            self._compare(runtime)

    def _spend(self, minute: int) -> None:
        """Let the seat show the amount that was spent until a minute."""
        if self.group.is_spend:
            self._seat.spent_cents = self.limits.spent_cents(minute)

    def _record(self, event: Event[Any]) -> None:
        """Record an event."""
        data = event.data
        if data["type"] == "progress":
            return
        reset = data.get("resets_at")
        self.seen.append(
            (self.now, data["type"], data["limit"], data.get("threshold"), reset)
        )
        if (data["type"], data["limit"]) == ("will_run_out", "session"):
            text = data["runs_out_at"]
            runs_out_at = minute_of(datetime.fromisoformat(text)) if text else None
            self.outcome.expected.append((self.now, runs_out_at))

    def _note_calls(self) -> None:
        """Note the pushes of this moment."""
        for call in self._calls:
            kind = SOUND
            if call.data["message"] == "clear_notification":
                kind = CLEAR
            elif "push" in call.data["data"]:
                kind = SILENT
            tag = call.data["data"]["tag"].rpartition("_")[2]
            title = call.data.get("title", "")
            self.outcome.pushes.append((self.now, kind, f"{tag}: {title}"))
            if kind == SOUND:
                self.messages.append((self.now, title, call.data["message"]))
        self._calls.clear()

    def _compare(self, runtime: Runtime) -> None:
        """Note what the forecast alone and CodexBar would have announced."""
        minute, now = self.now, dt_util.utcnow()
        percent = round(self.limits.percents["session"][minute])
        if self.group.has_session:
            before, self._percent = self._percent, percent
            crossed = [item for item in _CODEXBAR if before < item <= percent]
            self.outcome.thresholds += [minute] * len(crossed)
        start = self.limits.starts[minute]
        if start is None:
            self._forecast_at_risk = False
            return
        window = UsageWindow(SESSION, None, percent, time_of(start + SESSION_MINUTES))
        expected = runtime.readings.exact_forecast(window, now)
        if expected is None or expected.pace is None:
            return
        if self._forecast_at_risk:
            self._forecast_at_risk = expected.projected > 95
        elif not expected.lasts and expected.is_certain:
            self._forecast_at_risk = True
            self.outcome.forecast.append(minute)


def local_time(minute: int) -> str:
    """Return the local time of a minute."""
    return f"{time_of(minute).astimezone(ZONE):%H:%M}"
