"""What a person usually uses by the hour, from the statistics of the entry's own sensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
import logging
import random
from typing import TYPE_CHECKING

from homeassistant.const import WEEKDAYS, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..naming import WEEKLY_WINDOW, window_of_usage
from ..stored import options_of, title_of
from .habit import EVERY_DAY, WEEKS, Habit, History, Hour, learn

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

_HOUR = 3600
_RECORDER = "recorder"

# The recorder has an hour in its statistics soon after it has ended; if it is behind,
# some hours later.
_COMPILED = timedelta(minutes=2)
_BEHIND = timedelta(hours=6)

# Not all entries read at once, but within so many minutes.
SPREAD = 10

# What could not be read is tried again after this, and then after twice as long each
# time, up to an hour.
_RETRY, _LONGEST = timedelta(minutes=1), timedelta(hours=1)

# A forecast without a habit would be another one: so long it rather waits.
_PATIENCE = timedelta(minutes=3)

Rows = Mapping[str, Sequence[Hour]]


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of a seat, by the key of their window, and that of a window without history."""

    learned: Mapping[str, Habit]
    otherwise: Habit | None

    def __getitem__(self, key: str) -> Habit | None:
        """Return the habit to follow for a window."""
        return self.learned.get(key, self.otherwise)


class UsageHistory:
    """Learns the habits of a seat, at the start and once an hour; nothing is stored.

    `tell` is called when `habits` are others. At the start these are `pending`, for some
    minutes at most.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[], None]
    ) -> None:
        """Begin with nothing but the days that were chosen."""
        self.pending = _RECORDER in hass.config.components
        self._begun = dt_util.utcnow()
        self._days = _days_of(entry)
        self._entry = entry
        self._failed: datetime | None = None
        self._hass = hass
        self._histories: defaultdict[str, History] = defaultdict(History)
        self._last: tuple[int, tzinfo] | None = None
        self._read: Collection[str] = ()
        self._reading = False
        self._retry = _RETRY
        self._tell = tell
        self._wait = _COMPILED + timedelta(minutes=random.randint(0, SPREAD))
        self.habits = self._learn({}, self._begun, dt_util.DEFAULT_TIME_ZONE)

    @callback
    def async_tick(self) -> None:
        """Read what the last hour has brought, and learn from it."""
        now, zone = dt_util.utcnow(), dt_util.DEFAULT_TIME_ZONE
        if not _within(now, self._begun, _PATIENCE):
            self.pending = False
        due = (int((now - self._wait).timestamp() // _HOUR), zone)
        failed = self._failed is not None and not _within(
            now, self._failed, self._retry
        )
        if self._reading or (due == self._last and not failed):
            return
        self._last = due
        if _RECORDER not in self._hass.config.components:
            if (habits := self._learn({}, now, zone)) != self.habits:
                self.habits = habits
                self._tell()
            return
        self._reading = True
        self._entry.async_create_background_task(
            self._hass,
            self._async_learn(now, zone),
            f"{DOMAIN} history {title_of(self._entry)}",
        )

    async def _async_learn(self, now: datetime, zone: tzinfo) -> None:
        """Read and learn, in threads, where nobody waits for it."""
        try:
            rows, anew = await self._async_read(now)
            self.habits = await self._hass.async_add_executor_job(
                self._learn, rows, now, zone, anew
            )
        except Exception as err:  # noqa: BLE001
            if self._failed is None:
                # Its text can hold names of entities, and so of the account.
                _LOGGER.warning(
                    "The statistics of the usage sensors could not be read, and the"
                    " forecast goes on with what is known: %s",
                    type(err).__name__,
                )
                self._retry = _RETRY
            else:
                self._retry = min(2 * self._retry, _LONGEST)
            self._failed = now
        else:
            self._failed, self.pending = None, False
        finally:
            self._reading = False
        self._tell()

    async def _async_read(self, now: datetime) -> tuple[Rows, bool]:
        """Read what may have come since the last time; all of it for what is new.

        Tells also whether what is known has to be forgotten, read by a clock ahead.
        """
        # It needs what is installed with the recorder only.
        from homeassistant.components.recorder import get_instance  # noqa: PLC0415
        from homeassistant.components.recorder.statistics import (  # noqa: PLC0415
            statistics_during_period,
        )

        keys = self._find_entities()
        known = max((history.end for history in self._histories.values()), default=0)
        end = dt_util.utc_from_timestamp(known * _HOUR)
        start, anew = now - timedelta(weeks=WEEKS), end > now
        if not anew and keys.keys() <= {*self._read}:
            start = max(start, end - _BEHIND)
        found = await get_instance(self._hass).async_add_executor_job(
            statistics_during_period,
            self._hass,
            start,
            now,
            {*keys},
            "hour",
            None,
            {"max", "min"},
        )
        self._read = {*keys}
        rows = {
            keys[entity_id]: [
                Hour(int(row["start"] // _HOUR), row["min"], row["max"])
                for row in several
                if row["min"] is not None and row["max"] is not None
            ]
            for entity_id, several in found.items()
        }
        return rows, anew

    @callback
    def _find_entities(self) -> dict[str, str]:
        """Return the key of each window there has been, by the entity that shows its use."""
        prefix = f"{self._entry.entry_id}_"
        found = {
            entity.entity_id: window_of_usage(entity.unique_id.removeprefix(prefix))
            for entity in er.async_entries_for_config_entry(
                er.async_get(self._hass), self._entry.entry_id
            )
            if entity.domain == Platform.SENSOR
        }
        return {entity_id: key for entity_id, key in found.items() if key}

    def _learn(
        self, rows: Rows, now: datetime, zone: tzinfo, anew: bool = False
    ) -> Habits:
        """Learn from what is new and, unless it is to be forgotten, what is known."""
        if anew:
            self._histories.clear()
        week = rows.get(WEEKLY_WINDOW.key, ())
        # Nobody knows what of the others would have been used without its limit.
        used_up = {hour.number for hour in week if hour.least >= 100}
        for key, hours in rows.items():
            self._histories[key].add(
                hour
                for hour in hours
                if key == WEEKLY_WINDOW.key or hour.number not in used_up
            )
        learned = {
            key: habit
            for key, history in self._histories.items()
            if (habit := learn(history, now, zone, self._days))
        }
        return Habits(learned, learn(History(), now, zone, self._days))


def _days_of(entry: ConfigEntry) -> Collection[int]:
    """Return the days of the week on which there is any use to expect."""
    return {WEEKDAYS.index(day) for day in options_of(entry).working_days} or EVERY_DAY


def _within(now: datetime, since: datetime, span: timedelta) -> bool:
    """Tell whether it is not longer ago; what is ahead was noted by another clock."""
    return timedelta() <= now - since < span
