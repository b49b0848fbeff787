"""Real people's use by hour, from a file of traces.

A file is a JSON list of people, or the response of the action `claude_pulse.export_history`
as JSON or YAML. A person is `{zone, first, offset, use}`, and may have an `id`. `use`
is the usage by hour in thousandths of a point of the weekly limit. A negative number is
that many hours without usage, and null an hour that nobody saw. `first` is the first hour
since 1970, in which a week begins after the share `offset`, or after `offset` minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from .people import BEFORE, WEEK, Person

# At most this number of weeks of a person is judged.
_JUDGED = 6


@dataclass(frozen=True)
class Trace:
    """A person's usage by hour in points of the weekly window, without a limit."""

    name: str
    zone: ZoneInfo
    first: int
    offset: float
    use: list[float]
    unseen: frozenset[int] = frozenset()

    def weeks(self) -> Iterator[Person]:
        """Yield the judged weeks, each with the weeks before it.

        These are spread over the weeks from the ninth on. Of a person with fewer weeks,
        it is the last one.
        """
        complete = len(self.use) // WEEK
        possible = range(min(BEFORE, complete - 1), complete)
        count = min(_JUDGED, len(possible))
        for number in range(count):
            week = possible[round(number * (len(possible) - 1) / max(count - 1, 1))]
            start = self.first + week * WEEK
            begin = max(week - BEFORE, 0) * WEEK
            use = self.use[begin : (week + 1) * WEEK + 1]
            missing = (BEFORE + 1) * WEEK + 1 - len(use)
            at_end = (week + 1) * WEEK + 1 > len(self.use)
            before = [0.0] * (missing - at_end)
            unseen = set(range(start - BEFORE * WEEK, start - (week * WEEK - begin)))
            yield Person(
                zone=self.zone,
                start=start,
                offset=self.offset,
                use=[*before, *use, *[0.0] * at_end],
                usual=[],
                days=range(7),
                unseen=unseen | self.unseen,
            )


def read_traces(path: Path) -> list[Trace]:
    """Return the people of a file."""
    text = path.read_text()
    try:
        found = json.loads(text)
    except ValueError:
        # Developer tools show the response of the action as YAML.
        found = yaml.safe_load(text)
    if isinstance(found, dict):
        found = found.get("traces", [found])
    return [_trace(number, person) for number, person in enumerate(found)]


def _trace(number: int, person: dict[str, Any]) -> Trace:
    """Return a person of a file."""
    use, unseen, offset = [], set(), person["offset"]
    for value in person["use"]:
        if value is None:
            unseen.add(person["first"] + len(use))
        use += [0.0] * -value if value and value < 0 else [(value or 0) / 1000]
    return Trace(
        name=str(person.get("id", number)),
        zone=ZoneInfo(person["zone"]),
        first=person["first"],
        offset=offset if offset < 1 else offset / 60,
        use=use,
        unseen=frozenset(unseen),
    )
