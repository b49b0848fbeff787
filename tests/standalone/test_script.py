"""The script: its output, its exit status, and its use of files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
import errno
import json
import os
from pathlib import Path
import re
import shutil
import sys
from types import ModuleType
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

from hypothesis import given, settings
import pytest

from tests.claude_ai import BODIES, spoiled_bodies
from tests.common import Claude
from tests.simulator import Simulator
from tests.simulator.faults import FAULTS

from . import SCRIPT, Script, configuration, load

NOW = "2026-05-04T12:00:00+00:00"

# The names of the ten sensors in the output, where they differ.
NAMES = {"session_usage": "session_pct", "weekly_usage": "weekly_pct"}

# The exit status of each row of the error table.
STATUS = {1: 5, 2: 3, 3: 4, 4: 4, 5: 5, 6: 5, 7: 5, 8: 5}


@pytest.fixture
def script(tmp_path: Path, simulator: Simulator) -> Script:
    """Return the script with a configuration for ada's seat."""
    script = Script(simulator, tmp_path / "config.json")
    script.configure(configuration(simulator))
    return script


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """Return the script as a module."""
    return load(SCRIPT)


@asynccontextmanager
async def listen(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[str]:
    """Start a server, and return its URL."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def serve(simulator: Simulator, *rows: Any, **members: Any) -> None:
    """Serve a usage body for ada."""
    body = {"limits": list(rows), **members}
    simulator.world.accounts["ada"].seats[-1].fixed_body = body


def scoped(percent: float, scope: Any, resets_at: str | None = None) -> dict[str, Any]:
    """Return the row of a model."""
    values = {"percent": percent, "scope": scope, "resets_at": resets_at}
    return {"kind": "weekly_scoped", **values}


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("name", BODIES)
async def test_same_values_as_the_integration(
    claude: Claude, script: Script, name: str
) -> None:
    """For each body, the output has the states of the ten sensors."""
    claude.clock.move_to(NOW)
    await claude.hass.config.async_update(time_zone="Asia/Kolkata")
    claude.serve(BODIES[name])
    await claude.entry()
    values = (await script(now=NOW, TZ="Asia/Kolkata")).values
    states = claude.states()
    printed = {key: values[NAMES.get(key, key)] for key in states}
    assert states == {
        key: "unknown" if value is None else str(value)
        for key, value in printed.items()
    }
    assert values["fetched_at"] == NOW


async def test_other_values(simulator: Simulator, script: Script) -> None:
    """The output also has dates, ISO times and the windows of models."""
    week = "2026-05-08T23:45:00Z"
    serve(
        simulator,
        {"kind": "session", "percent": 31, "resets_at": "2026-05-04T14:29:59.9Z"},
        {"kind": "weekly_all", "percent": 7, "resets_at": week},
        scoped(72, {"model": {"display_name": "Fable"}}),
        scoped(5, "Opus 4"),
        seven_day_opus={"utilization": 5.5, "resets_at": week},
    )
    values = (await script(now=NOW, TZ="Europe/Berlin")).values
    assert values["weekly_reset_date"] == "2026-05-09"
    assert values["session_resets_at"] == "2026-05-04T14:30:00+00:00"
    assert values["weekly_resets_at"] == "2026-05-08T23:45:00+00:00"
    assert values["models"] == {
        "Fable": {"percent": 72, "resets_at": None},
        "Opus 4": {"percent": 5.5, "resets_at": "2026-05-08T23:45:00+00:00"},
    }


async def test_window_that_is_over(simulator: Simulator, script: Script) -> None:
    """A window whose reset was a minute ago has no values."""
    row = {"percent": 90, "resets_at": "2026-05-04T11:59:00Z"}
    serve(
        simulator,
        {"kind": "session", **row},
        {"kind": "weekly_all", **row, "resets_at": "2026-05-04T11:59:40Z"},
        {"kind": "weekly_scoped", "scope": "Fable", **row},
    )
    values = (await script(now=NOW, TZ="Europe/Berlin")).values
    known = {name: value for name, value in values.items() if value is not None}
    del known["fetched_at"], known["plan"]
    assert known == {
        "session_limit": 100,
        "weekly_pct": 90,
        "weekly_reset": "Monday @ 02:00 PM",
        "weekly_reset_date": "2026-05-04",
        "weekly_reset_time": "02:00 PM",
        "weekly_reset_weekday": "Monday",
        "weekly_resets_at": "2026-05-04T12:00:00+00:00",
        "models": {"Fable": {"percent": None, "resets_at": None}},
    }
    result = await script("--human", now=NOW)
    assert "Fable    has reset, no new value yet" in result.stdout


async def test_models_with_the_same_name(simulator: Simulator, script: Script) -> None:
    """Models with the same name are numbered."""
    daily = {**scoped(4, "Fable"), "kind": "daily_scoped"}
    serve(simulator, scoped(1, "Fable"), scoped(3, "Fable"), daily)
    models = (await script(now=NOW)).values["models"]
    percentages = {name: model["percent"] for name, model in models.items()}
    assert percentages == {"Fable (2)": 1, "Fable (3)": 3, "Fable": 4}


@pytest.mark.parametrize("name", FAULTS)
async def test_fault(simulator: Simulator, script: Script, name: str) -> None:
    """Each fault has its exit status, and a message without secrets."""
    simulator.set_fault(name)
    result = await script(seconds=0.3 if FAULTS[name].slow else 10)
    result.assert_failed(STATUS[FAULTS[name].row])
    for secret in configuration(simulator).values():
        assert secret not in result.stderr
    simulator.clear_faults()
    assert (await script()).status == 0


async def test_timeout(simulator: Simulator, script: Script) -> None:
    """The timeout is for the whole answer, including its headers."""
    tasks = []

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with listen(drip) as simulator.url:
        result = await script(seconds=0.3)
        await asyncio.gather(*tasks)
    result.assert_failed(5)
    assert "no answer in time" in result.stderr


async def test_refused_organization(simulator: Simulator, script: Script) -> None:
    """The exit status distinguishes an expired key from a refused organization."""
    simulator.world.accounts["ada"].log_out()
    (await script()).assert_failed(3)
    org_id = configuration(simulator)["org_id"]
    script.configure({**configuration(simulator, "ben"), "org_id": org_id})
    (await script()).assert_failed(4)


async def test_cache(simulator: Simulator, script: Script) -> None:
    """The first organization with usage is cached."""
    ada = configuration(simulator)
    script.configure({**ada, "org_id": ""})
    for _ in range(2):
        assert (await script()).values["plan"] == "Max 20x"
    usage = f"/api/organizations/{ada['org_id']}/usage"
    paths = [request.path for request in simulator.requests]
    assert paths == ["/api/organizations", usage, usage]
    assert is_private_file(script.cache)
    assert ada["session_key"] not in script.cache.read_text()

    # The cache is for one session key.
    script.configure({"session_key": configuration(simulator, "ben")["session_key"]})
    assert (await script()).values["plan"] == "Pro"
    # The cache is removed if its organization is refused.
    simulator.set_fault("organization_missing")
    (await script()).assert_failed(4)
    assert not script.cache.exists()


async def test_plan_not_available(simulator: Simulator, script: Script) -> None:
    """The usage is printed without the plan."""
    simulator.silent_organization = True
    assert (await script()).values["plan"] is None


async def test_account_without_usage(simulator: Simulator, script: Script) -> None:
    """An account with API access only has its own message."""
    script.configure({"session_key": configuration(simulator, "dan")["session_key"]})
    result = await script()
    result.assert_failed(4)
    assert "only API access" in result.stderr


@pytest.mark.parametrize(
    "wrapping",
    [
        "  {}\n",
        '"{}"',
        "Cookie: a=b; sessionKey={}; c=d",
        "sessionKey%3D{}",
        "\u00ad{}\u200b\n",
    ],
)
@pytest.mark.parametrize("is_quoted", [False, True])
async def test_pasted_text(
    simulator: Simulator, script: Script, wrapping: str, is_quoted: bool
) -> None:
    """The session key and the organization can be part of a text."""
    ada = configuration(simulator)
    url = f"https://claude.ai/api/organizations/{ada['org_id'].upper()}/usage"
    pasted = {
        "session_key": wrapping.format(ada["session_key"]),
        "org_id": quote(url, safe="") if is_quoted else url,
    }
    script.configure(pasted)
    assert (await script()).values["plan"] == "Max 20x"
    assert simulator.requests[-1].path == f"/api/organizations/{ada['org_id']}/usage"


# Invalid contents of a file.
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
    json.dumps({"about": "x" * 3_000_000}).encode(),
    # Python does not read numbers of this length.
    b'{"about": 1, "time": ' + b"9" * 10_000 + b"}",
)
MEMBERS = (
    *(None, True, -1, 0, 10**300, "", "x", [], [[]], {}, {"a": 1}, ["../account"]),
    *(float("nan"), float("inf"), -float("inf"), "\ud800", "\x1b[31m", "x" * 10_000),
)


def is_private_file(path: Path) -> bool:
    """Return whether a path is a regular file that other users cannot read."""
    return path.is_file() and not path.is_symlink() and not path.stat().st_mode & 0o077


async def test_invalid_cache(script: Script, module: ModuleType) -> None:
    """An invalid cache is replaced."""
    script.configure_without_organization()
    assert (await script()).status == 0
    known = json.loads(script.cache.read_text())
    assert module.read_cache(script.cache, known["about"])
    spoiled = [
        json.dumps({**known, member: value}).encode()
        for member in known
        for value in MEMBERS
    ]
    for content in (*CONTENTS, *spoiled):
        script.cache.write_bytes(content)
        found = module.read_cache(script.cache, known["about"])
        # An invalid plan is None.
        assert found is None or found[0] == known["org_id"], content[:100]
        assert found is None or b'"plan"' in content
    for content in (*CONTENTS, b'{"time": 1e999}'):
        script.cache.write_bytes(content)
        assert (await script()).values["plan"] == "Max 20x"
        assert is_private_file(script.cache)
        assert json.loads(script.cache.read_text()).keys() == known.keys()
    assert {*script.config.parent.iterdir()} == {script.cache, script.config}


@pytest.mark.parametrize(
    "kind", ["folder", "pipe", "loop", "dangling", "link", "000", "666"]
)
async def test_cache_that_is_no_file(
    simulator: Simulator, script: Script, tmp_path: Path, kind: str
) -> None:
    """A link is not followed, and the usage is printed without the cache."""
    other = tmp_path / "other"
    script.config = tmp_path / "own" / "config.json"
    script.config.parent.mkdir()
    script.configure_without_organization()
    cache = script.cache
    match kind:
        case "folder":
            (cache / "more").mkdir(parents=True)
        case "pipe":
            os.mkfifo(cache)
        case "loop":
            cache.symlink_to(cache)
        case "dangling" | "link":
            cache.symlink_to(other)
        case mode:
            cache.write_text("{}")
            cache.chmod(int(mode, 8))
    if kind == "link":
        other.write_text("precious")
    for _ in range(2):
        assert (await script()).values["plan"] == "Max 20x"
    assert is_private_file(cache) or kind == "folder"
    assert len(list(script.config.parent.iterdir())) == 2
    assert other.exists() is (kind == "link")
    assert kind != "link" or other.read_text() == "precious"
    simulator.world.accounts["ada"].log_out()
    (await script()).assert_failed(3)


def test_full_disk(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be written leaves no file."""
    cache = tmp_path / "claude_usage_cache.json"

    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(module.json, "dump", Mock(side_effect=error))
    module.write_cache(cache, {})
    monkeypatch.undo()
    module.write_cache(tmp_path / "missing" / "cache.json", {})
    assert list(tmp_path.iterdir()) == []
    module.write_cache(cache, {"a": 1})
    assert is_private_file(cache)


@pytest.mark.parametrize("argument", ["", "--human", "--help"])
@pytest.mark.parametrize("kind", [">&-", ">/dev/full", "pipe"])
async def test_output_cannot_be_written(
    script: Script, kind: str, argument: str
) -> None:
    """A closed, full or disconnected output has its own exit status."""
    arguments = [argument] if argument else []
    if kind == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
        result = await script(*arguments, stdout=writing)
        os.close(writing)
    else:
        result = await script(*arguments, redirect=kind)
    result.assert_failed(1)
    assert "the output cannot be written (" in result.stderr


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-"])
async def test_message_cannot_be_written(
    simulator: Simulator, script: Script, redirect: str
) -> None:
    """The exit status is the same without the message."""
    status = 1 if ">&- " in redirect else 0
    for mode in (0o600, 0o644):
        script.config.chmod(mode)
        result = await script(redirect=redirect)
        assert (result.status, result.stderr) == (status, "")
    simulator.world.accounts["ada"].log_out()
    assert await script(redirect=redirect) == (3, "", "")
    for arguments in (("--config", "missing.json"), ("--wrong",)):
        assert await script.run(*arguments, redirect=redirect) == (2, "", "")


# Characters that control a terminal, or that mislead a reader.
EVIL = "Fa\x1b[2J\x1b]0;x\x07b\x9b31m\r\nle\x00\x7f\u202egnp\u2066\u200f\u2028\u2029\x85\ud800"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "ascii:strict"])
async def test_no_control_characters(
    simulator: Simulator, script: Script, encoding: str
) -> None:
    """Neither an answer nor an argument prints control characters."""
    serve(simulator, scoped(1, f"ä🚀{EVIL}"))
    seat = simulator.world.accounts["ada"].seats[-1]
    plan = {"rate_limit_tier": "", "plan_display_name": f"Plan {EVIL}"}
    seat.organization = replace(seat.organization, capabilities=("chat",), **plan)
    odd = script.config.with_name("co\x1b[31mn\u202efig\nclaude_usage: \x9b.json")
    odd.write_bytes(script.config.read_bytes())
    for arguments in (
        ("--human", "--config", str(script.config)),
        ("--config", str(script.config)),
        ("--human", "--config", str(odd)),
        ("--config", str(odd.with_name(f"{odd.name}.missing"))),
        (f"--wrong={odd.name}",),
        ("--config", ""),
        ("--config", "/"),
        ("--config", "\x1b[31m"),
    ):
        result = await script.run(*arguments, PYTHONIOENCODING=encoding)
        lines = result.stdout.splitlines()
        for line in (*lines, *result.stderr.splitlines()):
            assert line.isprintable(), line
        if result.status:
            result.assert_failed(2)
        elif "--human" in arguments:
            assert "Plan " in lines[0]
            assert len(lines) == 3


