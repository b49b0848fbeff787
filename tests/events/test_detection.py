"""Detection of events: each event once, and none from a single wrong answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.events.comparison import Change, compare
from custom_components.claude_pulse.events.detection import Context, detect_events
from custom_components.claude_pulse.events.model import (
    ROSE,
    Rules,
    UsageEvent,
    WindowProgress,
    WindowsResult,
)
from custom_components.claude_pulse.forecast.projection import forecast_of
from tests.forecast.common import even

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY, WEEK = (timedelta(minutes=m) for m in (1, 60, 1440, 10080))
RULES = Rules(frozenset({50, 75, 90}), 30, 24 * HOUR)
FABLE = Identity("weekly_scoped", "fable")

Progress = Mapping[Identity, WindowProgress]
# Minutes since START, a percentage, and the minutes from START to the reset.
Answer = tuple[float, float, float | None]


def window(
    percent: float,
    resets_at: datetime | None = START + WEEK,
    identity: Identity = WEEKLY,
) -> UsageWindow:
    """Return a window, by default of the first week."""
    return UsageWindow(identity, None, percent, resets_at)


def detect(
    progress: Progress,
    now: datetime,
    *windows: UsageWindow,
    forecasts: bool = False,
    last_answer: datetime | None = None,
) -> WindowsResult:
    """Detect events in an answer, by default without forecasts and a day after the last."""
    context = Context(
        lambda item: forecast_of(item, now) if forecasts else None,
        now,
        RULES,
        last_answer or now - DAY,
    )
    return detect_events(progress, windows, context)


def texts(events: Iterable[UsageEvent]) -> list[str]:
    """Return events as short texts, without rises."""
    return [
        event.type.removesuffix("_reached")
        + (f" {event.threshold:g}" if event.threshold else "")
        + (f" of {event.before:g}" if event.type in ("reset", "refilled") else "")
        for event in events
        if event.type != ROSE
    ]


def events_of(*answers: Answer, identity: Identity = WEEKLY) -> list[str]:
    """Return the events of answers, as texts."""
    progress: Progress = {}
    last_answer: datetime | None = None
    found: list[str] = []
    for minutes, percent, reset in answers:
        resets_at = None if reset is None else START + reset * MINUTE
        item = window(percent, resets_at, identity)
        now = START + minutes * MINUTE
        detection = detect(progress, now, item, last_answer=last_answer)
        progress, last_answer = detection.progress, now
        found += texts(detection.events)
    return found


@pytest.mark.parametrize(
    ("known", "answers", "changes", "expected"),
    [
        # The same reset, and at most 5 points lower.
        ((60, 60), [(76, 60)], [Change.SAME], ["threshold 75"]),
        ((60, 60), [(55, 61)], [Change.SAME], []),
        ((60, 60), [(55, None)], [Change.SAME], []),
        ((60, None), [(76, None)], [Change.SAME], ["threshold 75"]),
        ((100, 60), [(98, 60)], [Change.SAME], []),
        # After the reset, and lower or at 0%.
        ((60, -2), [(3, 298)], [Change.NEXT], ["reset of 60"]),
        ((60, -2), [(0, None)], [Change.NEXT], ["reset of 60"]),
        ((0, -2), [(0, 298)], [Change.NEXT], ["reset of 0"]),
        ((60, -61), [(80, 239)], [Change.NEXT], ["reset of 60", "threshold 75"]),
        # From before a reset that has passed.
        ((60, -2), [(60, -2)], [Change.STALE], []),
        ((60, -2), [(76, None)], [Change.STALE], []),
        ((60, -2), [(3, 20)], [Change.STALE], []),
        ((3, 298), [(60, -2)], [Change.STALE], []),
        # Just after the reset, and not lower.
        ((49, -2), 2 * [(49, 298)], [Change.UNSURE, Change.NEXT], ["reset of 49"]),
        # More than 5 points lower before the reset.
        (
            (49, 60),
            2 * [(43, 60)],
            [Change.UNSURE, Change.REFILLED],
            ["refilled of 49"],
        ),
        ((49, 60), 2 * [(0, None)], [Change.UNSURE, Change.NEXT], ["reset of 49"]),
        (
            (49, 60),
            2 * [(9, None)],
            [Change.UNSURE, Change.REFILLED],
            ["refilled of 49"],
        ),
        ((49, 60), 2 * [(9, 200)], [Change.UNSURE, Change.NEXT], ["reset of 49"]),
        ((60, 60), [(54, 60), (60, 60)], [Change.UNSURE, Change.SAME], []),
        # From 100% by 3 to 5 points before the reset.
        (
            (100, 60),
            2 * [(97, 60)],
            [Change.UNSURE, Change.REFILLED],
            ["refilled of 100", "available_again"],
        ),
        # Another reset before the last one has passed.
        ((60, 60), 2 * [(60, 200)], [Change.UNSURE, Change.MOVED], []),
        ((49, 60), 2 * [(49, 360)], [Change.UNSURE, Change.NEXT], ["reset of 49"]),
    ],
)
def test_table_of_cases(
    known: tuple[float, float | None],
    answers: list[tuple[float, float | None]],
    changes: list[Change],
    expected: list[str],
) -> None:
    """Each row of the table: a session, and its answers a minute apart."""

    def session(percent: float, minutes: float | None) -> UsageWindow:
        """Return a session that resets in this number of minutes from START."""
        resets_at = None if minutes is None else START + minutes * MINUTE
        return window(percent, resets_at, SESSION)

    first = session(*known)
    progress: Progress = {SESSION: WindowProgress(first.percent, first.resets_at)}
    found: list[str] = []
    for number, (answer, change) in enumerate(zip(answers, changes, strict=True)):
        now, item = START + number * MINUTE, session(*answer)
        assert compare(progress[SESSION], item, DAY, now) is change
        detection = detect(progress, now, item)
        assert detection.needs_confirmation is (change is Change.UNSURE)
        if change in (Change.STALE, Change.UNSURE):
            assert not detection.events
        progress = detection.progress
        found += texts(detection.events)
    assert found == expected
    # The last answer counts, unless it is old or lower within the window.
    last = answers[-1][0]
    highest = known[0] if changes == [Change.STALE] else max(known[0], last)
    counting = {Change.NEXT: last, Change.REFILLED: last}
    assert progress[SESSION].percent == counting.get(changes[-1], highest)


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        # Only the highest of several thresholds.
        ((40, 60, 61, 92, 100, 100), ["threshold 50", "threshold 90", "limit"]),
        ((60, 100), ["limit"]),
        # A value that flickers around a threshold.
        ((70, 76, 75, 76, 74, 76), ["threshold 75"]),
        # The first answer has no events.
        ((85, 85, 91), ["threshold 90"]),
        ((100, 100), []),
        # One wrong zero, two of them, and a real one.
        ((73, 0, 73), []),
        ((73, 0, 73, 0, 73, 76), ["threshold 75"]),
        ((73, 0, 73, 0, 0), ["refilled of 73"]),
        # A refill. Thresholds above it count again, but not for a point of rounding.
        ((100, 40, 40, 60), ["refilled of 100", "available_again", "threshold 50"]),
        ((80, 55, 55), ["refilled of 80"]),
        ((95, 79, 79, 80), ["refilled of 95"]),
        ((95, 74, 74, 75, 75), ["refilled of 95"]),
        ((95, 74, 74, 75, 76), ["refilled of 95", "threshold 75"]),
        ((95, 0, 0, 76, 76), ["refilled of 95", "threshold 75"]),
        ((100, 92, 92), ["refilled of 100", "available_again"]),
        # A higher limit, but not a wrong answer or a value that flickers.
        (
            (99, 100, 95, 95, 96, 100),
            ["limit", "refilled of 100", "available_again", "limit"],
        ),
        ((99, 100, 95, 100, 95, 100), ["limit"]),
        ((99, 100, 98, 99, 98, 100), ["limit"]),
        # Beyond the limit, and back.
        ((99, 103, 104), ["limit"]),
        ((99, 100, 108, 100, 100), ["limit"]),
    ],
)
def test_within_a_window(percents: tuple[float, ...], expected: list[str]) -> None:
    """Answers two hours apart in the middle of a week."""
    answers = [(5000 + 120 * n, percent, 10080) for n, percent in enumerate(percents)]
    assert events_of(*answers) == expected


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        # One wrong answer in either direction.
        ((40, 100, 40), []),
        ((10, 95, 10), []),
        ((60, 100, 0, 60), []),
        ((10, 30, 100, 31), []),
        # A refill, and one answer from before it, or two.
        ((92, 0, 0, 92, 0), ["refilled of 92"]),
        ((92, 0, 0, 92, 92, 93), ["refilled of 92"]),
        ((100, 0, 0, 100, 100), ["refilled of 100", "available_again", "limit"]),
        # Real use that is fast, in this answer and the next.
        ((40, 100, 100), ["limit"]),
        ((40, 80, 95), ["threshold 90"]),
        ((40, 80, 80, 95), ["threshold 75", "threshold 90"]),
        ((0, 40, 80, 80), ["threshold 75"]),
        # Use that is as fast as a session can be.
        ((60, 75, 90), ["threshold 75", "threshold 90"]),
    ],
)
def test_rise_that_use_does_not_explain(
    percents: tuple[float, ...], expected: list[str]
) -> None:
    """Answers of a session two minutes apart. Such a rise needs a second answer."""
    answers = [(100 + 2 * n, percent, 300) for n, percent in enumerate(percents)]
    assert events_of(*answers, identity=SESSION) == expected


def test_long_pause_explains_a_rise() -> None:
    """After an hour without an answer, one answer is enough, also of a week."""
    assert events_of((100, 60, 300), (110, 100, 300), identity=SESSION) == ["limit"]
    assert events_of((100, 60, 10080), (160, 91, 10080)) == ["threshold 90"]
    assert events_of((100, 60, 10080), (102, 91, 10080)) == []


def test_fall_is_not_confirmed_within_a_minute() -> None:
    """Two answers within a minute can be the same wrong one."""
    answers = [(5000, 73, 10080), (5002, 0, 10080), (5002.5, 0, 10080)]
    assert events_of(*answers) == []
    assert events_of(*answers, (5003, 0, 10080)) == ["refilled of 73"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # No answer for a while: over a threshold, over a reset, over both.
        ([(100, 60, 300), (250, 92, 300)], ["threshold 90"]),
        ([(100, 100, 300), (400, 3, 650)], ["reset of 100", "available_again"]),
        ([(100, 60, 300), (400, 80, 650)], ["reset of 60", "threshold 75"]),
        # No session is running.
        ([(100, 60, 300), (301, 0, None), (400, 0, None)], ["reset of 60"]),
        ([(100, 0, None), (400, 50, 650)], ["threshold 50"]),
        # After the reset, claude.ai still serves the old values.
        (
            [(100, 97, 300), (301, 97, 300), (302, 97, 301), (303, 2, 603)],
            ["reset of 97"],
        ),
        # One wrong answer with 0% and another reset.
        (
            [(100, 73, 300), (102, 0, 402), (104, 73, 300), (106, 76, 300)],
            ["threshold 75"],
        ),
        # The same percentage after the reset: new use, or the old values.
        (
            [(299, 100, 300), (300.25, 100, 600), (302, 1, 600), (304, 1, 600)],
            ["reset of 100", "available_again"],
        ),
        ([(299, 80, 300), (301, 80, 601), (302, 80, 300), (304, 80, 601)], []),
        # An unused session with a reset, in one answer or in two.
        ([(100, 0, None), (102, 0, 402), (104, 0, None), (500, 0, None)], []),
        (
            [(100, 0, None), (102, 0, 402), (104, 0, 402), (403, 0, None)],
            ["reset of 0"],
        ),
        # The old values return after the reset event.
        (
            [(100, 92, 300), (301, 2, 601), (302, 92, 300), (304, 2, 601)],
            ["reset of 92"],
        ),
        (
            [(100, 92, 300), (301, 0, None), (302, 92, 300), (304, 92, 300)],
            ["reset of 92"],
        ),
        # The old values are served without a reset.
        ([(100, 92, 300), (301, 92, None), (303, 2, 603)], ["reset of 92"]),
        # A reset in the past, and one that was not known before.
        ([(100, 60, 300), (102, 60, 2), (104, 60, 300), (106, 61, 300)], []),
        ([(100, 80, 300), (102, 80, 106), (107, 80, 300), (109, 81, 300)], []),
        # One answer with another reset, and two that do not agree.
        ([(100, 60, 300), (102, 80, 650), (104, 60, 300)], []),
        ([(100, 60, 300), (102, 80, 650), (104, 80, 180), (106, 60, 300)], []),
        # An answer without a reset does not hide the reset.
        (
            [(60, 60, 300), (120, 60, None), (360, 80, 600)],
            ["reset of 60", "threshold 75"],
        ),
    ],
)
def test_sequences_over_a_reset(answers: list[Answer], expected: list[str]) -> None:
    """Answers of a session, with their resets."""
    assert events_of(*answers, identity=SESSION) == expected


@pytest.mark.parametrize(
    "begin",
    [
        [(100, 40, 300), (200, 41, None)],
        # Only one wrong answer had a reset.
        [(100, 40, None), (102, 40, 120), (104, 40, None)],
        [(100, 40, None), (102, 41, 120), (104, 40, None)],
    ],
)
def test_window_without_a_reset_from_now_on(begin: list[Answer]) -> None:
    """An hour after its last reset, a window continues without one."""
    rising = [(300 + 2 * n, 42 + n, None) for n in range(59)]
    found = events_of(*begin, *rising, identity=FABLE)
    assert found[-2:] == ["threshold 90", "limit"]
    assert not [text for text in found if "reset" in text]


@pytest.mark.parametrize("step", [2, 30, 61, 120])
@pytest.mark.parametrize(("identity", "length"), [(SESSION, 300), (WEEKLY, 10080)])
def test_reset_that_moves_with_the_clock(
    step: float, identity: Identity, length: float
) -> None:
    """A reset that is always equally far away never happens, at any interval."""
    answers = [(n * step, min(60 + n, 76), n * step + length) for n in range(200)]
    assert events_of(*answers, identity=identity) == ["threshold 75"]


def test_missing_window_keeps_its_progress() -> None:
    """A window that reappears continues. Only the newest 50 are kept."""
    now = START + DAY
    progress = detect({}, now, window(60)).progress
    progress = detect(progress, now + MINUTE).progress
    (rise, crossed) = detect(progress, now + 2 * MINUTE, window(76)).events
    assert (rise.type, rise.before, crossed.threshold) == (ROSE, 60, 75)
    identities = [Identity("weekly_scoped", str(n)) for n in range(60)]
    for identity in identities:
        progress = detect(progress, now, window(60, identity=identity)).progress
    assert list(progress) == identities[-51:]


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        # The session is missing once, twice, and with everything else.
        ([(100, 40), (None, 40), (100, 40)], []),
        ([(100, 40), (None, 40), (None, 41)], ["available_again"]),
        ([(100, 40), (None, None), (None, None)], []),
        ([(99, 40), (None, 40), (None, 41)], []),
        # A week that is used up still blocks.
        ([(100, 100), (None, 100), (None, 100)], []),
        # A lifted session blocks nothing, and comes back as a new one.
        (
            [(100, 100), (None, 100), (None, 100), (None, 40), (None, 40), (90, 40)],
            ["refilled of 100", "available_again"],
        ),
    ],
)
def test_limit_that_is_lifted(
    windows: list[tuple[float | None, float | None]], expected: list[str]
) -> None:
    """Percentages of a session and a week, two minutes apart."""
    progress: Progress = {}
    found: list[UsageEvent] = []
    for number, (session, week) in enumerate(windows):
        answer = [
            window(percent, START + length, identity)
            for percent, length, identity in (
                (session, 5 * HOUR, SESSION),
                (week, WEEK, WEEKLY),
            )
            if percent is not None
        ]
        detection = detect(progress, START + 2 * number * MINUTE, *answer)
        progress = detection.progress
        found += detection.events
    assert texts(found) == expected
    lifted = [event for event in found if event.identity == SESSION]
    assert all(event.as_dict()["percent"] is None for event in lifted)


@pytest.mark.parametrize(
    ("before", "hours", "after", "expected"),
    [
        # The week is used up, after a session reset and in an answer without it.
        ((100, 100), 2, (100, 2), ["reset of 100"]),
        ((100, 100), 2, (None, 2), ["reset of 100"]),
        # A single wrong zero of the week.
        ((100, 100), 2, (0, 2), ["reset of 100"]),
        # The week resets long after the session, which runs again or is missing.
        ((100, 100), 169, (1, 5), 2 * ["reset of 100", "available_again"]),
        ((100, 100), 169, (1, None), ["reset of 100", "available_again"]),
        # A week below the limit does not block, and neither does a model.
        ((99, 100), 2, (99, 1), ["reset of 100", "available_again"]),
    ],
)
def test_available_again_only_if_nothing_blocks(
    before: tuple[float, float],
    hours: float,
    after: tuple[float | None, float | None],
    expected: list[str],
) -> None:
    """Percentages of the week and of a session that resets after an hour."""
    model = window(100, START + 2 * WEEK, FABLE)
    week, session = before
    known = [window(week), window(session, START + HOUR, SESSION), model]
    progress = detect({}, START, *known).progress
    now = START + hours * HOUR
    week_reset = START + (2 * WEEK if now > START + WEEK else WEEK)
    windows = [
        window(percent, resets_at, identity)
        for percent, resets_at, identity in (
            (after[0], week_reset, WEEKLY),
            (after[1], now + 4 * HOUR, SESSION),
        )
        if percent is not None
    ]
    assert sorted(texts(detect(progress, now, *windows, model).events)) == sorted(
        expected
    )


@pytest.mark.parametrize(("second", "freed"), [(96, 2), (100, 0)])
def test_week_that_falls_blocks_until_confirmed(second: float, freed: int) -> None:
    """A week at 96% after 100% does not block if a second answer agrees."""
    progress = detect(
        {}, START, window(100), window(100, START + HOUR, SESSION)
    ).progress
    now = START + 2 * HOUR
    for minutes, percent in ((-1, 96), (-0.5, second)):
        progress = detect(progress, now + minutes * MINUTE, window(percent)).progress
    answer = [window(96), window(1, now + 4 * HOUR, SESSION)]
    found = texts(detect(progress, now + 2 * MINUTE, *answer).events)
    refilled = ["refilled of 100"] if freed else []
    assert found == ["reset of 100", *refilled, *freed * ["available_again"]]


def test_two_windows_in_one_answer() -> None:
    """Each window has its own events."""
    resets_at = START + 5 * HOUR
    now = START + 3 * HOUR
    progress = detect({}, now, window(60), window(60, resets_at, SESSION)).progress
    answer = [window(76), window(91, resets_at, SESSION)]
    found = detect(progress, now + MINUTE, *answer).events
    assert [(event.window.identity, event.threshold) for event in found[2:]] == [
        (WEEKLY, 75),
        (SESSION, 90),
    ]


def test_will_run_out_once_per_risk() -> None:
    """From a certain run-out on, until a projection of 95%. Also of a model."""
    progress: Progress = {}
    found = []
    # The confidence is 60% and then 79%, and the projection 102, 90 and 132%.
    days = (0.5, 0.9, 1, 1.1, 3.4, 4.2, 5, 5.1)
    for day, percent in zip(days, (6, 40, 60, 61, 61, 61, 95, 96), strict=True):
        answer = [window(percent), window(percent, identity=FABLE)]
        detection = detect(progress, START + day * DAY, *answer, forecasts=True)
        progress = detection.progress
        found += [
            (day, event.window.identity)
            for event in detection.events
            if event.type == "will_run_out"
        ]
    assert found == [(1, WEEKLY), (1, FABLE), (5, WEEKLY), (5, FABLE)]


def test_risk_in_the_first_answer_has_no_event() -> None:
    """A risk that existed before is not new."""
    progress = detect({}, START + 3 * DAY, window(80), forecasts=True).progress
    assert progress[WEEKLY].at_risk
    now = START + 3 * DAY + HOUR
    assert not texts(detect(progress, now, window(81), forecasts=True).events)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # One wrong reset does not end the risk.
        ([(10, 7), (80, 7), (80, 4.2), (80, 7), (80, 7)], ["will_run_out"]),
        # A limit that is reached does not run out any more.
        ([(10, 7), (100, 7), (100, 7), (99, 7), (100, 7)], ["limit"]),
    ],
)
def test_will_run_out_in_sequences(
    answers: list[tuple[float, float]], expected: list[str]
) -> None:
    """Answers two minutes apart on the third day: percent, and the day of the reset."""
    progress: Progress = {}
    found: list[str] = []
    for number, (percent, day) in enumerate(answers):
        week = window(percent, START + day * DAY)
        now = START + 3 * DAY + 2 * number * MINUTE
        detection = detect(progress, now, week, forecasts=True)
        progress = detection.progress
        found += [text for text in texts(detection.events) if "threshold" not in text]
    assert found == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # Minutes and percentages. 40% in 24 minutes is 100% in 60, or with breaks in 78.
        ([(16, 5), (24, 40)], [(24, 78)]),
        # Once a session, even if it becomes better.
        ([(16, 5), (24, 40), (180, 41), (200, 70), (220, 90)], [(24, 78)]),
        # Not within an hour, or after the reset.
        ([(16, 5), (60, 35)], []),
        ([(60, 10), (240, 50), (290, 95)], []),
        # After a refill, the limit can run out again.
        (
            [(16, 5), (24, 40), (60, 80), (80, 2), (82, 2), (100, 40), (120, 72)],
            [(24, 78), (120, 190)],
        ),
    ],
)
def test_session_whose_limit_is_near(
    answers: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    """The rate of the session announces a limit, and when it runs out."""
    progress: Progress = {}
    found, last_answer = [], None
    for minutes, percent in answers:
        now = START + minutes * MINUTE
        answer = window(percent, START + 5 * HOUR, SESSION)
        detection = detect(
            progress, now, answer, forecasts=True, last_answer=last_answer
        )
        progress, last_answer = detection.progress, now
        found += [
            (minutes, round(((event.runs_out_at or START) - START) / MINUTE))
            for event in detection.events
            if event.type == "will_run_out"
        ]
    assert found == expected


def test_time_of_a_session() -> None:
    """It is that of the forecast, which sensors and card show, too."""
    progress: Progress = {}
    times = []
    for minutes, percent in ((2, 0), (8, 20), (20, 50)):
        now = START + minutes * MINUTE
        answer = window(percent, START + 5 * HOUR, SESSION)
        context = Context(partial(even, now=now), now, RULES, now - DAY)
        detection = detect_events(progress, [answer], context)
        progress = detection.progress
        times += [
            (event.type, event.runs_out_at)
            for event in detection.events
            if event.type in ("will_run_out", "threshold_reached")
        ]
    assert times == [
        ("will_run_out", START + 40 * MINUTE),
        ("threshold_reached", START + 40 * MINUTE),
    ]


def test_session_that_runs_out_at_an_unusual_time() -> None:
    """It has no event until it runs out at a time when the person works."""
    progress: Progress = {}
    asked, found = [], []

    def is_usual(time: datetime) -> bool:
        """Return whether a time is in the first 55 minutes."""
        asked.append((time - START) / MINUTE)
        return asked[-1] < 55

    for minutes, percent in ((16, 0), (24, 40), (30, 60)):
        now = START + minutes * MINUTE
        answer = window(percent, START + 5 * HOUR, SESSION)
        context = Context(
            partial(even, now=now), now, RULES, now - DAY, is_usual=is_usual
        )
        detection = detect_events(progress, [answer], context)
        progress = detection.progress
        found += [minutes for event in detection.events if "run" in event.type]
    assert (asked, found) == ([60, 50], [30])


def test_moved_reset() -> None:
    """A later reset makes another left-over event due, and says nothing of use."""
    answers = [(n / 24, 40 + n // 12, 7 if n < 150 else 9) for n in range(30, 210)]
    progress: Progress = {}
    found = []
    for day, percent, end in answers:
        detection = detect(
            progress,
            START + day * DAY,
            window(percent, START + end * DAY),
            forecasts=True,
        )
        progress = detection.progress
        found += [
            (round(day, 2), event.type)
            for event in detection.events
            if event.type not in (ROSE, "threshold_reached")
        ]
    # The first one comes a day before day 7, the second one a day before day 9.
    assert found == [(6.0, "left_over"), (8.0, "left_over")]


def test_windows_with_the_same_name_start_over_when_their_number_changes() -> None:
    """The numbers may then mean other windows, so nothing is compared."""
    second = FABLE._replace(number=2)
    progress = detect({}, START + DAY, window(92, identity=FABLE)).progress
    for minutes, percents in ((2, (10, 92)), (4, (10, 92)), (6, (92,)), (8, (92,))):
        windows = [
            window(percent, identity=identity)
            for percent, identity in zip(percents, (FABLE, second), strict=False)
        ]
        detection = detect(progress, START + DAY + minutes * MINUTE, *windows)
        progress = detection.progress
        assert detection.events == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # Days, the percentage, and the day of the reset. Once a week.
        ([(3, 60, 7), (5.9, 65, 7), (6.5, 65, 7), (6.6, 66, 7)], ["left_over"]),
        # One wrong reset neither causes the event nor prevents it.
        ([(3, 5, 7), (3.04, 6, 3.2), (3.08, 6, 7), (6.5, 6, 7)], ["left_over"]),
        # Not enough is left, or the first answer comes just before the reset.
        ([(3, 60, 7), (6.5, 71, 7)], []),
        ([(6.5, 60, 7), (6.6, 60, 7)], []),
    ],
)
def test_left_over(
    answers: list[tuple[float, float, float]], expected: list[str]
) -> None:
    """If enough of the week is left, an event comes some hours before the reset."""
    found = events_of(*[(1440 * day, item, 1440 * end) for day, item, end in answers])
    assert found == expected
    assert events_of(*answers, identity=FABLE) == []


@given(
    percents=st.lists(st.integers(0, 100), min_size=1, max_size=30),
    stop=st.integers(0, 29),
)
@settings(max_examples=300, deadline=None)
def test_no_event_is_lost_or_repeated(percents: list[int], stop: int) -> None:
    """A rising percentage that flickers, and a restart that loses one detection."""
    flickering = [percent - n % 3 for n, percent in enumerate(sorted(percents))]
    progress: Progress = {}
    found: list[str] = []
    for number, percent in enumerate(flickering):
        now = START + DAY + number * HOUR
        if number == stop:
            detect(progress, now, window(percent))
        # A rise of more than 50 points needs a second answer.
        for minutes in (0, 2):
            moment = now + minutes * MINUTE
            detection = detect(progress, moment, window(percent))
            progress = detection.progress
            found += texts(detection.events)
    assert len(found) == len(set(found))
    limits = sorted(RULES.thresholds | {100})
    # The highest limit of one rise stands for the others.
    crossed = [item for item in limits if flickering[0] < item <= max(flickering)]
    if crossed:
        last = crossed[-1]
        assert found[-1] == ("limit" if last == 100 else f"threshold {last:g}")
    else:
        assert found == []
