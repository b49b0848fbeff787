"""What the client sends, and what it makes of answers."""

from __future__ import annotations

import json
import re
from typing import Any
import zlib

from aiohttp import web
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module
from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
    RateLimitedError,
    RegionBlockedError,
    UnavailableError,
    UnreachableError,
)
from custom_components.claude_pulse.claude_ai.organization import (
    MAX_ORGANIZATIONS,
    Organization,
)
from custom_components.claude_pulse.claude_ai.usage import Money
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


async def test_balance(simulator: Simulator) -> None:
    """In whole units of its currency, and None where there is none."""
    account = simulator.world.accounts["ada"]
    seat = account.seats[-1]
    org_id = seat.organization.uuid
    async with open_client(account.session_key) as client:
        assert await client.balance(org_id) is None
        seat.prepaid_cents = 5597
        assert await client.balance(org_id) == Money(55.97, "EUR")
        simulator.set_fault("forbidden")
        assert await client.balance(org_id) is None
        simulator.set_fault("server_error")
        with pytest.raises(UnavailableError):
            await client.balance(org_id)
    path = f"/api/organizations/{org_id}/prepaid/credits"
    assert {request.path for request in simulator.requests} == {path}


async def test_account_that_is_not_told(simulator: Simulator) -> None:
    """A refusal is no account, anything else an error."""
    account = simulator.world.accounts["ada"]
    async with open_client(account.session_key) as client:
        simulator.silent_account = True
        assert await client.account() is None
        simulator.set_fault("forbidden")
        assert await client.account() is None
        simulator.set_fault("session_invalid")
        with pytest.raises(InvalidSessionError):
            await client.account()
    assert {request.path for request in simulator.requests} == {"/api/account"}


async def test_organization_that_does_not_say_which(serve: Serve) -> None:
    """It is the one that was asked for."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with nothing of use."""
        return web.json_response({"name": "Lab"})

    await serve(answer)
    async with open_client(KEY) as client:
        assert await client.organization(ORG_ID) == Organization(ORG_ID)


@pytest.mark.parametrize(
    ("listed", "error"),
    [
        # Still there: the refusal says nothing of the key's organization.
        ([{"uuid": ORG_ID, "capabilities": ["chat"]}], ForbiddenError),
        (
            [
                {"uuid": "another", "capabilities": ["api"]},
                {"uuid": ORG_ID.upper(), "capabilities": ["chat"]},
            ],
            ForbiddenError,
        ),
        # There without usage, not there, or another.
        ([{"uuid": ORG_ID, "capabilities": ["api"]}], OrganizationAccessError),
        ([], OrganizationAccessError),
        ([{"uuid": "another", "capabilities": ["chat"]}], OrganizationAccessError),
    ],
)
async def test_refused_organization(
    serve: Serve, listed: list[dict[str, Any]], error: type[ClaudeAiError]
) -> None:
    """The list of organizations tells why, and what was refused can still be seen."""
    refusal = {"error": {"message": "Invalid authorization for organization"}}

    async def answer(request: web.Request) -> web.Response:
        """Refuse the usage, and list organizations."""
        if request.path == "/api/organizations":
            return web.json_response(listed)
        return web.json_response(refusal, status=403)

    await serve(answer)
    async with open_client(KEY) as client:
        with pytest.raises(error) as raised:
            await client.usage(ORG_ID)
    assert raised.type is error
    assert client.usage_body == refusal


async def test_what_was_read_last(simulator: Simulator) -> None:
    """The body of `usage` is kept as it came, and no other."""
    account = simulator.world.accounts["ada"]
    seat = account.seats[-1]
    seat.fixed_body = {"five_hour": {"utilization": 31}, "new": ["x"]}
    async with open_client(account.session_key) as client:
        assert client.usage_body is None
        await client.usage(seat.organization.uuid)
        await client.organizations()
        assert client.usage_body == seat.fixed_body
        simulator.set_fault("no_json")
        with pytest.raises(UnavailableError):
            await client.usage(seat.organization.uuid)
        assert client.usage_body is None


async def test_offered_key(simulator: Simulator) -> None:
    """Another key in a good answer's cookie is kept until the next one, and not used."""
    account = simulator.world.accounts["ada"]
    old = account.session_key
    async with open_client(old) as client:
        await client.organizations()
        # It was the same again.
        assert client.offered_key is None
        new = account.renew()
        await client.organizations()
        assert client.offered_key == new
        assert client.session_key == old
        # An answer without another one takes none away.
        account.cookie = "null"
        await client.organizations()
        assert client.offered_key == new
        client.offered_key = None
        account.cookie = None
        simulator.set_fault("error_with_200")
        with pytest.raises(UnavailableError):
            await client.organizations()
        assert client.offered_key is None
        simulator.clear_faults()
        client.session_key = new
        await client.organizations()
        assert client.offered_key is None
    assert [request.session_key for request in simulator.requests] == [
        *[old] * 4,
        new,
    ]


async def test_errors_below_http(simulator: Simulator) -> None:
    """What broke is named, without a word of whom was asked; no connection is told apart."""
    account = simulator.world.accounts["ada"]
    async with open_client(account.session_key) as client:
        simulator.set_fault("drop")
        with pytest.raises(UnavailableError) as raised:
            await client.organizations()
        assert raised.type is UnavailableError
        assert str(raised.value).endswith("(ServerDisconnectedError)")
        assert raised.value.__cause__ is None
        await simulator.stop()
        with pytest.raises(UnreachableError) as raised:
            await client.organizations()
        assert str(raised.value).endswith("(ClientConnectorError)")


