"""The script says what the integration says, and fails as it promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
import errno
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
import json
import os
from pathlib import Path
import re
import shutil
import sys
from types import ModuleType
from typing import Any
from urllib.parse import quote

from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings
import pytest

from homeassistant.core import HomeAssistant
from tests.claude_ai import spoiled_bodies
from tests.common import add_entry, seat_of, states
from tests.simulator import Simulator
from tests.simulator.faults import FAULTS

from . import SCRIPT, Result, run

NOW = "2026-05-04T12:00:00+00:00"
BODIES = sorted((Path(__file__).parents[1] / "fixtures" / "usage").glob("*.json"))

# The ten states under the names that templates use.
SAME = {
    "session_usage": "session_pct",
    "weekly_usage": "weekly_pct",
    "session_reset_countdown": "session_reset_countdown",
    "session_reset_time": "session_reset_time",
    "weekly_reset": "weekly_reset",
    "weekly_reset_weekday": "weekly_reset_weekday",
    "weekly_reset_time": "weekly_reset_time",
    "session_used": "session_used",
    "session_limit": "session_limit",
    "plan": "plan",
}

# The exit status of each row of the error table.
STATUS = {1: 5, 2: 3, 3: 4, 4: 4, 5: 5, 6: 5, 7: 5, 8: 5}


@pytest.fixture
def config(tmp_path: Path, simulator: Simulator) -> Path:
    """Return a configuration of ada's seat."""
    return write(tmp_path, seat_of(simulator))


def write(folder: Path, content: Any) -> Path:
    """Write a configuration that nobody else can read."""
    path = folder / "config.json"
    path.touch(mode=0o600)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
async def test_same_values_as_the_integration(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    config: Path,
    path: Path,
) -> None:
    """For each body, the script prints what the ten sensors show."""
    freezer.move_to(NOW)
    await hass.config.async_update(time_zone="Asia/Kolkata")
    body = json.loads(path.read_text())["body"]
    simulator.world.accounts["ada"].seats[-1].fixed_body = body
    await add_entry(hass, simulator)

    result = await run(simulator, "--config", str(config), now=NOW, TZ="Asia/Kolkata")

    assert (result.status, result.stderr) == (0, "")
    values = json.loads(result.stdout)
    said = {key: values[name] for key, name in SAME.items()}
    assert {
        key: "unknown" if value is None else str(value) for key, value in said.items()
    } == states(hass)
    assert values["fetched_at"] == NOW


async def test_what_else_is_printed(simulator: Simulator, config: Path) -> None:
    """Resets as a date and for programs, and the windows of models."""
    scope = {"model": {"display_name": "Fable"}}
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [
            {"kind": "session", "percent": 31, "resets_at": "2026-05-04T14:29:59.9Z"},
            {"kind": "weekly_all", "percent": 7, "resets_at": "2026-05-08T23:45:00Z"},
            {"kind": "weekly_scoped", "percent": 72, "scope": scope},
        ],
        "seven_day_opus": {"utilization": 5.5, "resets_at": "2026-05-08T23:45:00Z"},
    }
    values = await printed(simulator, config)
    assert values["weekly_reset_date"] == "2026-05-09"
    assert values["session_resets_at"] == "2026-05-04T14:30:00+00:00"
    assert values["weekly_resets_at"] == "2026-05-08T23:45:00+00:00"
    assert values["models"] == {
        "Fable": {"percent": 72, "resets_at": None},
        "Opus": {"percent": 5.5, "resets_at": "2026-05-08T23:45:00+00:00"},
    }


async def printed(simulator: Simulator, config: Path) -> dict[str, Any]:
    """Return what is printed at a fixed time in Berlin."""
    result = await run(simulator, "--config", str(config), now=NOW, TZ="Europe/Berlin")
    assert (result.status, result.stderr) == (0, "")
    values: dict[str, Any] = json.loads(result.stdout)
    return values


