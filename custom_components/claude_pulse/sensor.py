"""The ten sensors of a seat, and those of whatever else it has."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
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
from .claude_ai.usage import Money
from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator, Snapshot
from .entity import (
    ClaudePulseEntity,
    SeatEntity,
    Wanted,
    WindowEntity,
    async_keep_up,
)
from .naming import SESSION_WINDOW, WEEKLY_WINDOW, Subject, WindowSubject
from .reading import Reading
from .status import StatusCoordinator, status_coordinator

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback
    from homeassistant.helpers.typing import StateType

PARALLEL_UPDATES = 0

# Not left to strftime, which would follow the locale of the process.
_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)

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
    return _WEEKDAYS[dt_util.as_local(reading.window.resets_at).weekday()]


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


@dataclass(frozen=True, kw_only=True)
class WindowSensorDescription(SensorEntityDescription):
    """A sensor of a window, and how its value follows from a reading."""

    value_fn: Callable[[Reading], StateType | datetime]


@dataclass(frozen=True, kw_only=True)
class MoneySensorDescription(SensorEntityDescription):
    """A sensor of money, and how to find its amount: of a pool, by its label.

    What `begins_anew` falls at times without being paid back.
    """

    amount_fn: Callable[[Snapshot, str], Money | None]
    begins_anew: bool = False


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
        key="pace", native_unit_of_measurement=PERCENTAGE, value_fn=_pace
    ),
    WindowSensorDescription(
        key="projected_usage",
        native_unit_of_measurement=PERCENTAGE,
        value_fn=_projected,
    ),
    WindowSensorDescription(
        key="runs_out_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_runs_out_at,
    ),
)
# Early in five hours everyone is ahead.
_SESSION_FORECAST = tuple(
    WindowSensorDescription(
        key=description.key,
        device_class=description.device_class,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=description.native_unit_of_measurement,
        value_fn=description.value_fn,
    )
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


def _pool_amounts(snapshot: Snapshot, label: str) -> tuple[Money | None, Money | None]:
    """Return what is spent of a pool, and its limit."""
    for pool in snapshot.usage.pools:
        if pool.label == label:
            return pool.spent, pool.limit
    return None, None


_SPEND = (
    MoneySensorDescription(
        key="extra_usage_spent",
        amount_fn=lambda snapshot, _: (
            snapshot.usage.spend.spent if snapshot.usage.spend else None
        ),
        begins_anew=True,
        state_class=SensorStateClass.TOTAL,
    ),
    MoneySensorDescription(
        key="extra_usage_limit",
        amount_fn=lambda snapshot, _: (
            snapshot.usage.spend.limit if snapshot.usage.spend else None
        ),
    ),
)
_BALANCE = MoneySensorDescription(
    key="prepaid_balance",
    amount_fn=lambda snapshot, _: snapshot.balance,
    state_class=SensorStateClass.TOTAL,
)
_POOL = (
    MoneySensorDescription(
        key="used", amount_fn=lambda snapshot, label: _pool_amounts(snapshot, label)[0]
    ),
    MoneySensorDescription(
        key="limit", amount_fn=lambda snapshot, label: _pool_amounts(snapshot, label)[1]
    ),
)

CONNECTION = SensorEntityDescription(
    key="connection",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[
        _UP_TO_DATE,
        "blocked",
        "cannot_connect",
        "forbidden",
        "invalid_auth",
        "invalid_org_id",
        "org_not_found",
        "rate_limited",
        "region_blocked",
    ],
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
    seat: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    async_add_entities(
        [
            *(WindowSensor(seat, *described) for described in WINDOW_SENSORS),
            *(SeatSensor(seat, description) for description in SEAT_SENSORS),
            *(WindowSensor(seat, *described) for described in FURTHER_SENSORS),
            ConnectionSensor(seat),
            ServiceStatusSensor(status_coordinator(hass), seat),
        ]
    )
    async_keep_up(seat, async_add_entities, _find)


def _find(seat: ClaudePulseCoordinator) -> Wanted:
    """Return the sensors of what only some accounts have."""
    snapshot = seat.data
    wanted: dict[Hashable, Callable[[], SensorEntity]] = {}
    for window in snapshot.usage.windows:
        subject = seat.names.of_window(window)
        for described in (_USAGE, _RESETS_AT, *_FORECAST):
            wanted[subject, described.key] = partial(
                WindowSensor, seat, subject, described
            )
    if snapshot.usage.spend:
        wanted[_EXTRA_USAGE.key] = partial(SeatSensor, seat, _EXTRA_USAGE)
    money: list[tuple[MoneySensorDescription, Subject | None, str, Money]] = []
    if spend := snapshot.usage.spend:
        money += [(description, None, "", spend.spent) for description in _SPEND]
    if balance := snapshot.balance:
        money.append((_BALANCE, None, "", balance))
    for pool in snapshot.usage.pools:
        named = seat.names.of_pool(pool)
        money += [(description, named, pool.label, pool.limit) for description in _POOL]
    for description, about, label, unit in money:
        # Another currency makes another sensor of it.
        wanted[about, description.key, unit.currency, unit.decimals] = partial(
            MoneySensor, seat, description, unit, about, label
        )
    return wanted


class WindowSensor(WindowEntity, SensorEntity):
    """A sensor of a window."""

    _platform = Platform.SENSOR
    entity_description: WindowSensorDescription

    def __init__(
        self,
        seat: ClaudePulseCoordinator,
        window: WindowSubject,
        description: WindowSensorDescription,
    ) -> None:
        """Initialize a sensor from its description."""
        self.entity_description = description
        super().__init__(seat, window, description.key)

    @property
    def read(self) -> StateType | datetime:
        """Return the value that follows from the last poll and the clock."""
        reading = self.reading
        return self.entity_description.value_fn(reading) if reading else None

    @property
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.read


class SeatSensor(SeatEntity, SensorEntity):
    """A sensor of a seat as a whole."""

    _platform = Platform.SENSOR
    entity_description: SeatSensorDescription

    def __init__(
        self, seat: ClaudePulseCoordinator, description: SeatSensorDescription
    ) -> None:
        """Initialize a sensor from its description."""
        self.entity_description = description
        super().__init__(seat, description.key)

    @property
    def read(self) -> StateType:
        """Return the value that follows from the last poll."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    def native_value(self) -> StateType:
        """Return the value."""
        return self.read


