"""Write what runs of the soak test counted: `report.py JSON... OUTPUT`."""

from __future__ import annotations

from functools import reduce
import json
from operator import getitem
from pathlib import Path
import sys
from typing import Any

from tests.simulator.faults import FAULTS

from .budget import MOST_REQUESTS, MOST_ROWS
from .events import FORECAST, FORESEEN

ROWS = {
    1: "blocked by Cloudflare or a log-in page",
    2: "the session key is dead",
    3: "the organization is refused",
    4: "malformed",
    5: "blocked region",
    6: "rate limit",
    7: "an unclear refusal",
    8: "outages, and answers that are none",
}

EVENTS = {
    "due": "due",
    "told": "told, each once",
    "lost": "lost",
    "doubled": "doubled, or not due",
    "repeated by a crash": "of those told, repeated as a crash forgot them",
    **{kind: f"`{kind}`" for kind in FORESEEN},
    FORECAST: f"`{FORECAST}`, which is not foreseen here",
}


def table(runs: list[dict[str, Any]], first: str, rows: dict[str, list[int]]) -> str:
    """Return a table with a column for each run."""
    versions = [f"Home Assistant {run['version']}" for run in runs]
    lines = [f"| {first} | {' | '.join(versions)} |", "| --- |" + " ---: |" * len(runs)]
    lines += [f"| {name} | {' | '.join(map(str, row))} |" for name, row in rows.items()]
    return "\n".join(lines)


def counted(runs: list[dict[str, Any]], *path: str) -> dict[str, list[int]]:
    """Return what was counted under a path, for all runs."""
    found = [reduce(getitem, path, run) for run in runs]
    names = sorted({name for counts in found for name in counts})
    return {name: [counts.get(name, 0) for counts in found] for name in names}


def survived(runs: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return how often what went wrong did, faults by the row of the error table."""
    counts = counted(runs, "survived")
    rows: dict[str, list[int]] = {}
    for number, label in ROWS.items():
        names = [
            name for name in counts if name in FAULTS and FAULTS[name].row == number
        ]
        of_each = [counts.pop(name) for name in names]
        rows[f"{number}: {label} (`{'`, `'.join(names)}`)"] = [
            sum(of_run) for of_run in zip([0] * len(runs), *of_each, strict=True)
        ]
    return rows | counts


def events(runs: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return how many events were due and told, of all accounts."""
    totals = [
        {name: sum(of[name] for of in run["events"].values()) for name in EVENTS}
        for run in runs
    ]
    return {label: [total[name] for total in totals] for name, label in EVENTS.items()}


def main() -> None:
    """Put the counts into words and tables."""
    *inputs, output = map(Path, sys.argv[1:])
    runs = [json.loads(path.read_text()) for path in inputs]
    days = runs[0]["counts"]["days"]
    text = f"""\
# What Claude Pulse has survived

Written by `scripts/soak`, which does it anew: {days} simulated days with two accounts, on
the oldest and the newest Home Assistant. All that the simulator can do wrong
(`tests/simulator/faults.py`) comes several times, for three minutes to five hours, in a
random order from a fixed seed, and so does what can happen to a machine, its clock, its disk
and its network; about once a day Home Assistant is restarted, half of the times as if the
plug were pulled, and often in the middle of a poll. Only time is accelerated: Home Assistant
is real, and so is HTTP; what Home Assistant stores is kept in memory. The days are those
around both changes of the clocks in Berlin. `scripts/test` lets four days pass. What changes
of the code no test notices is in [mutation.md](mutation.md).

After every simulated minute:

- All entities of an entry are unavailable, or show what claude.ai told of its account at one
  moment of the last interval (of the last 15 minutes under a limit or a challenge), in local
  times. A window whose reset has passed for a minute by the machine's clock is unknown until
  claude.ai tells the next one.
- An entry is unavailable no longer than the longest wait, and Home Assistant's longest before it
  retries a set-up, after the end of a fault. Time that the machine sleeps does not count, and a
  minute after it awakes nothing is shown that was told before.
- A person has been asked for a session key once for each that died (once more after a
  restart of Home Assistant, which forgets what it has asked), and never otherwise. A repair
  issue is there only while it has a cause, and that of an old key always when it has.
- No poll has come before its interval was over, but for the reasons counted below, and none
  later: 15, 30, 60, 120 … seconds after a reset while claude.ai goes on telling the old window.
  What needs a second answer to be believed is asked for after two minutes.
- Nothing but polls has been asked more than {MOST_REQUESTS} times in 24 hours, but for set-ups,
  forms, and the reason of a refusal.
- What happens to a window is told by its event entity, each thing once and within ten moments,
  and nothing while Home Assistant starts: of several thresholds at once the highest, the limit,
  a reset, that Claude is available again, and what is left over. What is due is foreseen from
  what the polls were answered, and from when each window has truly begun
  (`tests/soak/events.py`). A window that is over by the machine's clock tells nothing; one that
  begins before the one before it is over by that clock has to be lower by more than five points,
  or to end a whole window later, in two answers. Two are needed within an hour after a reset,
  too, where not less is used than before it. Half of the crashes, and all in the middle of a poll, forget what was told at
  that moment: that is told again.

In a night of nine hours at the same numbers not more than {MOST_ROWS} states are written, the
countdown aside. After every run of Home Assistant no task, timer or connection is left, and in
the end nothing in the storage. The log holds one line for each time that polls begin to fail, and
nothing else: no end of an entry is worth an error, be it in the middle of a poll. (Newer versions
of Home Assistant write one of their own where they stop while they try a set-up again.)

{table(runs, "Counted", counted(runs, "counts"))}

{table(runs, "Events of both accounts", events(runs))}

{table(runs, "Survived, times", survived(runs))}

A dead key and a change of organization last until the person of the simulation acts, ten
minutes to three hours after being told.

The first account polls every 120 seconds, and everything happens to it:

{table(runs, "First account", counted(runs, "watched", "ada"))}

The second one polls every 300 seconds and meets what everybody meets:

{table(runs, "Second account", counted(runs, "watched", "ben"))}

"Moments" are those looked at. A refusal is confirmed at once, with the key refused or with
the one that a renewal has replaced. Of a broken connection, newer versions of aiohttp, which
Home Assistant brings, ask once more by themselves. Where two things fall on the same moment
their order is not fixed, so another run may count a few requests more or less.
"""
    if output != Path("/dev/null"):
        output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
