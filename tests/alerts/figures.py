"""The figures of what happened: messages, and announcements of session limits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from .limits import SESSION_MINUTES
from .people import MINUTES_PER_DAY

# Minutes: an announcement is in time, and its time is right.
IN_TIME, RIGHT = 20, 30

# The quiet hours of the blueprint, in minutes of a day. The first history begins at midnight.
QUIET_FROM, QUIET_UNTIL = 22 * 60, 7 * 60

Outcome = dict[str, Any]
# The minutes at which a rule announces a session limit.
Rule = Callable[[Outcome], Sequence[int]]

RULES: dict[str, Rule] = {
    "Claude Pulse": lambda outcome: [
        minute
        for minute, kind, title in outcome["pushes"]
        if kind == "sound" and title.startswith("session")
    ],
    "Its forecast alone": lambda outcome: outcome["forecast"],
    "CodexBar: 50 and 80% used": lambda outcome: outcome["thresholds"],
}


@dataclass
class Announcements:
    """How a rule announced session limits.

    `limits` are the limits reached outside quiet hours, `in_time` and `announced` how many
    of them were announced. `messages` are those about sessions, and `false` those of them
    in sessions that were not used up.
    """

    weeks: float = 0
    limits: int = 0
    at_night: int = 0
    in_time: int = 0
    announced: int = 0
    messages: int = 0
    false: int = 0


def is_quiet(minute: int) -> bool:
    """Return whether a minute is in quiet hours."""
    return not QUIET_UNTIL <= minute % MINUTES_PER_DAY < QUIET_FROM


def weeks_of(outcome: Outcome) -> float:
    """Return the length of the simulation in weeks."""
    return float((outcome["end"] - outcome["begin"]) / MINUTES_PER_DAY / 7)


def announcements(outcomes: Iterable[Outcome], rule: Rule) -> Announcements:
    """Return how a rule announced the session limits of some people."""
    found = Announcements()
    for outcome in outcomes:
        found.weeks += weeks_of(outcome)
        minutes = rule(outcome)
        for start, full in outcome["sessions"]:
            said = [
                minute
                for minute in minutes
                if start <= minute < start + SESSION_MINUTES
            ]
            found.messages += len(said)
            if full is None:
                found.false += len(said)
            elif is_quiet(full) or is_quiet(full - IN_TIME):
                found.at_night += 1
            else:
                found.limits += 1
                found.announced += bool(said)
                found.in_time += bool(said) and full - said[0] >= IN_TIME
    return found


def pushes_of(
    outcomes: Sequence[Outcome], kind: str, subjects: Sequence[str] = ("",)
) -> float:
    """Return the pushes of a kind in a week, about some subjects."""
    count = sum(
        push[1] == kind and push[2].startswith(tuple(subjects))
        for outcome in outcomes
        for push in outcome["pushes"]
    )
    return float(count / sum(map(weeks_of, outcomes)))


def most_in_a_week(outcomes: Iterable[Outcome]) -> int:
    """Return the most messages of a person in one of the weeks."""
    week, most = 7 * MINUTES_PER_DAY, 0
    for outcome in outcomes:
        sounds = [
            (push[0] - outcome["begin"]) // week
            for push in outcome["pushes"]
            if push[1] == "sound"
        ]
        most = max(most, *map(sounds.count, {0, *sounds}))
    return most


def errors_of(outcomes: Iterable[Outcome]) -> list[int]:
    """Return how many minutes the announced times were after the limit was reached."""
    return [
        expected - full
        for outcome in outcomes
        for start, full in outcome["sessions"]
        for minute, expected in outcome["expected"]
        if expected is not None and full is not None and start <= minute < full
    ]


def share_without_time(outcomes: Iterable[Outcome]) -> float:
    """Return the share of announcements that have no time."""
    times = [time for outcome in outcomes for _, time in outcome["expected"]]
    return times.count(None) / len(times)


def hours_to_limit(outcomes: Iterable[Outcome]) -> list[float]:
    """Return the deciles of the hours in which a session was used up."""
    hours = [
        (full - start) / 60
        for outcome in outcomes
        for start, full in outcome["sessions"]
        if full is not None
    ]
    return quantiles(hours, n=10)
