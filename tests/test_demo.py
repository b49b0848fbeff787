"""What the demo's recorder holds before it starts fits what the simulator says."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from zoneinfo import ZoneInfo

import pytest

from .demo import past
from .simulator.world import make_world


# A working day, a night, and a Sunday.
@pytest.mark.parametrize("hours", [13, 27, 106])
def test_past(tmp_path: Path, hours: int) -> None:
    """It ends at the meters, with an outage in it, and some weeks of statistics."""
    now = datetime(2026, 11, 25, 0, 17, tzinfo=UTC) + timedelta(hours=hours)
    seat = make_world(now).accounts["ada"].seats[-1]
    past.write(tmp_path, past.live(seat, now, ZoneInfo("Europe/Berlin")))
    meters = {
        "session_usage": seat.session,
        "weekly_usage": seat.weekly,
        "weekly_fable_usage": seat.models["Fable"],
    }
    with closing(sqlite3.connect(tmp_path / "home-assistant_v2.db")) as database:
        for entity, meter in meters.items():
            states = database.execute(
                "SELECT state, last_updated_ts FROM states JOIN states_meta"
                " USING (metadata_id) WHERE states_meta.entity_id = ? ORDER BY last_updated_ts",
                (f"sensor.claude_pulse_{entity}",),
            ).fetchall()
            assert meter
            used, resets_at = meter.read(now)
            assert resets_at
            assert resets_at > now
            assert float(states[-1][0]) == pytest.approx(used, abs=0.1)
            (out,) = (at for at, row in enumerate(states) if row[0] == "unavailable")
            assert states[out + 1][1] - states[out][1] >= 3600
            # Whatever has fallen was reset, and begins anew with the window.
            begins = (resets_at - meter.length).timestamp()
            assert any(
                abs(at - begins) <= 3600 and float(state) < 10
                for state, at in states
                if state != "unavailable"
            )
            (hours_known,) = database.execute(
                "SELECT count(*) FROM statistics JOIN statistics_meta"
                " ON metadata_id = statistics_meta.id WHERE statistic_id = ?",
                (f"sensor.claude_pulse_{entity}",),
            ).fetchone()
            assert hours_known > 6 * 168
