"""Calendar of resets and expiries: of limits, saved resets, credit pools and the session key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .entity import UsageEntity
from .naming import pool_subject, subject_of
from .platforms import CALENDAR
from .polling.issues import KEY_LIFETIME
from .runtime import Runtime, runtime_of
from .stored import data_of

PARALLEL_UPDATES = 0

_LENGTH = timedelta(minutes=15)

# Moments that have passed are listed for this time. A trigger with an offset looks for them.
_KEEP = timedelta(days=1)

# The names of the sensors that show the same times are the summaries. The session key has no
# sensor.
_RESETS_AT = "sensor.{}_resets_at.name"
_POOL_EXPIRES = "sensor.pool_expires_at.name"
_SAVED_RESET_EXPIRES = "sensor.saved_reset_expires_at.name"
_KEY_EXPIRES = f"calendar.{CALENDAR}.state_attributes.message.state.session_key"


class Moment(NamedTuple):
    """A moment in the calendar.

    `key` says what it is about, in any language. `text` is the key of the summary, which
    contains the `placeholders`.
    """

    time: datetime
    key: str
    text: str
    placeholders: tuple[tuple[str, str], ...] = ()
    description: str | None = None


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the calendar of an entry."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    async_add_entities([ResetCalendar(runtime_of(hass, entry), texts)])


def moments_of(runtime: Runtime, now: datetime) -> Iterator[Moment]:
    """Yield the moments of the last answer, and the expiry of the session key."""
    usage = runtime.coordinator.data
    for window in usage.all_windows:
        if window.resets_at is not None:
            limit = subject_of(window)
            names = (*limit.placeholders.items(),)
            text = _RESETS_AT.format(limit.translation_prefix)
            yield Moment(window.resets_at, limit.key, text, names)
    if usage.saved_resets and usage.saved_resets.is_eligible:
        expiring: dict[datetime, list[str]] = {}
        for grant in usage.saved_resets.valid(now):
            if grant.ends_at is not None:
                labels = expiring.setdefault(grant.ends_at, [])
                labels.extend(filter(None, [grant.label]))
        for ends_at, labels in expiring.items():
            text = _SAVED_RESET_EXPIRES
            yield Moment(
                ends_at, "saved_reset", text, description=", ".join(labels) or None
            )
    for pool in usage.pools:
        if pool.expires_at is not None:
            credit = pool_subject(pool)
            names = (*credit.placeholders.items(),)
            yield Moment(pool.expires_at, credit.key, _POOL_EXPIRES, names)
    if since := data_of(runtime.entry).session_key_since:
        # Seconds would pretend to know more.
        time = (since + KEY_LIFETIME).replace(second=0, microsecond=0)
        yield Moment(time, "session_key", _KEY_EXPIRES)


def listed(
    before: Iterable[Moment], current: Iterable[Moment], now: datetime
) -> list[Moment]:
    """Return the current moments, and those that have passed within a day.

    A moment that was listed before and is not current was moved, unless it has passed.
    """
    passed = (moment for moment in before if moment.time <= now)
    moments = dict.fromkeys((*passed, *current))
    return sorted(
        (moment for moment in moments if now - moment.time < _KEEP),
        key=lambda moment: moment.time,
    )


class ResetCalendar(UsageEntity, CalendarEntity):
    """The resets and expiries of an account."""

    _attr_entity_registry_enabled_default = False
    _platform = Platform.CALENDAR

    def __init__(self, runtime: Runtime, texts: Mapping[str, str]) -> None:
        """Initialize the calendar with the translated texts of the entities."""
        super().__init__(runtime, CALENDAR)
        self._moments: list[Moment] = []
        self._texts = texts
        self._update()

    def _update(self) -> None:
        """Update the moments."""
        now = dt_util.utcnow()
        self._moments = listed(self._moments, moments_of(self.runtime, now), now)

    @property
    def _next(self) -> Moment | None:
        """Return the first moment that is not over."""
        now = dt_util.utcnow()
        return next((item for item in self._moments if item.time + _LENGTH > now), None)

    @property
    def _to_write(self) -> object:
        """Return the values that are written when they change."""
        return self.available, self._next

    @property
    def event(self) -> CalendarEvent | None:
        """Return the current or next event."""
        return self._event(moment) if (moment := self._next) else None

    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the events between two times, also while claude.ai cannot be read."""
        return [
            self._event(moment)
            for moment in self._moments
            if moment.time < end_date and moment.time + _LENGTH > start_date
        ]

    def _event(self, moment: Moment) -> CalendarEvent:
        """Return the event of a moment."""
        summary = self._texts.get(f"component.{DOMAIN}.entity.{moment.text}", "")
        for placeholder, value in moment.placeholders:
            summary = summary.replace(f"{{{placeholder}}}", value)
        return CalendarEvent(
            start=moment.time,
            end=moment.time + _LENGTH,
            summary=summary,
            description=moment.description,
            uid=f"{moment.key}_{moment.time:%Y%m%dT%H%MZ}",
        )

    @callback
    def _handle_coordinator_update(self) -> None:
        """Update the moments, and write the state if it has changed."""
        self._update()
        super()._handle_coordinator_update()
