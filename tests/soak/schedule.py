"""What goes wrong, and when: random, but the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.simulator.faults import FAULTS

# Beyond the faults: what happens to a session key, to an organization, to the network.
BLIP = "one refusal that the next request does not confirm"
LOG_OUT = "log-out"
LONG_CHALLENGE = "challenge of more than a day"
MOVE = "change of organization"
RENEWAL = "renewal of the session key"
REFUSED_RENEWAL = "renewal with a key that is refused"
SPECIAL = {
    BLIP: 4,
    LOG_OUT: 2,
    LONG_CHALLENGE: 1,
    MOVE: 2,
    RENEWAL: 3,
    REFUSED_RENEWAL: 2,
}
_OF_EACH_FAULT = 2
_OF_SOME = {"challenge": 6, "rate_limited": 6}

# What a limit asks for, sensible or not.
RETRY_AFTER = (None, "600", "7200", "0", "999999999")


@dataclass(frozen=True)
class Episode:
    """Something that goes wrong for a time, unless a person ends it."""

    kind: str
    start: timedelta
    length: timedelta


def dead_key(kind: str) -> bool:
    """Tell whether only a new session key ends it."""
    return kind == LOG_OUT or (kind in FAULTS and FAULTS[kind].row == 2)


def episodes(days: int, random: Random) -> Iterator[Episode]:
    """Yield what goes wrong within so many days; in 30 days everything."""
    times = dict.fromkeys(FAULTS, _OF_EACH_FAULT) | _OF_SOME | SPECIAL
    kinds = [kind for kind, number in times.items() for _ in range(number)]
    random.shuffle(kinds)
    kinds = kinds[: len(kinds) * days // 30]
    # From three minutes to five hours, most of them short.
    lengths = [timedelta(minutes=3 * 100 ** random.random()) for _ in kinds]
    for number, kind in enumerate(kinds):
        if kind == LONG_CHALLENGE:
            lengths[number] = timedelta(hours=27)
    gap = (timedelta(days=days) - sum(lengths, timedelta())) / len(kinds)
    now = timedelta()
    for kind, length in zip(kinds, lengths, strict=True):
        pause = gap * random.random()
        yield Episode(kind, now + pause, length)
        now += gap + length


def restarts(days: int, random: Random) -> list[timedelta]:
    """Return when Home Assistant is restarted: about once a day."""
    return sorted(timedelta(days=days) * random.random() for _ in range(days))
