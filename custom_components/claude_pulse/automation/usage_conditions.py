"""Automation conditions for usage limits.

Imported only if Home Assistant supports them, see `load_if_supported`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from ..forecast.readings import Reading
from .matching import PERCENTAGE_SCHEMA, readings_of
from .target import WithTarget, target_schema, targeted_entity_ids

if TYPE_CHECKING:
    from homeassistant.helpers.condition import ConditionConfig

_AT_LEAST = "at_least"


class _WindowCondition(WithTarget, Condition):
    """Base class: passes if all targeted limits pass.

    | A limit that | Enough is left | Will last |
    | --- | --- | --- |
    | the account does not have | is ignored | is ignored |
    | is used up | fails | fails |
    | has no forecast, for example a session that has not started | counts | is ignored |
    | is unknown | fails | fails |

    If no limit counts, the condition fails.
    """

    schema = target_schema({})

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Initialize the condition."""
        super().__init__(hass, config)
        self._home = hass
        self._options = config.options or {}
        self._target = config.target or {}

    def _async_check(self, **_: Any) -> bool:
        """Return whether the targeted limits pass."""
        entity_ids = targeted_entity_ids(self._home, self._target)
        results = [
            reading is not None and self._holds(reading)
            for reading in readings_of(self._home, entity_ids)
        ]
        counting = [result for result in results if result is not None]
        return bool(counting) and all(counting)

    async def async_get_checker(self) -> Callable[..., bool]:
        """Return the check. Home Assistant before 2026.6 calls this."""
        return lambda *_, **__: self._async_check()

    @abstractmethod
    def _holds(self, reading: Reading) -> bool | None:
        """Return whether one limit passes, or None if it is ignored."""


class HasLeft(_WindowCondition):
    """Checks that enough of the limit is left."""

    schema = target_schema({vol.Required(_AT_LEAST): PERCENTAGE_SCHEMA})

    def _holds(self, reading: Reading) -> bool:
        """Return whether at least the chosen percentage is left."""
        return bool(100 - reading.window.percent >= self._options[_AT_LEAST])


class WillLast(_WindowCondition):
    """Checks that the limit lasts until its reset."""

    def _holds(self, reading: Reading) -> bool | None:
        """Return whether it is not used up, and the forecast says that it lasts."""
        if reading.window.percent >= 100:
            return False
        return reading.forecast.lasts if reading.forecast else None


CONDITIONS: Mapping[str, type[Condition]] = {
    "has_left": HasLeft,
    "will_last": WillLast,
}
