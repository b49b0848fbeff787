"""What goes wrong, and when: random, but the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.simulator.faults import FAULTS

# What happens to a session key, to an organization, to a window.
BLIP = "one refusal that the next request does not confirm"
LATE_RESET = "reset that comes late"
LOG_OUT = "log-out"
LONG_CHALLENGE = "challenge of more than a day"
MOVE = "change of organization"
RENEWAL = "renewal of the session key"
REFUSED_RENEWAL = "renewal with a key that is refused"

# What happens to the machine, to its clock, and to its network.
ASLEEP = "nine hours asleep"
BACK_AN_HOUR = "clock an hour slow, then set right"
BACK_A_DAY = "clock a day slow, then set right"
BACK_IN_A_WAIT = "clock set back during a wait, then set right"
AHEAD_AN_HOUR = "clock an hour fast, then set right"
FULL_DISK = "full disk, during a challenge and a restart"
LATE_NETWORK = "network that comes up after Home Assistant"
SUMMER = "switched off from spring to autumn"

# What a person does, or leaves alone.
POLLING_OFF = "polling switched off, and on again"
QUIET_DAY = "nothing at all for a day, of which nine hours without use are counted"

SPECIAL = {
    ASLEEP: 3,
    AHEAD_AN_HOUR: 2,
    BACK_AN_HOUR: 2,
    BACK_A_DAY: 2,
    BACK_IN_A_WAIT: 3,
    BLIP: 4,
    FULL_DISK: 3,
    LATE_NETWORK: 2,
    LATE_RESET: 4,
    LOG_OUT: 2,
    LONG_CHALLENGE: 1,
    MOVE: 2,
    POLLING_OFF: 2,
    QUIET_DAY: 2,
    RENEWAL: 3,
    REFUSED_RENEWAL: 2,
}
_OF_EACH_FAULT = 2
_OF_SOME = {"challenge": 6, "rate_limited": 6}
_LENGTHS = {
    ASLEEP: timedelta(hours=9),
    # Longer than any wait that would be right.
    BACK_IN_A_WAIT: timedelta(hours=7),
    LONG_CHALLENGE: timedelta(hours=27),
    QUIET_DAY: timedelta(hours=24),
}

# What a limit asks for, sensible or not.
RETRY_AFTER = (None, "600", "7200", "0", "999999999")

# The clocks of Europe are put forward, and back.
_FORWARD = datetime(2026, 3, 29, 1, tzinfo=UTC)
_BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
SUMMER_LENGTH = _BACK - _FORWARD


@dataclass(frozen=True)
class Episode:
    """Something that goes wrong for a time, unless a person ends it."""

    kind: str
    start: timedelta
    length: timedelta


def first_day(days: int) -> datetime:
    """Return when to begin: half of the days are around each change of the clocks."""
    return _FORWARD - timedelta(days=days / 4)


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
    lengths = [
        _LENGTHS.get(kind, timedelta(minutes=3 * 100 ** random.random()))
        for kind in kinds
    ]
    gap = (timedelta(days=days) - sum(lengths, timedelta())) / len(kinds)
    now, half = timedelta(), timedelta(days=days / 2)
    for kind, length in zip(kinds, lengths, strict=True):
        if now <= half < now + gap + length:
            yield Episode(SUMMER, now, SUMMER_LENGTH)
        pause = gap * random.random()
        yield Episode(kind, now + pause, length)
        now += gap + length


def restarts(days: int, random: Random) -> list[timedelta]:
    """Return when Home Assistant is restarted: about once a day."""
    return sorted(timedelta(days=days) * random.random() for _ in range(days))
