"""The ten sensors of a seat, and those of whatever else it has."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
import math
from typing import TYPE_CHECKING

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .claude_ai.status import STATUSES
from .claude_ai.usage import CreditPool, Money
from .const import DOMAIN, WEEKDAYS
from .dynamic_entities import Wanted, async_keep_up
from .entity import Beside, ClaudePulseEntity, SeatEntity, WindowEntity
from .forecast.projection import Forecast
from .forecast.readings import Reading, whole
from .naming import (
    SESSION_WINDOW,
    WEEKLY_WINDOW,
    Subject,
    WindowSubject,
    name_pool,
    name_window,
)
from .polling.back_off import POLL_ERRORS
from .polling.coordinator import ClaudePulseCoordinator, Snapshot
from .polling.status import StatusCoordinator, status_coordinator
from .stored import read_number, read_time

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback
    from homeassistant.helpers.typing import StateType

PARALLEL_UPDATES = 0

_UP_TO_DATE = "up_to_date"


def _percent(reading: Reading) -> int | float:
    """Return the share of a window that is used."""
    return reading.window.percent


def _countdown(reading: Reading) -> str | None:
    """Return the time until a reset, such as `2h 30m`; a minute begun counts."""
    if reading.window.resets_at is None:
        return None
    seconds = (reading.window.resets_at - reading.now).total_seconds()
    hours, minutes = divmod(max(0, math.ceil(seconds / 60)), 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def _clock(reading: Reading) -> str | None:
    """Return the local time of a reset, such as `03:45 AM`."""
    if reading.window.resets_at is None:
        return None
    local = dt_util.as_local(reading.window.resets_at)
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12:02}:{local.minute:02} {half}"


def _weekday(reading: Reading) -> str | None:
    """Return the local day of a reset, such as `Friday`."""
    if reading.window.resets_at is None:
        return None
    return WEEKDAYS[dt_util.as_local(reading.window.resets_at).weekday()]


def _weekday_and_clock(reading: Reading) -> str | None:
    """Return the local day and time of a reset, such as `Friday @ 03:45 AM`."""
    weekday, clock = _weekday(reading), _clock(reading)
    return f"{weekday} @ {clock}" if weekday else None


def _pace(reading: Reading) -> int | None:
    """Return how far use is ahead of time, in percentage points."""
    if reading.forecast is None or reading.forecast.pace is None:
        return None
    return round(reading.forecast.pace)


def _projected(reading: Reading) -> int | None:
    """Return what will be used at the reset, in percent."""
    return round(reading.forecast.projected) if reading.forecast else None


def _runs_out_at(reading: Reading) -> datetime | None:
    """Return when a window that does not last is used up."""
    return reading.forecast.runs_out_at if reading.forecast else None


def _expected(forecast: Forecast) -> dict[str, StateType]:
    """Return what a pace can be compared with."""
    return {"expected": whole(forecast.expected)}


def _range(forecast: Forecast) -> dict[str, StateType]:
    """Return how sure a projection is, and where it comes from."""
    return {
        "basis": forecast.basis,
        "weeks": forecast.weeks,
        "low": whole(forecast.low),
        "high": whole(forecast.high),
    }


@dataclass(frozen=True, kw_only=True)
class WindowSensorDescription(SensorEntityDescription):
    """A sensor of a window, and how its value follows from a reading.

    What `beside_fn` tells stays as it is while the value does.
    """

    value_fn: Callable[[Reading], StateType | datetime]
    beside_fn: Beside | None = None


@dataclass(frozen=True, kw_only=True)
class MoneySensorDescription(SensorEntityDescription):
    """A sensor of money; what `begins_anew` falls at times without being paid back."""

    amount_fn: Callable[[Snapshot], Money | None]
    begins_anew: bool = False


@dataclass(frozen=True, kw_only=True)
class PoolSensorDescription(SensorEntityDescription):
    """A sensor of a credit pool."""

    amount_fn: Callable[[CreditPool], Money | None]


@dataclass(frozen=True, kw_only=True)
class SeatSensorDescription(SensorEntityDescription):
    """A sensor of a seat as a whole."""

    value_fn: Callable[[Snapshot], StateType]


_USAGE = WindowSensorDescription(
    key="usage",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=_percent,
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
        value_fn=_pace,
        beside_fn=_expected,
    ),
    WindowSensorDescription(
        key="projected_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_projected,
        beside_fn=_range,
    ),
    WindowSensorDescription(
        key="runs_out_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_runs_out_at,
    ),
)
# Early in five hours everyone is ahead.
_SESSION_FORECAST = tuple(
    replace(description, entity_registry_enabled_default=False)
    for description in _FORECAST
)

# The first eight of the ten, in their order.
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
            key="used", native_unit_of_measurement=PERCENTAGE, value_fn=_percent
        ),
    ),
)

# The last two of the ten.
SEAT_SENSORS = (
    SeatSensorDescription(
        key="session_limit",
        native_unit_of_measurement=PERCENTAGE,
        # claude.ai counts in percent: where there is a limit, it is all of it.
        value_fn=lambda snapshot: 100 if snapshot.usage.session else None,
    ),
    SeatSensorDescription(
        key="plan",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.plan,
    ),
)

# What else every account has of its session and its week.
FURTHER_SENSORS: tuple[tuple[WindowSubject, WindowSensorDescription], ...] = (
    (SESSION_WINDOW, _RESETS_AT),
    *((SESSION_WINDOW, description) for description in _SESSION_FORECAST),
    (WEEKLY_WINDOW, _RESETS_AT),
    *((WEEKLY_WINDOW, description) for description in _FORECAST),
)

_EXTRA_USAGE = SeatSensorDescription(
    key="extra_usage",
    entity_registry_enabled_default=False,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda snapshot: (
        snapshot.usage.spend.percent
        if snapshot.usage.spend and snapshot.usage.spend.limit
        else None
    ),
)


_SPEND = (
    MoneySensorDescription(
        key="extra_usage_spent",
        amount_fn=lambda snapshot: (
            snapshot.usage.spend.spent if snapshot.usage.spend else None
        ),
        begins_anew=True,
        state_class=SensorStateClass.TOTAL,
    ),
    MoneySensorDescription(
        key="extra_usage_limit",
        amount_fn=lambda snapshot: (
            snapshot.usage.spend.limit if snapshot.usage.spend else None
        ),
    ),
)
_BALANCE = MoneySensorDescription(
    key="prepaid_balance",
    amount_fn=lambda snapshot: snapshot.balance,
    state_class=SensorStateClass.TOTAL,
)
_POOL = (
    PoolSensorDescription(key="used", amount_fn=lambda pool: pool.spent),
    PoolSensorDescription(key="limit", amount_fn=lambda pool: pool.limit),
)

CONNECTION = SensorEntityDescription(
    key="connection",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[_UP_TO_DATE, *(error.key for error in POLL_ERRORS)],
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
    """Set up the sensors of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    fixed = [
        *(WindowSensor(coordinator, *described) for described in WINDOW_SENSORS),
        *(SeatSensor(coordinator, description) for description in SEAT_SENSORS),
        *(WindowSensor(coordinator, *described) for described in FURTHER_SENSORS),
        ConnectionSensor(coordinator),
        ServiceStatusSensor(status_coordinator(hass), coordinator),
    ]
    async_keep_up(coordinator, async_add_entities, fixed, _find)


