"""The shared tick: once a minute, whatever the clock does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util


@callback
def async_track_minute(
    hass: HomeAssistant, action: Callable[[], None]
) -> CALLBACK_TYPE:
    """Call an action at the beginning of each minute, until what is returned is called.

    Home Assistant's own time patterns wait for a certain moment, which a clock that
    has been set back puts off.
    """
    cancel: CALLBACK_TYPE

    @callback
    def arm() -> None:
        """Wait for the next minute, for a second at least: timers may fire early."""
        nonlocal cancel
        rest = 60 - dt_util.utcnow().timestamp() % 60
        cancel = async_call_later(hass, max(rest, 1), tick)

    @callback
    def tick(_: datetime) -> None:
        """Act, and wait again."""
        arm()
        action()

    @callback
    def stop() -> None:
        """Call it no more."""
        cancel()

    arm()
    return stop
