"""The ten sensors of a seat, and those of its windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
import math
from typing import TYPE_CHECKING, Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util, slugify

from .claude_ai.pace import pace_of
from .claude_ai.status import STATUSES
from .claude_ai.usage import SESSION, WEEKLY, CreditPool, Money, UsageWindow
from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator, Snapshot, StatusCoordinator
from .entity import (
    EVERY_FIVE_MINUTES,
    EVERY_MINUTE,
    ClaudePulseEntity,
    ClaudePulseEntityDescription,
    WindowNames,
    async_add_when_found,
    names_of,
)

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


def _percent(window: UsageWindow | None) -> int | float | None:
    """Return the share of a window that is used."""
    return window.percent if window else None


def _countdown(window: UsageWindow | None) -> str | None:
    """Return the time until a reset, such as `2h 30m`; a minute begun counts."""
    if window is None or window.resets_at is None:
        return None
    seconds = (window.resets_at - dt_util.utcnow()).total_seconds()
    hours, minutes = divmod(max(0, math.ceil(seconds / 60)), 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def _clock(window: UsageWindow | None) -> str | None:
    """Return the local time of a reset, such as `03:45 AM`."""
    if window is None or window.resets_at is None:
        return None
    local = dt_util.as_local(window.resets_at)
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12:02}:{local.minute:02} {half}"


def _weekday(window: UsageWindow | None) -> str | None:
    """Return the local day of a reset, such as `Friday`."""
    if window is None or window.resets_at is None:
        return None
    return _WEEKDAYS[dt_util.as_local(window.resets_at).weekday()]


def _weekday_and_clock(window: UsageWindow | None) -> str | None:
    """Return the local day and time of a reset, such as `Friday @ 03:45 AM`."""
    weekday, clock = _weekday(window), _clock(window)
    return f"{weekday} @ {clock}" if weekday else None


@dataclass(frozen=True, kw_only=True)
class ClaudePulseSensorDescription(
    ClaudePulseEntityDescription, SensorEntityDescription
):
    """A sensor, and how its value follows from what is known of the seat."""

    value_fn: Callable[[Any], StateType | datetime]


SENSORS: tuple[ClaudePulseSensorDescription, ...] = (
    ClaudePulseSensorDescription(
        key="session_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: _percent(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="weekly_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: _percent(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="session_reset_countdown",
        minutes=EVERY_MINUTE,
        value_fn=lambda snapshot: _countdown(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="session_reset_time",
        value_fn=lambda snapshot: _clock(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset",
        value_fn=lambda snapshot: _weekday_and_clock(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset_weekday",
        value_fn=lambda snapshot: _weekday(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset_time",
        value_fn=lambda snapshot: _clock(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="session_used",
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda snapshot: _percent(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="session_limit",
        native_unit_of_measurement=PERCENTAGE,
        # claude.ai counts in percent: where there is a limit, it is all of it.
        value_fn=lambda snapshot: 100 if snapshot.usage.session else None,
    ),
    ClaudePulseSensorDescription(
        key="plan",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.plan,
    ),
)


def _pace(window: UsageWindow) -> int | None:
    """Return how far use is ahead of time, in whole percentage points."""
    pace = pace_of(window, dt_util.utcnow())
    return round(pace.pace) if pace else None


def _projected(window: UsageWindow) -> int | None:
    """Return what will be used at the reset, in whole percent."""
    pace = pace_of(window, dt_util.utcnow())
    return round(pace.projected) if pace else None


def _runs_out_at(window: UsageWindow) -> datetime | None:
    """Return when a window that does not last is used up, to five minutes."""
    pace = pace_of(window, dt_util.utcnow())
    if pace is None or pace.lasts or pace.runs_out_at is None:
        return None
    return dt_util.utc_from_timestamp(round(pace.runs_out_at.timestamp() / 300) * 300)


@dataclass(frozen=True, kw_only=True)
class WindowSensorDescription(SensorEntityDescription):
    """A sensor that any window can have."""

    minutes: str | None = None
    value_fn: Callable[[UsageWindow], StateType | datetime]


_USAGE = WindowSensorDescription(
    key="usage",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=_percent,
)
_RESETS_AT = WindowSensorDescription(
    key="resets_at",
    device_class=SensorDeviceClass.TIMESTAMP,
    value_fn=lambda window: window.resets_at,
)
_PACE = (
    WindowSensorDescription(
        key="pace",
        minutes=EVERY_FIVE_MINUTES,
        native_unit_of_measurement=PERCENTAGE,
        value_fn=_pace,
    ),
    WindowSensorDescription(
        key="projected_usage",
        minutes=EVERY_FIVE_MINUTES,
        native_unit_of_measurement=PERCENTAGE,
        value_fn=_projected,
    ),
    WindowSensorDescription(
        key="runs_out_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        minutes=EVERY_FIVE_MINUTES,
        value_fn=_runs_out_at,
    ),
)


def _for_window(
    names: WindowNames, *descriptions: WindowSensorDescription, enabled: bool = True
) -> Iterator[ClaudePulseSensorDescription]:
    """Yield the sensors of one window."""
    for description in descriptions:

        def value(
            snapshot: Snapshot, value_fn: Any = description.value_fn
        ) -> StateType | datetime:
            """Return the value of the window, while the account has it."""
            window = names.window(snapshot)
            return value_fn(window) if window else None

        yield ClaudePulseSensorDescription(
            key=f"{names.key}_{description.key}",
            device_class=description.device_class,
            entity_registry_enabled_default=enabled,
            exists_fn=names.exists,
            minutes=description.minutes,
            native_unit_of_measurement=description.native_unit_of_measurement,
            placeholders=names.placeholders,
            state_class=description.state_class,
            translation_key=f"{names.texts}_{description.key}",
            value_fn=value,
        )


_SESSION = WindowNames(identity=SESSION, key="session", texts="session", fixed=True)
_WEEKLY = WindowNames(identity=WEEKLY, key="weekly", texts="weekly", fixed=True)

WINDOW_SENSORS: tuple[ClaudePulseSensorDescription, ...] = (
    *_for_window(_SESSION, _RESETS_AT),
    # Early in five hours everyone is ahead.
    *_for_window(_SESSION, *_PACE, enabled=False),
    *_for_window(_WEEKLY, _RESETS_AT, *_PACE),
)


def _monetary(
    key: str,
    unit: Money,
    value_fn: Callable[[Snapshot], Money | None],
    **more: Any,
) -> ClaudePulseSensorDescription:
    """Describe an amount of money, in the currency and with the decimals it comes in."""

    def amount(snapshot: Snapshot) -> float | None:
        """Return the amount, if there is one now."""
        money = value_fn(snapshot)
        return money.amount if money else None

    return ClaudePulseSensorDescription(
        key=key,
        device_class=SensorDeviceClass.MONETARY if unit.currency else None,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=unit.currency,
        suggested_display_precision=unit.decimals,
        value_fn=amount,
        **more,
    )


def _extra_usage(snapshot: Snapshot) -> float | None:
    """Return the share of the paid usage's limit that is spent; None if unlimited."""
    spend = snapshot.usage.spend
    return spend.percent if spend and spend.limit else None