async def test_window_that_is_over(simulator: Simulator, config: Path) -> None:
    """Of a window whose reset has passed nothing is known, but that there is one."""
    row = {"percent": 90, "resets_at": "2026-05-04T11:59:00Z"}
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [
            {"kind": "session", **row},
            {"kind": "weekly_all", **row, "resets_at": "2026-05-04T11:59:40Z"},
            {"kind": "weekly_scoped", "scope": "Fable", **row},
        ]
    }
    values = await printed(simulator, config)
    told = {name: value for name, value in values.items() if value is not None}
    del told["fetched_at"], told["plan"]
    assert told == {
        "session_limit": 100,
        # In its first minute a reset may not have arrived.
        "weekly_pct": 90,
        "weekly_reset": "Monday @ 02:00 PM",
        "weekly_reset_date": "2026-05-04",
        "weekly_reset_time": "02:00 PM",
        "weekly_reset_weekday": "Monday",
        "weekly_resets_at": "2026-05-04T12:00:00+00:00",
        "models": {"Fable": {"percent": None, "resets_at": None}},
    }
    result = await run(simulator, "--human", "--config", str(config), now=NOW)
    assert "Fable    has reset, nothing newer is told" in result.stdout


async def test_windows_alike(simulator: Simulator, config: Path) -> None:
    """Two windows of one name are told apart, and versions of a model are that model."""
    scoped = {"kind": "weekly_scoped"}
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [
            {**scoped, "percent": 1, "scope": "Fable"},
            {**scoped, "percent": 2, "scope": "Opus 4"},
            {**scoped, "percent": 3, "scope": "Fable"},
            {"kind": "daily_scoped", "percent": 4, "scope": "Fable"},
        ],
        "seven_day_opus": {"utilization": 2.4, "resets_at": "2026-05-08T23:45:00Z"},
    }
    models = (await printed(simulator, config))["models"]
    assert {name: model["percent"] for name, model in models.items()} == {
        "Fable (2)": 1,
        "Opus 4": 2.4,
        "Fable (3)": 3,
        "Fable": 4,
    }
    assert models["Opus 4"]["resets_at"] == "2026-05-08T23:45:00+00:00"


async def test_times(simulator: Simulator, config: Path) -> None:
    """A time is read however ISO 8601 writes it."""
    times = [
        "2026-05-04T14:30:00Z",
        "2026-05-04T14:30Z",
        "2026-05-04 14:30",
        "2026-05-04T14:29:59,75Z",
        "20260504T143000Z",
        "20260504T1630+0200",
        "2026-W19-1T14:30:00+00:00:00",
    ]
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [
            {"kind": "weekly_scoped", "scope": text, "percent": 1, "resets_at": text}
            for text in times
        ]
    }
    models = (await printed(simulator, config))["models"]
    read = {text: model["resets_at"] for text, model in models.items()}
    assert read == dict.fromkeys(times, "2026-05-04T14:30:00+00:00")


@pytest.mark.parametrize("name", list(FAULTS))
async def test_fault(simulator: Simulator, config: Path, name: str) -> None:
    """Each fault has its exit status and one line that is no secret; stdout is empty."""
    simulator.set_fault(name)
    patience = 0.3 if FAULTS[name].slow else 10
    result = await run(simulator, "--config", str(config), patience=patience)
    assert result.status == STATUS[FAULTS[name].row]
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("claude_usage: ")
    for secret in seat_of(simulator).values():
        assert secret not in result.stderr

    simulator.clear_faults()
    assert (await run(simulator, "--config", str(config))).status == 0


