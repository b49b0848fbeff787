"""Sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
import math
from typing import Any, TypeVar

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import PERCENTAGE, EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .claude_ai.money import CreditPool, Money, Spend
from .claude_ai.saved_resets import Grant
from .claude_ai.status import STATUSES
from .claude_ai.values import number_of, time_of
from .const import WEEKDAYS
from .dynamic_entities import Factories, async_add_dynamic_entities
from .entity import (
    ClaudePulseEntity,
    ReadingEntity,
    SeatDescription,
    SeatEntity,
    UsageEntity,
    WindowDescription,
)
from .forecast.projection import Forecast
from .forecast.readings import Reading
from .formatting import iso_time, whole
from .naming import (
    SESSION_WINDOW,
    WEEKLY_WINDOW,
    Subject,
    WindowSubject,
    pool_subject,
    subject_of,
)
from .polling.back_off import POLL_ERRORS
from .polling.status import StatusCoordinator, status_coordinator
from .runtime import Runtime, runtime_of

PARALLEL_UPDATES = 0

_UNEXPECTED_ERROR = "unexpected_error"
_UP_TO_DATE = "up_to_date"

# The states of paid usage.
_ACTIVE = "active"
_DISABLED = "disabled"
_LIMIT_REACHED = "limit_reached"
_OUT_OF_CREDITS = "out_of_credits"

_T = TypeVar("_T")

# Below this share of the last amount, spending has started again with a new month.
_NEW_MONTH = 0.9


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
    """Return the typical usage at this time, to compare the pace with."""
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


@dataclass(frozen=True, kw_only=True)
class SeatSensorDescription(SeatDescription, SensorEntityDescription):
    """Describes a sensor of the account as a whole."""


@dataclass(frozen=True, kw_only=True)
class AmountSensorDescription(SeatSensorDescription):
    """Describes a sensor of an amount of money.

    An amount that `starts_again` falls to zero with each month.
    """

    money_fn: Callable[[Runtime], Money | None]
    starts_again: bool = False


def _amount_description(
    key: str,
    find: Callable[[Runtime], _T | None],
    money_fn: Callable[[_T], Money | None],
    **details: Any,
) -> AmountSensorDescription:
    """Return the description of an amount in what `find` returns."""

    def money_of(runtime: Runtime) -> Money | None:
        """Return the amount, or None without the object."""
        return None if (found := find(runtime)) is None else money_fn(found)

    return AmountSensorDescription(
        key=key,
        entity_registry_enabled_default=False,
        exists_fn=lambda runtime: find(runtime) is not None,
        money_fn=money_of,
        value_fn=lambda runtime: money.amount if (money := money_of(runtime)) else None,
        **details,
    )


def _forecast_value(
    value_fn: Callable[[Forecast], StateType | datetime],
) -> Callable[[Reading], StateType | datetime]:
    """Return a value function of a reading, from one of its forecast."""
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
    (WEEKLY_WINDOW, _RESETS_AT),
    *((WEEKLY_WINDOW, description) for description in _FORECAST),
)


def _spend_status(spend: Spend) -> str:
    """Return whether paid usage can be used, or why not."""
    if spend.disabled_reason == _OUT_OF_CREDITS:
        return _OUT_OF_CREDITS
    if spend.is_used_up:
        return _LIMIT_REACHED
    return _ACTIVE if spend.enabled else _DISABLED


def _spend_description(
    key: str, value_fn: Callable[[Spend], StateType], **details: Any
) -> SeatSensorDescription:
    """Return the description of a value of the paid usage."""
    return SeatSensorDescription(
        key=key,
        entity_registry_enabled_default=False,
        exists_fn=lambda runtime: runtime.coordinator.data.spend is not None,
        value_fn=lambda runtime: (
            value_fn(spend) if (spend := runtime.coordinator.data.spend) else None
        ),
        **details,
    )


_SPEND = (
    _spend_description(
        "extra_usage",
        lambda spend: spend.percent if spend.limit else None,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _spend_description(
        "extra_usage_status",
        _spend_status,
        device_class=SensorDeviceClass.ENUM,
        options=[_ACTIVE, _LIMIT_REACHED, _OUT_OF_CREDITS, _DISABLED],
    ),
)
_SPEND_AMOUNTS = (
    _amount_description(
        "extra_usage_spent",
        lambda runtime: runtime.coordinator.data.spend,
        lambda spend: spend.spent,
        starts_again=True,
        state_class=SensorStateClass.TOTAL,
    ),
    _amount_description(
        "extra_usage_limit",
        lambda runtime: runtime.coordinator.data.spend,
        lambda spend: spend.limit,
    ),
)
_BALANCE = _amount_description(
    "prepaid_balance",
    lambda runtime: runtime.account.balance,
    lambda balance: balance,
    state_class=SensorStateClass.TOTAL,
)


def _valid_grants(runtime: Runtime) -> list[Grant] | None:
    """Return the grants with saved resets left, or None if they are unknown."""
    saved_resets = runtime.coordinator.data.saved_resets
    if saved_resets is None or not saved_resets.is_eligible:
        return None
    return saved_resets.valid(dt_util.utcnow())


def _number_of_saved_resets(runtime: Runtime) -> int | None:
    """Return the number of saved resets left, or None if it is unknown."""
    grants = _valid_grants(runtime)
    return None if grants is None else sum(grant.left for grant in grants)


def _saved_reset_expiry(runtime: Runtime) -> datetime | None:
    """Return when the next saved reset expires, or None."""
    grants = _valid_grants(runtime)
    return grants[0].ends_at if grants else None


def _grants(runtime: Runtime) -> dict[str, Any]:
    """Return the grants as an attribute."""
    return {
        "grants": [
            {
                "label": grant.label,
                "left": grant.left,
                "clears": list(grant.clears),
                "expires_at": iso_time(grant.ends_at),
            }
            for grant in _valid_grants(runtime) or ()
        ]
    }


_SAVED_RESETS = (
    SeatSensorDescription(
        key="saved_resets",
        attributes_fn=_grants,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_number_of_saved_resets,
    ),
    SeatSensorDescription(
        key="saved_reset_expires_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_saved_reset_expiry,
    ),
)

CONNECTION = SensorEntityDescription(
    key="connection",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[_UP_TO_DATE, *(error.key for error in POLL_ERRORS), _UNEXPECTED_ERROR],
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


def _dynamic_sensors(runtime: Runtime) -> Factories:
    """Return the sensors that only some accounts have."""
    usage = runtime.coordinator.data
    factories: dict[tuple[Subject | None, str], Callable[[], SensorEntity]] = {}
    for window in map(subject_of, usage.windows):
        for item in (_USAGE, _RESETS_AT, *_FORECAST):
            factories[window, item.key] = partial(WindowSensor, runtime, window, item)
    sensors: list[tuple[Subject | None, SeatSensorDescription]] = []
    if usage.spend:
        for description in (*_SPEND, *_SPEND_AMOUNTS):
            enabled = usage.spend_limit is not None
            details = {"entity_registry_enabled_default": enabled}
            sensors.append((None, replace(description, **details)))
    if runtime.account.balance:
        sensors.append((None, _BALANCE))
    if usage.saved_resets and usage.saved_resets.is_eligible:
        sensors += [(None, description) for description in _SAVED_RESETS]
    for pool in usage.pools:
        if _pool(runtime, pool.label):
            subject = pool_subject(pool)
            sensors += [(subject, item) for item in _pool_descriptions(pool)]
    for subject, description in sensors:
        is_amount = isinstance(description, AmountSensorDescription)
        factories[subject, description.key] = partial(
            AmountSensor if is_amount else SeatSensor, runtime, description, subject
        )
    return factories


def _pool(runtime: Runtime, label: str) -> CreditPool | None:
    """Return a credit pool of the last answer, unless it has expired."""
    for pool in runtime.coordinator.data.pools:
        if pool.label == label:
            expired = pool.expires_at and pool.expires_at <= dt_util.utcnow()
            return None if expired else pool
    return None


def _pool_descriptions(pool: CreditPool) -> list[SeatSensorDescription]:
    """Return the descriptions of a credit pool, of what claude.ai sends."""

    def find(runtime: Runtime) -> CreditPool | None:
        """Return the pool in the last answer."""
        return _pool(runtime, pool.label)

    descriptions: list[SeatSensorDescription] = [
        _amount_description("limit", find, lambda item: item.limit)
    ]
    if pool.spent:
        descriptions.append(_amount_description("used", find, lambda item: item.spent))
    if pool.remaining:
        descriptions.append(
            _amount_description("remaining", find, lambda item: item.remaining)
        )
    if pool.expires_at:
        descriptions.append(
            SeatSensorDescription(
                key="expires_at",
                device_class=SensorDeviceClass.TIMESTAMP,
                entity_registry_enabled_default=False,
                exists_fn=lambda runtime: find(runtime) is not None,
                value_fn=lambda runtime: (
                    item.expires_at if (item := find(runtime)) else None
                ),
            )
        )
    return descriptions


class ClaudePulseSensor(ClaudePulseEntity[Any], SensorEntity):
    """Base class of the sensors."""

    _platform = Platform.SENSOR

    @property
    def native_value(self) -> StateType | datetime:
        """Return the state."""
        return self.value


class WindowSensor(ReadingEntity, ClaudePulseSensor):
    """A sensor of a limit."""

    entity_description: WindowSensorDescription


class SeatSensor(SeatEntity, ClaudePulseSensor):
    """A sensor of the account as a whole."""

    entity_description: SeatSensorDescription


class AmountSensor(SeatSensor, RestoreSensor):
    """A sensor of an amount of money, in the currency that claude.ai sends."""

    entity_description: AmountSensorDescription

    def __init__(
        self,
        runtime: Runtime,
        description: AmountSensorDescription,
        subject: Subject | None = None,
    ) -> None:
        """Initialize a sensor from its description."""
        super().__init__(runtime, description, subject)
        self._currency: str | None = None
        self._last_amount: float | None = None
        self._update()

    async def async_added_to_hass(self) -> None:
        """Restore the last amount and the start of the month."""
        await super().async_added_to_hass()
        last_state = await self.async_get_last_state()
        extra = await self.async_get_last_extra_data()
        stored = extra.as_dict() if extra else None
        if not self.entity_description.starts_again or not isinstance(stored, dict):
            return
        if last_state:
            self._attr_last_reset = time_of(last_state.attributes.get("last_reset"))
        if stored.get("native_unit_of_measurement") == self.native_unit_of_measurement:
            self._last_amount = number_of(stored.get("native_value"))
        self._update()

    @callback
    def _handle_coordinator_update(self) -> None:
        """Update the currency, and write the state if it has changed."""
        self._update()
        super()._handle_coordinator_update()

    def _update(self) -> None:
        """Update the currency and the start of the month."""
        money = self.entity_description.money_fn(self.runtime)
        if money is None:
            return
        if money.currency != self._currency:
            self._currency, self._last_amount = money.currency, None
            # The same amount in another currency is another state.
            self._written = None
        self._attr_device_class = SensorDeviceClass.MONETARY if money.currency else None
        self._attr_native_unit_of_measurement = money.currency
        self._attr_suggested_display_precision = money.decimals
        if not self.entity_description.starts_again:
            return
        if self._last_amount and money.amount < self._last_amount * _NEW_MONTH:
            self._attr_last_reset = dt_util.utcnow()
        self._last_amount = money.amount


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
        if failure := self.runtime.back_off.failure:
            return failure.key
        success = self.coordinator.last_update_success
        return _UP_TO_DATE if success else _UNEXPECTED_ERROR

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
