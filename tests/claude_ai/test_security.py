"""What could reach a session key, or use up the machine: it is refused, in bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
import ipaddress
import json
from pathlib import Path
import ssl
import time
import tracemalloc

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module
from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    UnavailableError,
    UnreachableError,
)
from custom_components.claude_pulse.claude_ai.status import service_status
from tests.simulator import Simulator
from tests.simulator.faults import drain

from .conftest import KEY, ORG_ID, Serve, open_client, open_session

MIB = 2**20

# Answers whose size or shape is the attack, and what the error says.
ATTACKS = {
    "bomb": "answer too large",
    "flood": "answer too large",
    "too_large": "answer too large",
    "nested_too_deep": "unexpected answer",
    "packed_otherwise": "answer cannot be unpacked",
    "packed_twice": "answer cannot be unpacked",
    "packed_wrongly": "answer cannot be unpacked",
    "utf_16": "unexpected answer",
}


@pytest.mark.parametrize(("name", "detail"), ATTACKS.items())
async def test_hostile_answer(simulator: Simulator, name: str, detail: str) -> None:
    """It ends in a clear error, soon and with a few megabytes; the next answer is read."""
    account = simulator.world.accounts["ada"]
    org_id = account.seats[-1].organization.uuid
    async with open_client(account.session_key) as client:
        await client.usage(org_id)
        simulator.set_fault(name)
        tracemalloc.start()
        started = time.monotonic()
        try:
            with pytest.raises(UnavailableError, match=detail):
                await client.usage(org_id)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert time.monotonic() - started < 10
        # Of a text of 1 MiB there are a few copies; the server's share is in it too.
        assert peak < 16 * MIB
        simulator.clear_faults()
        assert (await client.usage(org_id)).session is not None


async def test_flood_is_not_drunk(serve: Serve) -> None:
    """Of an answer without an end, little more than is allowed is taken."""
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        """Send until nobody listens."""
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100 * MIB:
            await response.write(b" " * 2**15)
            await drain(request)
            sent += 2**15
        return response

    await serve(answer)
    async with open_client(KEY) as client:
        with pytest.raises(UnavailableError, match="too large"):
            await client.usage(ORG_ID)
    # The rest is what the network between the two holds.
    assert sent < 20 * MIB


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("name", ["drip", "hang"])
async def test_slow_answer(simulator: Simulator, name: str) -> None:
    """The time-out is for the whole answer, not for each piece of it."""
    account = simulator.world.accounts["ada"]
    simulator.set_fault(name)
    started = time.monotonic()
    async with open_client(account.session_key) as client:
        with pytest.raises(UnavailableError, match="Timeout"):
            await client.usage(account.seats[-1].organization.uuid)
    assert time.monotonic() - started < 5


def test_time_out() -> None:
    """An answer may take 15 seconds."""
    assert client_module.TIMEOUT.total == 15


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_carries_nothing_away(serve: Serve, status: int) -> None:
    """No redirect is followed: neither cookie nor request reaches another server."""
    stolen: list[web.Request] = []

    async def steal(request: web.Request) -> web.Response:
        """Take whatever comes."""
        stolen.append(request)
        return web.json_response({})

    elsewhere = await serve(steal)

    async def redirect(request: web.Request) -> web.Response:
        """Send a client to another server."""
        return web.Response(status=status, headers={"Location": elsewhere + "/usage"})

    await serve(redirect)
    async with open_client(KEY) as client:
        with pytest.raises(BlockedError):
            await client.usage(ORG_ID)
        with pytest.raises(BlockedError):
            await client.organizations()
    assert not stolen


HOSTILE_IDS = [
    "",
    "..",
    "../../account",
    "a/b?c=d#e",
    f"{ORG_ID}/../../../account",
    f"{ORG_ID}?x=",
    f"{ORG_ID}\r\nX-Evil: 1",
    f"{ORG_ID}\n",
    "@evil.example",
    "1a2b3c4d-0000-4000-8000-123456789ab\u0663",
]


@pytest.mark.parametrize("org_id", HOSTILE_IDS)
async def test_hostile_organization_id(simulator: Simulator, org_id: str) -> None:
    """What is no UUID never becomes part of an address."""
    async with open_client(KEY) as client:
        for ask in (client.usage, client.organization, client.balance):
            with pytest.raises(InvalidOrganizationIdError):
                await ask(org_id)
    assert not simulator.requests


@pytest.mark.parametrize(
    "session_key",
    [
        "",
        f"{KEY}\r\nX-Evil: 1",
        f"{KEY}\n",
        f"{KEY}; admin=1",
        f"{KEY} ",
        f"{KEY}\0",
        f"{KEY}\u017f",
        "sk-ant-api03-".ljust(60, "x"),
    ],
)
async def test_header_injecting_key(simulator: Simulator, session_key: str) -> None:
    """What could end the header, or is no session key, is never sent."""
    async with open_client(session_key) as client:
        with pytest.raises(InvalidSessionError):
            await client.usage(ORG_ID)
        with pytest.raises(InvalidSessionError):
            await client.organizations()
    assert not simulator.requests


async def test_certificate_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None, tmp_path: Path
) -> None:
    """Who cannot prove to be claude.ai is told nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "claude.ai")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        """Take whatever comes."""
        seen.append(request)
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        url = str(server.make_url("")).rstrip("/")
        assert url.startswith("https://")
        monkeypatch.setattr(client_module, "BASE_URL", url)
        async with open_client(KEY) as client:
            with pytest.raises(UnreachableError, match="Certificate"):
                await client.usage(ORG_ID)
    finally:
        await server.close()
    assert not seen


async def test_proxy_of_the_environment_is_not_used(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything else that the environment says about where to send requests."""
    stolen: list[web.Request] = []

    async def steal(request: web.Request) -> web.Response:
        """Take whatever comes."""
        stolen.append(request)
        return web.json_response({})

    async def answer(_: web.Request) -> web.Response:
        """Answer as claude.ai."""
        return web.json_response({})

    proxy = await serve(steal)
    await serve(answer)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    async with open_client(KEY) as client:
        await client.usage(ORG_ID)
    assert not stolen


@pytest.mark.parametrize(
    "body",
    [
        "9" * 10_000,
        f'{{"five_hour": {{"utilization": {"9" * 10_000}}}}}',
        f'{{"five_hour": {{"utilization": {"9" * 4000}, "resets_at": {"9" * 4000}}}}}',
        '{"five_hour": {"utilization": 1e999, "resets_at": "9999-12-31T23:59:59Z"}}',
        '{"a":' * 900 + "1" + "}" * 900,
        json.dumps({"limits": [{"kind": "x" * 100_000, "percent": 1}]}),
    ],
    ids=["number", "long number", "large number", "infinite", "nested", "long text"],
)
async def test_hostile_json(serve: Serve, body: str) -> None:
    """Numbers and nesting without measure are read or refused, never more."""

    async def answer(_: web.Request) -> web.Response:
        """Answer with the body."""
        return web.Response(text=body)

    await serve(answer)
    async with open_client(KEY) as client:
        try:
            usage = await client.usage(ORG_ID)
        except UnavailableError:
            return
    assert usage.session is None


async def test_status_page(simulator: Simulator) -> None:
    """The public page has the same bounds, and no key to lose."""
    for name in (
        *ATTACKS,
        "drop",
        "garbled",
        "captive_portal",
        "captive_portal_redirect",
    ):
        simulator.status_fault = name
        async with open_session() as session:
            with pytest.raises(ClaudeAiError):
                await service_status(session)
    assert all("Cookie" not in headers for headers in simulator.status_requests)
