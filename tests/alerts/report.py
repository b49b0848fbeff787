"""Write the figures of the alerts: `report.py JSON... OUTPUT`."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
import sys

from custom_components.claude_pulse.forecast.projection import CERTAIN

from .figures import (
    IN_TIME,
    RIGHT,
    RULES,
    Announcements,
    Outcome,
    announcements,
    errors_of,
    hours_to_limit,
    most_in_a_week,
    pushes_of,
    share_without_time,
    weeks_of,
)
from .people import BEFORE, GROUPS, WITHOUT_HISTORY

_CLAUDE_PULSE = RULES["Claude Pulse"]

# The most messages a week, the least share in time and the most that are false.
_BARS = {"office": 5, "heavy": 20}
_IN_TIME, _FALSE = 0.8, 0.2

_MODELS = tuple(
    sorted({name.lower() for group in GROUPS.values() for name in group.models})
)


def table(*rows: tuple[object, ...]) -> str:
    """Return a table with a head; the first column is text."""
    head, *body = rows
    line = ("---", *["---:"] * (len(head) - 1))
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, line, *body))


def share(count: int, of: int) -> str:
    """Return a share in percent."""
    return f"{100 * count / of:.0f}%" if of else "–"


def messages_table(people: dict[str, list[Outcome]]) -> str:
    """Return the pushes of each group in a week."""
    return table(
        (
            "A week of",
            "Session",
            "Week",
            "Models",
            "Spend",
            "Account",
            "**Messages**",
            "Most in one week",
            "Updates without a sound",
            "Removals",
        ),
        *(
            (
                group,
                *(
                    f"{pushes_of(outcomes, 'sound', subjects):.1f}"
                    for subjects in (
                        ("session",),
                        ("weekly",),
                        _MODELS,
                        ("extra",),
                        ("account",),
                    )
                ),
                f"**{pushes_of(outcomes, 'sound'):.1f}**",
                most_in_a_week(outcomes),
                f"{pushes_of(outcomes, 'silent'):.1f}",
                f"{pushes_of(outcomes, 'clear'):.1f}",
            )
            for group, outcomes in people.items()
        ),
    )


def session_row(name: str, found: Announcements) -> tuple[str, ...]:
    """Return a row about announcements."""
    return (
        name,
        f"{(found.limits + found.at_night) / found.weeks:.1f}",
        f"{found.at_night / found.weeks:.1f}",
        share(found.in_time, found.limits),
        share(found.announced, found.limits),
        f"{found.messages / found.weeks:.1f}",
        share(found.false, found.messages),
    )


def sessions_table(people: dict[str, list[Outcome]]) -> str:
    """Return how the limits of each group were announced."""
    rows = [
        session_row(group, announcements(outcomes, _CLAUDE_PULSE))
        for group, outcomes in people.items()
        if GROUPS[group].has_session
    ]
    everybody = [
        outcome
        for group, outcomes in people.items()
        if GROUPS[group].has_session
        for outcome in outcomes
    ]
    return table(
        (
            "A week of",
            "Limits",
            "of those in quiet hours",
            f"Announced {IN_TIME} minutes ahead",
            "Announced at all",
            "Announcements",
            "False",
        ),
        *rows,
        session_row("**all**", announcements(everybody, _CLAUDE_PULSE)),
    )


def rules_table(people: dict[str, list[Outcome]]) -> str:
    """Return the figures of Claude Pulse and of other rules."""
    everybody = [outcome for outcomes in people.values() for outcome in outcomes]
    rows = []
    for name, rule in RULES.items():
        found = announcements(everybody, rule)
        rows.append(
            (
                name,
                *(
                    f"{announcements(people[group], rule).messages / sum(map(weeks_of, people[group])):.1f}"
                    for group in _BARS
                ),
                share(found.in_time, found.limits),
                share(found.false, found.messages),
            )
        )
    return table(
        (
            "Rule",
            *(f"Messages about sessions, {group}" for group in _BARS),
            f"Limits announced {IN_TIME} minutes ahead",
            "False messages",
        ),
        *rows,
    )


def bars_table(people: dict[str, list[Outcome]]) -> str:
    """Return the figures that have a limit."""
    everybody = [outcome for outcomes in people.values() for outcome in outcomes]
    found = announcements(everybody, _CLAUDE_PULSE)
    in_time, false = found.in_time / found.limits, found.false / found.messages
    rows = [
        (f"Messages a week, {group}", f"{count:.1f}", f"≤ {most}", count <= most)
        for group, most in _BARS.items()
        for count in [pushes_of(people[group], "sound")]
    ]
    rows += [
        (
            f"Session limits announced {IN_TIME} minutes ahead",
            f"{in_time:.0%}",
            f"≥ {_IN_TIME:.0%}",
            in_time >= _IN_TIME,
        ),
        (
            "Announcements that are false",
            f"{false:.0%}",
            f"≤ {_FALSE:.0%}",
            false <= _FALSE,
        ),
        ("Messages in quiet hours", "0", "0", True),
    ]
    return table(
        ("Figure", "Measured", "Goal", "Met"),
        *((*row, "met" if met else "**not met**") for *row, met in rows),
    )


def text_of(outcomes: list[Outcome]) -> str:
    """Return the document."""
    people: dict[str, list[Outcome]] = {group: [] for group in GROUPS}
    new: dict[str, list[Outcome]] = {group: [] for group in WITHOUT_HISTORY}
    for outcome in outcomes:
        case = outcome["case"]
        (people if case["is_known"] else new)[case["group"]].append(outcome)
    everybody = [outcome for known in people.values() for outcome in known]
    errors = errors_of(everybody)
    size = median(map(abs, errors))
    right = sum(abs(error) <= RIGHT for error in errors) / len(errors)
    without_time = share_without_time(everybody)
    hours = hours_to_limit(people["heavy"])
    count, weeks = len(people["office"]), weeks_of(outcomes[0])
    return f"""\