async def test_time_out_of_the_whole(simulator: Simulator, config: Path) -> None:
    """An answer that comes byte by byte is given up, already before its body."""
    drips = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin an answer, and never come to an end."""
        drips.append(asyncio.current_task())
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    simulator.url = f"http://127.0.0.1:{port}"
    result = await run(simulator, "--config", str(config), patience=0.3)
    await asyncio.gather(*drips)
    server.close()
    assert result.status == 5
    assert "no answer in time" in result.stderr


async def test_dead_key_of_a_refused_organization(
    simulator: Simulator, config: Path
) -> None:
    """A refused organization is told from a key that has ended."""
    simulator.world.accounts["ada"].log_out()
    assert (await run(simulator, "--config", str(config))).status == 3
    data = seat_of(simulator, "ben")
    other = seat_of(simulator, "ada")["org_id"]
    write(config.parent, {**data, "org_id": other})
    assert (await run(simulator, "--config", str(config))).status == 4


async def test_organization_is_found_and_remembered(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Without an organization the first one with usage is shown; a call is one request."""
    data = seat_of(simulator)
    config = write(tmp_path, {"session_key": data["session_key"], "org_id": ""})
    for _ in range(2):
        result = await run(simulator, "--config", str(config))
        assert json.loads(result.stdout)["plan"] == "Max 20x"
    usage = f"/api/organizations/{data['org_id']}/usage"
    paths = [request.path for request in simulator.requests]
    assert paths == ["/api/organizations", usage, usage]
    cache = tmp_path / "claude_usage_cache.json"
    assert cache.stat().st_mode & 0o077 == 0
    assert data["session_key"] not in cache.read_text()

    # Another account in the same file is another matter.
    write(tmp_path, {"session_key": seat_of(simulator, "ben")["session_key"]})
    result = await run(simulator, "--config", str(config))
    assert json.loads(result.stdout)["plan"] == "Pro"
    # What has been remembered is thrown away when it turns out wrong.
    simulator.set_fault("organization_missing")
    assert (await run(simulator, "--config", str(config))).status == 4
    assert not cache.exists()


async def test_plan_that_is_not_told(simulator: Simulator, config: Path) -> None:
    """Without the plan, the usage is shown all the same."""
    simulator.silent_organization = True
    result = await run(simulator, "--config", str(config))
    assert result.status == 0
    assert json.loads(result.stdout)["plan"] is None


async def test_account_without_usage(simulator: Simulator, tmp_path: Path) -> None:
    """API access only is told as such."""
    key = seat_of(simulator, "dan")["session_key"]
    result = await run(
        simulator, "--config", str(write(tmp_path, {"session_key": key}))
    )
    assert result.status == 4
    assert "only API access" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "not valid JSON"),
        ("[]", "must hold"),
        ({}, "not a claude.ai session key"),
        ({"session_key": 5}, "not a claude.ai session key"),
        ({"session_key": "sk-ant-api03-x"}, "an API key"),
        ({"session_key": "sk-ant-oat01-x"}, "an OAuth token"),
        ({"session_key": "sk-ant-sid01-" + "x" * 90, "org_id": "mine"}, "org_id"),
    ],
)
async def test_bad_configuration(
    simulator: Simulator, tmp_path: Path, content: Any, said: str
) -> None:
    """What is wrong with the configuration is said, with exit status 2."""
    path = tmp_path / "config.json" if content is None else write(tmp_path, content)
    result = await run(simulator, "--config", str(path))
    assert (result.status, result.stdout) == (2, "")
    assert said in result.stderr
    assert "x" * 20 not in result.stderr
    assert not simulator.requests


@pytest.mark.parametrize(
    "wrapping", ["  {}\n", '"{}"', "Cookie: a=b; sessionKey={}; c=d", "sessionKey%3D{}"]
)
async def test_wrapped_key(simulator: Simulator, tmp_path: Path, wrapping: str) -> None:
    """A key is found in what was pasted around it."""
    data = seat_of(simulator)
    data["session_key"] = wrapping.format(data["session_key"])
    data["org_id"] = f"https://claude.ai/api/organizations/{data['org_id'].upper()}"
    assert (await run(simulator, "--config", str(write(tmp_path, data)))).status == 0


async def test_what_is_pasted_along(simulator: Simulator, tmp_path: Path) -> None:
    """Invisible characters in the key and an encoded address are no obstacle."""
    data = seat_of(simulator)
    key = data["session_key"]
    address = f"https://claude.ai/api/organizations/{data['org_id']}/usage"
    pasted = {
        "session_key": f"{key[:20]}\u00ad{key[20:40]}\u200b\n{key[40:]}",
        "org_id": quote(address, safe=""),
    }
    result = await run(simulator, "--config", str(write(tmp_path, pasted)))
    assert (result.status, result.stderr) == (0, "")
    assert simulator.requests[-1].path == f"/api/organizations/{data['org_id']}/usage"


