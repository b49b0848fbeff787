"""What a person usually uses by the hour, from the statistics of the entry's own sensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
import logging
from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .claude_ai.habit import EVERY_DAY, WEEKS, Habit, History, Hour, learn
from .const import CONF_WORKING_DAYS, DOMAIN, WEEKDAYS
from .naming import window_of_usage

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

_HOUR = 3600
_RECORDER = "recorder"

# The recorder has an hour in its statistics soon after it has ended.
_COMPILED = timedelta(minutes=2)

# A forecast without a habit would be another one: so long it rather waits.
_PATIENCE = timedelta(minutes=1)


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

    `follow` is called with what has been learned. Before that, for a minute or two at
    most, this is `pending`.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, follow: Callable[[Habits], None]
    ) -> None:
        """Begin with nothing but the days that were chosen."""
        self.pending = _RECORDER in hass.config.components
        chosen = entry.options.get(CONF_WORKING_DAYS) or WEEKDAYS
        self._begun = dt_util.utcnow()
        self._days = {day for day in range(7) if WEEKDAYS[day] in chosen} or EVERY_DAY
        self._entry = entry
        self._follow = follow
        self._hass = hass
        self._histories: defaultdict[str, History] = defaultdict(History)
        self._known: tuple[int, tzinfo] | None = None
        self._reading = False
        follow(self._learn(self._begun, dt_util.DEFAULT_TIME_ZONE))

    @callback
    def async_tick(self) -> None:
        """Read what the last hour has brought, and learn from it."""
        now, zone = dt_util.utcnow(), dt_util.DEFAULT_TIME_ZONE
        if now - self._begun >= _PATIENCE:
            self.pending = False
        due = (int((now - _COMPILED).timestamp() // _HOUR), zone)
        if due == self._known or self._reading:
            return
        self._known = due
        if _RECORDER not in self._hass.config.components:
            self._follow(self._learn(now, zone))
            return
        self._reading = True
        self._entry.async_create_background_task(
            self._hass,
            self._async_read(now, zone),
            f"{DOMAIN} history {self._entry.title}",
        )

    async def _async_read(self, now: datetime, zone: tzinfo) -> None:
        """Read the statistics, where nobody waits for it."""
        # It needs what is installed with the recorder only.
        from homeassistant.components.recorder import get_instance  # noqa: PLC0415

        try:
            habits = await get_instance(self._hass).async_add_executor_job(
                self._read, self._find_entities(), now, zone
            )
        except Exception:
            _LOGGER.warning(
                "The statistics of the usage sensors could not be read: the forecast"
                " goes on with what is known",
                exc_info=True,
            )
            habits = self._learn(now, zone)
        self.pending = self._reading = False
        self._follow(habits)

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

    def _read(self, keys: Mapping[str, str], now: datetime, zone: tzinfo) -> Habits:
        """Read the hours that are not known yet, in a thread, and learn from all."""
        from homeassistant.components.recorder.statistics import (  # noqa: PLC0415
            statistics_during_period,
        )

        earliest = now - timedelta(weeks=WEEKS)
        known = min((self._histories[key].end for key in keys.values()), default=0)
        start = max(earliest, dt_util.utc_from_timestamp(known * _HOUR))
        rows = statistics_during_period(
            self._hass, start, None, {*keys}, "hour", None, {"max", "min"}
        )
        for entity_id, found in rows.items():
            self._histories[keys[entity_id]].add(
                Hour(int(row["start"] // _HOUR), row["min"], row["max"])
                for row in found
                if row["min"] is not None and row["max"] is not None
            )
        return self._learn(now, zone)

    def _learn(self, now: datetime, zone: tzinfo) -> Habits:
        """Learn from all that is known."""
        learned = {
            key: habit
            for key, history in self._histories.items()
            if (habit := learn(history, now, zone, self._days))
        }
        return Habits(learned, learn(History(), now, zone, self._days))
