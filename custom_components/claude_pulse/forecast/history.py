"""Usage habits from the recorder's long-term statistics of an entry's usage sensors."""

from __future__ import annotations

import asyncio
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
from ..naming import SESSION_WINDOW, WEEKLY_WINDOW, window_of_usage
from ..stored import options_of
from .capacity import points_per_session
from .habit import EVERY_DAY, SECONDS_PER_HOUR, WEEKS, Habit, Hour, HourlyUsage, learn

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

RECORDER = "recorder"

# The recorder compiles the statistics of an hour soon after its end, or some hours later
# if it is behind.
_COMPILE_TIME = timedelta(minutes=2)
_MAX_DELAY = timedelta(hours=6)

# Entries read at different times, up to this number of minutes apart.
SPREAD = 10

# Minutes between the attempts to read after a failure. While forecasts wait, it is one.
_RETRY_MINUTES = 5

# Forecasts wait at most this long for the first habits, because forecasts without habits
# would soon be replaced.
_MAX_PENDING = timedelta(minutes=3)


# The hours of the week that are kept, for the usage since midnight.
_RECENT_HOURS = 50


@dataclass(frozen=True, slots=True)
class Record:
    """Facts from the recorder, besides the habits.

    `week` has the last hours of the week. `reached` has the numbers of the hours in which a
    session reached its limit. `points_per_session` is how many points of the week a full
    session uses, or None if that is unknown.
    """

    week: Sequence[Hour]
    reached: Sequence[int]
    points_per_session: float | None


@dataclass(frozen=True, slots=True)
class Habits:
    """The learned habits of an entry by window key, and the habit without any history.

    `record` is None until the recorder has been read.
    """

    learned: Mapping[str, Habit]
    default: Habit | None
    record: Record | None = None

    def __getitem__(self, key: str) -> Habit | None:
        """Return the habit for a window."""
        return self.learned.get(key, self.default)


