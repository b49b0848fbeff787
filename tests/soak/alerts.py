"""The expected alerts of one entry.

The expectations follow from the answers of claude.ai, whatever the rules of detection:

- The numbers of an alert are those of an answer since the last reset.
- An alert of one type comes once for the same numbers, and nothing comes while Home
  Assistant starts. After a crash, the alerts of that moment may come again.
- One false answer causes no alert.
- A threshold is the highest one below the percentage, and more than the last one since
  the reset; at 100 % it is the limit.
- A window resets if it was running and its reset time has changed.
- Claude is available again only after a limit was reached, and not while the session or
  the week is used up.
- Usage is left over once, within a day before the week's reset.
- After Home Assistant was off for more than a day, nothing is alerted until something new
  happens.
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
# The default thresholds, and the limit.
_LEVELS = (0, 75, 90, 100)
_LEFT_OVER, _LEFT_OVER_BEFORE = 30, timedelta(hours=24)
_CONFIRMED = timedelta(minutes=1)
_MOST_MOMENTS = 10
# After Home Assistant was off for longer, an alert would be old.
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Alert:
    """An event of an event entity."""

    window: str
    type: str
    threshold: float | None
    percent: float
    resets_at: datetime | None


@dataclass
class _Progress:
    """The answers and alerts of a window since its last reset."""

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

    def __init__(self, clock: Clock, slug: str, windows: Iterable[str]) -> None:
        """Initialize before the first answer."""
        self.counts = Counter(
            dict.fromkeys(("alerts", "repeated after a crash", *TYPES), 0)
        )
        self._clock = clock
        self._entities = {f"event.{slug}_{name}_events": name for name in windows}
        self._progress: dict[str, _Progress] = {}
        self._moments: Counter[str] = Counter()
        self._new: list[Alert] = []
        self._now: list[Alert] = []
        self._repeatable: list[Alert] = []
        self._answered_at = clock.wall
        self._stopped = False
        # Restored states are no alerts.
        self._seen: set[tuple[str, str]] = set()

    @property
    def missing(self) -> bool:
        """Return whether an alert is missing."""
        return any(self._missing())

    @property
    def incomplete(self) -> bool:
        """Return whether an alert came at this moment, and another one has to follow."""
        self._take_all()
        return bool(self._now) and self.missing

    def begin_moment(self) -> None:
        """Begin a moment."""
        self._now = []

    def begin_again(self) -> None:
        """Forget the answers, because the entry has another organization."""
        self._progress.clear()

    def answer(self, windows: Iterable[Window]) -> None:
        """Note an answer. A window that is over by the machine's clock does not count."""
        now, wall = self._clock.right, self._clock.wall
        if self._stopped and wall - self._answered_at > _FORGOTTEN_AFTER:
            self.begin_again()
        self._stopped, self._answered_at = False, wall
        current = [
            window
            for window in windows
            if window.resets_at is None or wall < window.resets_at
        ]
        blocked = any(
            window.used >= 100 for window in current if window.name in _BLOCKING
        )
        for window in current:
            if window.name not in self._progress:
                level, near = _level_of(window.used), _is_near_reset(window, wall)
                self._progress[window.name] = _Progress(window.resets_at, level, near)
                self._progress[window.name].limited = level == 100
            progress = self._progress[window.name]
            progress.numbers.add((window.used, window.resets_at))
            progress.answers.append((now, window))
            progress.resets_at = progress.resets_at or window.resets_at
            if progress.resets_at and min(now, wall) < progress.resets_at:
                progress.moved = window.resets_at
            progress.free = window.used < 100 and (progress.free or not blocked)

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
        attributes = state.attributes
        resets_at = attributes["resets_at"]
        self._new.append(
            Alert(
                self._entities[entity_id],
                attributes["event_type"],
                attributes.get("threshold"),
                attributes["percent"],
                datetime.fromisoformat(resets_at) if resets_at else None,
            )
        )

    def stop(self, *, crash: bool, in_a_poll: bool) -> None:
        """Note that Home Assistant stops. It may not have read the answers of a poll."""
        self._take_all()
        self._stopped = True
        self._repeatable = self._now if crash else []
        for progress in self._progress.values():
            answers = progress.answers
            if in_a_poll and answers and answers[-1][0] == self._clock.right:
                answers.pop()

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
        assert not lost, f"lost: {lost}, {self._progress}"

    def _take_all(self) -> None:
        """Check the new alerts."""
        new, self._new = self._new, []
        for alert in new:
            self.counts[alert.type] += 1
            again = [
                other
                for other in self._repeatable
                if (other.window, other.type, other.threshold, other.resets_at)
                == (alert.window, alert.type, alert.threshold, alert.resets_at)
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
        progress = self._progress[alert.window]
        about = f"{alert}, {progress}"
        numbers = alert.percent, alert.resets_at
        assert numbers in progress.numbers, f"no answer: {about}"
        level = _level_of(alert.percent)
        if alert.type == "reset":
            running = progress.resets_at not in (None, alert.resets_at)
            assert running, f"no reset: {about}"
            progress.limited = progress.freed = progress.limited and progress.free
            progress.level, progress.left_over = 0, False
            progress.resets_at, progress.moved = alert.resets_at, None
            progress.numbers = {n for n in progress.numbers if n[1] == alert.resets_at}
            progress.alerts = set()
        elif alert.type in ("threshold_reached", "limit_reached"):
            full = alert.type == "limit_reached"
            assert progress.level < level == (100 if full else alert.threshold), about
            progress.level = level
            if full:
                progress.limited, progress.freed = True, False
        elif alert.type == "available_again":
            assert progress.limited, f"not limited: {about}"
            assert progress.free, f"not available: {about}"
            progress.limited = progress.freed = False
        elif alert.type == "left_over":
            window = Window(alert.window, alert.percent, alert.resets_at)
            assert not progress.left_over, f"twice: {about}"
            assert _is_left_over(window, self._clock.wall), about
            progress.left_over = True
        else:
            assert alert.type == "will_run_out", about
            assert level < 100, about
            assert alert.window == "session" or _is_week(alert.window), about
        assert alert not in progress.alerts, f"twice: {about}"
        progress.alerts.add(alert)

    def _missing(self) -> Iterator[str]:
        """Yield the alerts that have to come."""
        for name, progress in self._progress.items():
            if progress.freed:
                yield f"{name} available again"
            if len(progress.answers) < 2:
                continue
            (before, one), (at, other) = progress.answers
            if at - before < _CONFIRMED or one.resets_at != other.resets_at:
                continue
            ends = progress.moved or progress.resets_at
            if one.resets_at == ends:
                if _level_of(min(one.used, other.used)) > progress.level:
                    yield f"{name} level"
                if not progress.left_over and _is_left_over(one, self._clock.wall):
                    yield f"{name} left over"
            elif ends and ends <= min(at, self._clock.wall):
                yield f"{name} reset"


def _level_of(percent: float) -> float:
    """Return the highest threshold that a percentage has reached."""
    return max(level for level in _LEVELS if level <= max(percent, 0))


def _is_left_over(window: Window, wall: datetime) -> bool:
    """Return whether much is left shortly before the reset of a week."""
    return 100 - window.used >= _LEFT_OVER and _is_near_reset(window, wall)


def _is_week(name: str) -> bool:
    """Return whether a limit is the week or that of a model."""
    return name.startswith("weekly")


def _is_near_reset(window: Window, wall: datetime) -> bool:
    """Return whether a week resets within a day, by the machine's clock."""
    if not _is_week(window.name) or window.resets_at is None:
        return False
    return timedelta() < window.resets_at - wall <= _LEFT_OVER_BEFORE