def test_table_without_control_characters(module: ModuleType) -> None:
    """A table contains the escape sequences of its colors only."""
    scoped_window = module.Identity("weekly_scoped", "fable")
    window = module.UsageWindow(scoped_window, EVIL, 31, None)
    usage, now = module.Usage(windows=(window,)), datetime.fromisoformat(NOW)
    table = module.table(usage, EVIL, now, color=True, blocks=True)
    lines = re.sub("\x1b\\[(0|3[123])m(?=[█░ ])", "", table).split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


KEY = "sk-ant-sid01-" + "x" * 90


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *((content, "") for content in CONTENTS),
        ("{", "not valid JSON"),
        ("[]", "must contain"),
        ({}, "not a claude.ai session key"),
        ({"session_key": 5}, "not a claude.ai session key"),
        ({"session_key": "sk-ant-api03-x"}, "an API key"),
        ({"session_key": "sk-ant-oat01-x"}, "an OAuth token"),
        ({"session_key": KEY, "org_id": "mine"}, "org_id"),
        ({"session_key": KEY, "org_id": {"a": [1]}}, "org_id"),
        ({"session_key": KEY, "org_id": float("inf")}, "org_id"),
        ({"session_key": KEY, "org_id": False}, "org_id"),
        (f'{{"session_key": {"[" * 900}{"]" * 900}}}', ""),
        (f'{{"session_key": "{KEY}", "org_id": {"[" * 900}{"]" * 900}}}', ""),
        (f'{{"session_key": "{KEY}", "org_id": {"9" * 4300}}}', ""),
        (b'{"session_key": "\xff\xfe"}', ""),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_invalid_configuration(
    simulator: Simulator, script: Script, content: Any, message: str
) -> None:
    """The message names the error of the configuration, but not the session key."""
    script.configure(content, mode=0o644)
    result = await script()
    result.assert_failed(2)
    assert message in result.stderr
    assert "x" * 20 not in result.stderr
    assert not simulator.requests


