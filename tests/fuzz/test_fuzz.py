"""Whatever claude.ai answers costs little, breaks nothing, and no key is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
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

from custom_components.claude_pulse import session_key
from custom_components.claude_pulse.claude_ai import client, status
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.claude_pulse.found import MAX_ENTITIES
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

# For one answer, on the thread of the event loop.
MAX_SECONDS = 0.1
MAX_BYTES = 64 * MIB

# All is looked at after so many answers, and set up anew.
LOOK_AFTER = 50
RELOAD_AFTER = 130


class SeenByPeople(logging.Handler):
    """Notes tracebacks, and lines that hold a key."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note what should not be in a log."""
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
async def entry(
    hass: HomeAssistant, server: Server, monkeypatch: pytest.MonkeyPatch
) -> MockConfigEntry:
    """Set up an entry with all its entities enabled, beside what is there already."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    data = {"org_id": ORG_ID, "session_key": KEY}
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id=ORG_ID, version=2)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    # The tests themselves left much that a collection would look at each time.
    gc.collect()
    gc.freeze()
    return entry


@pytest.fixture
async def log() -> AsyncIterator[SeenByPeople]:
    """Look at all that is logged from information on."""
    handler = SeenByPeople()
    handler.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    gc.unfreeze()


async def take(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
) -> float:
    """Let time pass until claude.ai is asked, and return the seconds of CPU that took.

    After a failure it is left alone for a while, in several steps.
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
            seconds = 0
        if server.polls > before:
            break
    return seconds


async def log_in(hass: HomeAssistant, server: Server) -> None:
    """Enter a key where one is asked for."""
    flows = hass.config_entries.flow
    for flow in reauth_flows(hass):
        server.others, server.usage = None, with_lines()
        await flows.async_configure(flow["flow_id"], {"session_key": KEY})
    await settle(hass)


async def look(hass: HomeAssistant, entry: MockConfigEntry, log: SeenByPeople) -> None:
    """Look at what is stored, shown and logged, and leave it to no later collection."""
    gc.collect()
    gc.freeze()
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
    # The three platforms look at the registry one after the other.
    assert len(ours) <= 2 * MAX_ENTITIES
    for registered in ours:
        assert len(registered.entity_id) < 255
        assert len(registered.unique_id) < 255


async def test_answers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: SeenByPeople,
    pytestconfig: pytest.Config,
) -> None:
    """Each costs little time, and Home Assistant can store all that there is."""
    number = pytestconfig.getoption("--fuzz-answers")
    random = Random(pytestconfig.getoption("--fuzz-seed"))
    worst: dict[str, float] = {}
    read: Counter[str] = Counter()
    for count, (kind, answer) in enumerate(answers(random, number), start=1):
        server.usage = answer
        server.others = answer if random.random() < 0.1 else None
        before = server.polls
        seconds = await take(hass, freezer, server, entry)
        if seconds >= MAX_SECONDS:
            # Something else may have taken the time.
            server.usage = answer
            seconds = await take(hass, freezer, server, entry)
        read[kind] += server.polls > before
        worst[kind] = max(worst.get(kind, 0), seconds)
        assert seconds < MAX_SECONDS, (count, kind, answer[:300])
        await log_in(hass, server)
        if count % LOOK_AFTER == 0:
            await look(hass, entry, log)
        if count % RELOAD_AFTER == 0:
            await hass.config_entries.async_reload(entry.entry_id)
            await settle(hass)
    await look(hass, entry, log)
    print({kind: (read[kind], f"{worst[kind]:.3f} s") for kind in sorted(worst)})
    assert sum(read.values()) > 0.9 * number


