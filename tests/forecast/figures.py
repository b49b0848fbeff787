"""Figures of forecasts, and how they differ between two runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from custom_components.claude_pulse.claude_ai.windows import WEEKLY, UsageWindow
from custom_components.claude_pulse.events.detection import Context, _is_at_risk
from custom_components.claude_pulse.events.model import Rules

from .course import Course, Moment, time_of

# The highest percentage that a capped error knows.
CAP = 200

# Hours after which a change of the verdict may be undone.
SETTLED = 12

# The edges of the classes of probability in which `lasts` is calibrated.
CLASSES = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)

# The number of samples of a bootstrap.
_SAMPLES = 2000

_RULES = Rules(thresholds=(), left_over=0, left_over_before=timedelta())


class Part(NamedTuple):
    """A person's part of a figure, which is the sum of values by the sum of weights."""

    value: float
    weight: float


# The parts of all people by figure. Of a figure with `lead` in its name, all values.
Figures = dict[str, dict[str, Part]]

TITLES = {
    "error": "error",
    "error 200": "error, capped at 200",
    "right": "right verdicts, %",
    "holds": "range holds, %",
    "width": "width of the range",
    "pinball": "pinball loss",
    "brier": "Brier score of `lasts`",
    "certainty": "shown certainty, off by",
    "flips": "flips of the verdict in a window",
    "undone": "flips undone in 12 hours, per window",
    "said runs out": "looks with 'runs out', %",
    "said may": "looks with 'may run out', %",
    "runs out": "'runs out' came true, %",
    "may": "'may run out' came true, %",
    "announced": "run-outs announced as 'runs out', %",
    "alarms": "alarms, % of windows",
    "alarms right": "right alarms, %",
    "alarms false": "false alarms, %",
    "missed": "missed run-outs, %",
    "lead": "mean lead of an alarm, hours",
}


def parts_of(courses: Sequence[Course]) -> Iterator[tuple[str, float, float]]:
    """Yield the name, value and weight of each part of a person's figures."""
    looks = [(course, moment) for course in courses for moment in course.looks]
    for course, moment in looks:
        yield from _parts_of_look(course, moment)
    for course in courses:
        yield from _parts_of_course(course)


def _parts_of_look(
    course: Course, moment: Moment
) -> Iterator[tuple[str, float, float]]:
    """Yield the parts of a look."""
    exact, shown, actual = moment.exact, moment.shown, course.actual
    lasts = actual <= 100
    error = abs(exact.projected - actual)
    yield "error", error, 1
    yield "error 200", abs(min(exact.projected, CAP) - min(actual, CAP)), 1
    yield "right", 100 * (exact.lasts is lasts), 1
    yield "holds", 100 * (round(exact.low) <= round(actual) <= round(exact.high)), 1
    yield "width", exact.high - exact.low, 1
    marks = ((0.1, exact.low), (0.5, exact.projected), (0.9, exact.high))
    losses = (
        max(share * (actual - mark), (share - 1) * (actual - mark))
        for share, mark in marks
    )
    yield "pinball", 2 * sum(losses) / len(marks), 1
    said = probability(exact.lasts, exact.confidence)
    yield "brier", (said - lasts) ** 2, 1
    for low, high in zip(CLASSES, CLASSES[1:], strict=False):
        if low <= said < high:
            yield f"said {low}", 100 * said, 1
            yield f"came {low}", 100 * lasts, 1
    certain = 100 * probability(shown.lasts is exact.lasts, exact.confidence)
    yield "certainty", abs(shown.confidence - certain), 1
    sure, unsure = says_runs_out(moment, course), not shown.lasts
    unsure = unsure and not sure
    yield "said runs out", 100 * sure, 1
    yield "said may", 100 * unsure, 1
    if sure:
        yield "runs out", 100 * (not lasts), 1
    elif unsure:
        yield "may", 100 * (not lasts), 1


def _parts_of_course(course: Course) -> Iterator[tuple[str, float, float]]:
    """Yield the parts of a window."""
    alarm, at_risk, announced = None, False, False
    flips, undone, flipped, last = 0, 0, None, None
    for moment in course.moments:
        window = UsageWindow(WEEKLY, None, moment.percent, None)
        now = time_of(moment.passed)
        context = Context(lambda _, exact=moment.exact: exact, now, _RULES)
        at_risk = bool(_is_at_risk(window, context, at_risk))
        if at_risk and alarm is None:
            alarm = moment.passed
        announced = announced or says_runs_out(moment, course)
        if last is not None and last.shown.lasts is not moment.shown.lasts:
            flips += 1
            if flipped and moment.passed - flipped.passed <= SETTLED:
                undone += moment.percent == flipped.percent
            flipped = moment
        last = moment
    ran_out = course.actual > 100
    yield "flips", flips, 1
    yield "undone", undone, 1
    yield "alarms", 100 * (alarm is not None), 1
    if alarm is not None:
        yield "alarms right", 100 * ran_out, 1
        yield "alarms false", 100 * (not ran_out), 1
    if ran_out:
        yield "missed", 100 * (alarm is None), 1
        yield "announced", 100 * announced, 1
    if alarm is not None and ran_out:
        yield "lead", (course.ran_out or course.hours) - alarm, 1


def probability(lasts: bool, confidence: float) -> float:
    """Return the probability of `lasts` from the confidence of a verdict."""
    return (confidence if lasts else 100 - confidence) / 100


def says_runs_out(moment: Moment, course: Course) -> bool:
    """Return whether the card says 'runs out' and not 'may run out'."""
    shown = moment.shown
    return not shown.lasts and shown.is_certain


def add(figures: Figures, name: str, person: str, courses: Sequence[Course]) -> None:
    """Add a person's parts to the figures under a name.

    Each person counts the same: the looks and the windows of a person weigh 1 together.
    """
    windows = len(courses) or 1
    looks = sum(len(course.looks) for course in courses) or 1
    by_look = {"runs out", "may", *(f"{kind} {low}" for kind in ("said", "came") for low in CLASSES)}
    by_window = {"flips", "undone", "alarms", "alarms right", "alarms false", "missed", "announced", "lead"}
    for figure, value, weight in parts_of(courses):
        share = weight / (windows if figure in by_window else looks)
        people = figures.setdefault(f"{name}: {figure}", {})
        before = people.get(person, Part(0, 0))
        people[person] = Part(before.value + value * share, before.weight + share)


def value_of(parts: Iterable[Part]) -> float:
    """Return the value of a figure."""
    parts = [*parts]
    weight = sum(part.weight for part in parts)
    return sum(part.value for part in parts) / weight if weight else float("nan")


def difference(
    figure: Mapping[str, Part], other: Mapping[str, Part]
) -> tuple[float, float, float]:
    """Return how a figure differs from another run, and the 95% interval over people.

    It is a paired bootstrap: both figures are of the same drawn people.
    """
    people = sorted(figure.keys() | other.keys())
    draw = np.random.default_rng(0).multinomial(
        len(people), [1 / len(people)] * len(people), size=_SAMPLES
    )
    none = Part(0, 0)

    def sampled(parts: Mapping[str, Part]) -> np.ndarray:
        """Return the value of a figure in each sample."""
        table = np.array([parts.get(person, none) for person in people])
        with np.errstate(invalid="ignore", divide="ignore"):
            values = draw @ table
            return values[:, 0] / values[:, 1]

    exact = value_of(figure.values()) - value_of(other.values())
    low, high = np.nanpercentile(sampled(figure) - sampled(other), [2.5, 97.5])
    return exact, float(low), float(high)
