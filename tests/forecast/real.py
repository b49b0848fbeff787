"""Measure forecasts of people whose usage is in a file of traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
import json
from multiprocessing import Pool
from pathlib import Path

from .difference import difference
from .figures import (
    CLASSES,
    LEAD,
    OF_CHECKS,
    OF_WINDOWS,
    Figures,
    Part,
    parts_of,
    value_of,
)
from .runs import Run, sessions_of, week_of
from .traces import Trace, read_traces

# The known weeks.
WEEKS = (0, 1, 2, 4, 8)

KINDS = ("weeks", "sessions")

_TITLES = [
    name for name in (*OF_CHECKS, *OF_WINDOWS, LEAD) if not name.startswith("lasts,")
]

# The figures of a kind of window, with some weeks known.
Results = dict[str, Figures]


def measure(path: Path) -> Results:
    """Return the figures of all people of a file."""
    results: Results = {}
    people = read_traces(path)
    with Pool() as pool:
        for person, found in zip(
            people, pool.imap(_measure, people, chunksize=1), strict=True
        ):
            for key, parts in found.items():
                for name, part in parts.items():
                    results.setdefault(key, {}).setdefault(name, {})[person.name] = part
    return results


def _measure(trace: Trace) -> dict[str, dict[str, Part]]:
    """Return the parts of a person by kind and known weeks."""
    people, found = [*trace.weeks()], {}
    for weeks in WEEKS:
        runs: Mapping[str, list[Run]] = {
            "weeks": [week_of(person, weeks) for person in people],
            "sessions": [
                session for person in people for session in sessions_of(person, weeks)
            ],
        }
        for kind in KINDS:
            found[_key(kind, weeks)] = parts_of(runs[kind])
    return found


def _key(kind: str, weeks: int) -> str:
    """Return the key of the results."""
    return f"{kind}, {weeks} known"


def write(results: Results, path: Path) -> None:
    """Write results to a file."""
    path.write_text(json.dumps(results))


def read(path: Path) -> Results:
    """Return the results of another run."""
    return {
        key: {
            name: {person: Part(*part) for person, part in parts.items()}
            for name, parts in figures.items()
        }
        for key, figures in json.loads(path.read_text()).items()
    }


def tables(results: Results, other: Results | None = None) -> str:
    """Return the tables of all figures, with the differences to another run."""
    return "\n".join(
        text
        for kind in KINDS
        for text in (
            f"### {kind.capitalize()}\n",
            _table(kind, results, other),
            _calibration(kind, results),
        )
    )


def _table(kind: str, results: Results, other: Results | None) -> str:
    """Return the table of a kind of window."""
    rows = [
        [name, *(_cell(name, _key(kind, weeks), results, other) for weeks in WEEKS)]
        for name in _TITLES
    ]
    return table([kind.capitalize(), *map(in_weeks, WEEKS)], rows)


def _cell(name: str, key: str, results: Results, other: Results | None) -> str:
    """Return a figure, and its difference to another run."""
    text = _text(name, value_of(results[key][name].values()))
    if other is None or name not in other.get(key, {}):
        return text
    if (found := difference(results[key][name], other[key][name])) is None:
        return text
    change, low, high = (_text(name, value) for value in found)
    return f"{text} ({change}; {low} to {high})"


def _calibration(kind: str, results: Results) -> str:
    """Return how often windows lasted, by the predicted probability."""
    rows = []
    for weeks in WEEKS:
        figures = results[_key(kind, weeks)]
        cells = []
        for low in CLASSES:
            predicted, actual = (
                value_of(figures[f"lasts, {kind_of_share} from {low}%"].values())
                for kind_of_share in ("predicted", "actual")
            )
            cells.append(
                "–" if predicted is None else f"{predicted:.0f} / {actual:.0f}"
            )
        rows.append([in_weeks(weeks), *cells])
    classes = (f"{low}–{high}%" for low, high in pairwise((*CLASSES, 100)))
    head = ["Predicted / actual share of windows that lasted, %", *classes]
    return table(head, rows)


def _text(name: str, value: float | None) -> str:
    """Return the text of a figure."""
    if value is None:
        return "–"
    digits = 3 if name.startswith("Brier") else 2 if name.startswith("changes") else 1
    return f"{value:.{digits}f}"


def in_weeks(number: int) -> str:
    """Return a number of weeks in words."""
    return f"{number} week" if number == 1 else f"{number} weeks"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    return "\n".join([*lines, ""])
