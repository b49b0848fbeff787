"""Sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
import math

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .account_sensors import (
    SeatSensor,
    SeatSensorDescription,
    account_sensors,
    async_enable_spend_limit,
)
from .claude_ai.status import STATUSES
from .const import UNEXPECTED_ERROR, WEEKDAYS
from .dynamic_entities import Factories, async_add_dynamic_entities
from .entity import (
    ClaudePulseSensor,
    ReadingEntity,
    UsageEntity,
    WindowDescription,
)
from .forecast.projection import Forecast
from .forecast.readings import Reading
from .formatting import whole
from .naming import (
    SESSION_WINDOW,
    WEEKLY_WINDOW,
    WindowSubject,
    subject_of,
)
from .polling.back_off import POLL_ERRORS
from .polling.status import StatusCoordinator, status_coordinator
from .runtime import Runtime, runtime_of

PARALLEL_UPDATES = 0

_UP_TO_DATE = "up_to_date"


def _countdown(reading: Reading) -> str | None:
    """Return the time until the reset, for example `2h 30m`, rounded up to minutes."""
    if reading.window.resets_at is None:
        return None
    seconds = (reading.window.resets_at - reading.now).total_seconds()
    hours, minutes = divmod(max(0, math.ceil(seconds / 60)), 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def _clock(reading: Reading) -> str | None:
    """Return the local time of the reset, for example `03:45 AM`."""
    if reading.window.resets_at is None:
        return None
    local = dt_util.as_local(reading.window.resets_at)
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12:02}:{local.minute:02} {half}"


def _weekday(reading: Reading) -> str | None:
    """Return the local weekday of the reset, for example `Friday`."""
    if reading.window.resets_at is None:
        return None
    return WEEKDAYS[dt_util.as_local(reading.window.resets_at).weekday()]


def _weekday_and_clock(reading: Reading) -> str | None:
    """Return the local weekday and time of the reset, for example `Friday @ 03:45 AM`."""
    weekday, clock = _weekday(reading), _clock(reading)
    return f"{weekday} @ {clock}" if weekday else None


def _expected(forecast: Forecast) -> dict[str, StateType]:
    """Return the typical usage at this time, to compare the usage with."""
    return {"expected": whole(forecast.expected)}


def _range(forecast: Forecast) -> dict[str, StateType]:
    """Return the range and the basis of a projection."""
    return {
        "basis": forecast.basis,
        "weeks": forecast.weeks,
        "low": whole(forecast.low),
        "high": whole(forecast.high),
    }


@dataclass(frozen=True, kw_only=True)
class WindowSensorDescription(WindowDescription, SensorEntityDescription):
    """Describes a sensor of a limit."""


def _forecast_value(
    value_fn: Callable[[Forecast], StateType | datetime],
) -> Callable[[Reading], StateType | datetime]:
    """Turn a function of a forecast into one of a reading, which returns None without a forecast."""
    return lambda reading: value_fn(reading.forecast) if reading.forecast else None


_USAGE = WindowSensorDescription(
    key="usage",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda reading: reading.window.percent,
)
_RESET_TIME = WindowSensorDescription(key="reset_time", value_fn=_clock)
_RESETS_AT = WindowSensorDescription(
    key="resets_at",
    device_class=SensorDeviceClass.TIMESTAMP,
    value_fn=lambda reading: reading.window.resets_at,
)
_FORECAST = (
    WindowSensorDescription(
        key="pace",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_forecast_value(lambda forecast: whole(forecast.pace)),
        attributes_fn=_expected,
    ),
    WindowSensorDescription(
        key="projected_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_forecast_value(lambda forecast: whole(forecast.projected)),
        attributes_fn=_range,
    ),
    WindowSensorDescription(
        key="runs_out_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_forecast_value(lambda forecast: forecast.runs_out_at),
    ),
)
_DAY = (
    WindowSensorDescription(
        key="used_today",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda reading: whole(reading.used_today),
    ),
    WindowSensorDescription(
        key="budget_today",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda reading: whole(reading.budget_today),
    ),
    WindowSensorDescription(
        key="sessions_left",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda reading: reading.sessions_left,
    ),
)
_LIMITS_REACHED = WindowSensorDescription(
    key="limits_reached",
    entity_registry_enabled_default=False,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda reading: reading.limits_reached,
)
# Early in a session, nearly everyone is over pace.
_SESSION_FORECAST = tuple(
    replace(description, entity_registry_enabled_default=False)
    for description in _FORECAST
)

# The first eight of the ten sensors of version 1. Their keys, order, units and states are
# fixed, so that dashboards and automations continue to work.
WINDOW_SENSORS: tuple[tuple[WindowSubject, WindowSensorDescription], ...] = (
    (SESSION_WINDOW, _USAGE),
    (WEEKLY_WINDOW, _USAGE),
    (
        SESSION_WINDOW,
        WindowSensorDescription(key="reset_countdown", value_fn=_countdown),
    ),
    (SESSION_WINDOW, _RESET_TIME),
    (WEEKLY_WINDOW, WindowSensorDescription(key="reset", value_fn=_weekday_and_clock)),
    (WEEKLY_WINDOW, WindowSensorDescription(key="reset_weekday", value_fn=_weekday)),
    (WEEKLY_WINDOW, _RESET_TIME),
    (
        SESSION_WINDOW,
        WindowSensorDescription(
            key="used",
            native_unit_of_measurement=PERCENTAGE,
            value_fn=lambda reading: reading.window.percent,
        ),
    ),
)

# The last two of the ten sensors.
SEAT_SENSORS = (
    SeatSensorDescription(
        key="session_limit",
        native_unit_of_measurement=PERCENTAGE,
        # claude.ai only gives percentages, so the limit is 100.
        value_fn=lambda runtime: 100 if runtime.coordinator.data.session else None,
    ),
    SeatSensorDescription(
        key="plan",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime: runtime.account.plan,
    ),
)

# Further sensors of the session and the week.
FURTHER_SENSORS: tuple[tuple[WindowSubject, WindowSensorDescription], ...] = (
    (SESSION_WINDOW, _RESETS_AT),
    *((SESSION_WINDOW, description) for description in _SESSION_FORECAST),
    (SESSION_WINDOW, _LIMITS_REACHED),
    (WEEKLY_WINDOW, _RESETS_AT),
    *((WEEKLY_WINDOW, description) for description in (*_FORECAST, *_DAY)),
)


CONNECTION = SensorEntityDescription(
    key="connection",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[_UP_TO_DATE, *(error.key for error in POLL_ERRORS), UNEXPECTED_ERROR],
)

SERVICE_STATUS = SensorEntityDescription(
    key="service_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    options=list(STATUSES),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the sensors of an entry."""
    runtime = runtime_of(hass, entry)
    fixed = [
        *(WindowSensor(runtime, *described) for described in WINDOW_SENSORS),
        *(SeatSensor(runtime, description) for description in SEAT_SENSORS),
        *(WindowSensor(runtime, *described) for described in FURTHER_SENSORS),
        ConnectionSensor(runtime),
        ServiceStatusSensor(status_coordinator(hass), runtime),
    ]
    async_add_dynamic_entities(runtime, async_add_entities, fixed, _dynamic_sensors)
    async_enable_spend_limit(runtime)


