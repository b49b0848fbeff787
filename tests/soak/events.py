"""What is to be told of windows, by what claude.ai has answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .truth import Window

# What nobody has chosen otherwise.
_THRESHOLDS = (75, 90)
_LEFT_OVER, _LEFT_OVER_BEFORE = 30, timedelta(hours=24)

# Before a reset so many points are no fall, from the limit so many, and so long is no other
# reset. So long after a reset what was before it may be told. What is another window is
# believed after so long.
_TREMBLES, _TREMBLES_AT_LIMIT = 5, 2
_JITTER = timedelta(hours=1)
_LATE = timedelta(hours=1)
_UNSURE = timedelta(seconds=60)

# How long a window is, if no other.
_SESSION, _WEEK = timedelta(hours=5), timedelta(days=7)

# Who has used one of these up cannot go on.
_BLOCKING = ("session", "weekly")

# What is foreseen, and what only who forecasts knows.
FORESEEN = (
    "reset",
    "available_again",
    "threshold_reached",
    "limit_reached",
    "left_over",
)
FORECAST = "will_run_out"


@dataclass(frozen=True)
class Answer:
    """What claude.ai told when the wall showed a time, and when each window had begun."""

    wall: datetime
    windows: tuple[tuple[Window, datetime | None], ...]


@dataclass(frozen=True)
class Happening:
    """Something that happens to a window, and what claude.ai told of it then."""

    window: str
    type: str
    threshold: float | None
    used: float
    resets_at: str | None


@dataclass
class _Known:
    """What is known of a window; which one it is tells its true beginning."""

    begun: datetime | None
    ends: datetime | None
    highest: float
    # When another window was told first, and its end.
    other_at: datetime | None = None
    other_ends: datetime | None = None
    left_over: bool = False

    def is_over(self, wall: datetime) -> bool:
        """Tell whether it has ended, by a clock on the wall."""
        return _is_past(self.ends, wall)

    def blocks(self, wall: datetime) -> bool:
        """Tell whether it is used up, and no two answers say that it is not any more."""
        return self.highest >= 100 and not self.is_over(wall)


class Foreseen:
    """Foresees what is to be told of one answer after the other.

    Nothing of the first one. Where an answer passes several thresholds the highest is
    told, and a reset where another window is told. But nobody could know better:

    - A window that is over by the clock on the wall tells nothing, though it is served
      still: its reset comes late, or that clock is fast.
    - A window in which not less is used than in the one that is over may show what was
      before its reset: within an hour after that it is another one in two answers.
    - A window that has begun with nothing used is believed in two answers.
    - A window that comes before the one before it is over by that clock (which is slow,
      or claude.ai has begun a week anew) is another one only if it is lower by more than
      five points or ends a whole window later, in two answers a minute apart. Else that
      one goes on in it, with its end if that is in two answers.
    """

    def __init__(self) -> None:
        """Begin before the first answer."""
        self._known: dict[str, _Known] = {}

    @property
    def unsure(self) -> bool:
        """Tell whether something is believed only if it is answered again."""
        return any(last.other_at for last in self._known.values())

    def follow(self, answer: Answer) -> list[Happening]:
        """Return what is to be told of an answer."""
        due: list[Happening] = []
        freed: list[Happening] = []
        for window, begun in answer.windows:
            if (last := self._known.get(window.name)) is None:
                self._known[window.name] = _first(window, begun, answer.wall)
                continue
            if (last.is_over(answer.wall) and begun == last.begun) or _is_past(
                window.resets_at, answer.wall
            ):
                last.other_at = last.other_ends = None
                continue
            if not _is_sure(last, window, answer.wall):
                continue
            highest = last.highest
            if _is_another(last, window, begun, answer.wall):
                due.append(_happening(window, "reset"))
                last = self._known[window.name] = _Known(begun, window.resets_at, 0)
            elif _fell(last, window):
                last.highest = window.used
            if highest >= 100 > max(last.highest, window.used):
                freed.append(_happening(window, "available_again"))
            if begun:
                last.begun, last.ends = begun, window.resets_at
            due += _go_on(last, window, answer.wall)
        blocking = [self._known[name] for name in _BLOCKING]
        if any(last.blocks(answer.wall) for last in blocking):
            return due
        return due + freed


def _first(window: Window, begun: datetime | None, wall: datetime) -> _Known:
    """Begin with what is known already."""
    near = _is_near_its_end(window, wall)
    return _Known(begun, window.resets_at, window.used, left_over=near)


def _fell(last: _Known, window: Window) -> bool:
    """Tell whether less is used than was, and does not only tremble."""
    trembles = _TREMBLES_AT_LIMIT if last.highest >= 100 else _TREMBLES
    return last.highest - window.used > trembles


def _is_sure(last: _Known, window: Window, wall: datetime) -> bool:
    """Tell whether an answer is to be believed; note if only the next one is."""
    if last.is_over(wall):
        assert last.ends is not None
        sure = not 0 < window.used >= last.highest or wall - last.ends >= _LATE
    elif last.ends is None and window.resets_at is not None:
        sure = window.used > last.highest
    else:
        sure = (
            not _fell(last, window)
            and abs(_after(last.ends, window.resets_at)) < _JITTER
        )
    if not sure:
        if abs(_after(last.other_ends, window.resets_at)) >= _JITTER:
            last.other_at = None
        # What is ahead was noted by a clock that was.
        last.other_at = min(last.other_at or wall, wall)
        last.other_ends = window.resets_at or last.other_ends
        if wall - last.other_at < _UNSURE:
            return False
    last.other_at = last.other_ends = None
    return True


def _is_another(
    last: _Known, window: Window, begun: datetime | None, wall: datetime
) -> bool:
    """Tell whether a window that is believed is another one."""
    if last.begun is None or begun == last.begun:
        return False
    length = _SESSION if window.name == "session" else _WEEK
    return (
        last.is_over(wall)
        or last.highest - window.used > _TREMBLES
        or _after(last.ends, window.resets_at) > length - _JITTER
    )


def _after(ends: datetime | None, other: datetime | None) -> timedelta:
    """Return how long after another end one is, as far as both are told."""
    return other - ends if ends and other else timedelta()


def _is_past(moment: datetime | None, wall: datetime) -> bool:
    """Tell whether a moment has passed, by a clock on the wall."""
    return moment is not None and wall >= moment


def _go_on(last: _Known, window: Window, wall: datetime) -> Iterator[Happening]:
    """Yield what has come in a window since what was known, and know it."""
    passed = [at for at in _THRESHOLDS if last.highest < at <= window.used]
    if last.highest < 100 <= window.used:
        yield _happening(window, "limit_reached")
    elif passed:
        yield _happening(window, "threshold_reached", max(passed))
    last.highest = max(last.highest, window.used)
    left = _is_near_its_end(window, wall) and 100 - window.used >= _LEFT_OVER
    if left and not last.left_over:
        yield _happening(window, "left_over")
    last.left_over |= left


def _is_near_its_end(window: Window, wall: datetime) -> bool:
    """Tell whether a week is over soon."""
    if window.name != "weekly" or window.resets_at is None:
        return False
    return timedelta() < window.resets_at - wall <= _LEFT_OVER_BEFORE


def _happening(window: Window, kind: str, threshold: float | None = None) -> Happening:
    """Return what happens to a window as it was told."""
    resets_at = window.resets_at
    text = resets_at.isoformat(timespec="seconds") if resets_at else None
    return Happening(window.name, kind, threshold, window.used, text)
