"""Any response is cheap, causes no error, and leaks no key."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
import gc
import json
import logging
from random import Random
import time
import tracemalloc
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai import client, status
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.claude_pulse.dynamic_entities import MAX_ENTITIES
from custom_components.claude_pulse.polling import session_key
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.json import json_bytes
from tests.common import pass_time, reauth_flows, settle
from tests.features import needs

from .answers import MIB, OFFERED_KEY, answers, organizations
from .server import ORG_ID, Server

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

KEY = "sk-ant-sid01-fuzzed" + "z" * 80

# Limits of one response; the time is CPU time of the event loop thread.
MAX_SECONDS = 0.1
MAX_BYTES = 64 * MIB

# Check everything, and reload the entry, after this many responses.
CHECK_AFTER = 50
RELOAD_AFTER = 130


class LogCheck(logging.Handler):
    """Collects tracebacks, lines with a key, and lines about files that cannot be written."""

    def __init__(self) -> None:
        """Initialize without lines."""
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a line that should not be in a log."""
        line = self.format(record)
        if record.exc_info or holds_key(line) or record.name.endswith("storage"):
            self.found.append(line[:2000])


def holds_key(text: str) -> bool:
    """Return whether a text holds a session key."""
    return KEY in text or OFFERED_KEY in text


@pytest.fixture
def server(
    hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> Iterator[Server]:
    """Start the server, and point the client at it."""
    server = Server()
    monkeypatch.setattr(client, "BASE_URL", server.url)
    monkeypatch.setattr(status, "STATUS_URL", f"{server.url}/status.json")
    monkeypatch.setattr(session_key, "CONFIRM_PAUSE", 0)
    yield server
    server.close()


@pytest.fixture
def frozen_heap() -> Iterator[Callable[[], None]]:
    """Return a function that excludes existing objects from garbage collection."""

    def freeze() -> None:
        """Exclude all objects that exist now."""
        gc.collect()
        gc.freeze()

    yield freeze
    gc.unfreeze()


@pytest.fixture
async def entry(
    hass: HomeAssistant, server: Server, monkeypatch: pytest.MonkeyPatch
) -> MockConfigEntry:
    """Set up an entry with all entities enabled."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    data = {"org_id": ORG_ID, "session_key": KEY}
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id=ORG_ID, version=2)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


@pytest.fixture
async def log() -> AsyncIterator[LogCheck]:
    """Check all log lines at INFO and above."""
    handler = LogCheck()
    handler.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


async def poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
) -> float:
    """Let time pass until the next poll, and return the CPU seconds of the event loop.

    After a failure, the next poll may be several update intervals away: only the step that
    polls counts, and not what Home Assistant needs to set an entry up again.
    """
    before, seconds = server.polls, 0.0
    for _ in range(5):
        coordinator = hass.data[DOMAIN].get(entry.entry_id)
        wait = coordinator.update_interval if coordinator else None
        wait = wait or timedelta(hours=6)
        begun = time.thread_time()
        await pass_time(hass, freezer, wait.total_seconds() + 2)
        seconds = time.thread_time() - begun
        if coordinator is None:
            # The set-up failed, and is tried again.
            await hass.config_entries.async_reload(entry.entry_id)
            await settle(hass)
        if server.polls > before:
            break
    return seconds


async def log_in(hass: HomeAssistant, server: Server) -> None:
    """Enter the key in every open reauthentication flow."""
    flows = hass.config_entries.flow
    for flow in reauth_flows(hass):
        server.others, server.usage = None, with_lines()
        await flows.async_configure(flow["flow_id"], {"session_key": KEY})
    await settle(hass)


async def check(hass: HomeAssistant, entry: MockConfigEntry, log: LogCheck) -> None:
    """Check what is stored, shown and logged."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    shown = [state.as_dict() for state in hass.states.async_all()]
    text = json_bytes(shown).decode()
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    text += json.dumps(diagnostics, default=str)
    assert not holds_key(text)
    assert log.found == []
    registry = er.async_get(hass)
    ours = er.async_entries_for_config_entry(registry, entry.entry_id)
    # Each platform checks the limit before the others have added.
    assert len(ours) <= 1.2 * MAX_ENTITIES
    for registered in ours:
        assert len(registered.entity_id) < 255
        assert len(registered.unique_id) < 255


async def test_answers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: LogCheck,
    frozen_heap: Callable[[], None],
    pytestconfig: pytest.Config,
) -> None:
    """Each response costs little time, and Home Assistant can store its state."""
    number = pytestconfig.getoption("--fuzz-answers")
    random = Random(pytestconfig.getoption("--fuzz-seed"))
    worst: dict[str, float] = {}
    read: Counter[str] = Counter()
    frozen_heap()
    for count, (kind, answer) in enumerate(answers(random, number), start=1):
        server.usage = answer
        server.others = answer if random.random() < 0.1 else None
        before = server.polls
        seconds = await poll(hass, freezer, server, entry)
        read[kind] += server.polls > before
        worst[kind] = max(worst.get(kind, 0), seconds)
        assert seconds < MAX_SECONDS, (count, kind, answer[:300])
        await log_in(hass, server)
        if count % CHECK_AFTER == 0:
            await check(hass, entry, log)
            frozen_heap()
        if count % RELOAD_AFTER == 0:
            await hass.config_entries.async_reload(entry.entry_id)
            await settle(hass)
    await check(hass, entry, log)
    assert sum(read.values()) > 0.9 * number