def _dynamic_sensors(runtime: Runtime) -> Factories:
    """Return the sensors that only some accounts have."""
    factories = account_sensors(runtime)
    for window in map(subject_of, runtime.coordinator.data.windows):
        for item in (_USAGE, _RESETS_AT, *_FORECAST):
            factories[window, item.key] = partial(WindowSensor, runtime, window, item)
    return factories


class WindowSensor(ReadingEntity, ClaudePulseSensor):
    """A sensor of a limit."""

    entity_description: WindowSensorDescription


class ConnectionSensor(UsageEntity, ClaudePulseSensor):
    """Shows the last failure, even while the last values are kept."""

    _unrecorded_attributes = frozenset({"last_update"})
    entity_description = CONNECTION

    def __init__(self, runtime: Runtime) -> None:
        """Initialize the sensor."""
        super().__init__(runtime, CONNECTION.key)

    @property
    def available(self) -> bool:
        """Return True, as the state is always known."""
        return True

    @property
    def value(self) -> str:
        """Return the key of the last failure, if polls fail."""
        return self.runtime.failure_key or _UP_TO_DATE

    @property
    def extra_state_attributes(self) -> dict[str, datetime | None]:
        """Return the time of the last success while polls fail."""
        if self.value == _UP_TO_DATE:
            return {}
        return {"last_update": self.runtime.back_off.last_success}


class ServiceStatusSensor(ClaudePulseSensor):
    """A sensor of the public status page, which is polled while the sensor is enabled."""

    coordinator: StatusCoordinator
    entity_description = SERVICE_STATUS

    def __init__(self, coordinator: StatusCoordinator, runtime: Runtime) -> None:
        """Initialize the sensor."""
        super().__init__(coordinator, runtime, SERVICE_STATUS.key)

    @property
    def value(self) -> str | None:
        """Return the status."""
        return self.coordinator.data
