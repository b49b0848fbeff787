"""When the episodes and restarts come: random, but the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from tests.simulator.faults import FAULTS

from .trouble import SPECIAL, SUMMER, SUMMER_LENGTH

_TIMES = {
    **dict.fromkeys(FAULTS, 2),
    "challenge": 6,
    "rate_limited": 6,
    **{kind: special.times_in_30_days for kind, special in SPECIAL.items()},
}

# The clocks of Europe are put forward, and back 210 days later.
_FORWARD = datetime(2026, 3, 29, 1, tzinfo=UTC)


def first_day(days: int) -> datetime:
    """Return the start: half of the days are around each change of the clocks."""
    return _FORWARD - timedelta(days=days / 4)


def episodes(days: int, random: Random) -> Iterator[tuple[str, timedelta, timedelta]]:
    """Yield the kinds, starts and lengths of episodes; 30 days have all kinds."""
    kinds = [kind for kind, number in _TIMES.items() for _ in range(number)]
    random.shuffle(kinds)
    kinds = kinds[: len(kinds) * days // 30]
    # From three minutes to five hours, most of them short.
    lengths = [timedelta(minutes=3 * 100 ** random.random()) for _ in kinds]
    for place, kind in enumerate(kinds):
        if kind in SPECIAL:
            lengths[place] = SPECIAL[kind].length or lengths[place]
    gap = (timedelta(days=days) - sum(lengths, timedelta())) / len(kinds)
    now, half = timedelta(), timedelta(days=days / 2)
    for kind, length in zip(kinds, lengths, strict=True):
        if now <= half < now + gap + length:
            yield SUMMER, now, SUMMER_LENGTH
        yield kind, now + gap * random.random(), length
        now += gap + length


def restarts(days: int, random: Random) -> list[timedelta]:
    """Return the times of restarts, about one a day."""
    return sorted(timedelta(days=days) * random.random() for _ in range(days))
