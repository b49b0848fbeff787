"""Write what a run of the benchmarks measured and counted: `report.py JSON XML OUTPUT`."""

from __future__ import annotations

import json
import os
from pathlib import Path
import platform
import sys
from xml.etree import ElementTree

from homeassistant.const import __version__

STEPS = {
    "test_parse": "Parse the largest body",
    "test_unchanged_poll": "A poll that changes nothing, every entity enabled",
    "test_changed_poll": "A poll that changes every number, every entity enabled",
    "test_set_up": "Set up an entry, every entity enabled",
}


def main() -> None:
    """Make two tables of the run."""
    timed, counted, output = map(Path, sys.argv[1:])
    medians = {
        item["name"]: item["stats"]["median"]
        for item in json.loads(timed.read_text())["benchmarks"]
    }
    days = [
        {item.get("name"): item.get("value") for item in case.iter("property")}
        for case in ElementTree.parse(counted).iter("testcase")  # noqa: S314
        if case.find("properties") is not None
    ]
    lines = [
        "# What Claude Pulse costs",
        "",
        "Written by `scripts/bench`, which measures it anew. Counts are exact; times are",
        "medians, given as multiples of the first, as they depend on the machine.",
        "",
        f"Home Assistant {__version__}, Python {platform.python_version()}, "
        f"{platform.machine()} with {os.cpu_count()} cores.",
        "",
        "| Step | Time |",
        "| --- | ---: |",
    ]
    first = medians[next(iter(STEPS))]
    lines += [
        f"| {told} | {medians[name] / first:.0f} |" for name, told in STEPS.items()
    ]
    lines += [
        "",
        "A poll includes the request to a server on the same machine and its answer.",
        "",
        "A day is 685 polls an entry, at 120 seconds and jitter. Idle: no window runs.",
        "Active: eight hours of use, then none. What follows the clock are the countdown",
        "and the forecasts, which move while a window runs.",
        "",
        "| Day | Entries | Requests | State changes | of those by the clock |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for day in days:
        changes = int(day["changes"]) + int(day["clock"])
        lines.append(
            f"| {day['day']} | {day['entries']} | {day['requests']} | {changes} "
            f"| {day['clock']} |"
        )
    text = "\n".join((*lines, ""))
    output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