def _find_money(snapshot: Snapshot) -> Iterator[ClaudePulseSensorDescription]:
    """Yield the sensors of paid usage, of the balance and of credit pools."""

    def has_spend(snapshot: Snapshot) -> bool:
        """Tell whether there is paid usage."""
        return snapshot.usage.spend is not None

    if spend := snapshot.usage.spend:
        yield ClaudePulseSensorDescription(
            key="extra_usage",
            entity_registry_enabled_default=False,
            exists_fn=has_spend,
            native_unit_of_measurement=PERCENTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            value_fn=_extra_usage,
        )
        yield _monetary(
            "extra_usage_spent",
            spend.used,
            lambda snapshot: getattr(snapshot.usage.spend, "used", None),
            exists_fn=has_spend,
            state_class=SensorStateClass.TOTAL,
        )
        yield _monetary(
            "extra_usage_limit",
            spend.used,
            lambda snapshot: getattr(snapshot.usage.spend, "limit", None),
            exists_fn=has_spend,
        )
    if balance := snapshot.balance:
        yield _monetary(
            "prepaid_balance",
            balance,
            lambda snapshot: snapshot.balance,
            exists_fn=lambda snapshot: snapshot.balance is not None,
            state_class=SensorStateClass.TOTAL,
        )
    for pool in snapshot.usage.pools:
        yield from _for_pool(pool)


def _for_pool(pool: CreditPool) -> Iterator[ClaudePulseSensorDescription]:
    """Yield the sensors of a credit pool, which has only a code name."""

    def now(snapshot: Snapshot) -> CreditPool | None:
        """Return the pool as it is now."""
        pools = (item for item in snapshot.usage.pools if item.label == pool.label)
        return next(pools, None)

    def part(name: str) -> Callable[[Snapshot], Money | None]:
        """Return what reads a member of the pool."""
        return lambda snapshot: getattr(now(snapshot), name, None)

    for name in ("used", "limit"):
        yield _monetary(
            f"{slugify(pool.label)}_{name}",
            pool.limit,
            part(name),
            exists_fn=lambda snapshot: now(snapshot) is not None,
            placeholders={"pool": pool.label.replace("_", " ").capitalize()},
            translation_key=f"pool_{name}",
        )


def _find(snapshot: Snapshot) -> Iterator[ClaudePulseSensorDescription]:
    """Yield all sensors that a seat has now."""
    yield from SENSORS
    yield from WINDOW_SENSORS
    for window in snapshot.usage.windows:
        yield from _for_window(names_of(window), _USAGE, _RESETS_AT, *_PACE)
    yield from _find_money(snapshot)


SERVICE_STATUS = ClaudePulseSensorDescription(
    key="service_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    options=list(STATUSES),
    value_fn=lambda status: status,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the sensors of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    async_add_when_found(coordinator, async_add_entities, ClaudePulseSensor, _find)
    status = StatusCoordinator(hass, entry)
    async_add_entities([ServiceStatusSensor(status, SERVICE_STATUS)])


class ClaudePulseSensor(ClaudePulseEntity, SensorEntity):
    """A sensor of a seat."""

    _platform = Platform.SENSOR
    entity_description: ClaudePulseSensorDescription

    @property
    def native_value(self) -> StateType | datetime:
        """Return the value that follows from the last poll and the clock."""
        return self.entity_description.value_fn(self.coordinator.data)


class ServiceStatusSensor(ClaudePulseSensor):
    """The sensor of the status page, which is asked only while this is enabled."""

    async def async_added_to_hass(self) -> None:
        """Ask for the first time."""
        await super().async_added_to_hass()
        await self.coordinator.async_request_refresh()
