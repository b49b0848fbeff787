"""Attacks on the session key or on the computer are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
import ipaddress
import json
from pathlib import Path
import ssl
import time
import tracemalloc

from aiohttp import ClientSession, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module, errors
from custom_components.claude_pulse.claude_ai.client import ClaudeAiClient
from custom_components.claude_pulse.claude_ai.status import service_status
from tests.simulator import Simulator
from tests.simulator.faults import drain

from . import KEY, ORG_ID
from .conftest import Ada, Serve

MIB = 2**20

# The faults of the simulator that attack by size or structure, and the errors.
ATTACKS = {
    "bomb": "answer too large",
    "flood": "answer too large",
    "too_large": "answer too large",
    "nested_too_deep": "unexpected answer",
    "packed_otherwise": "answer cannot be decompressed",
    "packed_twice": "answer cannot be decompressed",
    "packed_wrongly": "answer cannot be decompressed",
    "utf_16": "unexpected answer",
}


@pytest.mark.parametrize(("name", "detail"), ATTACKS.items())
async def test_hostile_answer(ada: Ada, name: str, detail: str) -> None:
    """It raises an error within limits of time and memory. The next answer is read."""
    await ada.client.usage(ada.org_id)
    ada.simulator.set_fault(name)
    tracemalloc.start()
    started = time.monotonic()
    try:
        with pytest.raises(errors.UnavailableError, match=detail):
            await ada.client.usage(ada.org_id)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < 10
    # There are a few copies of 1 MiB of text. The peak includes the server.
    assert peak < 16 * MIB
    ada.simulator.clear_faults()
    assert (await ada.client.usage(ada.org_id)).session is not None


async def test_endless_answer(serve: Serve, client: ClaudeAiClient) -> None:
    """The client stops reading soon after the limit."""
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100 * MIB:
            await response.write(b" " * 2**15)
            await drain(request)
            sent += 2**15
        return response

    await serve(answer)
    with pytest.raises(errors.UnavailableError, match="too large"):
        await client.usage(ORG_ID)
    # This includes the buffers of the network.
    assert sent < 20 * MIB


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("name", ["drip", "hang"])
async def test_slow_answer(ada: Ada, name: str) -> None:
    """The timeout is for the whole answer."""
    ada.simulator.set_fault(name)
    started = time.monotonic()
    with pytest.raises(errors.UnavailableError, match="Timeout"):
        await ada.client.usage(ada.org_id)
    assert time.monotonic() - started < 5


def test_timeout() -> None:
    """The timeout is 15 seconds."""
    assert client_module.TIMEOUT.total == 15


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(
    serve: Serve, client: ClaudeAiClient, status: int
) -> None:
    """Neither a cookie nor a request reaches another server."""
    target = await serve({})
    await serve({}, status=status, headers={"Location": f"{target.url}/usage"})
    for request in (client.usage(ORG_ID), client.organizations()):
        with pytest.raises(errors.BlockedError):
            await request
    assert not target.requests


@pytest.mark.parametrize(
    "org_id",
    [
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
    ],
)
async def test_hostile_organization_id(
    simulator: Simulator, client: ClaudeAiClient, org_id: str
) -> None:
    """Only a UUID becomes part of a URL."""
    for request in (client.usage, client.organization, client.balance):
        with pytest.raises(errors.InvalidOrganizationIdError):
            await request(org_id)
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
async def test_header_injecting_key(
    simulator: Simulator, client: ClaudeAiClient, session_key: str
) -> None:
    """Only a session key becomes part of a header."""
    client.session_key = session_key
    for request in (client.usage(ORG_ID), client.usage(""), client.organizations()):
        with pytest.raises(errors.InvalidSessionError):
            await request
    assert not simulator.requests


def self_signed_certificate(path: Path) -> ssl.SSLContext:
    """Write a certificate for claude.ai, and return the context of its server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "claude.ai")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(pem)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


async def test_certificate_of_somebody_else(
    serve: Serve, client: ClaudeAiClient, tmp_path: Path
) -> None:
    """A server without a trusted certificate receives no request."""
    server = await serve({}, ssl=self_signed_certificate(tmp_path / "server.pem"))
    assert server.url.startswith("https://")
    with pytest.raises(errors.UnreachableError, match="Certificate"):
        await client.usage(ORG_ID)
    assert not server.requests


async def test_proxy_of_the_environment_is_not_used(
    serve: Serve, client: ClaudeAiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies that are configured in the environment are not used."""
    proxy = await serve({})
    server = await serve({})
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    await client.usage(ORG_ID)
    assert (len(server.requests), len(proxy.requests)) == (1, 0)


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        ("9" * 10_000, False),
        (f'{{"five_hour": {{"utilization": {"9" * 10_000}}}}}', False),
        (
            f'{{"five_hour": {{"utilization": {"9" * 4000}, "resets_at": {"9" * 4000}}}}}',
            True,
        ),
        (
            '{"five_hour": {"utilization": 1e999, "resets_at": "9999-12-31T23:59:59Z"}}',
            True,
        ),
        ('{"a":' * 900 + "1" + "}" * 900, None),
        (json.dumps({"limits": [{"kind": "x" * 100_000, "percent": 1}]}), True),
    ],
    ids=["number", "long number", "large number", "infinite", "nested", "long text"],
)
async def test_hostile_json(
    serve: Serve, client: ClaudeAiClient, body: str, is_read: bool | None
) -> None:
    """Extreme numbers, texts and levels are read or refused, depending on Python's limits."""
    await serve(body)
    try:
        usage = await client.usage(ORG_ID)
    except errors.UnavailableError:
        assert not is_read
    else:
        assert is_read is not False
        assert usage.session is None


@pytest.mark.parametrize(
    "name", [*ATTACKS, "drop", "garbled", "captive_portal", "captive_portal_redirect"]
)
async def test_status_page(
    simulator: Simulator, session: ClientSession, name: str
) -> None:
    """The status page is read within the same limits, without a session key."""
    simulator.status_fault = name
    with pytest.raises(errors.UnavailableError):
        await service_status(session)
    assert all("Cookie" not in headers for headers in simulator.status_requests)
