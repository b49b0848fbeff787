"""Parts shared by tests of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from typing import Any

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.claude_pulse.events.bus import EVENT_CLAUDE_PULSE
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util.file import WriteError

from ..common import Claude, pass_steps, session

# A Monday.
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SESSION_RESET = "2026-05-04T16:00:00+00:00"
WEEK_RESET = "2026-05-09T12:00:00+00:00"
SESSION_EVENTS = "event.claude_pulse_session_events"
WEEKLY_EVENTS = "event.claude_pulse_weekly_events"
ACCOUNT_EVENTS = "event.claude_pulse_account_events"


_GRANT_KEY = {
    "label": "A reset",
    "starts_at": START.isoformat(),
    "ends_at": (START + timedelta(days=30)).isoformat(),
}


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

    @property
    def alerts(self) -> list[str]:
        """Return the events, except that a limit will run out."""
        return [text for text in self.texts if "will_run_out" not in text]


class BusLog:
    """Records the events on the bus, by default those of the account itself."""

    def __init__(self, claude: Claude, kind: str = "account") -> None:
        """Listen."""
        self._events = async_capture_events(claude.hass, EVENT_CLAUDE_PULSE)
        self._kind = kind

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the data of the events."""
        return [e.data for e in self._events if e.data["kind"] == self._kind]

    @property
    def types(self) -> list[str]:
        """Return the types of the events."""
        return [data["type"] for data in self.events]

    def types_of(self, claude: Claude, entry: MockConfigEntry) -> list[str]:
        """Return the types of the events of an entry's device."""
        device = device_id(claude, entry)
        return [data["type"] for data in self.events if data["device_id"] == device]


def device_id(claude: Claude, entry: MockConfigEntry) -> str:
    """Return the ID of an entry's device."""
    registry = dr.async_get(claude.hass)
    (device,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return device.id


async def minutes(claude: Claude, number: float) -> None:
    """Let minutes pass, one after the other."""
    await pass_steps(claude, int(number), 60)


async def minutes_until(claude: Claude, log: BusLog, event_type: str) -> int:
    """Return the minutes until an event is on the bus, at most two hours."""
    passed = 0
    while event_type not in log.types and passed < 120:
        await minutes(claude, 1)
        passed += 1
    return passed


def _text_of(state: State) -> str:
    """Return the limit of an event, its type, and its threshold if it has one."""
    limit = state.entity_id.removeprefix("event.claude_pulse_")
    parts = [
        limit.removesuffix("_events"),
        state.attributes["event_type"],
        state.attributes.get("threshold"),
    ]
    return " ".join(str(part) for part in parts if part is not None)


def body(
    percent: float, resets_at: str | None = SESSION_RESET, week: float = 20
) -> dict[str, Any]:
    """Return a usage body with a session and a week far from its reset."""
    weekly = {"utilization": week, "resets_at": WEEK_RESET}
    return session(percent, resets_at, seven_day=weekly)


def with_opus(answer: dict[str, Any], percent: float) -> dict[str, Any]:
    """Return a usage body with a weekly limit of a model."""
    opus = {"utilization": percent, "resets_at": WEEK_RESET}
    return {**answer, "seven_day_opus": opus}


def stored_state(org_id: str, **members: Any) -> dict[str, Any]:
    """Return the JSON of a session at 50%, a grant, and a pending event of each."""
    session = {
        "identity": ["session", "", 1],
        "percent": 50,
        "resets_at": SESSION_RESET,
    }
    return {
        "org_id": org_id,
        "answered_at": START.isoformat(),
        "progress": [
            {
                **session,
                "unconfirmed_since": START.isoformat(),
                "unconfirmed_percent": 80,
                "unconfirmed_reset": START.isoformat(),
                "at_risk": False,
                "left_over": False,
                "moved": False,
                "refill": [90, 45],
            }
        ],
        "grants": [{**_GRANT_KEY, "warned": True}],
        "pending": [
            {
                "window": {**session, "name": "name"},
                "type": "threshold_reached",
                "before": 40,
                "threshold": 50,
                "runs_out_at": SESSION_RESET,
                "certain": True,
                "saved_resets": 1,
                "lifted": False,
                "late": True,
                "binding": True,
                "available_at": None,
                "extra_usage": "off",
            },
            {
                "grant": {
                    **_GRANT_KEY,
                    "left": 1,
                    "clears": ["five_hour"],
                    "is_usable": True,
                },
                "type": "saved_reset_granted",
                "late": True,
            },
        ],
        **members,
    }


def stored_percent(storage: dict[str, Any], entry_id: str) -> float:
    """Return the stored percentage of the session."""
    progress = storage[f"claude_pulse.{entry_id}"]["data"]["progress"]
    (percent,) = [
        item["percent"] for item in progress if item["identity"][0] == "session"
    ]
    return percent


def in_hours(claude: Claude, hours: float) -> str:
    """Return a time in the future, as claude.ai sends it."""
    return (claude.server.now + timedelta(hours=hours)).isoformat()


def start_clock(claude: Claude) -> None:
    """Move the clock to START."""
    claude.clock.move_to(START)
    claude.server.restart()


async def begin(
    claude: Claude, answer: dict[str, Any], **options: Any
) -> tuple[MockConfigEntry, EventLog]:
    """Set up an entry at START, and wait until it sends events."""
    start_clock(claude)
    claude.serve(answer)
    entry = await claude.entry(**options)
    log = EventLog(claude.hass)
    await claude.pass_time(11)
    return entry, log


async def poll(claude: Claude, answer: dict[str, Any], times: int = 1) -> None:
    """Serve a body, and wait for polls, a second answer, and the events that follow."""
    claude.serve(answer)
    for _ in range(times):
        await claude.pass_time()
    await claude.pass_time(66)
    await claude.pass_time(2)


async def fail_to_write(*_: Any) -> None:
    """Fail like a write of Home Assistant to a full disk."""
    raise WriteError(OSError(ENOSPC, "No space left on device"))
