"""Automation conditions for usage limits.

Imported only if Home Assistant supports them, see `load_if_supported`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from ..forecast.readings import Reading
from .matching import PERCENTAGE_SCHEMA, readings_of
from .target import target_schema, targeted_entity_ids

if TYPE_CHECKING:
    from homeassistant.helpers.condition import ConditionConfig
    from homeassistant.helpers.typing import ConfigType

_AT_LEAST = "at_least"


class _WindowCondition(Condition):
    """Base class: passes if all targeted limits pass."""

    schema: ClassVar[vol.Schema] = target_schema({})

    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate the target and the options."""
        validated: ConfigType = cls.schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Initialize the condition."""
        super().__init__(hass, config)
        self._home = hass
        self._options = config.options or {}
        self._target = config.target or {}

    def _async_check(self, **_: Any) -> bool:
        """Return whether all targeted limits pass. Return False if a limit is unknown."""
        entity_ids = targeted_entity_ids(self._home, self._target)
        readings = readings_of(self._home, entity_ids)
        return bool(readings) and all(
            reading is not None and self._holds(reading) for reading in readings
        )

    async def async_get_checker(self) -> Callable[..., bool]:
        """Return the check. Home Assistant before 2026.6 calls this."""
        return lambda *_, **__: self._async_check()

    @abstractmethod
    def _holds(self, reading: Reading) -> bool:
        """Return whether one limit passes."""


class HasLeft(_WindowCondition):
    """Checks that enough of the limit is left."""

    schema = target_schema({vol.Required(_AT_LEAST): PERCENTAGE_SCHEMA})

    def _holds(self, reading: Reading) -> bool:
        """Return whether at least the chosen percentage is left."""
        return bool(100 - reading.window.percent >= self._options[_AT_LEAST])


class WillLast(_WindowCondition):
    """Checks that the limit lasts until its reset."""

    def _holds(self, reading: Reading) -> bool:
        """Return whether the forecast says that it lasts."""
        return reading.forecast is not None and reading.forecast.lasts


CONDITIONS: Mapping[str, type[Condition]] = {
    "has_left": HasLeft,
    "will_last": WillLast,
}
