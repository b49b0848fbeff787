"""What is told of windows: each thing once, and nothing that is not so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.usage import (
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.events.detection import (
    ROSE,
    Mark,
    Rules,
    Told,
    tell,
)
from custom_components.claude_pulse.forecast.projection import forecast_of

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY, WEEK = (timedelta(minutes=m) for m in (1, 60, 1440, 10080))
RULES = Rules(frozenset({50, 75, 90}), 30, 24 * HOUR)
OF_A_MODEL = Identity("weekly_scoped", "fable")

Marks = dict[Identity, Mark]


def window(
    percent: float, resets_at: datetime | None = START + WEEK, of: Identity = WEEKLY
) -> UsageWindow:
    """Return a window."""
    return UsageWindow(of, None, percent, resets_at)


def seen(
    marks: Marks, now: datetime, *windows: UsageWindow, forecasts: bool = False
) -> tuple[Marks, list[Told]]:
    """Look at windows, by default without forecasts; each rise is left out."""
    found = [(item, forecast_of(item, now) if forecasts else None) for item in windows]
    marks, told = tell(marks, found, now, RULES)
    return marks, [event for event in told if event.type != ROSE]


def texts(told: Iterable[Told]) -> list[str]:
    """Write what is told in short."""
    return [
        " ".join(
            [
                event.type.removesuffix("_reached"),
                *([f"{event.threshold:g}"] if event.threshold else []),
                *([f"of {event.before:g}"] if event.type == "reset" else []),
            ]
        )
        for event in told
    ]


def told_of(
    *readings: tuple[float, float, float | None], of: Identity = WEEKLY
) -> list[str]:
    """Return what is told of readings: minutes, percent, and the reset in minutes."""
    marks: Marks = {}
    found: list[str] = []
    for minutes, percent, reset in readings:
        resets_at = None if reset is None else START + reset * MINUTE
        now = START + minutes * MINUTE
        marks, told = seen(marks, now, window(percent, resets_at, of))
        found += texts(told)
    return found


def every_two_minutes(*percents: float) -> list[tuple[float, float, float]]:
    """Return readings in one week, beginning in its middle."""
    return [
        (5000 + 2 * place, percent, 10080) for place, percent in enumerate(percents)
    ]


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        # Only the highest of several at once.
        ((40, 60, 61, 92, 100, 100), ["threshold 50", "threshold 90", "limit"]),
        ((40, 100), ["limit"]),
        # A percentage that trembles passes a threshold once.
        ((70, 76, 75, 76, 74, 76), ["threshold 75"]),
        # First sight is nothing to tell.
        ((85, 85, 91), ["threshold 90"]),
        ((100, 100), []),
        # One false zero, and another, and a true one.
        ((73, 0, 73), []),
        ((73, 0, 73, 0, 73, 76), ["threshold 75"]),
        ((73, 0, 73, 0, 0), ["reset of 73"]),
        # What was refilled counts from where it is.
        ((100, 40, 40, 60), ["reset of 100", "available_again", "threshold 50"]),
        ((80, 55, 55), ["reset of 80", "threshold 50"]),
        # Somebody who has used it up can go on, and uses it up again; but not because of
        # one false answer, nor of one that trembles.
        ((99, 100, 95, 95, 96, 100), ["limit", "available_again", "limit"]),
        ((99, 100, 95, 100, 95, 100), ["limit"]),
        ((99, 100, 98, 99, 98, 100), ["limit"]),
        # Beyond the limit.
        ((99, 103, 104), ["limit"]),
    ],
)
def test_within_a_window(percents: tuple[float, ...], expected: list[str]) -> None:
    """Readings that come every two minutes, of one week."""
    assert told_of(*every_two_minutes(*percents)) == expected


def test_fall_is_not_confirmed_too_soon() -> None:
    """Two answers within a minute can be the same false one."""
    readings = [(5000, 73, 10080), (5002, 0, 10080), (5002.5, 0, 10080)]
    assert told_of(*readings) == []
    assert told_of(*readings, (5003, 0, 10080)) == ["reset of 73"]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        # Off over a threshold, over a reset, over both.
        ([(100, 60, 300), (250, 92, 300)], ["threshold 90"]),
        ([(100, 100, 300), (400, 3, 650)], ["reset of 100", "available_again"]),
        ([(100, 60, 300), (400, 80, 650)], ["reset of 60", "threshold 75"]),
        # Nobody has begun another session.
        ([(100, 60, 300), (301, 0, None), (400, 0, None)], ["reset of 60"]),
        ([(100, 0, None), (400, 55, 650)], ["threshold 50"]),
        # After the reset the old numbers are still served.
        (
            [(100, 97, 300), (301, 97, 300), (302, 97, 301), (303, 2, 603)],
            ["reset of 97"],
        ),
        # A reset that is moved a little is none.
        ([(100, 60, 300), (110, 61, 301), (120, 62, 299)], []),
        # A false zero of a false window, once.
        (
            [(100, 73, 300), (102, 0, 402), (104, 73, 300), (106, 76, 300)],
            ["threshold 75"],
        ),
        # As much is used right after the reset as before, or those are the old numbers.
        ([(299, 80, 300), (302, 80, 602)], []),
        (
            [(299, 80, 300), (302, 80, 602), (304, 80, 602)],
            ["reset of 80", "threshold 75"],
        ),
        (
            [(299, 100, 300), (300.25, 100, 600), (302, 1, 600), (304, 1, 600)],
            ["reset of 100", "available_again"],
        ),
        (
            [(299, 80, 300), (301, 80, 601), (302, 80, 300), (304, 80, 601)],
            [],
        ),
        # Nothing was used, and one answer tells a reset.
        ([(100, 0, None), (102, 0, 402), (104, 0, None), (500, 0, None)], []),
        (
            [(100, 0, None), (102, 0, 402), (104, 0, 402), (403, 0, None)],
            ["reset of 0"],
        ),
        ([(299, 0, 300), (302, 0, None)], ["reset of 0"]),
        # Nor come they back when it has been told.
        (
            [(100, 92, 300), (301, 2, 601), (302, 92, 300), (304, 2, 601)],
            ["reset of 92"],
        ),
        (
            [(100, 92, 300), (301, 0, None), (302, 92, 300), (304, 92, 300)],
            ["reset of 92"],
        ),
        # They are served without their reset.
        ([(100, 92, 300), (301, 92, None), (303, 2, 603)], ["reset of 92"]),
        # A reset of the past is none, nor is one that nobody told before.
        ([(100, 60, 300), (102, 60, 2), (104, 60, 300), (106, 61, 300)], []),
        ([(100, 80, 300), (102, 80, 106), (107, 80, 300), (109, 81, 300)], []),
        # One answer with another reset is false, as are two that do not agree.
        ([(100, 60, 300), (102, 80, 650), (104, 60, 300)], []),
        ([(100, 60, 300), (102, 80, 650), (104, 80, 180), (106, 60, 300)], []),
        # A reset that is moved is none, but one that is a whole window away is: of a
        # clock that is slow.
        ([(100, 60, 300), (102, 80, 400), (104, 80, 400)], ["threshold 75"]),
        (
            [(100, 60, 300), (102, 80, 650), (104, 80, 650)],
            ["reset of 60", "threshold 75"],
        ),
        # One answer without a reset does not hide it.
        (
            [(60, 60, 300), (120, 60, None), (360, 80, 600)],
            ["reset of 60", "threshold 75"],
        ),
    ],
)
def test_over_a_reset(
    readings: list[tuple[float, float, float | None]], expected: list[str]
) -> None:
    """Sessions, with their resets."""
    assert told_of(*readings, of=SESSION) == expected


@pytest.mark.parametrize(
    "begin",
    [
        # It had a reset, or one false answer told one.
        [(100, 40, 300), (200, 41, None)],
        [(100, 40, None), (102, 40, 120), (104, 40, None)],
        [(100, 40, None), (102, 41, 120), (104, 40, None)],
    ],
)
def test_no_reset_any_more(begin: list[tuple[float, float, float | None]]) -> None:
    """It is waited for an hour for the next reset; then it goes on without one."""
    rising = [(300 + 2 * place, 42 + place, None) for place in range(59)]
    found = told_of(*begin, *rising, of=OF_A_MODEL)
    assert found[-2:] == ["threshold 90", "limit"]
    assert not [text for text in found if "reset" in text]


@pytest.mark.parametrize("step", [2, 30, 61, 120])
@pytest.mark.parametrize(("of", "length"), [(SESSION, 300), (WEEKLY, 10080)])
def test_reset_that_is_always_as_far_away(
    step: float, of: Identity, length: float
) -> None:
    """It is none, however seldom somebody asks."""
    readings = [
        (place * step, min(60 + place, 76), place * step + length)
        for place in range(200)
    ]
    assert told_of(*readings, of=of) == ["threshold 75"]


def test_missing_window_changes_nothing() -> None:
    """It is where it was when it is there again."""
    marks, _ = seen({}, START + DAY, window(60))
    marks, told = seen(marks, START + DAY + MINUTE)
    assert told == []
    assert seen(marks, START + DAY + 2 * MINUTE, window(76))[1][0].threshold == 75


def test_available_again_only_when_nothing_blocks() -> None:
    """A session that is reset helps nobody whose week is used up; a model's does not count."""
    now = START + 4 * HOUR
    full = [window(100), window(100, now + HOUR, SESSION)]
    marks, _ = seen({}, now, *full, window(100, of=OF_A_MODEL))
    now += 2 * HOUR
    marks, told = seen(marks, now, window(100), window(2, now + 4 * HOUR, SESSION))
    assert texts(told) == ["reset of 100"]
    # Then the week is; the session has been for long.
    now = START + WEEK + HOUR
    marks, told = seen(
        marks, now, window(1, now + WEEK), window(5, now + 4 * HOUR, SESSION)
    )
    assert [(event.type, event.window.identity) for event in told] == [
        ("reset", WEEKLY),
        ("reset", SESSION),
        ("available_again", WEEKLY),
    ]
    # A false zero of the week frees nobody.
    marks, _ = seen({}, START, window(100), window(100, START + HOUR, SESSION))
    now = START + 2 * HOUR
    marks, told = seen(marks, now, window(0), window(1, now + 4 * HOUR, SESSION))
    assert texts(told) == ["reset of 100"]
    # A session that ended long ago, and is missing, blocks nobody.
    marks, _ = seen({}, START, window(100), window(100, START + HOUR, SESSION))
    _, told = seen(marks, START + WEEK + HOUR, window(1, START + 2 * WEEK))
    assert texts(told) == ["reset of 100", "available_again"]
    # A week that is less than used up blocks nobody, if it is for long.
    for week, freed in ((96, 2 * ["available_again"]), (100, [])):
        marks, _ = seen({}, START, window(100), window(100, START + HOUR, SESSION))
        for percent in (96, week):
            now = START + 2 * HOUR - percent * MINUTE / 100
            marks, _ = seen(marks, now, window(percent))
        now = START + 2 * HOUR + 2 * MINUTE
        _, told = seen(marks, now, window(96), window(1, now + 4 * HOUR, SESSION))
        assert texts(told) == ["reset of 100", *freed]
    # A week that is missing in the answer still blocks.
    marks, _ = seen({}, START, window(100), window(100, START + HOUR, SESSION))
    now = START + 2 * HOUR
    _, told = seen(marks, now, window(2, now + 4 * HOUR, SESSION))
    assert texts(told) == ["reset of 100"]