@pytest.mark.parametrize("place", ["folder", "loop", "/dev/zero", "x" * 300, "missing"])
async def test_configuration_that_is_no_file(script: Script, place: str) -> None:
    """A path that cannot be read is an error."""
    script.config = script.config.parent / place
    if place == "folder":
        script.config.mkdir()
    elif place == "loop":
        script.config.symlink_to(script.config)
    (await script()).assert_failed(2)


async def test_key_as_an_argument(simulator: Simulator, script: Script) -> None:
    """A session key in an argument is not printed."""
    key = configuration(simulator)["session_key"]
    for arguments in (
        (key,),
        (f"--{key}",),
        (key[20:],),
        ("--config", key),
        ("--config", f"folder/sk-ant-\n{key}"),
        (f"--config=sessionKey={key}; a=b",),
        ("--human", f"sessionKey={key}"),
    ):
        result = await script.run(*arguments)
        result.assert_failed(2)
        assert key[20:30] not in result.stderr


PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy")


@pytest.mark.parametrize("is_used", [False, True])
async def test_proxy_of_the_environment(
    simulator: Simulator, script: Script, is_used: bool
) -> None:
    """The proxy is only used with --environment-proxy."""
    lines: list[str] = []

    async def refuse(reader: Any, writer: asyncio.StreamWriter) -> None:
        lines.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with listen(refuse) as url:
        environment = {**dict.fromkeys(PROXIES, url), "no_proxy": "", "NO_PROXY": ""}
        result = await script(*["--environment-proxy"] * is_used, **environment)
    assert result.status == (5 if is_used else 0)
    assert bool(simulator.requests) is not is_used
    org_id = configuration(simulator)["org_id"]
    assert [line.split()[1] for line in lines][:1] == [
        f"{simulator.url}/api/organizations/{org_id}"
    ] * is_used


