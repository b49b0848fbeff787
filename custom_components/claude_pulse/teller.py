"""Tells what happens to an entry's windows, each thing once, and remembers it over restarts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .claude_ai.forecast import Forecast
from .claude_ai.usage import Identity, Usage, UsageWindow
from .const import (
    CONF_LEFT_OVER,
    CONF_LEFT_OVER_HOURS,
    CONF_ORG_ID,
    CONF_THRESHOLDS,
    DOMAIN,
    TOLD_DEFAULTS,
)
from .entry_file import EntryFile
from .told import ROSE, Mark, Rules, Told, in_doubt, tell

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_DATA = f"{DOMAIN}_tellers"
_LISTENED = f"{DOMAIN}_listened"

# In old versions, such as 2024.1, automations begin to listen after Home Assistant has
# started.
HOLD = timedelta(seconds=10)

# Old versions, up to 2026.7, take two events of an entity at one time for one.
GAP = timedelta(seconds=1)

ForecastFn = Callable[[UsageWindow, datetime], Forecast | None]


class Teller:
    """Tells what happens to the windows of one entry.

    There is one for an entry as long as Home Assistant runs. What it tells is heard by
    `async_listen`. Between `async_begin` and `async_end` there is somebody to hear it.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with nothing."""
        self._answer: tuple[Usage, datetime] | None = None
        self._begun = False
        self._entry = entry
        self._file = EntryFile(
            hass, f"{DOMAIN}.{entry.entry_id}.told", self._to_store, "What was told"
        )
        self._gap: CALLBACK_TYPE | None = None
        self._hass = hass
        self._late = True
        self._loaded = False
        self._marks: dict[Identity, Mark] = {}
        # An entry of version 1 that is disabled may have none.
        self._org_id: str | None = entry.data.get(CONF_ORG_ID)
        # The windows of the last answer, which have entities.
        self._present: frozenset[Identity] = frozenset()
        self._untold: list[Told] = []
        self._busy: Callable[[], bool] = lambda: False

    async def async_load(self) -> None:
        """Remember what was told before a restart, of the same seat."""
        if not self._loaded:
            self._loaded = True
            if not await self._file.async_load(self._remember):
                self._marks, self._untold = {}, []
        if self._org_id != self._entry.data[CONF_ORG_ID]:
            self._org_id = self._entry.data[CONF_ORG_ID]
            self._marks, self._untold = {}, []

    @callback
    def async_begin(self, busy: Callable[[], bool]) -> None:
        """Tell from now on, as the entities are there, but not while they are `busy`."""
        self._begun, self._busy = True, busy

    @callback
    def async_end(self) -> None:
        """Tell no more; what is left is told when it begins again, but not too soon."""
        self._begun = False
        self._answer = None

    @callback
    def async_hear(self, usage: Usage, now: datetime) -> bool:
        """Take an answer of claude.ai's, to look at when the entities show it.

        Tell whether it needs another one soon to be certain.
        """
        self._answer = usage, now
        windows = [(window, None) for window in usage.all_windows]
        marks, _ = tell(self._marks, windows, now, _rules_of(self._entry))
        return in_doubt(marks.values(), now)

    @callback
    def async_look(self, shown: Usage | None, forecast: ForecastFn) -> None:
        """Find out what the last answer brings, if it is shown, and tell it."""
        if not self._begun or not self._hass.data.get(_LISTENED):
            return
        if self._answer is not None and self._answer[0] == shown:
            usage, now = self._answer
            self._answer = None
            self._present = frozenset(item.identity for item in usage.all_windows)
            self._marks, told = tell(
                self._marks,
                [(window, forecast(window, now)) for window in usage.all_windows],
                now,
                _rules_of(self._entry),
            )
            if self._late:
                told = [replace(event, late=True) for event in told]
            self._late = False
            self._untold = [
                event
                for event in (*self._untold, *told)
                if event.window.identity in self._marks
            ]
        if self._gap is None:
            self._tell_next()
        self._store()

    @callback
    def async_forget(self) -> Coroutine[Any, Any, None]:
        """Leave nothing behind, as the entry is gone."""
        self._hass.data[_DATA].pop(self._entry.entry_id)
        return self.async_start_anew()

    @callback
    def async_start_anew(self) -> Coroutine[Any, Any, None]:
        """Forget what was told, as the entry is disabled, on the disk too."""
        self.async_end()
        if self._gap is not None:
            self._gap()
            self._gap = None
        # What is on the disk yet is not to be read again.
        self._loaded = True
        self._marks, self._untold = {}, []
        return self._file.async_remove()

    @callback
    def _tell_next(self, _: datetime | None = None) -> None:
        """Tell one thing of each window, with the rise that it belongs to.

        What is left of a window that is missing waits until it is there again.
        """
        self._gap = None
        waiting = [
            event for event in self._untold if event.window.identity in self._present
        ]
        if not self._begun or not waiting:
            return
        if not self._busy():
            done: set[Identity] = set()
            for event in waiting:
                if event.window.identity in done:
                    continue
                if event.type != ROSE:
                    done.add(event.window.identity)
                self._untold.remove(event)
                _async_send(self._hass, self._entry, event)
            self._store()
        self._gap = async_call_later(
            self._hass, GAP, HassJob(self._tell_next, cancel_on_shutdown=True)
        )

    @callback
    def _store(self) -> None:
        """Remember what has been told."""
        self._hass.async_create_task(self._file.async_store())

    def _to_store(self) -> dict[str, Any] | None:
        """Return what is to be remembered over a restart."""
        if not self._marks:
            return None
        return {
            "org_id": self._org_id,
            "marks": [
                {"identity": list(identity), **_plain(asdict(mark))}
                for identity, mark in self._marks.items()
            ],
            "untold": [_plain(asdict(event)) for event in self._untold],
        }

    def _remember(self, stored: dict[str, Any]) -> None:
        """Go on from what is stored; raises if it is nothing that was."""
        if stored["org_id"] != self._org_id:
            return
        for mark in stored["marks"]:
            self._marks[_identity(mark["identity"])] = Mark(
                percent=_number(mark["percent"]),
                resets_at=_moment(mark["resets_at"]),
                doubted_at=_moment(mark["doubted_at"]),
                doubted_reset=_moment(mark["doubted_reset"]),
                at_risk=bool(mark["at_risk"]),
                left_over=bool(mark["left_over"]),
            )
        for event in stored["untold"]:
            window = event["window"]
            self._untold.append(
                Told(
                    UsageWindow(
                        identity=_identity(window["identity"]),
                        name=_text(window["name"]),
                        percent=_number(window["percent"]),
                        resets_at=_moment(window["resets_at"]),
                    ),
                    type=str(event["type"]),
                    before=_number(event["before"]),
                    threshold=_number(event["threshold"])
                    if event["threshold"] is not None
                    else None,
                    runs_out_at=_moment(event["runs_out_at"]),
                    late=True,
                )
            )


def told_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what somebody wants to be told, but for what no form has stored."""
    kinds = {CONF_THRESHOLDS: list, CONF_LEFT_OVER: int, CONF_LEFT_OVER_HOURS: int}
    chosen = {
        key: options[key] if isinstance(options.get(key), kind) else TOLD_DEFAULTS[key]
        for key, kind in kinds.items()
    }
    numbers = [item for item in chosen[CONF_THRESHOLDS] if isinstance(item, int)]
    return {**chosen, CONF_THRESHOLDS: numbers}


