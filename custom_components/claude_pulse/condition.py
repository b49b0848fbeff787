"""What an automation can ask, in the editor of versions that have such conditions.

Nothing newer than the base class is imported, as in `trigger.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import HomeAssistant

from .automation import HAS_OWN, PERCENTAGE, readings_of, targeted, validated
from .reading import Reading

if TYPE_CHECKING:
    from homeassistant.helpers.condition import ConditionConfig
    from homeassistant.helpers.typing import ConfigType

_AT_LEAST = "at_least"


if TYPE_CHECKING or HAS_OWN:
    from homeassistant.helpers.condition import Condition

    class _Asked(Condition):
        """Asks something of all windows that are chosen."""

        options: Mapping[Any, Any] = MappingProxyType({})

        @classmethod
        async def async_validate_config(
            cls, hass: HomeAssistant, config: ConfigType
        ) -> ConfigType:
            """Validate what the editor makes."""
            return validated(config, cls.options)

        def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
            """Remember what is asked."""
            super().__init__(hass, config)
            self._home = hass
            self._options = config.options or {}
            self._target = config.target or {}

        def _async_check(self, **_: Any) -> bool:
            """Answer; of windows that nobody knows anything of, no."""
            readings = readings_of(self._home, targeted(self._home, self._target))
            return bool(readings) and all(
                reading is not None and self._holds(reading) for reading in readings
            )

        async def async_get_checker(self) -> Callable[..., bool]:
            """Return what answers, for versions before 2026.6."""
            return lambda *_, **__: self._async_check()

        def _holds(self, reading: Reading) -> bool:
            """Tell whether it is so of a window."""
            raise NotImplementedError

    class HasLeft(_Asked):
        """Whether enough is left."""

        options = MappingProxyType({vol.Required(_AT_LEAST): PERCENTAGE})

        def _holds(self, reading: Reading) -> bool:
            """Compare what is left."""
            return bool(100 - reading.window.percent >= self._options[_AT_LEAST])

    class WillLast(_Asked):
        """Whether it lasts until the reset."""

        def _holds(self, reading: Reading) -> bool:
            """Look at the forecast."""
            return reading.forecast is not None and reading.forecast.lasts

    async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
        """Return the conditions."""
        return {"has_left": HasLeft, "will_last": WillLast}