def test_two_windows_at_once() -> None:
    """Each is told of."""
    now = START + 3 * HOUR
    marks, _ = seen({}, now, window(60), window(60, START + 5 * HOUR, SESSION))
    _, told = seen(
        marks, now + MINUTE, window(76), window(91, START + 5 * HOUR, SESSION)
    )
    assert [(event.window.identity, event.threshold) for event in told] == [
        (WEEKLY, 75),
        (SESSION, 90),
    ]


def test_will_run_out_once_an_episode() -> None:
    """From 105 % on, until 95; not in the first tenth, and not of a model."""
    marks: Marks = {}
    found = []
    # A projection of 102 % ends nothing, one of 93 % does.
    for days, percent in (
        (0.5, 6),
        (0.6, 55),
        (1, 60),
        (1.1, 61),
        (4.2, 61),
        (4.6, 61),
        (5, 90),
        (5.1, 91),
    ):
        now = START + days * DAY
        marks, told = seen(
            marks, now, window(percent), window(percent, of=OF_A_MODEL), forecasts=True
        )
        found += [
            (days, event.window.identity)
            for event in told
            if event.type == "will_run_out"
        ]
    assert found == [(1, WEEKLY), (5, WEEKLY)]
    # It is under way when it is seen for the first time.
    marks, _ = seen({}, START + 3 * DAY, window(80), forecasts=True)
    assert marks[WEEKLY].at_risk
    _, told = seen(marks, START + 3 * DAY + HOUR, window(81), forecasts=True)
    assert told == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # One false reset ends no episode.
        ([(10, 7), (70, 7), (70, 4.2), (70, 7), (70, 7)], ["will_run_out"]),
        # What is used up has run out.
        ([(10, 7), (100, 7), (99, 7), (100, 7)], ["limit"]),
    ],
)
def test_will_run_out_of_answers(
    answers: list[tuple[float, float]], expected: list[str]
) -> None:
    """Answers two minutes apart on the third day: percent, and the day of the reset."""
    marks: Marks = {}
    found: list[str] = []
    for place, (percent, days) in enumerate(answers):
        now = START + 3 * DAY + 2 * place * MINUTE
        week = window(percent, START + days * DAY)
        marks, told = seen(marks, now, week, forecasts=True)
        found += [text for text in texts(told) if "threshold" not in text]
    assert found == expected


