"""A timer at the beginning of each minute."""

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
    """Call an action at the beginning of each minute. Return a function that stops this.

    Home Assistant's own time pattern waits for a point in time. If the clock is set back,
    that point moves away.
    """
    cancel: CALLBACK_TYPE

    @callback
    def schedule() -> None:
        """Wait for the next minute, but at least a second, as timers can fire early."""
        nonlocal cancel
        remaining = 60 - dt_util.utcnow().timestamp() % 60
        cancel = async_call_later(hass, max(remaining, 1), run)

    @callback
    def run(_: datetime) -> None:
        """Schedule the next call, then act."""
        schedule()
        action()

    @callback
    def stop() -> None:
        """Cancel the next call."""
        cancel()

    schedule()
    return stop