class UsageHistory:
    """Learns the habits of an entry at the start and every hour. Nothing is stored.

    `on_change` is called when `habits` changed. `pending` is true until the first
    statistics have been read, for a few minutes at most.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, on_change: Callable[[], None]
    ) -> None:
        """Initialize with the habits that follow from the chosen days alone."""
        self.pending = RECORDER in hass.config.components
        self._days: Collection[int] = {
            WEEKDAYS.index(day) for day in options_of(entry).working_days
        } or EVERY_DAY
        self._delay = _COMPILE_TIME + timedelta(minutes=random.randint(0, SPREAD))
        self._entry = entry
        self._failed = False
        self._hass = hass
        self._histories: defaultdict[str, HourlyUsage] = defaultdict(HourlyUsage)
        self._week: dict[int, Hour] = {}
        self._last: tuple[int, tzinfo] | None = None
        self._on_change = on_change
        self._started = dt_util.utcnow()
        self._task: asyncio.Task[None] | None = None
        self.habits = self._learn({}, self._started, dt_util.DEFAULT_TIME_ZONE)

    @callback
    def async_tick(self) -> None:
        """Update the habits if an hour has passed or the time zone changed.

        This is called every minute.
        """
        now, zone = dt_util.utcnow(), dt_util.DEFAULT_TIME_ZONE
        # The clock can be set back.
        if not timedelta() <= now - self._started < _MAX_PENDING:
            self.pending = False
        due = (int((now - self._delay).timestamp() // SECONDS_PER_HOUR), zone)
        retry = self._failed and (self.pending or now.minute % _RETRY_MINUTES == 0)
        running = self._task is not None and not self._task.done()
        if running or (due == self._last and not retry):
            return
        self._last = due
        if RECORDER not in self._hass.config.components:
            if (habits := self._learn({}, now, zone)) != self.habits:
                self.habits = habits
                self._on_change()
            return
        self._task = self._entry.async_create_background_task(
            self._hass,
            self._async_update(now, zone),
            f"{DOMAIN} history {self._entry.entry_id}",
        )

    async def _async_update(self, now: datetime, zone: tzinfo) -> None:
        """Read new statistics and update the habits."""
        try:
            hours = await self._async_read(now)
            self.habits = await self._hass.async_add_executor_job(
                self._learn, hours, now, zone
            )
        except Exception as err:  # noqa: BLE001
            if not self._failed:
                # The text of the error can contain entity IDs and so the account's name.
                _LOGGER.warning(
                    "Could not read the usage statistics of entry %s (%s). Forecasts use the"
                    " habits learned so far",
                    self._entry.entry_id,
                    type(err).__name__,
                )
            self._failed = True
            return
        self._failed = self.pending = False
        self._on_change()

    async def _async_read(self, now: datetime) -> dict[str, list[Hour]]:
        """Return the hours of each window, new ones only if all windows are known."""
        windows = usage_entities(self._hass, self._entry)
        start, known_until = now - timedelta(weeks=WEEKS), self._known_until
        if known_until <= now and self._histories.keys() >= {*windows.values()}:
            start = max(start, known_until - _MAX_DELAY)
        hours = await async_read_hours(self._hass, windows, start, now)
        return {key: hours[entity_id] for entity_id, key in windows.items()}

    @property
    def _known_until(self) -> datetime:
        """Return the end of the last known hour, or 1970."""
        end = max((history.end for history in self._histories.values()), default=0)
        return dt_util.utc_from_timestamp(end * SECONDS_PER_HOUR)

    def _learn(
        self, hours: Mapping[str, Sequence[Hour]], now: datetime, zone: tzinfo
    ) -> Habits:
        """Add hours to the histories and return the habits."""
        if self._known_until > now:
            # The clock was set back, and all hours were read again.
            self._histories.clear()
            self._week.clear()
        # While the weekly limit is reached, usage of the other windows is held back.
        used_up = {
            hour.number
            for hour in hours.get(WEEKLY_WINDOW.key, ())
            if hour.minimum >= 100
        }
        for key, new in hours.items():
            self._histories[key].add(
                hour
                for hour in new
                if key == WEEKLY_WINDOW.key or hour.number not in used_up
            )
        learned = {
            key: habit
            for key, history in self._histories.items()
            if (habit := learn(history, now, zone, self._days))
        }
        default = learn(HourlyUsage(), now, zone, self._days)
        return Habits(learned, default, self._record(hours) if hours else None)

    def _record(self, hours: Mapping[str, Sequence[Hour]]) -> Record:
        """Return the record, after hours have been added to the histories."""
        new = hours.get(WEEKLY_WINDOW.key, ())
        self._week |= {hour.number: hour for hour in new}
        recent = sorted(self._week)[-_RECENT_HOURS:]
        self._week = {number: self._week[number] for number in recent}
        week, session = (
            self._histories.get(window.key) or HourlyUsage()
            for window in (WEEKLY_WINDOW, SESSION_WINDOW)
        )
        return Record(
            tuple(self._week.values()),
            tuple(session.reached),
            points_per_session(week, session),
        )


async def async_read_hours(
    hass: HomeAssistant,
    entity_ids: Collection[str],
    start: datetime,
    end: datetime | None = None,
) -> dict[str, list[Hour]]:
    """Return the hours of usage sensors from the recorder, which must be loaded."""
    # These modules need packages that are installed with the recorder.
    from homeassistant.components.recorder import get_instance  # noqa: PLC0415
    from homeassistant.components.recorder.statistics import (  # noqa: PLC0415
        statistics_during_period,
    )

    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        start,
        end,
        {*entity_ids},
        "hour",
        None,
        {"max", "min"},
    )
    return {
        entity_id: [
            Hour(int(row["start"] // SECONDS_PER_HOUR), row["min"], row["max"])
            for row in rows.get(entity_id, ())
            if row["min"] is not None and row["max"] is not None
        ]
        for entity_id in entity_ids
    }


def usage_entities(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the window keys of an entry's usage sensors by entity ID."""
    registry, prefix = er.async_get(hass), f"{entry.entry_id}_"
    keys = {
        entity.entity_id: window_of_usage(entity.unique_id.removeprefix(prefix))
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        if entity.domain == Platform.SENSOR
    }
    return {entity_id: key for entity_id, key in keys.items() if key}