@pytest.mark.parametrize("url", ["://", "http://[", "foo://x", "http://a:b:c", "\x1b"])
async def test_invalid_proxy(script: Script, url: str) -> None:
    """An invalid proxy is a failed connection."""
    environment = {"http_proxy": url, "no_proxy": "", "NO_PROXY": ""}
    (await script("--environment-proxy", **environment)).assert_failed(5)


async def test_default_configuration(script: Script, tmp_path: Path) -> None:
    """The default configuration is next to the script. Its mode is checked."""
    path = Path(shutil.copy(SCRIPT, tmp_path))
    script.config = script.config.rename(tmp_path / "claude_config.json")
    assert (await script.run(path=path)).stderr == ""
    script.config.chmod(0o644)
    result = await script.run(path=path)
    assert result.status == 0
    assert "chmod 600" in result.stderr


async def test_table(simulator: Simulator, script: Script) -> None:
    """The table has no colors if the output is not a terminal."""
    session = {"kind": "session", "percent": 31, "resets_at": "2026-05-04T14:30:00Z"}
    serve(simulator, session, scoped(104, "Fable"), scoped(62.5, "Opus"))
    result = await script("--human", now=NOW, TZ="Europe/Berlin")
    assert result.stdout.splitlines() == [
        "Claude Max 20x",
        "",
        "Session  ██████░░░░░░░░░░░░░░     31 %  resets in 2h 30m, at 04:30 PM",
        "Fable    ████████████████████    104 %",
        "Opus     ████████████░░░░░░░░   62.5 %",
    ]
    result = await script("--human", now=NOW, PYTHONIOENCODING="ascii")
    assert "######.............." in result.stdout