def _find(coordinator: ClaudePulseCoordinator) -> Wanted:
    """Return the sensors of what only some accounts have; of money one in each currency."""
    usage, balance = coordinator.data.usage, coordinator.data.balance
    wanted: dict[Hashable, Callable[[], SensorEntity]] = {}
    for window in usage.windows:
        about = name_window(window)
        for item in (_USAGE, _RESETS_AT, *_FORECAST):
            wanted[about, item.key] = partial(WindowSensor, coordinator, about, item)
    if spend := usage.spend:
        wanted[_EXTRA_USAGE.key] = partial(SeatSensor, coordinator, _EXTRA_USAGE)
        for money in _SPEND:
            unit = money.amount_fn(coordinator.data) or spend.spent
            wanted[money.key, *unit.unit] = partial(
                MoneySensor, coordinator, money, unit
            )
    if balance:
        wanted[_BALANCE.key, *balance.unit] = partial(
            MoneySensor, coordinator, _BALANCE, balance
        )
    for pool in usage.pools:
        named = name_pool(pool)
        for part in _POOL:
            wanted[named, part.key] = partial(
                PoolSensor, coordinator, part, named, pool
            )
    return wanted


class ClaudePulseSensor(SensorEntity):
    """What all sensors have in common."""

    _platform = Platform.SENSOR

    @property
    def value(self) -> object:
        """Return what the state is made of."""
        return self.native_value


class WindowSensor(ClaudePulseSensor, WindowEntity):
    """A sensor of a window."""

    entity_description: WindowSensorDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        window: WindowSubject,
        description: WindowSensorDescription,
    ) -> None:
        """Initialize a sensor from its description."""
        super().__init__(coordinator, window, description.key, description.beside_fn)
        self.entity_description = description

    @property
    def native_value(self) -> StateType | datetime:
        """Return the value that follows from the last poll and the clock."""
        reading = self.reading
        return self.entity_description.value_fn(reading) if reading else None


