"""Write the counts of soak tests: `report.py JSON... OUTPUT`."""

from __future__ import annotations

from functools import reduce
import json
from operator import getitem
from pathlib import Path
import sys
from typing import Any

from tests.simulator.faults import FAULTS

from . import alerts
from .requests import MOST_POLLS_LIMITED, MOST_REQUESTS, MOST_ROWS

ROWS = {
    1: "blocked by Cloudflare or a log-in page",
    2: "the session key is dead",
    3: "the organization is refused",
    4: "malformed",
    5: "blocked region",
    6: "rate limit",
    7: "an unclear refusal",
    8: "outages and invalid answers",
}

Runs = list[dict[str, Any]]


def table(runs: Runs, first: str, rows: dict[str, list[int]]) -> str:
    """Return a table with a column for each run."""
    versions = [f"Home Assistant {run['version']}" for run in runs]
    lines = [f"| {first} | {' | '.join(versions)} |", "| --- |" + " ---: |" * len(runs)]
    lines += [f"| {name} | {' | '.join(map(str, row))} |" for name, row in rows.items()]
    return "\n".join(lines)


def counted(runs: Runs, *path: str) -> dict[str, list[int]]:
    """Return the counts under a path, of all runs."""
    of_runs = [reduce(getitem, path, run) for run in runs]
    names = sorted({name for counts in of_runs for name in counts})
    return {name: [counts.get(name, 0) for counts in of_runs] for name in names}


def survived(runs: Runs) -> dict[str, list[int]]:
    """Return the counts of episodes, with the faults by row of the error table."""
    counts = counted(runs, "survived")
    rows: dict[str, list[int]] = {}
    for number, label in ROWS.items():
        names = [
            name for name in counts if name in FAULTS if FAULTS[name].row == number
        ]
        of_each = [counts.pop(name) for name in names]
        rows[f"{number}: {label} (`{'`, `'.join(names)}`)"] = [
            sum(of_run) for of_run in zip([0] * len(runs), *of_each, strict=True)
        ]
    return rows | counts


def text_of(runs: Runs) -> str:
    """Return the document."""
    _, dash, expected = (alerts.__doc__ or "").partition("- ")
    return f"""\
# What Claude Pulse has survived

Written by `scripts/soak`: {runs[0]["counts"]["days"]} simulated days with two accounts, on
the oldest and the newest Home Assistant. Every fault of the simulator
(`tests/simulator/faults.py`) comes several times, for three minutes to five hours, in a
random order from a fixed seed. So do faults of the machine, its clock, its disk and its
network. About once a day Home Assistant restarts, half of the times by a crash, often in
the middle of a poll. Only time is accelerated: Home Assistant is real, and so is HTTP. The
storage is in memory. The days are around both changes of the clocks in Berlin.
`scripts/test` runs four days.

After every simulated minute:

- All entities of an entry are unavailable, or show one answer of the last interval (of the
  last 15 minutes while claude.ai blocks or limits requests), in local times. A minute after
  its reset by the machine's clock, a window is unknown until claude.ai answers with the next
  one.
- After a fault, an entry is available again within the longest wait, plus Home Assistant's
  longest retry of a set-up. Time in which the machine is asleep does not count.
- One reauthentication flow asks for a session key after each death of one, and once more
  after a restart of Home Assistant. Each repair issue has a reason, and an old key has one.
- Polls keep the interval, except for the reasons counted below. They do not come later, nor
  later than shortly after a reset. `Retry-After` is respected up to six hours. While
  claude.ai blocks or limits requests there are at most {MOST_POLLS_LIMITED} polls an hour.
- There are at most {MOST_REQUESTS} other requests in 24 hours, except those of set-ups and
  forms, and for the reason of a refusal.

About the alerts:

{(dash + expected).strip()}

In nine hours at unchanged numbers at most {MOST_ROWS} states are written, the countdown
aside. After every stop no task, timer or connection is left, and in the end no file. The
log has one line each time that polls begin to fail, and no other error.

{table(runs, "Counted", counted(runs, "counts"))}

{table(runs, "Alerts of both accounts", counted(runs, "alerts"))}

{table(runs, "Survived, times", survived(runs))}

A dead key and a change of organization last until the person of the simulation acts, ten
minutes to three hours after the notice. The first account polls every 120 seconds and meets
everything:

{table(runs, "First account", counted(runs, "watched", "ada"))}

The second account polls every 300 seconds and meets what is not about the first one:

{table(runs, "Second account", counted(runs, "watched", "ben"))}

A refusal is confirmed at once, with the refused key or the one before it. Newer versions of
aiohttp retry a broken connection. The order within one moment is not fixed, so another run
may count a few requests more or less.
"""


def main() -> None:
    """Write the document, and print it."""
    *inputs, output = map(Path, sys.argv[1:])
    text = text_of([json.loads(path.read_text()) for path in inputs])
    if output != Path("/dev/null"):
        output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