async def test_accounts_without_limits(simulator: Simulator, script: Script) -> None:
    """The table says nothing about limits that an account does not have."""
    script.configure(configuration(simulator, "fay"))
    values = (await script(now=NOW)).values
    session = {name for name, value in values.items() if name.startswith("session")}
    assert {values[name] for name in session} == {None}
    assert values["weekly_pct"] > 35
    lines = (await script("--human", now=NOW)).stdout.splitlines()
    assert lines[0] == "Claude Ultra"
    assert [line.split()[0] for line in lines[2:]] == ["Week", "Fable"]
    script.configure(configuration(simulator, "eve"))
    lines = (await script("--human", now=NOW)).stdout.splitlines()
    assert lines[1:] == ["", "claude.ai shows no limits for this account."]


@pytest.mark.parametrize(
    ("cents", "reason", "end"),
    [
        ((37400, 40000), None, "93.5 %  374 of 400 USD spent"),
        ((40025, 40000), None, "100.1 %  400.25 of 400 USD spent; used up"),
        (
            (12050, 40000),
            "out_of_credits",
            "%  120.50 of 400 USD spent; out of credits",
        ),
        ((4800, 40000), "org_level_disabled", "12 %  48 of 400 USD spent; disabled"),
    ],
)
async def test_seat_that_pays_by_spend(
    simulator: Simulator,
    script: Script,
    cents: tuple[int, int],
    reason: str | None,
    end: str,
) -> None:
    """The spend limit is the only row, with what its state means."""
    seat = simulator.world.accounts["gus"].seats[-1]
    seat.spent_cents, seat.disabled_reason = cents, reason
    script.configure(configuration(simulator, "gus"))
    (_, _, line) = (await script("--human", now=NOW)).stdout.splitlines()
    assert line.startswith("Spend  ")
    assert line.endswith(end)
    spend = (await script(now=NOW)).values["spend"]
    assert (spend["spent"], spend["limit"]) == (cents[0] / 100, 400)
    assert spend["currency"] == "USD"
    assert (spend["enabled"], spend["disabled_reason"]) == (reason is None, reason)
    assert spend["used_up"] == ("used up" in end or reason == "out_of_credits")


