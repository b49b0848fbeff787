"""Fail skipped tests and deprecated calls on the newest Home Assistant.

Loaded by `-p`.
"""

from __future__ import annotations

from collections.abc import Generator
import logging
from pathlib import Path

import pytest

from .features import NEWEST, VERSION

# The modules of Home Assistant that log deprecations.
_REPORTERS = {Path("helpers/deprecation.py"), Path("helpers/frame.py")}


class _Deprecations(logging.Handler):
    """Collects the deprecation reports of Home Assistant."""

    def __init__(self) -> None:
        """Initialize without a report."""
        super().__init__(logging.WARNING)
        self.reports: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a record if it is a deprecation report."""
        path = Path(record.pathname)
        if "homeassistant" in path.parts and Path(*path.parts[-2:]) in _REPORTERS:
            self.reports.append(record.getMessage())


_deprecations = _Deprecations()


def pytest_configure() -> None:
    """Collect reports from now on, those during imports included."""
    if VERSION >= NEWEST:
        logging.getLogger().addHandler(_deprecations)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that was skipped, or that used something deprecated."""
    report = yield
    reports, _deprecations.reports = _deprecations.reports, []
    if report.outcome == "passed" and reports:
        report.outcome = "failed"
        report.longrepr = "\n".join(["Deprecated in Home Assistant:", *reports])
    skipped = report.outcome == "skipped" and not hasattr(report, "wasxfail")
    if skipped and VERSION >= NEWEST:
        report.outcome = "failed"
        report.longrepr = f"Skipped on the newest Home Assistant: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """Fail a module that was skipped as a whole."""
    report = yield
    if report.outcome == "skipped" and VERSION >= NEWEST:
        report.outcome = "failed"
    return report
