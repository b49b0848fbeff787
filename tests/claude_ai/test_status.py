"""The status page of Claude."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession, ClientTimeout
import pytest

from custom_components.claude_pulse.claude_ai import status
from custom_components.claude_pulse.claude_ai.errors import UnavailableError
from custom_components.claude_pulse.claude_ai.status import STATUSES, service_status
from tests.simulator import Simulator

from .conftest import Serve


@pytest.mark.parametrize(
    ("indicator", "state"),
    [
        ("none", "operational"),
        ("minor", "minor"),
        ("major", "major"),
        ("critical", "critical"),
        ("maintenance", "maintenance"),
        ("on fire", None),
    ],
)
async def test_indicator(
    simulator: Simulator, session: ClientSession, indicator: str, state: str | None
) -> None:
    """Each known indicator has a status. The request contains nothing optional."""
    simulator.indicator = indicator
    assert await service_status(session) == state
    assert state is None or state in STATUSES
    (headers,) = simulator.status_requests
    assert headers["Accept-Encoding"] == "gzip, deflate"
    optional = {"accept", "accept-encoding", "connection", "host", "user-agent"}
    assert {name.lower() for name in headers} <= optional


def test_url() -> None:
    """The request goes to the public page, encrypted."""
    assert status.STATUS_URL == "https://status.claude.com/api/v2/status.json"


async def test_redirect(
    serve: Serve, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect is not followed."""
    server = await serve({}, status=302, headers={"Location": "/moved"})
    monkeypatch.setattr(status, "STATUS_URL", f"{server.url}/status.json")
    with pytest.raises(UnavailableError):
        await service_status(session)
    assert [request.path for request in server.requests] == ["/status.json"]


GOOD = {"status": {"indicator": "none"}}


@pytest.mark.parametrize(
    ("code", "body", "cause"),
    [
        (200, [], "TypeError"),
        (200, {}, "KeyError"),
        (200, {"status": {}}, "KeyError"),
        (200, {"status": {"indicator": {}}}, "TypeError"),
        (200, "no JSON", "TypeError"),
        (200, "[" * 100_000, "TypeError"),
        # Parsing this would take too long.
        (200, {**GOOD, "x": [[]] * 100_000}, "TypeError"),
        (500, GOOD, "ClientResponseError"),
    ],
)
async def test_invalid_page(
    serve: Serve,
    session: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    body: Any,
    cause: str,
) -> None:
    """The error names the page and the cause."""
    server = await serve(body, status=code)
    monkeypatch.setattr(status, "STATUS_URL", server.url)
    with pytest.raises(UnavailableError, match=rf"\(status page: {cause}\)$"):
        await service_status(session)


async def test_timeout(
    simulator: Simulator, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has the same timeout as claude.ai."""
    assert status.TIMEOUT.total == 15
    monkeypatch.setattr(status, "TIMEOUT", ClientTimeout(total=0.1))
    simulator.status_fault = "hang"
    with pytest.raises(UnavailableError, match="status page: TimeoutError"):
        await service_status(session)
