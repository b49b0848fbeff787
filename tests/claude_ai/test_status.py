"""What is asked of the status page, and what its words mean."""

from __future__ import annotations

from aiohttp import ClientTimeout, web
import pytest

from custom_components.claude_pulse.claude_ai import status
from custom_components.claude_pulse.claude_ai.errors import UnavailableError
from custom_components.claude_pulse.claude_ai.status import STATUSES, service_status
from tests.simulator import Simulator

from .conftest import Serve, open_session


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
    simulator: Simulator, indicator: str, state: str | None
) -> None:
    """The page's word for all being well is `none`; what is not known is None."""
    simulator.indicator = indicator
    async with open_session() as session:
        assert await service_status(session) == state
    assert state is None or state in STATUSES


def test_the_page_itself() -> None:
    """The shipped client asks the public page, encrypted."""
    assert status.STATUS_URL == "https://status.claude.com/api/v2/status.json"


async def test_exact_request(simulator: Simulator) -> None:
    """Nothing is sent but what HTTP needs."""
    async with open_session() as session:
        await service_status(session)
    (headers,) = simulator.status_requests
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert {name.lower() for name in headers} <= {
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
    }


async def test_redirect_is_not_followed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page does not move; a redirect is somebody else's."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        """Send to another page, which would do."""
        asked.append(request.path)
        if request.path == "/moved":
            return web.json_response({"status": {"indicator": "none"}})
        return web.Response(status=302, headers={"Location": "/moved"})

    monkeypatch.setattr(status, "STATUS_URL", f"{await serve(answer)}/status.json")
    async with open_session() as session:
        with pytest.raises(UnavailableError):
            await service_status(session)
    assert asked == ["/status.json"]


@pytest.mark.parametrize(
    ("code", "body", "cause"),
    [
        (200, "[]", "TypeError"),
        (200, "{}", "KeyError"),
        (200, '{"status": {}}', "KeyError"),
        (200, '{"status": {"indicator": {}}}', "TypeError"),
        (200, "no JSON", "TypeError"),
        (200, "[" * 100_000, "TypeError"),
        (500, '{"status": {"indicator": "none"}}', "ClientResponseError"),
    ],
)
async def test_page_that_cannot_be_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, code: int, body: str, cause: str
) -> None:
    """It is said which page that is, and what sort of thing went wrong."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with the body."""
        return web.Response(status=code, text=body)

    monkeypatch.setattr(status, "STATUS_URL", f"{await serve(answer)}/status.json")
    async with open_session() as session:
        with pytest.raises(UnavailableError, match=rf"\(status page: {cause}\)$"):
            await service_status(session)


async def test_page_that_hangs(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no more time than claude.ai itself."""
    monkeypatch.setattr(status, "TIMEOUT", ClientTimeout(total=0.1))
    simulator.status_fault = "hang"
    async with open_session() as session:
        with pytest.raises(UnavailableError, match="status page: TimeoutError"):
            await service_status(session)


async def test_too_many_parts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that would take long to parse is not parsed."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with very many lists."""
        lists = ",".join(["[]"] * 100_000)
        return web.Response(
            text=f'{{"status": {{"indicator": "none"}}, "x": [{lists}]}}'
        )

    monkeypatch.setattr(status, "STATUS_URL", await serve(answer))
    async with open_session() as session:
        with pytest.raises(UnavailableError):
            await service_status(session)