async def test_unlimited_spend(simulator: Simulator, script: Script) -> None:
    """Without a limit, there is no bar."""
    used = {"amount_minor": 4850, "currency": "USD", "exponent": 2}
    serve(simulator, spend={"enabled": True, "used": used, "limit": None})
    (_, _, line) = (await script("--human", now=NOW)).stdout.splitlines()
    assert line == "Spend  48.50 USD spent"


async def test_spend_limit_of_zero(simulator: Simulator, script: Script) -> None:
    """A limit of zero is not shown as one."""
    nothing = {"amount_minor": 0, "currency": "USD", "exponent": 2}
    reason = "org_level_disabled"
    spend = {"used": nothing, "limit": nothing, "disabled_reason": reason}
    serve(simulator, spend={"enabled": False, "percent": 0, **spend})
    (_, _, line) = (await script("--human", now=NOW)).stdout.splitlines()
    assert line == "Spend  0 USD spent; disabled"


async def test_saved_resets(simulator: Simulator, script: Script) -> None:
    """Saved resets that are left are counted; an account that is not eligible has none."""
    script.configure(configuration(simulator, "hal"))
    values = (await script()).values
    (grant,) = simulator.world.accounts["hal"].seats[-1].grants
    ends_at = grant.ends_at
    assert values["saved_resets"] == 2
    assert values["saved_resets_expire_at"] == ends_at.isoformat()
    *_, line = (await script("--human", TZ="UTC")).stdout.splitlines()
    assert line == f"Saved resets  2 left; expires {ends_at.date().isoformat()}"
    grant.left = 0
    values = (await script()).values
    assert (values["saved_resets"], values["saved_resets_expire_at"]) == (0, None)
    script.configure(configuration(simulator))
    assert (await script()).values["saved_resets"] is None
    assert "resets left" not in (await script("--human")).stdout


