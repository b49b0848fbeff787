"""Sensors that only some accounts have: paid usage, credit pools and saved resets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .claude_ai.money import CreditPool, Money, Spend
from .claude_ai.saved_resets import Grant
from .claude_ai.usage import Usage
from .claude_ai.values import number_of, time_of
from .const import DOMAIN
from .entity import ClaudePulseSensor, SeatDescription, SeatEntity
from .formatting import iso_time
from .naming import Subject, pool_subject
from .runtime import Runtime

_T = TypeVar("_T")

# Returns an object of the last answer, or None if there is none.
FindFn = Callable[[Runtime], _T | None]

# The states of paid usage.
_ACTIVE = "active"
_DISABLED = "disabled"
_LIMIT_REACHED = "limit_reached"
_OUT_OF_CREDITS = "out_of_credits"

# Below this share of the last amount, spending has started again with a new month.
_NEW_MONTH = 0.9


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


def _description(
    key: str,
    find: FindFn[_T],
    value_fn: Callable[[_T], StateType | datetime],
    **details: Any,
) -> SeatSensorDescription:
    """Return the description of a sensor that shows a value of an object.

    `find` returns the object, and the sensor exists while there is one. `value_fn` returns the
    value.
    """
    return SeatSensorDescription(
        key=key,
        entity_registry_enabled_default=False,
        exists_fn=lambda runtime: find(runtime) is not None,
        value_fn=lambda runtime: (
            None if (found := find(runtime)) is None else value_fn(found)
        ),
        **details,
    )


def _amount_description(
    key: str,
    find: FindFn[_T],
    money_fn: Callable[[_T], Money | None],
    **details: Any,
) -> AmountSensorDescription:
    """Return the description of an amount in the object that `find` returns."""

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


def _spend(runtime: Runtime) -> Spend | None:
    """Return the paid usage of the last answer."""
    return runtime.coordinator.data.spend


def _spend_status(spend: Spend) -> str:
    """Return whether paid usage can be used, or why not."""
    if spend.disabled_reason == _OUT_OF_CREDITS:
        return _OUT_OF_CREDITS
    if spend.is_used_up:
        return _LIMIT_REACHED
    return _ACTIVE if spend.enabled else _DISABLED


SPEND_STATUS = _description(
    "extra_usage_status",
    _spend,
    _spend_status,
    device_class=SensorDeviceClass.ENUM,
    options=[_ACTIVE, _LIMIT_REACHED, _OUT_OF_CREDITS, _DISABLED],
)
_SPEND = (
    _description(
        "extra_usage",
        _spend,
        lambda spend: spend.percent if spend.limit else None,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _amount_description(
        "extra_usage_spent",
        _spend,
        lambda spend: spend.spent,
        starts_again=True,
        state_class=SensorStateClass.TOTAL,
    ),
    _amount_description("extra_usage_limit", _spend, lambda spend: spend.limit),
    SPEND_STATUS,
)
# A seat that is billed by usage has no other limit than these.
_SPEND_LIMIT = tuple(
    replace(description, entity_registry_enabled_default=True) for description in _SPEND
)
_BALANCE = _amount_description(
    "prepaid_balance",
    lambda runtime: runtime.account.balance,
    lambda balance: balance,
    state_class=SensorStateClass.TOTAL,
)


def _grants(runtime: Runtime) -> list[Grant] | None:
    """Return the grants with saved resets left, or None if they are unknown."""
    saved_resets = runtime.coordinator.data.saved_resets
    if saved_resets is None or not saved_resets.is_eligible:
        return None
    return saved_resets.valid(dt_util.utcnow())


def _grants_attribute(runtime: Runtime) -> dict[str, Any]:
    """Return the grants as an attribute."""
    return {
        "grants": [
            {
                "label": grant.label,
                "left": grant.left,
                "clears": list(grant.clears),
                "expires_at": iso_time(grant.ends_at),
            }
            for grant in _grants(runtime) or ()
        ]
    }


def _saved_resets_left(runtime: Runtime) -> int | None:
    """Return the number of saved resets left, or None if it is unknown."""
    grants = _grants(runtime)
    return None if grants is None else sum(grant.left for grant in grants)


def _next_expiry(runtime: Runtime) -> datetime | None:
    """Return when the next saved reset expires, or None."""
    grants = _grants(runtime)
    return grants[0].ends_at if grants else None


_SAVED_RESETS = (
    SeatSensorDescription(
        key="saved_resets",
        attributes_fn=_grants_attribute,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_saved_resets_left,
    ),
    SeatSensorDescription(
        key="saved_reset_expires_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_next_expiry,
    ),
)


def _find_pool(runtime: Runtime, label: str) -> CreditPool | None:
    """Return a credit pool of the last answer, unless it has expired."""
    for pool in runtime.coordinator.data.pools:
        if pool.label == label:
            is_over = pool.expires_at and pool.expires_at <= dt_util.utcnow()
            return None if is_over else pool
    return None


def _pool_descriptions(pool: CreditPool) -> list[SeatSensorDescription]:
    """Return the descriptions of the values that a credit pool has."""

    def find(runtime: Runtime) -> CreditPool | None:
        """Return the pool in the last answer."""
        return _find_pool(runtime, pool.label)

    amounts: dict[str, Callable[[CreditPool], Money | None]] = {
        "used": lambda item: item.spent,
        "remaining": lambda item: item.remaining,
        "limit": lambda item: item.limit,
    }
    descriptions: list[SeatSensorDescription] = [
        _amount_description(key, find, money_fn)
        for key, money_fn in amounts.items()
        if money_fn(pool) is not None
    ]
    if pool.expires_at is not None:
        descriptions.append(
            _description(
                "expires_at",
                find,
                lambda item: item.expires_at,
                device_class=SensorDeviceClass.TIMESTAMP,
            )
        )
    return descriptions


def account_sensors(
    runtime: Runtime,
) -> dict[tuple[Subject | None, str], Callable[[], Entity]]:
    """Return the functions that create the sensors, by subject and key."""
    usage = runtime.coordinator.data
    sensors: list[tuple[Subject | None, SeatSensorDescription]] = []
    if usage.spend:
        spend = _SPEND_LIMIT if usage.spend_limit else _SPEND
        sensors += [(None, description) for description in spend]
    if runtime.account.balance:
        sensors.append((None, _BALANCE))
    if usage.saved_resets and usage.saved_resets.is_eligible:
        sensors += [(None, description) for description in _SAVED_RESETS]
    for pool in usage.pools:
        if _find_pool(runtime, pool.label):
            subject = pool_subject(pool)
            sensors += [(subject, item) for item in _pool_descriptions(pool)]
    return {
        (subject, description.key): partial(AmountSensor, runtime, description, subject)
        if isinstance(description, AmountSensorDescription)
        else partial(SeatSensor, runtime, description, subject)
        for subject, description in sensors
    }


@callback
def async_enable_spend_limit(runtime: Runtime) -> None:
    """Enable the sensors of paid usage when the account turns out to have no other limit.

    That takes two answers. Sensors that the user has disabled stay disabled.
    """
    registry = er.async_get(runtime.hass)
    entry_id = runtime.entry.entry_id
    first: Usage | None = None

    @callback
    def enable() -> None:
        """Enable the sensors with the second answer."""
        nonlocal first
        usage = runtime.coordinator.data
        if usage.spend_limit is None or first is None:
            first = usage if usage.spend_limit else None
            return
        if usage is first:
            return
        for description in _SPEND_LIMIT:
            entity_id = registry.async_get_entity_id(
                Platform.SENSOR, DOMAIN, f"{entry_id}_{description.key}"
            )
            entity = registry.async_get(entity_id) if entity_id else None
            if entity and entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
                registry.async_update_entity(entity.entity_id, disabled_by=None)

    enable()
    runtime.async_on_stop(runtime.coordinator.async_add_listener(enable))


class SeatSensor(SeatEntity, ClaudePulseSensor):
    """A sensor of the account as a whole."""

    _unrecorded_attributes = frozenset({"grants"})

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
