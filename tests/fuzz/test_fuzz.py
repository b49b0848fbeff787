"""Any response is cheap, causes no error, and leaks no key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
SENSOR = "sensor.mock_title_session_usage"

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
        super().__init__(logging.INFO)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a line that should not be in a log."""
        line = self.format(record)
        if record.exc_info or holds_key(line) or record.name.endswith("storage"):
            self.found.append(line[:2000])


def holds_key(text: str) -> bool:
    """Return whether a text holds a session key."""
    return KEY in text or OFFERED_KEY in text


@dataclass
class Fuzz:
    """Home Assistant, the server that it polls, and a frozen clock."""

    hass: HomeAssistant
    server: Server
    freezer: FrozenDateTimeFactory
    log: LogCheck
    number: int
    seed: int

    async def entry(self) -> MockConfigEntry:
        """Set up an entry."""
        data = {"org_id": ORG_ID, "session_key": KEY}
        entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id=ORG_ID, version=2)
        entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(entry.entry_id)
        await settle(self.hass)
        return entry

    async def reload(self, entry: MockConfigEntry) -> None:
        """Reload an entry."""
        await self.hass.config_entries.async_reload(entry.entry_id)
        await settle(self.hass)

    async def poll(self, entry: MockConfigEntry) -> float:
        """Move the clock to the next poll, and return the CPU seconds of the event loop.

        After a failure, the next poll may be several update intervals away. Only the step
        that polls counts, and not the set-up of an entry.
        """
        before, seconds = self.server.polls, 0.0
        for _ in range(5):
            # A failed set-up leaves no entity, and is tried again.
            sensor = self.hass.data["entity_components"]["sensor"].get_entity(SENSOR)
            wait = sensor.coordinator.update_interval if sensor else None
            wait = wait or timedelta(hours=6)
            begun = time.thread_time()
            await pass_time(self.hass, self.freezer, wait.total_seconds() + 2)
            seconds = time.thread_time() - begun
            if sensor is None:
                await self.reload(entry)
            if self.server.polls > before:
                break
        await self.log_in()
        return seconds

    async def log_in(self) -> None:
        """Enter the key in every open reauthentication flow."""
        for flow in reauth_flows(self.hass):
            usage, self.server.usage = self.server.usage, with_lines()
            self.server.others = None
            flows = self.hass.config_entries.flow
            await flows.async_configure(flow["flow_id"], {"session_key": KEY})
            await settle(self.hass)
            self.server.usage = usage

    async def check(self, entry: MockConfigEntry) -> None:
        """Check what is stored, shown and logged."""
        hass = self.hass
        hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await settle(hass)
        shown = [state.as_dict() for state in hass.states.async_all()]
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        text = json_bytes(shown).decode() + json.dumps(diagnostics, default=str)
        assert not holds_key(text)
        assert self.log.found == []
        registry = er.async_get(hass)
        ours = er.async_entries_for_config_entry(registry, entry.entry_id)
        # Each platform checks the limit before the others have added.
        assert len(ours) <= 1.2 * MAX_ENTITIES
        for registered in ours:
            assert len(registered.entity_id) < 255
            assert len(registered.unique_id) < 255


@pytest.fixture
def fuzz(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
    pytestconfig: pytest.Config,
) -> Iterator[Fuzz]:
    """Start the server and point the client at it, with all entities enabled."""
    server, log = Server(), LogCheck()
    monkeypatch.setattr(client, "BASE_URL", server.url)
    monkeypatch.setattr(status, "STATUS_URL", f"{server.url}/status.json")
    monkeypatch.setattr(session_key, "CONFIRM_PAUSE", 0)
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    logging.getLogger().addHandler(log)
    option = pytestconfig.getoption
    number, seed = option("--fuzz-answers"), option("--fuzz-seed")
    yield Fuzz(hass, server, freezer, log, number, seed)
    logging.getLogger().removeHandler(log)
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


async def test_answers(fuzz: Fuzz, frozen_heap: Callable[[], None]) -> None:
    """Each response costs little time, and Home Assistant can store its state."""
    entry, random = await fuzz.entry(), Random(fuzz.seed)
    read = 0
    frozen_heap()
    for count, (kind, answer) in enumerate(answers(random, fuzz.number), start=1):
        fuzz.server.usage = answer
        fuzz.server.others = answer if random.random() < 0.1 else None
        before = fuzz.server.polls
        seconds = await fuzz.poll(entry)
        read += fuzz.server.polls > before
        assert seconds < MAX_SECONDS, (count, kind, answer[:300])
        if count % CHECK_AFTER == 0:
            await fuzz.check(entry)
            frozen_heap()
        if count % RELOAD_AFTER == 0:
            await fuzz.reload(entry)
    await fuzz.check(entry)
    assert read > 0.9 * fuzz.number


async def test_memory(fuzz: Fuzz) -> None:
    """Each response needs little memory, and little of it is kept."""
    entry, random = await fuzz.entry(), Random(fuzz.seed + 1)
    tracemalloc.start()
    before = 0
    try:
        for count, (kind, answer) in enumerate(answers(random, fuzz.number // 10)):
            fuzz.server.usage = answer
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            await fuzz.poll(entry)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < MAX_BYTES, (count, kind, answer[:300])
    finally:
        tracemalloc.stop()
    assert before < MAX_BYTES
    assert fuzz.log.found == []


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


# Responses whose cost is limited; with a feature, only on versions that have it.
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
BOUNDED_SINCE: dict[tuple[str, str], Callable[[], bytes]] = {
    ("100 MiB of lines", "bounded_headers"): lambda: with_lines(
        *[LONG_LINE[:-2]] * 13000
    ),
    ("100 MiB of trailers", "bounded_headers"): lambda: in_chunks(5, trailers=13000),
    ("long cookies", "lazy_cookies"): lambda: with_lines(
        *[b"Set-Cookie: " + b"a=b;" * 2000] * 120
    ),
}


@pytest.mark.parametrize(
    "make",
    [
        *(pytest.param(make, id=what) for what, make in BOUNDED.items()),
        *(
            pytest.param(make, id=what, marks=needs(feature))
            for (what, feature), make in BOUNDED_SINCE.items()
        ),
    ],
)
async def test_headers(fuzz: Fuzz, make: Callable[[], bytes]) -> None:
    """Oversized headers, chunks and trailers cost little, and polling continues."""
    entry = await fuzz.entry()
    fuzz.server.usage = make()
    assert await fuzz.poll(entry) < MAX_SECONDS
    # The server has allocated its copy of the response already.
    tracemalloc.start()
    try:
        await fuzz.poll(entry)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_BYTES
    fuzz.server.usage = with_lines()
    await fuzz.poll(entry)
    assert fuzz.hass.states.get(SENSOR).state == "31"
    assert fuzz.log.found == []


async def test_organizations(fuzz: Fuzz) -> None:
    """Set-up with any list of organizations ends with an entry, a form or an abort."""
    number, random = fuzz.number // 4, Random(fuzz.seed + 2)
    entries, flows = fuzz.hass.config_entries, fuzz.hass.config_entries.flow
    results: Counter[str] = Counter()
    for _ in range(number):
        fuzz.server.organizations = organizations(random)
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
        await settle(fuzz.hass)
        results.update([form["type"], *(form.get("errors") or {}).values()])
        for entry in entries.async_entries(DOMAIN):
            await fuzz.check(entry)
            await entries.async_remove(entry.entry_id)
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
