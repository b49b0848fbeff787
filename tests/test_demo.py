"""The demo's history fits the simulator, and its folder is private."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from errno import ENETUNREACH, ENODEV
import os
from pathlib import Path
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from unittest.mock import Mock
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
import pytest

from .demo import past
from .demo.__main__ import (
    BUILT_IN_CARDS,
    LANGUAGES,
    PLANS,
    check_loopback,
    explain,
    make_config,
)
from .demo.launch import use_loopback
from .features import needs
from .simulator.world import make_world

STATES = """
    SELECT state, last_updated_ts FROM states JOIN states_meta USING (metadata_id)
    WHERE states_meta.entity_id = ? ORDER BY last_updated_ts
"""
STATISTICS = """
    SELECT count(*) FROM statistics JOIN statistics_meta ON metadata_id = statistics_meta.id
    WHERE statistic_id = ?
"""


# A working day, a night, and a Sunday.
@pytest.mark.parametrize("hours", [13, 27, 106])
def test_past(tmp_path: Path, hours: int) -> None:
    """The history ends at the current values and has an outage and weeks of statistics."""
    now = datetime(2026, 11, 25, 0, 17, tzinfo=UTC) + timedelta(hours=hours)
    seat = make_world(now).accounts["ada"].seats[-1]
    past.write(tmp_path, past.live(seat, now, ZoneInfo("Europe/Berlin")))
    meters = {
        "session_usage": seat.session,
        "weekly_usage": seat.weekly,
        "weekly_fable_usage": seat.models["Fable"],
    }
    with closing(sqlite3.connect(tmp_path / "home-assistant_v2.db")) as database:
        for key, meter in meters.items():
            entity_id = (f"sensor.claude_pulse_{key}",)
            states = database.execute(STATES, entity_id).fetchall()
            used, resets_at = meter.read(now)
            assert resets_at > now
            assert float(states[-1][0]) == pytest.approx(used, abs=0.1)
            (out,) = (at for at, row in enumerate(states) if row[0] == "unavailable")
            assert states[out + 1][1] - states[out][1] >= 3600
            # The value is low at the start of the window.
            start = (resets_at - meter.length).timestamp()
            del states[out]
            assert any(abs(at - start) <= 3600 and float(x) < 10 for x, at in states)
            (hours_known,) = database.execute(STATISTICS, entity_id).fetchone()
            assert hours_known > 6 * 168


@pytest.fixture
def umask() -> Iterator[None]:
    """Make new files readable by all users, as usual."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> set[Path]:
    """Return the paths that other users of the machine can read or write."""
    return {
        path
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    }


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("exists", [False, True])
def test_folder_is_private(tmp_path: Path, exists: bool) -> None:
    """The folder is private even if it existed and was readable by all users."""
    config = tmp_path / "demo"
    if exists:
        config.mkdir(mode=0o755)
        (config / "old.txt").touch(mode=0o644)
    make_config(config, "http://127.0.0.1:8123", 8123, "UTC", False)
    assert (config / "strategy.yaml").exists()
    assert not (config / "old.txt").exists()
    assert readable_by_others(config) == set()


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("language", LANGUAGES)
def test_titles(tmp_path: Path, language: str) -> None:
    """The title of the second dashboard is in the language of the demo."""
    config = tmp_path / "demo"
    url = "http://127.0.0.1:8123"
    make_config(config, url, 8123, "UTC", False, language=language)
    text = (config / "configuration.yaml").read_text(encoding="utf-8")
    assert f"title: {BUILT_IN_CARDS[language]}\n" in text


def test_accounts() -> None:
    """The help names each account with usage, and its plan."""
    accounts = make_world(datetime.now(UTC)).accounts
    assert PLANS.keys() == accounts.keys() - {"dan"}
    comments = (Path(__file__).parents[1] / "scripts" / "demo").read_text()
    for name, plan in PLANS.items():
        assert f"{name} " in comments
        assert plan.partition(",")[0] in comments


async def status_through_proxy(output: str) -> int:
    """Return the status of the dashboard that the demo names, as in a codespace."""
    found = re.search(r"Dashboard +(\S+)", output)
    assert found
    headers = {"X-Forwarded-For": "203.0.113.5"}
    async with (
        ClientSession() as session,
        session.get(found[1], headers=headers) as page,
    ):
        return page.status


# A real Home Assistant starts, with a history and without.
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("socket_enabled", "umask")
@pytest.mark.parametrize("account", ["ada", "ben"])
async def test_running_demo_is_private(tmp_path: Path, account: str) -> None:
    """Files of Home Assistant, with the session key in them, are private."""
    config = tmp_path / "demo"
    stored = config / ".storage" / "core.config_entries"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "tests.demo", "--config", str(config)),
        *("--port", "18123", "--time-zone", "UTC", "--account", account),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    output = ""
    try:
        while "Ctrl-C" not in output:
            line = (await process.stdout.readline()).decode()
            assert line, output
            output += line
        while not stored.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert await status_through_proxy(output) == 200
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    assert re.search(r"^Starting Home Assistant .* \.+$", output, re.MULTILINE)
    assert "sk-ant-sid" in stored.read_text()
    assert readable_by_others(config) == set()


def test_no_network(tmp_path: Path) -> None:
    """Without a network, the last line says so. The first one says what would be loaded."""
    root = Path(__file__).parents[1]
    for name in ("requirements", "scripts"):
        shutil.copytree(root / name, tmp_path / name)
    # No installed uv is used.
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\nexit 1\n")
    uv.chmod(0o755)
    nowhere = "http://127.0.0.1:9/simple"
    done = subprocess.run(  # noqa: S603
        [str(tmp_path / "scripts" / "demo")],
        check=False,
        capture_output=True,
        env={
            "HOME": str(tmp_path),
            "PATH": f"{uv.parent}:{os.environ['PATH']}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": nowhere,
        },
        text=True,
    )
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert re.search(r"downloads up to \d+ MB", lines[0])
    assert "no network" in lines[-1]


def test_live_explains_the_stored_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text says that a real key is stored unencrypted, and how to remove it."""
    config = tmp_path / "my demo"
    explain("http://127.0.0.1:8123", config, None, False)
    output = capsys.readouterr().out
    assert "real session key, unencrypted" in output
    assert f"rm -r '{config}'" in output


@pytest.mark.usefixtures("socket_enabled")
def test_no_loopback_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot connect to itself gets a sentence."""
    check_loopback()
    unreachable = OSError(ENETUNREACH, "Network is unreachable")
    monkeypatch.setattr(socket.socket, "connect", Mock(side_effect=unreachable))
    with pytest.raises(SystemExit, match="loopback interface"):
        check_loopback()


@needs("mdns_resolver")
def test_loopback_is_the_only_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeroconf, without which there is no HTTP client, then uses loopback."""
    from zeroconf import InterfaceChoice, Zeroconf

    used: list[object] = []

    def initialize(_: Zeroconf, interfaces: object = None) -> None:
        """Initialize as on a machine that only has loopback."""
        if interfaces != ["127.0.0.1"]:
            raise OSError(ENODEV, "No such device")
        used.append(interfaces)

    monkeypatch.setattr(Zeroconf, "__init__", initialize)
    use_loopback()
    Zeroconf(interfaces=InterfaceChoice.Default)
    assert used == [["127.0.0.1"]]
