"""The snippets of docs/other-displays.md, taken from the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
import json
from pathlib import Path
import re
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.helpers.entityfilter import FILTER_SCHEMA
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml

from .common import Claude, pass_steps, session

pytestmark = pytest.mark.smoke

DOCUMENT = (Path(__file__).parents[1] / "docs" / "other-displays.md").read_text()
SECTIONS = dict(
    section.split("\n", 1) for section in re.split(r"^## ", DOCUMENT, flags=re.M)[1:]
)
# Of a message to TRMNL, in bytes.
LIMIT = 2000


def blocks(section: str, language: str) -> list[str]:
    """Return the code blocks of a section."""
    found = re.findall(rf"^```{language}\n(.*?)^```", SECTIONS[section], re.M | re.S)
    assert found
    return found


(EPAPER,) = blocks("OpenEPaperLink", "yaml")
REST_COMMAND, TRMNL = blocks("TRMNL", "yaml")
PROMETHEUS, SCRAPE = blocks("Prometheus", "yaml")
(ANDROID,) = blocks("Android and Wear OS", "jinja")
DETAILS_SESSION, DETAILS_WEEK, DETAILS_TIME, RING_TEXT, RING = blocks(
    "iPhone and Apple Watch", "jinja"
)


def week(percent: float) -> dict[str, Any]:
    """Return a usage body with a week."""
    resets_at = dt_util.utcnow() + timedelta(days=3)
    return {"seven_day": {"utilization": percent, "resets_at": resets_at.isoformat()}}


async def known(claude: Claude) -> None:
    """Show an account with both limits."""
    resets_at = dt_util.utcnow() + timedelta(hours=3)
    claude.serve(session(7, resets_at.isoformat(), **week(12)))
    await claude.entry()


async def not_started(claude: Claude) -> None:
    """Show an account whose session has not started."""
    claude.serve(session(0, None, **week(12)))
    await claude.entry()


async def ultra(claude: Claude) -> None:
    """Show an account without a session limit."""
    claude.serve(week(35), "fay")
    await claude.entry("fay")


async def no_limits(claude: Claude) -> None:
    """Show an account without limits."""
    await claude.entry("gus")


async def outage(claude: Claude) -> None:
    """Show an account during an outage."""
    await known(claude)
    claude.server.set_fault("server_error")
    await claude.pass_time()


async def long_block(claude: Claude) -> None:
    """Show an account whose kept values have become too old."""
    await known(claude)
    claude.server.set_fault("challenge")
    await claude.pass_time(16 * 60)
    await claude.pass_time(16 * 60)


async def no_entry(claude: Claude) -> None:
    """Show entity IDs that do not exist, as after renaming."""


# Each with the text for the session and for the week.
situations = pytest.mark.parametrize(
    ("begin", "of_session", "of_week"),
    [
        (known, "7%", "12%"),
        (not_started, "0%", "12%"),
        (ultra, "unknown", "35%"),
        (no_limits, "unknown", "unknown"),
        (outage, "unavailable", "unavailable"),
        (long_block, "unavailable", "unavailable"),
        (no_entry, "unknown", "unknown"),
    ],
)


def render(claude: Claude, template: str) -> str:
    """Render a template as the apps do."""
    return Template(template, claude.hass).async_render(parse_result=False)


async def run(claude: Claude, text: str, minutes: int = 0) -> None:
    """Trigger an automation of the document, or run it for some minutes."""
    config = {"automation": [parse_yaml(text)]}
    assert await async_setup_component(claude.hass, "automation", config)
    await claude.settle()
    (automation,) = claude.hass.states.async_all("automation")
    assert automation.state == "on"
    target = {"entity_id": automation.entity_id}
    call = claude.hass.services.async_call
    if not minutes:
        await call("automation", "trigger", target, blocking=True)
    await pass_steps(claude, minutes, 60)
    await call("automation", "turn_off", target, blocking=True)
    await claude.settle()


def test_every_block_is_tested() -> None:
    """All blocks are those of the tests here and of scripts/displays."""
    languages = Counter(re.findall(r"^```(\w+)$", DOCUMENT, re.M))
    assert languages == {"jinja": 6, "liquid": 1, "promql": 1, "yaml": 6}


async def test_entities_exist(claude: Claude) -> None:
    """Every entity of the document exists and is enabled."""
    await claude.entry()
    names = {*re.findall(r"\b(?:binary_)?sensor\.claude_pulse_\w+(?![\w*])", DOCUMENT)}
    names -= {name for name in names if f"{name}*" in DOCUMENT}
    assert len(names) >= 8
    assert not [name for name in names if not claude.hass.states.get(name)]


@situations
async def test_phones_and_watches(
    claude: Claude, begin: Callable[[Claude], Any], of_session: str, of_week: str
) -> None:
    """The templates show values, or the reason why there is none."""
    await begin(claude)
    lines = render(claude, ANDROID).splitlines()
    assert lines[:2] == [
        f"Session <b>{of_session}</b><br>",
        f"Week <b>{of_week}</b><br>",
    ]
    assert re.fullmatch(r"<small>As of \d\d \w{3} \d\d:\d\d</small>", lines[2])
    assert render(claude, DETAILS_SESSION) == f"Session {of_session}"
    assert render(claude, DETAILS_WEEK) == f"Week {of_week}"
    # The app joins the three with this character, and ignores empty ones.
    details = "|".join((DETAILS_SESSION, DETAILS_WEEK, DETAILS_TIME))
    assert len([part for part in render(claude, details).split("|") if part]) == 3
    number = re.fullmatch(r"(\d+)%", of_session)
    assert render(claude, RING_TEXT) == (of_session if number else "–")
    ring = render(claude, RING)
    assert ring == (str(int(number[1]) / 100) if number else "")


@pytest.mark.parametrize("template", [ANDROID, DETAILS_TIME])
async def test_time_of_kept_values(claude: Claude, template: str) -> None:
    """While the last values are kept, the time is that of the values."""
    await known(claude)
    as_of = dt_util.now()
    claude.server.set_fault("challenge")
    await pass_steps(claude, 4)
    assert claude.state("session_usage") == "7"
    assert f"As of {as_of:%d %b %H:%M}" in render(claude, template)
    claude.server.clear_faults()
    await claude.pass_time(3600)
    assert f"As of {dt_util.now():%d %b %H:%M}" in render(claude, template)


@situations
async def test_epaper(
    claude: Claude, begin: Callable[[Claude], Any], of_session: str, of_week: str
) -> None:
    """The automation draws texts, and a bar for each known number."""
    drawn = async_mock_service(claude.hass, "open_epaper_link", "drawcustom")
    await begin(claude)
    await run(claude, EPAPER)
    (call,) = drawn
    data = call.data
    assert data["device_id"] == ["YOUR_DISPLAY"]
    shown = [item for item in data["payload"] if item.get("visible", True)]
    texts = [item["value"] for item in shown if item["type"] == "text"]
    assert texts[:2] == [f"Session {of_session}", f"Week {of_week}"]
    assert re.fullmatch(r"As of \d\d \w{3} \d\d:\d\d", texts[2])
    percents = [text[:-1] for text in (of_session, of_week) if text.endswith("%")]
    bars = [item["progress"] for item in shown if item["type"] == "progress_bar"]
    assert [str(bar) for bar in bars] == percents
    # The integration compares these with numbers, and shows what is not False.
    assert all(isinstance(bar, int) for bar in bars)
    assert all(item.get("visible", True) in (True, False) for item in data["payload"])


async def test_epaper_timer(claude: Claude) -> None:
    """The automation also runs when nothing changes."""
    drawn = async_mock_service(claude.hass, "open_epaper_link", "drawcustom")
    await run(claude, EPAPER, minutes=60)
    assert len(drawn) == 4


@pytest.fixture
async def trmnl(socket_enabled: None) -> Any:
    """Serve the webhook; return its address and the messages."""
    messages: list[tuple[str, bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        """Accept a message."""
        messages.append((request.content_type, await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/api/custom_plugins/YOUR_PLUGIN", receive)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/"), messages
    await server.close()


@situations
async def test_trmnl(
    claude: Claude,
    trmnl: tuple[str, list[tuple[str, bytes]]],
    begin: Callable[[Claude], Any],
    of_session: str,
    of_week: str,
) -> None:
    """The automation sends a small message whose variables are those of the markup."""
    address, messages = trmnl
    config = parse_yaml(REST_COMMAND.replace("https://trmnl.com", address))
    assert await async_setup_component(claude.hass, "rest_command", config)
    await begin(claude)
    await run(claude, TRMNL)
    ((content_type, body),) = messages
    assert content_type == "application/json"
    assert len(body) < LIMIT
    variables = json.loads(body)["merge_variables"]
    assert variables["session"] == of_session
    assert variables["week"] == of_week
    # A session that has not started is used to 0%, and has no reset.
    for reset, used in (("session_reset", of_session), ("week_reset", of_week)):
        has_reset = used.endswith("%") and used != "0%"
        assert bool(re.search(r"\d", variables[reset])) == has_reset
    assert re.fullmatch(r"\d\d \w{3} \d\d:\d\d", variables["as_of"])
    (markup,) = blocks("TRMNL", "liquid")
    assert {*re.findall(r"{{ (\w+) }}", markup)} == {*variables}


async def test_trmnl_rate_limit(
    claude: Claude, trmnl: tuple[str, list[tuple[str, bytes]]]
) -> None:
    """The automation sends less than TRMNL accepts."""
    address, messages = trmnl
    config = parse_yaml(REST_COMMAND.replace("https://trmnl.com", address))
    assert await async_setup_component(claude.hass, "rest_command", config)
    await run(claude, TRMNL, minutes=60)
    assert len(messages) == 6


async def test_prometheus_filter(claude: Claude) -> None:
    """Prometheus gets numbers only."""
    await claude.entry()
    entity_filter = FILTER_SCHEMA(parse_yaml(PROMETHEUS)["prometheus"]["filter"])
    exported = [
        state
        for state in claude.hass.states.async_all()
        if entity_filter(state.entity_id)
    ]
    names = {state.entity_id for state in exported}
    assert "sensor.claude_pulse_weekly_fable_usage" in names
    assert len(names) >= 7
    for state in exported:
        binary = state.entity_id.startswith("binary_sensor.")
        unit = state.attributes.get("unit_of_measurement")
        timestamp = state.attributes.get("device_class") == "timestamp"
        assert binary or timestamp or unit == "%"
    assert parse_yaml(SCRAPE)["scrape_configs"][0]["metrics_path"] == "/api/prometheus"


# Only scripts/displays provides this package of Home Assistant's integration.
if find_spec("prometheus_client"):

    async def test_prometheus(
        claude: Claude, hass_client: Callable[[], Any], socket_enabled: None
    ) -> None:
        """The query finds the numbers that are available, on every version."""
        await known(claude)
        assert await async_setup_component(
            claude.hass, "prometheus", parse_yaml(PROMETHEUS)
        )
        await claude.settle()
        client = await hass_client()

        async def query() -> dict[str, str]:
            """Return the percentages by key, as the query of the document does."""
            response = await client.get("/api/prometheus")
            assert response.status == 200
            text = await response.text()
            for name in re.findall(r"`(homeassistant_\w+)`", SECTIONS["Prometheus"]):
                assert f"# TYPE {name} gauge" in text
            (promql,) = blocks("Prometheus", "promql")
            metric, available = re.findall(r"\bhomeassistant_\w+", promql)
            pattern = r'^{}\{{.*entity="([^"]+)".*\}} (\S+)$'
            shown = dict(re.findall(pattern.format(metric), text, re.M))
            states = dict(re.findall(pattern.format(available), text, re.M))
            return {
                name.removeprefix("sensor.claude_pulse_"): number
                for name, number in shown.items()
                if float(states[name]) == 1
            }

        shown = await query()
        assert shown["session_usage"] == "7.0"
        assert shown["weekly_usage"] == "12.0"
        claude.server.set_fault("server_error")
        await claude.pass_time()
        assert await query() == {}
        claude.server.clear_faults()
        await claude.pass_time()
        assert (await query())["weekly_usage"] == "12.0"