async def test_memory(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: LogCheck,
    pytestconfig: pytest.Config,
) -> None:
    """Each response needs little memory, and little of it is kept."""
    number = pytestconfig.getoption("--fuzz-answers") // 10
    random = Random(pytestconfig.getoption("--fuzz-seed") + 1)
    tracemalloc.start()
    kept: list[int] = []
    try:
        for count, (kind, answer) in enumerate(answers(random, number), start=1):
            server.usage = answer
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            await poll(hass, freezer, server, entry)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < MAX_BYTES, (count, kind, answer[:300])
            await log_in(hass, server)
            kept.append(before)
    finally:
        tracemalloc.stop()
    assert kept[-1] < MAX_BYTES
    assert log.found == []


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
LONG_LINE = b"X: " + b"y" * 8000 + b"\r\n"
GOOD = b'{"five_hour": {"utilization": 31, "resets_at": null}}'


def with_lines(*lines: bytes) -> bytes:
    """Return a good answer with more header lines."""
    size = b"Content-Length: %d" % len(GOOD)
    return HEAD + b"".join(b"%s\r\n" % line for line in (size, *lines)) + b"\r\n" + GOOD


def in_chunks(size: int, body: bytes = GOOD, trailers: int = 0) -> bytes:
    """Return a good answer in chunks, with a number of trailers."""
    parts = (body[i : i + size] for i in range(0, len(body), size))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n" + LONG_LINE * trailers + b"\r\n"


# Responses whose cost is limited on all versions, and only on newer ones.
BOUNDED: dict[str, Callable[[], bytes]] = {
    "lines of one name": lambda: with_lines(*[b"X: y"] * 4000),
    "lines of many names": lambda: with_lines(*(b"X%d: y" % i for i in range(4000))),
    "short cookies": lambda: with_lines(*[b"Set-Cookie: sessionKey=x"] * 300),
    "pieces": lambda: in_chunks(1, b" " * MIB + GOOD),
    "one long line": lambda: with_lines(b"X: " + b"y" * 10 * MIB),
    "long chunk extension": lambda: in_chunks(5).replace(
        b"5\r", b"5;" + b"x" * MIB + b"\r", 1
    ),
}
BOUNDED_SINCE: dict[str, tuple[Callable[[], bytes], str]] = {
    "100 MiB of lines": (
        lambda: with_lines(*[LONG_LINE[:-2]] * 13000),
        "bounded_headers",
    ),
    "100 MiB of trailers": (lambda: in_chunks(5, trailers=13000), "bounded_headers"),
    "long cookies": (
        lambda: with_lines(*[b"Set-Cookie: " + b"a=b;" * 2000] * 120),
        "lazy_cookies",
    ),
}


@pytest.mark.parametrize(
    "make",
    [
        *(pytest.param(make, id=what) for what, make in BOUNDED.items()),
        *(
            pytest.param(make, id=what, marks=needs(feature))
            for what, (make, feature) in BOUNDED_SINCE.items()
        ),
    ],
)
async def test_headers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: LogCheck,
    make: Callable[[], bytes],
) -> None:
    """Oversized headers, chunks and trailers cost little, and polling continues."""
    server.usage = make()
    assert await poll(hass, freezer, server, entry) < MAX_SECONDS
    tracemalloc.start()
    try:
        await poll(hass, freezer, server, entry)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The server's copy of the response was allocated before tracing started.
    assert peak < MAX_BYTES
    server.usage = with_lines()
    await poll(hass, freezer, server, entry)
    assert hass.states.get("sensor.mock_title_session_usage").state == "31"
    assert log.found == []


async def test_organizations(
    hass: HomeAssistant,
    server: Server,
    log: LogCheck,
    pytestconfig: pytest.Config,
) -> None:
    """Set-up with any list of organizations ends with an entry, a form or an abort."""
    number = pytestconfig.getoption("--fuzz-answers") // 4
    random = Random(pytestconfig.getoption("--fuzz-seed") + 2)
    flows = hass.config_entries.flow
    results: Counter[str] = Counter()
    for _ in range(number):
        server.organizations = organizations(random)
        flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        begun = time.thread_time()
        form = await flows.async_configure(flow["flow_id"], {"session_key": KEY})
        seconds = time.thread_time() - begun
        # With one organization the entry is set up already.
        assert form["type"] == "create_entry" or seconds < MAX_SECONDS
        if form.get("step_id") == "organization":
            (field,) = form["data_schema"].schema
            chosen = form["data_schema"].schema[field].config["options"][-1]["value"]
            form = await flows.async_configure(flow["flow_id"], {str(field): chosen})
        await settle(hass)
        results.update([form["type"], *(form.get("errors") or {}).values()])
        for entry in hass.config_entries.async_entries(DOMAIN):
            await check(hass, entry, log)
            await hass.config_entries.async_remove(entry.entry_id)
        for open_flow in flows.async_progress():
            flows.async_abort(open_flow["flow_id"])
    assert results["create_entry"] > number / 10
    assert {*results} <= {
        "abort",
        "create_entry",
        "form",
        "cannot_connect",
        "no_usable_org",
    }