def test_spelled_alike() -> None:
    """Windows that only a number tells apart are seen for the first time when one comes or goes."""
    other = OF_A_MODEL._replace(number=2)
    marks, _ = seen({}, START + DAY, window(92, of=OF_A_MODEL))
    for minutes, swapped in ((2, (10, 92)), (4, (10, 92)), (6, (92,)), (8, (92,))):
        windows = [
            window(percent, of=of)
            for percent, of in zip(swapped, (OF_A_MODEL, other), strict=False)
        ]
        marks, told = seen(marks, START + DAY + minutes * MINUTE, *windows)
        assert told == []


def test_left_over_once_a_week() -> None:
    """Some hours before the reset, if enough is left; late if nobody was there."""
    marks, _ = seen({}, START + 3 * DAY, window(60))
    marks, told = seen(marks, START + 5.9 * DAY, window(65))
    assert told == []
    marks, told = seen(marks, START + 6.5 * DAY, window(65), window(10, of=OF_A_MODEL))
    assert texts(told) == ["left_over"]
    marks, told = seen(marks, START + 6.6 * DAY, window(66))
    assert told == []
    # One false reset is nothing to tell, and does not hide the true one.
    marks, _ = seen({}, START + 3 * DAY, window(5))
    for hours, reset in ((1, START + 3.2 * DAY), (2, START + WEEK)):
        marks, told = seen(marks, START + 3 * DAY + hours * HOUR, window(6, reset))
        assert told == []
    assert texts(seen(marks, START + 6.5 * DAY, window(6))[1]) == ["left_over"]
    # Not enough, and not for who has just come.
    marks, _ = seen({}, START + 3 * DAY, window(60))
    assert seen(marks, START + 6.5 * DAY, window(71))[1] == []
    marks, _ = seen({}, START + 6.5 * DAY, window(60))
    assert seen(marks, START + 6.6 * DAY, window(60))[1] == []


@given(
    percents=st.lists(st.integers(0, 100), min_size=1, max_size=30),
    stop=st.integers(0, 29),
)
@settings(max_examples=300, deadline=None)
def test_each_once_and_none_lost(percents: list[int], stop: int) -> None:
    """Of a rising percentage that trembles; a restart in the middle changes nothing."""
    rising = sorted(percents)
    trembling = [percent - place % 3 for place, percent in enumerate(rising)]
    marks: Marks = {}
    found: list[str] = []
    for place, percent in enumerate(trembling):
        now = START + DAY + place * HOUR
        if place == stop:
            # What was seen but not kept is found again from the marks that were.
            seen(marks, now, window(percent))
        marks, told = seen(marks, now, window(percent))
        found += texts(told)
    assert len(found) == len(set(found))
    # Those that the highest of a step has left out are told by it.
    last = max(trembling)
    limits = sorted(RULES.thresholds | {100})
    due = [limit for limit in limits if trembling[0] < limit <= last]
    if due:
        assert found[-1] == ("limit" if due[-1] == 100 else f"threshold {due[-1]:g}")
    else:
        assert found == []