class SeatSensor(ClaudePulseSensor, SeatEntity):
    """A sensor of a seat as a whole."""

    entity_description: SeatSensorDescription

    def __init__(
        self, coordinator: ClaudePulseCoordinator, description: SeatSensorDescription
    ) -> None:
        """Initialize a sensor from its description."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def native_value(self) -> StateType:
        """Return the value that follows from the last poll."""
        return self.entity_description.value_fn(self.coordinator.data)


class _Amount(ClaudePulseSensor, SeatEntity):
    """An amount of money, in the currency and with the decimals it comes in."""

    _attr_entity_registry_enabled_default = False

    _unit: tuple[str | None, int]

    def _amount(self, money: Money | None) -> float | None:
        """Return an amount, if it is one of this currency."""
        return money.amount if money and money.unit == self._unit else None

    def _show_in(self, unit: Money) -> None:
        """Take over the currency of an amount."""
        self._unit = unit.unit
        self._attr_device_class = SensorDeviceClass.MONETARY if unit.currency else None
        self._attr_native_unit_of_measurement = unit.currency
        self._attr_suggested_display_precision = unit.decimals


class MoneySensor(_Amount, RestoreSensor):
    """An amount of the seat's money."""

    entity_description: MoneySensorDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        description: MoneySensorDescription,
        unit: Money,
    ) -> None:
        """Initialize a sensor from its description."""
        super().__init__(coordinator, description.key)
        self.entity_description = description
        self._before: float | None = None
        self._show_in(unit)

    async def async_added_to_hass(self) -> None:
        """Remember what was shown last, if it is to be compared with."""
        await super().async_added_to_hass()
        if not self.entity_description.begins_anew:
            return
        last = await self.async_get_last_state()
        if last:
            self._attr_last_reset = read_time(last.attributes.get("last_reset"))
        extra = await self.async_get_last_extra_data()
        stored = extra.as_dict() if extra else None
        if (
            isinstance(stored, dict)
            and stored.get("native_unit_of_measurement")
            == self.native_unit_of_measurement
        ):
            self._before = read_number(stored.get("native_value"))
        self._note_new_beginning()

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write what has changed."""
        self._note_new_beginning()
        super()._handle_coordinator_update()

    def _note_new_beginning(self) -> None:
        """Note when spending falls: it begins anew, with each month."""
        amount = self.native_value
        if not self.entity_description.begins_anew or amount is None:
            return
        # A little less is money back.
        if self._before is not None and amount < self._before * 0.9:
            self._attr_last_reset = dt_util.utcnow()
        self._before = amount

    @property
    def native_value(self) -> float | None:
        """Return the amount, if there is one now."""
        return self._amount(self.entity_description.amount_fn(self.coordinator.data))


class PoolSensor(_Amount):
    """An amount of a credit pool."""

    entity_description: PoolSensorDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        description: PoolSensorDescription,
        about: Subject,
        pool: CreditPool,
    ) -> None:
        """Initialize a sensor from its description."""
        super().__init__(coordinator, description.key, about)
        self.entity_description = description
        self._label = pool.label
        self._show_in(pool.limit)

    @property
    def native_value(self) -> float | None:
        """Return the amount, if there is one now."""
        for pool in self.coordinator.data.usage.pools:
            if pool.label == self._label:
                return self._amount(self.entity_description.amount_fn(pool))
        return None


class ConnectionSensor(ClaudePulseSensor, SeatEntity):
    """What keeps claude.ai from being read, also while the last values are kept."""

    _unrecorded_attributes = frozenset({"last_update"})
    entity_description = CONNECTION

    def __init__(self, coordinator: ClaudePulseCoordinator) -> None:
        """Initialize the sensor."""
        super().__init__(coordinator, CONNECTION.key)

    @property
    def available(self) -> bool:
        """Return that it always has something to say."""
        return True

    @property
    def native_value(self) -> str:
        """Return what is wrong, if anything is."""
        return self.coordinator.trouble or _UP_TO_DATE

    @property
    def extra_state_attributes(self) -> dict[str, datetime | None]:
        """Return since when the values are what they are, while something is wrong."""
        wrong = self.coordinator.trouble is not None
        return {"last_update": self.coordinator.last_success} if wrong else {}


class ServiceStatusSensor(ClaudePulseSensor, ClaudePulseEntity[StatusCoordinator]):
    """What the public status page says, which is asked only while this is enabled."""

    entity_description = SERVICE_STATUS

    def __init__(
        self, status: StatusCoordinator, coordinator: ClaudePulseCoordinator
    ) -> None:
        """Initialize the sensor."""
        super().__init__(status, coordinator, SERVICE_STATUS.key)

    @property
    def native_value(self) -> str | None:
        """Return what the page says."""
        return self.coordinator.data