async def test_pools(simulator: Simulator, script: Script) -> None:
    """A credit pool is shown until it expires."""
    script.configure(configuration(simulator, "ivy"))
    (pool,) = simulator.world.accounts["ivy"].seats[-1].pools.values()
    *_, line = (await script("--human", TZ="UTC")).stdout.splitlines()
    day = pool.expires_at.date().isoformat()
    assert line == f"Iguana necktie  31.40 of 80 USD spent; expires {day}"
    values = (await script()).values["pools"]["iguana_necktie"]
    assert values["remaining"] == 48.6
    assert values["expires_at"] == pool.expires_at.isoformat()
    body = simulator.world.accounts["ivy"].seats[-1].body(simulator.now, timedelta)
    simulator.world.accounts["ivy"].seats[-1].fixed_body = body
    later = (pool.expires_at + timedelta(minutes=1)).isoformat()
    assert (await script(now=later)).values["pools"] is None


async def test_refused_parameter(simulator: Simulator, script: Script) -> None:
    """A refusal of the parameter for saved resets is followed by a request without it."""

    async def refuse(request: Any) -> None:
        """Refuse requests with the parameter."""
        simulator.clear_faults()
        if request.query:
            simulator.set_fault("malformed")

    simulator.on_request = refuse
    assert (await script()).values["weekly_pct"] > 12.3
    queries = [r.query for r in simulator.requests if r.path.endswith("/usage")]
    assert queries == ["cedar_ember=1", ""]


async def test_two_keys(simulator: Simulator, script: Script) -> None:
    """Of two keys in a header, the one that claude.ai accepts is used."""
    good = configuration(simulator)["session_key"]
    bad = "sk-ant-sid02-".ljust(130, "o")
    for keys in ((good, bad), (bad, good)):
        header = "; ".join(f"sessionKey={key}" for key in keys)
        script.configure({"session_key": header})
        assert (await script()).values["plan"] == "Max 20x"
    script.configure({"session_key": f"{bad} {bad}x"})
    (await script()).assert_failed(3)


async def test_cut_key(script: Script) -> None:
    """A key that was cut is called incomplete."""
    script.configure({"session_key": "sk-ant-sid02-..."})
    result = await script()
    result.assert_failed(2)
    assert "This session key is incomplete" in result.stderr


async def test_help(script: Script) -> None:
    """The help explains the configuration and the exit status."""
    result = await script.run("--help")
    assert result.status == 0
    for word in ("claude_config.json", "session_key", "org_id", "--human", "status"):
        assert word in result.stdout


def interpreters() -> list[str]:
    """Return the installed Pythons that the script supports, one for each version."""
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
async def test_python_version(
    simulator: Simulator, script: Script, python: str
) -> None:
    """The output is the same on each installed Python."""
    serve(simulator, **BODIES["both_with_decimals"])
    values = (await script(python=python, now=NOW)).values
    assert values["session_pct"] == 31.5
    assert values["session_reset_countdown"] == "2h 30m"


@given(body=spoiled_bodies())
@settings(max_examples=300, deadline=None)
def test_any_body(module: ModuleType, body: dict[str, Any]) -> None:
    """Each window with a name of any body is printed."""
    usage, now = module.parse_usage(body), datetime.fromisoformat(NOW)
    values = module.report(usage, None, now)
    assert json.loads(json.dumps(values)) == values
    assert len(values["models"]) == sum(bool(w.name) for w in usage.windows)
    assert module.table(usage, None, now, color=True, blocks=True)


def test_only_the_standard_library() -> None:
    """The script imports the standard library only."""
    imported = re.findall(r"^ *(?:from|import) (\w+)", SCRIPT.read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names
