"""What is spent: rows of a recorder, and requests."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .clock import Clock
from .obstacles import Obstacles

# In nine hours at unchanged numbers, and in a day beyond the polls.
NIGHT = timedelta(hours=9)
MOST_ROWS = 40
MOST_REQUESTS = 10

# What a restart, a reload or a form asks on top: organizations, balance, whose seat.
_FOR_A_START = 4

_DAY = timedelta(days=1)


@contextmanager
def counted_rows(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[Counter[str]]:
    """Count the states of an entry that a recorder would store, but for the countdown."""
    rows: Counter[str] = Counter()
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    counted = {
        entity.entity_id
        for entity in entities
        if not entity.entity_id.endswith("_session_reset_countdown")
    }

    @callback
    def count(event: Event) -> None:
        """Count a state."""
        rows.update({event.data["entity_id"]} & counted)

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    yield rows
    stop()


class Requests:
    """The requests of one entry beyond its polls."""

    def __init__(self, clock: Clock, counts: Counter[str]) -> None:
        """Begin with none."""
        self._clock = clock
        self._counts = counts
        self._starts: deque[datetime] = deque()
        self._times: deque[datetime] = deque()

    def excuse(self) -> None:
        """Note that the entry begins anew."""
        self._starts.append(self._clock.right)

    def note(self, path: str, obstacles: Obstacles) -> None:
        """Note a request that is no poll."""
        if path.endswith("/organizations") and obstacles.in_force:
            self._counts["requests for the reason of a refusal"] += 1
            return
        self._counts["requests beyond the polls"] += 1
        self._times.append(self._clock.right)

    def check(self) -> None:
        """See that there have not been too many in a day."""
        for times in (self._starts, self._times):
            while times and times[0] <= self._clock.right - _DAY:
                times.popleft()
        number, starts = len(self._times), len(self._starts)
        assert number <= MOST_REQUESTS + starts * _FOR_A_START, self._times
        if not starts:
            most = "most requests beyond the polls in 24 hours without a restart"
            self._counts[most] = max(self._counts[most], number)