async def test_memory(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: SeenByPeople,
    pytestconfig: pytest.Config,
) -> None:
    """Each takes little memory while it is read, and leaves little behind."""
    number = pytestconfig.getoption("--fuzz-answers") // 10
    random = Random(pytestconfig.getoption("--fuzz-seed") + 1)
    tracemalloc.start()
    try:
        for count, (kind, answer) in enumerate(answers(random, number), start=1):
            server.usage = answer
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            await take(hass, freezer, server, entry)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < MAX_BYTES, (count, kind, answer[:300])
            await log_in(hass, server)
    finally:
        tracemalloc.stop()


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
LONG_LINE = b"X: " + b"y" * 8000 + b"\r\n"
GOOD = b'{"five_hour": {"utilization": 31, "resets_at": null}}'


def with_lines(*lines: bytes) -> bytes:
    """Return a good answer with more header lines."""
    size = b"Content-Length: %d" % len(GOOD)
    return HEAD + b"".join(b"%s\r\n" % line for line in (size, *lines)) + b"\r\n" + GOOD


def in_chunks(size: int, body: bytes = GOOD, trailers: int = 0) -> bytes:
    """Return a good answer in chunks, with so many trailers."""
    parts = (body[i : i + size] for i in range(0, len(body), size))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n" + LONG_LINE * trailers + b"\r\n"


# What is bounded on every version, and what on newer ones only.
BOUNDED = {
    "lines of one name": with_lines(*[b"X: y"] * 4000),
    "lines of many names": with_lines(*(b"X%d: y" % i for i in range(4000))),
    "short cookies": with_lines(*[b"Set-Cookie: sessionKey=x"] * 300),
    "pieces": in_chunks(1, b" " * MIB + GOOD),
    "one long line": with_lines(b"X: " + b"y" * 10 * MIB),
    "long chunk extension": in_chunks(5).replace(b"5\r", b"5;" + b"x" * MIB + b"\r", 1),
}
BOUNDED_SINCE = {
    "100 MiB of lines": (with_lines(*[LONG_LINE[:-2]] * 13000), "bounded_headers"),
    "100 MiB of trailers": (in_chunks(5, trailers=13000), "bounded_headers"),
    "long cookies": (
        with_lines(*[b"Set-Cookie: " + b"a=b;" * 2000] * 120),
        "lazy_cookies",
    ),
}


@pytest.mark.parametrize(
    "answer",
    [
        *(pytest.param(answer, id=what) for what, answer in BOUNDED.items()),
        *(
            pytest.param(answer, id=what, marks=needs(feature))
            for what, (answer, feature) in BOUNDED_SINCE.items()
        ),
    ],
)
async def test_headers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Server,
    entry: MockConfigEntry,
    log: SeenByPeople,
    answer: bytes,
) -> None:
    """Lines without end are read or refused in little time and memory, and polling goes on."""
    server.usage = answer
    assert await take(hass, freezer, server, entry) < MAX_SECONDS
    tracemalloc.start()
    await take(hass, freezer, server, entry)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The server's own copy of what it sends is not traced: it was there before.
    assert peak < MAX_BYTES
    server.usage = with_lines()
    await take(hass, freezer, server, entry)
    assert hass.states.get("sensor.mock_title_session_usage").state == "31"
    assert log.found == []


async def test_organizations(
    hass: HomeAssistant,
    server: Server,
    log: SeenByPeople,
    pytestconfig: pytest.Config,
) -> None:
    """Whatever the list of them is, setting up ends in an entry or in a form."""
    number = pytestconfig.getoption("--fuzz-answers") // 4
    random = Random(pytestconfig.getoption("--fuzz-seed") + 2)
    flows = hass.config_entries.flow
    errors: Counter[str] = Counter()
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
        errors.update((form.get("errors") or {}).values())
        for entry in hass.config_entries.async_entries(DOMAIN):
            errors["added"] += 1
            await look(hass, entry, log)
            await hass.config_entries.async_remove(entry.entry_id)
        for open_flow in flows.async_progress():
            flows.async_abort(open_flow["flow_id"])
    print(errors)
    assert errors["added"] > number / 10
    assert not errors["unknown"]