async def test_memory_that_is_broken(simulator: Simulator, config: Path) -> None:
    """What cannot be what was remembered is asked for again."""
    cache = config.with_name("claude_usage_cache.json")
    assert (await run(simulator, "--config", str(config))).status == 0
    known = json.loads(cache.read_text())
    for spoiled in ({**known, "org_id": ["../account"]}, {**known, "time": "x"}, []):
        cache.write_text(json.dumps(spoiled))
        assert (await run(simulator, "--config", str(config))).status == 0
        assert json.loads(cache.read_text())["org_id"] == known["org_id"]


def huge() -> str:
    """Return JSON of a cache that is larger than any."""
    return json.dumps({"about": "x" * 3_000_000})


# What may stand where the cache should, other than what was written there.
CONTENTS = (
    b"",
    b"null",
    b"5",
    b'"text"',
    b"[1, 2]",
    b"\xff\xfe\x00",
    b"\x00" * 100,
    b"[" * 100_000,
    b'{"a":' * 50_000,
    huge().encode(),
    # More digits than Python reads.
    b'{"about": 1, "time": ' + b"9" * 10_000 + b"}",
)
MEMBERS = (
    *(None, True, -1, 0, 10**300, "", "x", [], [[]], {}, {"a": 1}, ["../account"]),
    *(float("nan"), float("inf"), -float("inf"), "\ud800", "\x1b[31m", "x" * 10_000),
)


def is_private_file(path: Path) -> bool:
    """Return whether a path is a real file that nobody else can read."""
    return path.is_file() and not path.is_symlink() and not path.stat().st_mode & 0o077


async def test_any_memory(simulator: Simulator, tmp_path: Path) -> None:
    """Whatever stands in the cache, the usage is shown, and the cache is good again."""
    config = write(tmp_path, {"session_key": seat_of(simulator)["session_key"]})
    cache = tmp_path / "claude_usage_cache.json"
    assert (await run(simulator, "--config", str(config))).status == 0
    good = cache.read_bytes()
    known = json.loads(good)
    spoiled = [
        json.dumps({**known, member: value}).encode()
        for member in known
        for value in MEMBERS
    ]
    script = load_script()
    assert script.remembered(cache, known["about"])
    for content in (*CONTENTS, *spoiled):
        cache.write_bytes(content)
        found = script.remembered(cache, known["about"])
        # Without a plan that is a text, there is none.
        assert found is None or found[0] == known["org_id"], content[:100]
        assert found is None or b'"plan"' in content
    for content in (*CONTENTS, b'{"time": 1e999}'):
        cache.write_bytes(content)
        result = await run(simulator, "--config", str(config))
        assert (result.status, result.stderr) == (0, "")
        assert json.loads(result.stdout)["plan"] == "Max 20x"
        assert is_private_file(cache)
        assert json.loads(cache.read_text()).keys() == known.keys()
    assert sorted(path.name for path in tmp_path.iterdir()) == [cache.name, config.name]


@pytest.mark.parametrize(
    "place", ["folder", "dangling", "link", "pipe", "loop", "unreadable", "open"]
)
async def test_odd_place_of_the_memory(
    simulator: Simulator, tmp_path: Path, place: str
) -> None:
    """What is no file is not followed, and never keeps the usage from being shown."""
    folder = tmp_path / "own"
    folder.mkdir()
    config = write(folder, {"session_key": seat_of(simulator)["session_key"]})
    cache, other = folder / "claude_usage_cache.json", tmp_path / "other"
    if place == "folder":
        (cache / "more").mkdir(parents=True)
    elif place == "dangling":
        cache.symlink_to(other)
    elif place == "link":
        other.write_text("precious")
        other.chmod(0o644)
        cache.symlink_to(other)
    elif place == "loop":
        cache.symlink_to(cache)
    elif place == "pipe":
        os.mkfifo(cache)
    else:
        cache.write_text("{}")
        cache.chmod(0 if place == "unreadable" else 0o666)
    for _ in range(2):
        result = await run(simulator, "--config", str(config))
        assert (result.status, result.stderr) == (0, "")
        assert json.loads(result.stdout)["plan"] == "Max 20x"
    assert is_private_file(cache) or place == "folder"
    assert len(list(folder.iterdir())) == 2
    if place == "link":
        assert other.read_text() == "precious"
    else:
        assert not other.exists()
    # It is also thrown away where it is something else.
    simulator.world.accounts["ada"].log_out()
    result = await run(simulator, "--config", str(config))
    assert_failed(result, 3)