def packed(body: bytes, encoding: str) -> bytes:
    """Pack a body as an encoding says."""
    if encoding == "identity":
        return body
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "GZip"])
@pytest.mark.parametrize("over", [0, 1])
async def test_largest_answer(serve: Serve, encoding: str, over: int) -> None:
    """One MiB is read, packed or not, and one byte more is refused."""
    body = json.dumps({"uuid": ORG_ID}).encode().ljust(2**20 + over)

    async def answer(_: web.Request) -> web.Response:
        """Answer with a body of that size."""
        return web.Response(
            body=packed(body, encoding.lower()), headers={"Content-Encoding": encoding}
        )

    await serve(answer)
    async with open_client(KEY) as client:
        if over:
            with pytest.raises(UnavailableError, match=r"\(answer too large\)$"):
                await client.account()
        else:
            assert await client.account() == ORG_ID


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"{}"),
        ("deflate", b"{}"),
        ("br", b"{}"),
        ("gzip, gzip", packed(packed(b"{}", "gzip"), "gzip")),
        ("", b"{}"),
    ],
)
async def test_what_cannot_be_unpacked(
    serve: Serve, encoding: str, body: bytes
) -> None:
    """Another encoding than those asked for, or another than said."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with the body."""
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    await serve(answer)
    async with open_client(KEY) as client:
        with pytest.raises(
            UnavailableError, match=r"\(answer cannot be unpacked\)$"
        ) as raised:
            await client.account()
    assert raised.value.__cause__ is None


async def test_bytes_that_are_no_text(serve: Serve) -> None:
    """They are replaced, and the rest is read."""

    async def answer(_: web.Request) -> web.Response:
        """Answer in a code of 1985."""
        text = f'{{"name": "Größe", "uuid": "{ORG_ID}"}}'
        return web.Response(body=text.encode("latin-1"))

    await serve(answer)
    async with open_client(KEY) as client:
        found = await client.organization(ORG_ID)
    assert found.name == "Gr\ufffd\ufffde"


async def test_headers_are_written_as_a_browser_writes_them(serve: Serve) -> None:
    """To the letter, as a shield may look at that too."""
    seen: list[tuple[bytes, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        """Remember the headers as they came."""
        seen.extend(request.raw_headers)
        return web.json_response({})

    await serve(answer)
    async with open_client(KEY) as client:
        await client.account()
    headers = {name.decode(): value.decode() for name, value in seen}
    assert headers.keys() - {"Host", "Connection"} == {
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Cookie",
        "Referer",
        "User-Agent",
        "anthropic-client-platform",
    }
    assert re.fullmatch(
        r"Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) AppleWebKit/537\.36 "
        r"\(KHTML, like Gecko\) Chrome/\d+\.0\.0\.0 Safari/537\.36",
        headers["User-Agent"],
    )


async def test_closed_session_says_so(simulator: Simulator) -> None:
    """In one word, behind what all have in common."""
    async with open_client(KEY) as client:
        pass
    with pytest.raises(UnavailableError, match=r"\(closed\)$"):
        await client.account()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("challenge", BlockedError),
        ("captive_portal_redirect", BlockedError),
        ("login_redirect", InvalidSessionError),
        ("unauthorized_flat", InvalidSessionError),
        ("malformed", InvalidOrganizationIdError),
        ("region_redirect", RegionBlockedError),
        ("rate_limited", RateLimitedError),
        ("forbidden", ForbiddenError),
        ("redirect_elsewhere", UnavailableError),
        ("garbled", UnavailableError),
        ("empty", UnavailableError),
    ],
)
async def test_fault(
    simulator: Simulator, name: str, error: type[ClaudeAiError]
) -> None:
    """What the meaning of an answer needs comes through from HTTP."""
    account = simulator.world.accounts["ada"]
    simulator.set_fault(name, retry_after="600" if name == "rate_limited" else None)
    async with open_client(account.session_key) as client:
        with pytest.raises(error) as raised:
            await client.usage(account.seats[-1].organization.uuid)
    assert raised.type is error
    if isinstance(raised.value, RateLimitedError):
        assert raised.value.retry_after == 600


async def test_body_of_a_challenge_does_not_matter(serve: Serve) -> None:
    """It need not be read to know what it is."""

    async def answer(_: web.Request) -> web.Response:
        """Challenge with more than is read."""
        return web.Response(body=b" " * 2**21, headers={"CF-Mitigated": "challenge"})

    await serve(answer)
    async with open_client(KEY) as client:
        with pytest.raises(BlockedError):
            await client.usage(ORG_ID)


async def test_very_many_organizations(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The first of them are read, and one warning says so."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with a hundred."""
        return web.json_response([{"uuid": f"{number:032x}"} for number in range(100)])

    await serve(answer)
    async with open_client(KEY) as client:
        for _ in range(2):
            assert len(await client.organizations()) == MAX_ORGANIZATIONS
    (warning,) = [
        record.getMessage()
        for record in caplog.records
        if record.name == client_module.__name__
    ]
    assert "very many organizations" in warning
