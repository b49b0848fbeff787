"""The check of the named browser in scripts/user_agent.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
import re

from freezegun import freeze_time
import pytest

from custom_components.claude_pulse.claude_ai.answer import (
    HEADERS,
    USER_AGENT,
    USER_AGENT_DATE,
)
from scripts.user_agent import ANSWER, date_in, is_too_old, main


def test_one_place() -> None:
    """The module has one browser with its date, which the check finds."""
    source = ANSWER.read_text(encoding="utf-8")
    assert HEADERS["User-Agent"] == USER_AGENT
    assert len(re.findall("Chrome/", source)) == 1
    assert date_in(source) == USER_AGENT_DATE <= datetime.now(UTC).date()


@pytest.mark.parametrize(("days", "status"), [(0, 0), (183, 0), (184, 1), (900, 1)])
def test_age(days: int, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """After six months, the check fails and names the date."""
    today = USER_AGENT_DATE + timedelta(days=days)
    assert is_too_old(USER_AGENT_DATE, today) == bool(status)
    with freeze_time(today):
        assert main() == status
    assert (str(USER_AGENT_DATE) in capsys.readouterr().out) == bool(status)


def test_date_in() -> None:
    """Only the assignment of the date counts."""
    source = "OTHER = date(2020, 1, 1)\nUSER_AGENT_DATE = date(2026, 2, 3)\n"
    assert date_in(source) == date(2026, 2, 3)
    with pytest.raises(LookupError):
        date_in("USER_AGENT_DATE = today()\n")
