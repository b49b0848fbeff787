"""Tells what happens to an entry's windows, each thing once, and remembers it over restarts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from ..claude_ai.usage import Identity, Usage, UsageWindow
from ..const import DOMAIN
from ..forecast.projection import Forecast
from ..stored import data_of, options_of, read_number, read_time
from .detection import ROSE, THRESHOLD_REACHED, TYPES, Mark, Rules, Told, in_doubt, tell
from .storage import EntryFile

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
        self._org_id = data_of(entry).org_id
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
        if self._org_id != (org_id := data_of(self._entry).org_id):
            self._org_id = org_id
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
        """Go on from what is stored; an item that makes no sense is left out."""
        if stored.get("org_id", self._org_id) != self._org_id:
            return
        self._marks = dict(filter(None, map(_mark_of, _items(stored.get("marks")))))
        self._untold = [*filter(None, map(_event_of, _items(stored.get("untold"))))]


def _rules_of(entry: ConfigEntry) -> Rules:
    """Return the rules of what is told."""
    chosen = options_of(entry)
    return Rules(
        frozenset(chosen.thresholds),
        chosen.left_over,
        timedelta(hours=chosen.left_over_hours),
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


def _items(stored: object) -> list[dict[str, Any]]:
    """Return the items of a stored list that have members."""
    items = stored if isinstance(stored, list) else []
    return [item for item in items if isinstance(item, dict)]


def _identity_of(stored: object) -> Identity | None:
    """Return a stored identity, or None."""
    match stored:
        case [str(kind), str(name), int(number), *_]:
            return Identity(kind, name, number)
    return None


def _mark_of(stored: dict[str, Any]) -> tuple[Identity, Mark] | None:
    """Return a stored mark, or None if it does not say how much of which window is used."""
    identity = _identity_of(stored.get("identity"))
    percent = read_number(stored.get("percent"))
    if identity is None or percent is None:
        return None
    return identity, Mark(
        percent=percent,
        resets_at=read_time(stored.get("resets_at")),
        doubted_at=read_time(stored.get("doubted_at")),
        doubted_reset=read_time(stored.get("doubted_reset")),
        at_risk=stored.get("at_risk") is True,
        left_over=stored.get("left_over") is True,
    )


def _event_of(stored: dict[str, Any]) -> Told | None:
    """Return a stored event, or None if it does not say what happened to which window."""
    window, kind = stored.get("window"), stored.get("type")
    if not isinstance(window, dict) or kind not in TYPES:
        return None
    identity = _identity_of(window.get("identity"))
    name = window.get("name")
    percent = read_number(window.get("percent"))
    before = read_number(stored.get("before"))
    threshold = read_number(stored.get("threshold"))
    if identity is None or percent is None:
        return None
    if kind == THRESHOLD_REACHED and threshold is None:
        return None
    return Told(
        UsageWindow(
            identity=identity,
            name=name if isinstance(name, str) else None,
            percent=percent,
            resets_at=read_time(window.get("resets_at")),
        ),
        type=kind,
        before=percent if before is None else before,
        threshold=threshold,
        runs_out_at=read_time(stored.get("runs_out_at")),
        late=True,
    )


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