# How many messages you get

Written by `scripts/alerts`. Simulated people use Claude for {weeks:.0f} weeks, {count} people
of each group. Home Assistant and Claude Pulse are real and poll every two minutes, and the
messages come from the blueprint `claude_alerts.yaml` with its defaults. Only claude.ai and
the phone are simulated. In the tables, a *message* is one with a sound, and an *update* is one
without. The earlier weeks of history are passed to Claude Pulse directly, without the
recorder.

{bars_table(people)}

That no message comes in quiet hours (22:00 to 07:00), and none twice, is checked at every
message. Updates without a sound and removals come at any time.

## Messages in a week

{messages_table(people)}

The first column of numbers is for "session limit runs out". When the limit is
reached, and when it is reset, this message is updated without a sound. The message about the account
comes when the session key expires soon. There are no outages.

## Session limits

A session limit is announced once, when it is {CERTAIN}% likely to run out, or when the session's
own rate uses it up within an hour and it is not {CERTAIN}% likely to last. An announcement is
false if the session lasts. A limit in quiet hours is not announced, and does not count.

{sessions_table(people)}

Most limits are those of the heavy users. The others reach so few that their shares are
rough, and they are harder to announce: after a burst, people often stop. In the first 15 minutes of a session its rate is unknown, so {without_time:.0%} of the announcements
say "before its reset" and no time. Of the others, {right:.0%} are wrong by at most {RIGHT} minutes, and
half by at most {size:.0f}.

The same people as new users, without any history:

{sessions_table(new)}

## Other rules

The forecast alone announces a session when it is {CERTAIN}% likely to run out. CodexBar has a
message at 50% and one at 80% used, of each session. A limit is announced by the first of
the two, and each message in a session that lasts is false. The forecast alone and CodexBar have no quiet
hours.

{rules_table(people)}

## How the people were made

`tests/alerts/people.py` makes them from seeds, so another run has the same people. A day of work has periods of about an hour with breaks of half an hour. In a
period, Claude works for five minutes and the person reads for three, on average. Levels
vary by person, week, day, period and turn; one week in ten is empty. So weekly totals vary
nearly as much as those of real people, and many sessions begin with use and then stop. A
heavy user reaches half of the session limits within {hours[4]:.1f} hours, one in ten within {hours[0]:.1f},
and one in ten after {hours[8]:.1f}. A used-up limit stops a person. Everybody but new users has
{BEFORE} weeks of history.
"""


def main() -> None:
    """Write the document, and print it."""
    *inputs, output = map(Path, sys.argv[1:])
    outcomes = [
        json.loads(line) for path in inputs for line in path.read_text().splitlines()
    ]
    text = text_of(outcomes)
    if output != Path("/dev/null"):
        output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
