"""What the client sends, and what it makes of answers."""

from __future__ import annotations

from aiohttp import web
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module
from custom_components.claude_pulse.claude_ai.errors import (
    OrganizationAccessError,
    UnavailableError,
)
from tests.simulator import Simulator

from .conftest import KEY, ORG_ID, Serve, open_client


async def test_exact_request(serve: Serve) -> None:
    """The headers are those of the usage page, and the key is the only cookie."""
    seen: list[tuple[str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        """Remember a request, and set cookies."""
        seen.append((request.raw_path, dict(request.headers)))
        response = web.json_response({})
        response.set_cookie("sessionKey", "another")
        response.set_cookie("__cf_bm", "x")
        return response

    await serve(answer)
    async with open_client(KEY) as client:
        await client.usage(ORG_ID)
        await client.usage(ORG_ID)
    assert seen[0] == seen[1]
    path, headers = seen[1]
    assert path == f"/api/organizations/{ORG_ID}/usage"
    for name in ("Host", "Connection"):
        headers.pop(name, None)
    assert "Chrome/" in headers.pop("User-Agent")
    assert headers == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Accept-Language": "en-US,en;q=0.9",
        "Cookie": f"sessionKey={KEY}",
        "Referer": "https://claude.ai/settings/usage",
        "anthropic-client-platform": "web_claude_ai",
    }


def test_nothing_but_claude_ai() -> None:
    """The shipped client asks claude.ai, encrypted."""
    assert client_module.BASE_URL == "https://claude.ai"


async def test_closed_session(simulator: Simulator) -> None:
    """A client whose session was closed says so instead of asking."""
    async with open_client(simulator.world.accounts["ada"].session_key) as client:
        pass
    with pytest.raises(UnavailableError, match="closed"):
        await client.organizations()
    assert not simulator.requests


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
async def test_content_type_does_not_matter(serve: Serve, encoding: str) -> None:
    """JSON is JSON, whatever it is called, packed or not, with a byte order mark too."""

    async def answer(_: web.Request) -> web.Response:
        """Lie about the content."""
        body = b'\xef\xbb\xbf{"five_hour": {"utilization": 31}}'
        response = web.Response(body=body, content_type="text/plain")
        response.enable_compression(web.ContentCoding(encoding))
        return response

    await serve(answer)
    async with open_client(KEY) as client:
        usage = await client.usage(ORG_ID)
    assert usage.session.percent == 31


async def test_api_only_organization(simulator: Simulator) -> None:
    """It is listed first, and its usage is refused."""
    account = simulator.world.accounts["ada"]
    async with open_client(account.session_key) as client:
        first, second = await client.organizations()
        assert (first.has_usage, second.has_usage) == (False, True)
        with pytest.raises(OrganizationAccessError):
            await client.usage(first.org_id)
        assert (await client.usage(second.org_id)).session is not None
        assert (await client.organization(second.org_id)).plan == "Max 20x"
        assert await client.account() == account.uuid


async def test_organization_without_a_body(simulator: Simulator) -> None:
    """An organization that says nothing of itself is there all the same."""
    account = simulator.world.accounts["ada"]
    account.seats[-1].organization.name = ""
    async with open_client(account.session_key) as client:
        found = await client.organization(account.seats[-1].organization.uuid)
    assert found.name is None
