"""Which seconds of the near future polls have taken, so that many entries share them out."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count
import math

from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN

_DATA = f"{DOMAIN}_slots"

# Polls in one second; Home Assistant may still move one into the next.
_MOST = 2


@callback
def async_take_slot(hass: HomeAssistant, wait: timedelta) -> timedelta:
    """Return a time not shorter than the wait, in whole seconds, at which few others poll.

    Home Assistant schedules by the whole seconds of the loop's clock.
    """
    taken: Counter[int] = hass.data.setdefault(_DATA, Counter())
    now = int(hass.loop.time())
    for past in [second for second in taken if second < now]:
        del taken[past]
    seconds = next(
        seconds
        for seconds in count(math.ceil(wait.total_seconds()))
        if taken[now + seconds] < _MOST
    )
    taken[now + seconds] += 1
    return timedelta(seconds=seconds)
