"""The script says what the integration says, and fails as it promises."""

from __future__ import annotations

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
import re
import shutil
import sys
from types import ModuleType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings
import pytest

from custom_components.claude_pulse.claude_ai.organization import parse_organization
from custom_components.claude_pulse.claude_ai.usage import parse_usage
from homeassistant.core import HomeAssistant
from tests.claude_ai import spoiled_bodies
from tests.common import add_entry, seat_of, states
from tests.simulator import Simulator
from tests.simulator.faults import FAULTS

from . import SCRIPT, run

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
    result = await run(simulator, "--config", str(config), now=NOW, TZ="Europe/Berlin")
    values = json.loads(result.stdout)
    assert values["weekly_reset_date"] == "2026-05-09"
    assert values["session_resets_at"] == "2026-05-04T14:30:00+00:00"
    assert values["weekly_resets_at"] == "2026-05-08T23:45:00+00:00"
    assert values["models"] == {
        "Fable": {"percent": 72, "resets_at": None},
        "Opus": {"percent": 5.5, "resets_at": "2026-05-08T23:45:00+00:00"},
    }


@pytest.mark.parametrize("name", list(FAULTS))
async def test_fault(simulator: Simulator, config: Path, name: str) -> None:
    """Each fault has its exit status and one line that is no secret; stdout is empty."""
    simulator.set_fault(name)
    result = await run(
        simulator, "--config", str(config), patience=0.3 if name == "hang" else 10
    )
    assert result.status == STATUS[FAULTS[name].row]
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("claude_usage: ")
    for secret in seat_of(simulator).values():
        assert secret not in result.stderr

    simulator.clear_faults()
    assert (await run(simulator, "--config", str(config))).status == 0


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
        ({}, "no session key"),
        ({"session_key": 5}, "no session key"),
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
    result = await run(simulator, *arguments, PYTHONIOENCODING="ascii")
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
    spec.loader.exec_module(module)
    return module


def interpreters() -> list[str]:
    """Return the Pythons of this machine that the script has to run on, one a version."""
    homes = [Path.home() / ".pyenv" / "versions", Path("/usr/local"), Path("/usr")]
    found = {sys.version_info[1]: sys.executable}
    for minor in range(9, 15):
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
def test_same_reading_of_any_body(body: dict[str, Any]) -> None:
    """Whatever stands in a body, the script reads it as the integration does."""
    values = load_script().report(body, None)
    usage = parse_usage(body)
    for kind, window in (("session", usage.session), ("weekly", usage.weekly)):
        resets_at = window.resets_at if window else None
        assert values[f"{kind}_pct"] == (window.percent if window else None)
        assert values[f"{kind}_resets_at"] == (
            resets_at.isoformat() if resets_at else None
        )
    assert values["models"].keys() == {w.name for w in usage.windows if w.name}


@pytest.mark.parametrize(
    ("members", "plan"),
    [
        ({"raven_type": "enterprise"}, "Enterprise"),
        ({"raven_type": "team", "rate_limit_tier": "default_claude_max_5x"}, "Team"),
        ({"capabilities": ["claude_max"]}, "Max"),
        ({"capabilities": ["claude_pro", "chat"]}, "Pro"),
        ({"plan_display_name": "Education"}, "Education"),
        ({"capabilities": ["chat"]}, "Free"),
        ({"capabilities": "chat"}, None),
    ],
)
def test_same_plan(members: dict[str, Any], plan: str | None) -> None:
    """The plan is told as the integration tells it."""
    assert load_script().plan(members) == plan
    assert parse_organization({"uuid": "x", **members}).plan == plan


def test_only_the_standard_library() -> None:
    """Nothing has to be installed for it."""
    imported = re.findall(r"^ *(?:from|import) (\w+)", SCRIPT.read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names
