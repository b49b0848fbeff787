"""Which seconds of the near future polls have taken, so that many entries share them out."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
import math

from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN

_DATA = f"{DOMAIN}_slots"

# Polls that may meet in one second: Home Assistant moves some of one into the next.
_MOST = 3


@callback
def async_take_slot(hass: HomeAssistant, wait: timedelta) -> timedelta:
    """Return a time in whole seconds, up to half longer than the wait, at which few poll.

    Home Assistant schedules by the whole seconds of the loop's clock.
    """
    taken: Counter[int] = hass.data.setdefault(_DATA, Counter())
    now = int(hass.loop.time())
    for past in [second for second in taken if second < now]:
        del taken[past]
    first = now + math.ceil(wait.total_seconds())
    spread = max((first - now) // 2, 1)

    def meet(second: int) -> int:
        """Return how many would meet in a second or in the next, with one more."""
        return 1 + taken[second] + max(taken[second - 1], taken[second + 1])

    # The first that will do, or else the best.
    second = min(
        range(first, first + spread), key=lambda second: max(meet(second), _MOST)
    )
    taken[second] += 1
    return timedelta(seconds=second - now)