def _rules_of(entry: ConfigEntry) -> Rules:
    """Return the rules of what is told."""
    chosen = told_options(entry.options)
    return Rules(
        frozenset(chosen[CONF_THRESHOLDS]),
        chosen[CONF_LEFT_OVER],
        timedelta(hours=chosen[CONF_LEFT_OVER_HOURS]),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they can be stored."""
    return {
        key: _plain(value)
        if isinstance(value, Mapping)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
        for key, value in values.items()
    }


def _moment(stored: str | None) -> datetime | None:
    """Read a time that was stored; one without a zone could not be compared."""
    return datetime.fromisoformat(stored).astimezone(UTC) if stored else None


def _number(stored: Any) -> float:
    """Read a number that was stored; whole ones stay so."""
    if not isinstance(stored, (int, float)):
        raise TypeError
    return stored


def _text(stored: Any) -> str | None:
    """Read a text that was stored, if there was one."""
    if stored is None or isinstance(stored, str):
        return stored
    raise TypeError


def _identity(stored: list[Any]) -> Identity:
    """Read an identity that was stored."""
    kind, name, number = stored
    return Identity(str(kind), str(name), int(number))


def teller_of(hass: HomeAssistant, entry: ConfigEntry) -> Teller:
    """Return who tells what happens to the windows of an entry."""
    known: dict[str, Teller] = hass.data.setdefault(_DATA, {})
    if entry.entry_id not in known:
        known[entry.entry_id] = Teller(hass, entry)
    return known[entry.entry_id]


@callback
def async_listen(
    hass: HomeAssistant,
    action: Callable[[str, Told], None],
    entry: ConfigEntry | None = None,
) -> CALLBACK_TYPE:
    """Call an action with what is told, and of which entry; of one entry before of all."""
    return async_dispatcher_connect(hass, _signal(entry), action)


@callback
def _async_send(hass: HomeAssistant, entry: ConfigEntry, event: Told) -> None:
    """Tell something: first to the entities, that others find it there."""
    for heard in (_signal(entry), _signal(None)):
        async_dispatcher_send(hass, heard, entry.entry_id, event)


def _signal(entry: ConfigEntry | None) -> str:
    """Return the name of what is sent."""
    return f"{DOMAIN}_told_{entry.entry_id}" if entry else f"{DOMAIN}_told"


@callback
def async_setup_telling(hass: HomeAssistant, tell_all: Callable[[], None]) -> None:
    """Tell nothing before automations listen."""

    @callback
    def listened(_: datetime) -> None:
        """Tell what has been found meanwhile."""
        hass.data[_LISTENED] = True
        tell_all()

    @callback
    def started(_: HomeAssistant) -> None:
        """Wait a moment longer."""
        async_call_later(hass, HOLD, HassJob(listened, cancel_on_shutdown=True))

    async_at_started(hass, started)