class MoneySensor(SeatEntity, RestoreSensor):
    """An amount of money, in the currency and with the decimals it comes in."""

    _platform = Platform.SENSOR
    entity_description: MoneySensorDescription

    def __init__(
        self,
        seat: ClaudePulseCoordinator,
        description: MoneySensorDescription,
        unit: Money,
        about: Subject | None,
        label: str,
    ) -> None:
        """Initialize a sensor from its description, and what it is about if it is a pool."""
        self.entity_description = description
        self._before: float | None = None
        self._label = label
        self._attr_device_class = SensorDeviceClass.MONETARY if unit.currency else None
        self._attr_entity_registry_enabled_default = False
        self._attr_native_unit_of_measurement = unit.currency
        self._attr_suggested_display_precision = unit.decimals
        if about is None:
            super().__init__(seat, description.key)
        else:
            super().__init__(
                seat,
                f"{about.key}_{description.key}",
                texts=f"{about.texts}_{description.key}",
                placeholders=about.placeholders,
            )

    async def async_added_to_hass(self) -> None:
        """Remember what was shown last, if it is to be compared with."""
        await super().async_added_to_hass()
        if not self.entity_description.begins_anew:
            return
        last, data = (
            await self.async_get_last_state(),
            await self.async_get_last_sensor_data(),
        )
        if last and (began := last.attributes.get("last_reset")):
            self._attr_last_reset = dt_util.parse_datetime(began)
        if (
            data
            and isinstance(data.native_value, (int, float))
            and data.native_unit_of_measurement == self.native_unit_of_measurement
        ):
            self._before = data.native_value
        self._note_new_beginning()

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write what has changed."""
        self._note_new_beginning()
        super()._handle_coordinator_update()

    def _note_new_beginning(self) -> None:
        """Note when spending falls: it begins anew, with each month."""
        if not self.entity_description.begins_anew or (amount := self.read) is None:
            return
        # A little less is money back.
        if self._before is not None and amount < self._before * 0.9:
            self._attr_last_reset = dt_util.utcnow()
        self._before = amount

    @property
    def read(self) -> float | None:
        """Return the amount, if there is one now."""
        money = self.entity_description.amount_fn(self.coordinator.data, self._label)
        return money.amount if money else None

    @property
    def native_value(self) -> float | None:
        """Return the amount."""
        return self.read


class ConnectionSensor(SeatEntity, SensorEntity):
    """What keeps claude.ai from being read, also while the last values are kept."""

    _platform = Platform.SENSOR
    _unrecorded_attributes = frozenset({"last_update"})
    entity_description = CONNECTION

    def __init__(self, seat: ClaudePulseCoordinator) -> None:
        """Initialize the sensor."""
        super().__init__(seat, CONNECTION.key)

    @property
    def available(self) -> bool:
        """Return that it always has something to say."""
        return True

    @property
    def read(self) -> str:
        """Return what is wrong, if anything is."""
        return self.coordinator.connection or _UP_TO_DATE

    @property
    def native_value(self) -> str:
        """Return what is wrong, if anything is."""
        return self.read

    @property
    def extra_state_attributes(self) -> dict[str, datetime | None]:
        """Return since when the values are what they are, while something is wrong."""
        wrong = self.coordinator.connection is not None
        return {"last_update": self.coordinator.last_success} if wrong else {}


class ServiceStatusSensor(ClaudePulseEntity[StatusCoordinator], SensorEntity):
    """What the public status page says, which is asked only while this is enabled."""

    _platform = Platform.SENSOR
    entity_description = SERVICE_STATUS

    def __init__(
        self, coordinator: StatusCoordinator, seat: ClaudePulseCoordinator
    ) -> None:
        """Initialize the sensor."""
        super().__init__(coordinator, seat, SERVICE_STATUS.key)

    @property
    def read(self) -> str | None:
        """Return what the page says."""
        return self.coordinator.data

    @property
    def native_value(self) -> str | None:
        """Return what the page says."""
        return self.read
