"""What is expected of the alerts of one entry.

The expectations follow from the answers of claude.ai, whatever the rules of detection:

- The numbers of an alert are those of an answer since the last reset.
- An alert of one type comes once for the same numbers, and nothing comes while Home
  Assistant starts. In a crash, the alerts of that moment may be lost, and come again.
- A threshold is the highest one below the percentage, and more than the last one since
  the reset; at 100 % it is the limit.
- A reset is that of a limit which was running and whose reset time has changed.
- Claude is available again only after a limit was reached, and not while the session or
  the week is used up.
- Usage is left over once, within a day before the week's reset.
- What two answers a minute apart agree on is alerted within ten moments that show values.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeassistant.core import Event, State, callback

from .clock import Clock
from .truth import Window

TYPES = (
    "reset",
    "available_again",
    "threshold_reached",
    "limit_reached",
    "left_over",
    "will_run_out",
)
# Available again only if none of these is used up.
_BLOCKING = ("session", "weekly")
# The defaults of the options, and the limit.
_LEVELS = (0, 75, 90, 100)
_LEFT_OVER, _LEFT_OVER_BEFORE = 30, timedelta(hours=24)
_CONFIRMED = timedelta(minutes=1)
_MOST_MOMENTS = 10


@dataclass(frozen=True)
class Alert:
    """An event of an event entity."""

    limit: str
    type: str
    threshold: float | None
    percent: float
    resets_at: datetime | None


@dataclass
class _Limit:
    """One limit since its last reset: what was answered, and which alerts came."""

    resets_at: datetime | None
    level: float
    left_over: bool
    numbers: set[tuple[float, datetime | None]] = field(default_factory=set, repr=False)
    alerts: set[Alert] = field(default_factory=set, repr=False)
    # The last two answers, and when they came.
    answers: deque[tuple[datetime, Window]] = field(
        default_factory=lambda: deque(maxlen=2)
    )
    # The new reset time, if it has changed before the old one.
    moved: datetime | None = None
    # Whether it was used up, whether an answer after that has something left, and whether
    # it has been reset.
    limited: bool = False
    free: bool = False
    freed: bool = False


class Alerts:
    """The alerts of one entry, and the answers to its polls."""

    def __init__(self, clock: Clock, slug: str, limits: Iterable[str]) -> None:
        """Initialize before the first answer."""
        self.counts = Counter(
            dict.fromkeys(("alerts", "repeated after a crash", *TYPES), 0)
        )
        self._clock = clock
        self._entities = {f"event.{slug}_{name}_events": name for name in limits}
        self._limits: dict[str, _Limit] = {}
        self._moments: Counter[str] = Counter()
        self._new: list[Alert] = []
        self._now: list[Alert] = []
        self._repeatable: list[Alert] = []
        # Restored states are no alerts.
        self._seen: set[tuple[str, str]] = set()

    @property
    def missing(self) -> bool:
        """Return whether an alert is missing."""
        return any(self._missing())

    @property
    def incomplete(self) -> bool:
        """Return whether an alert came at this moment, and another one has to follow."""
        return bool(self._now) and self.missing

    def begin_moment(self) -> None:
        """Begin a moment."""
        self._now = []

    def begin_again(self) -> None:
        """Forget the answers, because the entry has another organization."""
        self._limits.clear()

    def answer(self, windows: Iterable[Window]) -> None:
        """Note an answer. A window that is over by the machine's clock does not count."""
        now, wall = self._clock.right, self._clock.wall
        current = [
            window
            for window in windows
            if window.resets_at is None or wall < window.resets_at
        ]
        blocked = any(
            window.used >= 100 for window in current if window.name in _BLOCKING
        )
        for window in current:
            if window.name not in self._limits:
                level, near = _level_of(window.used), _is_near_reset(window, wall)
                self._limits[window.name] = _Limit(window.resets_at, level, near)
                self._limits[window.name].limited = level == 100
            limit = self._limits[window.name]
            limit.numbers.add((window.used, window.resets_at))
            limit.answers.append((now, window))
            limit.resets_at = limit.resets_at or window.resets_at
            if limit.resets_at and min(now, wall) < limit.resets_at:
                limit.moved = window.resets_at
            limit.free = window.used < 100 and (limit.free or not blocked)

    @callback
    def record(self, event: Event) -> None:
        """Record an alert, if a change of a state is one."""
        entity_id: str = event.data["entity_id"]
        state: State | None = event.data["new_state"]
        if entity_id not in self._entities or not state:
            return
        if "percent" not in state.attributes or (entity_id, state.state) in self._seen:
            return
        self._seen.add((entity_id, state.state))
        told = state.attributes
        resets_at = told["resets_at"]
        self._new.append(
            Alert(
                self._entities[entity_id],
                told["event_type"],
                told.get("threshold"),
                told["percent"],
                datetime.fromisoformat(resets_at) if resets_at else None,
            )
        )

    def stop(self, *, crash: bool, in_a_poll: bool) -> None:
        """Note that Home Assistant stops. It may not have read the answers of a poll."""
        self._take_all()
        self._repeatable = self._now if crash else []
        for limit in self._limits.values():
            if (
                in_a_poll
                and limit.answers
                and limit.answers[-1][0] == self._clock.right
            ):
                limit.answers.pop()

    def check_started(self) -> None:
        """Expect no alert before automations listen."""
        assert not self._new, f"alerts during the start: {self._new}"

    def check(self, *, showing: bool) -> None:
        """Expect the alerts of this moment to be right, and none to be lost."""
        self._take_all()
        missing = set(self._missing())
        for name in {*self._moments} - missing:
            del self._moments[name]
        self._moments.update(missing if showing else ())
        lost = [name for name, count in self._moments.items() if count > _MOST_MOMENTS]
        assert not lost, f"lost: {lost}, {self._limits}"

    def _take_all(self) -> None:
        """Check the new alerts."""
        new, self._new = self._new, []
        for alert in new:
            self.counts[alert.type] += 1
            again = [
                other
                for other in self._repeatable
                if (other.limit, other.type, other.threshold, other.resets_at)
                == (alert.limit, alert.type, alert.threshold, alert.resets_at)
            ]
            if again:
                self._repeatable.remove(again[0])
                self.counts["repeated after a crash"] += 1
                continue
            self._take(alert)
            self.counts["alerts"] += 1
            self._now.append(alert)

    def _take(self, alert: Alert) -> None:
        """Check an alert, and note what it says."""
        limit = self._limits[alert.limit]
        about = f"{alert}, {limit}"
        assert (alert.percent, alert.resets_at) in limit.numbers, f"no answer: {about}"
        level = _level_of(alert.percent)
        if alert.type == "reset":
            assert limit.resets_at not in (None, alert.resets_at), f"no reset: {about}"
            limit.limited = limit.freed = limit.limited and limit.free
            limit.level, limit.left_over = 0, False
            limit.resets_at, limit.moved = alert.resets_at, None
            limit.numbers = {n for n in limit.numbers if n[1] == alert.resets_at}
            limit.alerts = set()
        elif alert.type in ("threshold_reached", "limit_reached"):
            full = alert.type == "limit_reached"
            assert limit.level < level == (100 if full else alert.threshold), about
            limit.level = level
            limit.limited, limit.freed = full, False
        elif alert.type == "available_again":
            assert limit.limited, f"not limited: {about}"
            assert limit.free, f"not available: {about}"
            limit.limited = limit.freed = False
        elif alert.type == "left_over":
            window = Window(alert.limit, alert.percent, alert.resets_at)
            assert not limit.left_over, f"twice: {about}"
            assert _is_left_over(window, self._clock.wall), about
            limit.left_over = True
        else:
            assert alert.type == "will_run_out", about
            assert level < 100, about
            assert alert.limit in _BLOCKING, about
        assert alert not in limit.alerts, f"twice: {about}"
        limit.alerts.add(alert)

    def _missing(self) -> Iterator[str]:
        """Yield the alerts that have to come."""
        for name, limit in self._limits.items():
            if limit.freed:
                yield f"{name} available again"
            if len(limit.answers) < 2:
                continue
            (before, one), (at, other) = limit.answers
            if at - before < _CONFIRMED or one.resets_at != other.resets_at:
                continue
            ends = limit.moved or limit.resets_at
            if one.resets_at == ends:
                if _level_of(min(one.used, other.used)) > limit.level:
                    yield f"{name} level"
                if not limit.left_over and _is_left_over(one, self._clock.wall):
                    yield f"{name} left over"
            elif ends and ends <= min(at, self._clock.wall):
                yield f"{name} reset"


def _level_of(percent: float) -> float:
    """Return the highest threshold that a percentage has reached."""
    return max(level for level in _LEVELS if level <= max(percent, 0))


def _is_left_over(window: Window, wall: datetime) -> bool:
    """Return whether much is left shortly before the reset of the week."""
    return 100 - window.used >= _LEFT_OVER and _is_near_reset(window, wall)


def _is_near_reset(window: Window, wall: datetime) -> bool:
    """Return whether the week resets within a day, by the machine's clock."""
    if window.name != "weekly" or window.resets_at is None:
        return False
    return timedelta() < window.resets_at - wall <= _LEFT_OVER_BEFORE