def assert_failed(result: Result, status: int) -> None:
    """Check that a run ends with its status and one line, without a traceback."""
    assert (result.status, result.stdout) == (status, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("claude_usage: ")
    assert line.isprintable()


async def test_disk_that_is_full(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of a cache that cannot be written."""
    script = load_script()
    cache = tmp_path / "claude_usage_cache.json"

    def full(*_: Any) -> None:
        """Have no space left."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(script.json, "dump", full)
    script.remember(cache, {})
    monkeypatch.undo()
    script.remember(tmp_path / "missing" / "cache.json", {})
    assert list(tmp_path.iterdir()) == []
    script.remember(cache, {"a": 1})
    assert is_private_file(cache)


@pytest.mark.parametrize("arguments", [(), ("--human",), ("--help",)])
@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
async def test_output_that_is_broken(
    simulator: Simulator, config: Path, redirect: str, arguments: tuple[str, ...]
) -> None:
    """It is said in one line, with an exit status of its own."""
    arguments = (*arguments, "--config", str(config))
    result = await run(simulator, *arguments, redirect=redirect)
    assert_failed(result, 1)
    assert "the output cannot be written (" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--human",), ("--help",)])
async def test_nobody_reads_the_output(
    simulator: Simulator, config: Path, arguments: tuple[str, ...]
) -> None:
    """As behind `| head -0`."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = (*arguments, "--config", str(config))
    result = await run(simulator, *arguments, stdout=writing)
    os.close(writing)
    assert_failed(result, 1)
    assert "(Broken pipe)" in result.stderr


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-"])
async def test_explanation_that_cannot_be_written(
    simulator: Simulator, config: Path, redirect: str
) -> None:
    """The exit status says it all the same."""
    result = await run(simulator, "--config", str(config), redirect=redirect)
    assert (result.status, result.stderr) == (1 if ">&- " in redirect else 0, "")
    config.chmod(0o644)
    result = await run(simulator, "--config", str(config), redirect=redirect)
    assert (result.status, result.stderr) == (1 if ">&- " in redirect else 0, "")
    simulator.world.accounts["ada"].log_out()
    result = await run(simulator, "--config", str(config), redirect=redirect)
    assert result == (3, "", "")
    for arguments in (("--config", "missing.json"), ("--wrong",)):
        assert await run(simulator, *arguments, redirect=redirect) == (2, "", "")


# What a terminal, a log or a reader could obey, or be misled by.
EVIL = "Fa\x1b[2J\x1b]0;x\x07b\x9b31m\r\nle\x00\x7f\u202egnp\u2066\u200f\u2028\u2029\x85\ud800"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "ascii:strict"])
async def test_no_control_characters(
    simulator: Simulator, config: Path, encoding: str
) -> None:
    """None of a server's text reaches the terminal, nor of the command line."""
    seat = simulator.world.accounts["ada"].seats[-1]
    seat.fixed_body = {
        "limits": [{"kind": "weekly_scoped", "percent": 1, "scope": f"ä🚀{EVIL}"}]
    }
    seat.organization = replace(
        seat.organization,
        capabilities=("chat",),
        rate_limit_tier="",
        plan_display_name=f"Plan {EVIL}",
    )
    odd = config.with_name("co\x1b[31mn\u202efig\nclaude_usage: \x9b.json")
    odd.write_bytes(config.read_bytes())
    more = {"PYTHONIOENCODING": encoding}
    for arguments in (
        ("--human", "--config", str(config)),
        ("--config", str(config)),
        ("--human", "--config", str(odd)),
        ("--config", str(odd.with_name(f"{odd.name}.missing"))),
        (f"--wrong={odd.name}",),
        ("--config", ""),
        ("--config", "/"),
        ("--config", "\x1b[31m"),
    ):
        result = await run(simulator, *arguments, **more)
        for line in (*result.stdout.splitlines(), *result.stderr.splitlines()):
            assert line.isprintable(), line
        if result.status:
            assert_failed(result, 2)
        elif "--human" in arguments:
            assert "Plan " in result.stdout.splitlines()[0]
            assert len(result.stdout.splitlines()) == 5


def test_table_cleans_by_itself() -> None:
    """Whatever a name holds, only the table's own colors are sent to a terminal."""
    script = load_script()
    scoped = script.Identity("weekly_scoped", "fable")
    window = script.UsageWindow(scoped, EVIL, 31, None)
    table = script.table(
        script.Usage(windows=(window,)),
        EVIL,
        datetime.fromisoformat(NOW),
        color=True,
        blocks=True,
    )
    lines = re.sub("\x1b\\[(0|3[123])m(?=[█░ ])", "", table).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "content",
    [
        *CONTENTS,
        b'{"session_key": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"session_key": "sk-ant-sid01-' + b"x" * 90 + b'", "org_id": {"a": [1]}}',
        b'{"session_key": "sk-ant-sid01-' + b"x" * 90 + b'", "org_id": 1e999}',
        b'{"session_key": "sk-ant-sid01-' + b"x" * 90 + b'", "org_id": false}',
        b'{"session_key": "sk-ant-sid01-'
        + b"x" * 90
        + b'", "org_id": '
        + b"[" * 900
        + b"]" * 900
        + b"}",
        b'{"session_key": "sk-ant-sid01-'
        + b"x" * 90
        + b'", "org_id": '
        + b"9" * 4300
        + b"}",
        b'{"session_key": "\xff\xfe"}',
    ],
    ids=lambda content: repr(content[:40]),
)
async def test_any_configuration(
    simulator: Simulator, tmp_path: Path, content: bytes
) -> None:
    """Whatever stands in it, one line says what is wrong; also that others can read it."""
    config = tmp_path / "config.json"
    config.write_bytes(content)
    config.chmod(0o644)
    result = await run(simulator, "--config", str(config))
    assert_failed(result, 2)
    assert "x" * 20 not in result.stderr
    assert not simulator.requests


@pytest.mark.parametrize("place", ["folder", "loop", "/dev/zero", "x" * 300])
async def test_odd_place_of_the_configuration(
    simulator: Simulator, tmp_path: Path, place: str
) -> None:
    """What is no file that can be read is said."""
    config = tmp_path / place
    if place == "folder":
        config.mkdir()
    elif place == "loop":
        config.symlink_to(config)
    assert_failed(await run(simulator, "--config", str(config)), 2)


async def test_key_as_an_argument(simulator: Simulator) -> None:
    """A key that is pasted into the command line is not printed."""
    key = seat_of(simulator)["session_key"]
    for arguments in (
        (key,),
        (f"--{key}",),
        (key[20:],),
        ("--config", key),
        ("--config", f"folder/sk-ant-\n{key}"),
        (f"--config=sessionKey={key}; a=b",),
        ("--human", f"sessionKey={key}"),
    ):
        result = await run(simulator, *arguments)
        assert_failed(result, 2)
        assert key[20:30] not in result.stderr


PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy")


@pytest.mark.parametrize("wanted", [False, True])
async def test_proxy_of_the_environment(
    simulator: Simulator, config: Path, wanted: bool
) -> None:
    """It is used when it is asked for, and only then."""
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note what is asked for, and refuse it."""
        asked.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment = {**dict.fromkeys(PROXIES, address), "no_proxy": "", "NO_PROXY": ""}
    arguments = ["--environment-proxy"] * wanted
    result = await run(simulator, *arguments, "--config", str(config), **environment)
    server.close()
    assert result.status == (5 if wanted else 0)
    assert bool(simulator.requests) is not wanted
    assert [line.split()[1] for line in asked][:1] == [
        f"{simulator.url}/api/organizations/{seat_of(simulator)['org_id']}"
    ] * wanted


@pytest.mark.parametrize(
    "address", ["://", "http://[", "foo://x", "http://a:b:c", "\x1b"]
)
async def test_proxy_that_makes_no_sense(
    simulator: Simulator, config: Path, address: str
) -> None:
    """It is a connection that fails, as any other."""
    more = {"http_proxy": address, "no_proxy": "", "NO_PROXY": ""}
    arguments = ("--environment-proxy", "--config", str(config))
    assert_failed(await run(simulator, *arguments, **more), 5)


async def test_beside_the_script(simulator: Simulator, tmp_path: Path) -> None:
    """Without `--config` the file beside the script is read; others' eyes are told."""
    script = Path(shutil.copy(SCRIPT, tmp_path))
    config = tmp_path / "claude_config.json"
    config.write_text(json.dumps(seat_of(simulator)))
    config.chmod(0o644)
    result = await run(simulator, script=script)
    assert result.status == 0
    assert "chmod 600" in result.stderr
    config.chmod(0o600)
    assert (await run(simulator, script=script)).stderr == ""


async def test_table(simulator: Simulator, config: Path) -> None:
    """A person gets a table: plain when it does not go to a terminal."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [
            {"kind": "session", "percent": 31, "resets_at": "2026-05-04T14:30:00Z"},
            {"kind": "weekly_scoped", "percent": 104, "scope": "Fable"},
            {"kind": "weekly_scoped", "percent": 62.5, "scope": "Opus"},
        ],
    }
    arguments = ("--human", "--config", str(config))
    result = await run(simulator, *arguments, now=NOW, TZ="Europe/Berlin")
    assert result.stdout.splitlines() == [
        "Claude Max 20x",
        "",
        "Session  ██████░░░░░░░░░░░░░░     31 %  resets in 2h 30m, at 04:30 PM",
        "Week     no such limit",
        "Fable    ████████████████████    104 %",
        "Opus     ████████████░░░░░░░░   62.5 %",
    ]
    result = await run(simulator, *arguments, now=NOW, PYTHONIOENCODING="ascii")
    assert "######.............." in result.stdout


async def test_help(simulator: Simulator) -> None:
    """Everything is explained."""
    result = await run(simulator, "--help")
    assert result.status == 0
    for word in ("claude_config.json", "session_key", "org_id", "--human", "status"):
        assert word in result.stdout


@cache
def load_script() -> ModuleType:
    """Return the script as a module."""
    spec = spec_from_file_location("claude_usage", SCRIPT)
    module = module_from_spec(spec)
    # Where dataclasses look for it.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def interpreters() -> list[str]:
    """Return the Pythons of this machine that the script has to run on, one a version."""
    homes = [Path.home() / ".pyenv" / "versions", Path("/usr/local"), Path("/usr")]
    found = {sys.version_info[1]: sys.executable}
    for minor in range(11, 15):
        name = f"python3.{minor}"
        for home in homes:
            for path in (*home.glob(f"3.{minor}.*/bin/{name}"), home / "bin" / name):
                if path.exists():
                    found.setdefault(minor, str(path))
    return [path for _, path in sorted(found.items())]


@pytest.mark.parametrize("python", interpreters())
async def test_python_versions(simulator: Simulator, config: Path, python: str) -> None:
    """The script runs on every Python that is at hand, with the same outcome."""
    body = json.loads(
        next(p for p in BODIES if p.stem == "both_with_decimals").read_text()
    )
    simulator.world.accounts["ada"].seats[-1].fixed_body = body["body"]
    result = await run(simulator, "--config", str(config), python=python, now=NOW)
    assert (result.status, result.stderr) == (0, "")
    assert json.loads(result.stdout)["session_pct"] == 31.5
    assert json.loads(result.stdout)["session_reset_countdown"] == "2h 30m"


@given(body=spoiled_bodies())
@settings(max_examples=300, deadline=None)
def test_any_body(body: dict[str, Any]) -> None:
    """Whatever stands in a body, it can be shown, and no window is lost."""
    script = load_script()
    usage, present = script.parse_usage(body), datetime.fromisoformat(NOW)
    values = script.report(usage, None, present)
    assert json.loads(json.dumps(values)) == values
    assert len(values["models"]) == sum(bool(w.name) for w in usage.windows)
    assert script.table(usage, None, present, color=True, blocks=True)


def test_only_the_standard_library() -> None:
    """Nothing has to be installed for it."""
    imported = re.findall(r"^ *(?:from|import) (\w+)", SCRIPT.read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names
