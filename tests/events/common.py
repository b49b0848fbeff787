"""Parts shared by tests of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.util.file import WriteError

from ..common import Claude, session

# A Monday.
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WEEK_RESET = "2026-05-09T12:00:00+00:00"
SESSION_EVENTS = "event.claude_pulse_session_events"
WEEKLY_EVENTS = "event.claude_pulse_weekly_events"


class EventLog:
    """Records the events that event entities show."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to states."""
        self.states: list[State] = []
        hass.bus.async_listen("state_changed", self._record)

    @callback
    def _record(self, event: Event[Any]) -> None:
        """Record a new event, but not a restored one."""
        old, new = event.data["old_state"], event.data["new_state"]
        if not event.data["entity_id"].startswith("event.") or old is None:
            return
        if new is None or new.state in ("unavailable", "unknown"):
            return
        if old.state not in ("unavailable", new.state):
            self.states.append(new)

    @property
    def texts(self) -> list[str]:
        """Return the events as short texts."""
        return [_text_of(state) for state in self.states]


def _text_of(state: State) -> str:
    """Return the limit of an event, its type, and its threshold if it has one."""
    limit = state.entity_id.removeprefix("event.claude_pulse_")
    parts = [
        limit.removesuffix("_events"),
        state.attributes["event_type"],
        state.attributes.get("threshold"),
    ]
    return " ".join(str(part) for part in parts if part is not None)


def body(percent: float, resets_at: str | None, week: float = 20) -> dict[str, Any]:
    """Return a usage body with a session and a week far from its reset."""
    weekly = {"utilization": week, "resets_at": WEEK_RESET}
    return session(percent, resets_at, seven_day=weekly)


def with_opus(answer: dict[str, Any], percent: float) -> dict[str, Any]:
    """Return a usage body with a weekly limit of a model."""
    opus = {"utilization": percent, "resets_at": WEEK_RESET}
    return {**answer, "seven_day_opus": opus}


def in_hours(claude: Claude, hours: float) -> str:
    """Return a time in the future, as claude.ai sends it."""
    return (claude.server.now + timedelta(hours=hours)).isoformat()


def start_clock(claude: Claude) -> str:
    """Move the clock to START. Return a session reset four hours later."""
    claude.clock.move_to(START)
    claude.server.restart()
    return in_hours(claude, 4)


async def begin(
    claude: Claude, percent: float = 60, week: float = 20
) -> tuple[MockConfigEntry, EventLog, str]:
    """Set up an entry at START, and wait until it sends events.

    Returns the entry, its events and the reset of the session.
    """
    resets_at = start_clock(claude)
    claude.serve(body(percent, resets_at, week))
    entry = await claude.entry()
    log = EventLog(claude.hass)
    await claude.pass_time(11)
    return entry, log, resets_at


async def poll(claude: Claude, answer: dict[str, Any], times: int = 1) -> None:
    """Serve a body, and wait for polls and for the events that follow."""
    claude.serve(answer)
    for _ in range(times):
        await claude.pass_time()
    await claude.pass_time(2)


async def fail_to_write(*_: Any) -> None:
    """Fail like a write of Home Assistant to a full disk."""
    raise WriteError(OSError(ENOSPC, "No space left on device"))
