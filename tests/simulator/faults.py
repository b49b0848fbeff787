"""The faults of claude.ai, and of the network between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import gzip
import json
from typing import Any
import zlib

from aiohttp import web

_CHALLENGE_PAGE = "<!DOCTYPE html><html><title>Just a moment...</title></html>"
# Cloudflare also uses it with 503, and without the header `cf-mitigated`.
_SHIELD_PAGE = (
    "<!DOCTYPE html><html><head><title>One moment</title></head><body>"
    "<p>Checking your browser before you can visit this site.</p></body></html>"
)
_LOGIN_PAGE = "<html><body><h1>Welcome to Hotel WiFi</h1></body></html>"


def _gateway_page(status: int, reason: str) -> str:
    """Return the page of a gateway whose origin is down."""
    title = f"{status}: {reason}"
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
        "</body></html>"
    )


def _refusal(code: int) -> dict[str, Any]:
    """Return the JSON of Cloudflare for a browser that it does not accept."""
    return {
        "title": f"Error {code}: refused",
        "status": 403,
        "error_code": code,
        "cloudflare_error": True,
    }


def error_body(kind: str, message: str, code: str | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    details = {"error_visibility": "user_facing"}
    if code:
        details["error_code"] = code
    return {
        "type": "error",
        "error": {"type": kind, "message": message, "details": details},
        "request_id": None,
    }


SESSION_INVALID = error_body(
    "permission_error", "Invalid authorization", "account_session_invalid"
)
ORGANIZATION_REFUSED = error_body(
    "permission_error", "Invalid authorization for organization"
)
NOT_FOUND = error_body("not_found_error", "Not found")


@dataclass(frozen=True)
class Fault:
    """An answer that replaces the normal one.

    `row` is the row of the error table that the fault belongs to.
    """

    row: int
    status: int
    body: Any = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    # Whether only the URLs below an organization have the fault.
    organization_only: bool = False
    # Whether the list contains organizations with API access only.
    unlisted: bool = False
    # Whether only requests for the saved resets have the fault.
    saved_resets_only: bool = False
    # Whether the answer lasts until the client stops waiting.
    slow: bool = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Send the answer."""
        body = self.body
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return web.Response(
            status=self.status,
            body=body.encode() if isinstance(body, str) else body,
            content_type=self.content_type,
            headers=self.headers,
        )


async def _drop(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _garble(request: web.Request) -> web.StreamResponse:
    """Send an answer that is not HTTP."""
    assert request.transport is not None
    request.transport.write(b"220 mail.example ESMTP\r\n\r\n")
    request.transport.close()
    return web.Response()


async def _hang(request: web.Request) -> web.StreamResponse:
    """Send no answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def _drip(request: web.Request) -> web.StreamResponse:
    """Send an endless answer, one byte at a time."""
    response = await _begin(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)
    return response


async def _flood(request: web.Request) -> web.StreamResponse:
    """Send 100 MB, or until the client disconnects."""
    response = await _begin(request)
    with suppress(ConnectionError):
        for _ in range(3200):
            await response.write(b" " * 2**15)
            await drain(request)
    return response


async def drain(request: web.Request) -> None:
    """Wait until the client has received the data.

    `write` cannot be used for this: in Python 3.12.8 and older it does not wait, and with
    aiohttp 3.13 on Python 3.14 a closed connection is an unhandled error.
    """
    while (to := request.transport) and to.get_write_buffer_size():  # noqa: ASYNC110
        await asyncio.sleep(0)


async def _begin(request: web.Request) -> web.StreamResponse:
    """Start a good answer."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    return response


def _bomb() -> bytes:
    """Return half a megabyte that decompresses to 512."""
    compressor = zlib.compressobj(9, wbits=31)
    mebibyte = b" " * 2**20
    head = compressor.compress(mebibyte) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(mebibyte) + compressor.flush(zlib.Z_FULL_FLUSH)
    return head + block * 511


@dataclass(frozen=True)
class Trouble(Fault):
    """A fault of the connection."""

    act: Callable[[web.Request], Awaitable[web.StreamResponse]] = _drop

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Cause the fault."""
        return await self.act(request)


def _outage(status: int, reason: str) -> Fault:
    """Return an outage with the page of a gateway."""
    return Fault(8, status, _gateway_page(status, reason), "text/html")


FAULTS: dict[str, Fault] = {
    "challenge": Fault(
        1, 403, _CHALLENGE_PAGE, "text/html", {"cf-mitigated": "challenge"}
    ),
    "challenge_without_page": Fault(1, 403, {}, headers={"cf-mitigated": "challenge"}),
    "captive_portal": Fault(1, 200, _LOGIN_PAGE, "text/html"),
    "captive_portal_redirect": Fault(
        1, 302, headers={"Location": "http://login.example/?from=claude.ai"}
    ),
    "challenge_503": Fault(1, 503, _SHIELD_PAGE, "text/html"),
    "browser_refused": Fault(1, 403, "error code: 1010", "text/plain"),
    "browser_refused_json": Fault(1, 403, _refusal(1010), "application/problem+json"),
    "address_limited": Fault(1, 429, "error code: 1015", "text/plain"),
    "session_invalid": Fault(2, 403, SESSION_INVALID),
    "unauthorized": Fault(2, 401, error_body("authentication_error", "Unauthorized")),
    "unauthorized_flat": Fault(2, 401, {"error": {"message": "Unauthorized"}}),
    "login_redirect": Fault(2, 302, headers={"Location": "/login?returnTo=%2F"}),
    "organization_refused": Fault(
        3, 403, ORGANIZATION_REFUSED, organization_only=True, unlisted=True
    ),
    "organization_missing": Fault(
        3, 404, NOT_FOUND, organization_only=True, unlisted=True
    ),
    "malformed": Fault(
        4,
        400,
        error_body("invalid_request_error", "Input should be a valid UUID"),
        organization_only=True,
    ),
    "region_redirect": Fault(
        5,
        307,
        headers={"Location": "https://www.example.com/app-unavailable-in-region"},
    ),
    "region_451": Fault(5, 451, error_body("unavailable", "Not available here")),
    "rate_limited": Fault(6, 429, error_body("rate_limit_error", "Slow down")),
    "forbidden": Fault(7, 403, error_body("permission_error", "Forbidden")),
    "forbidden_organization": Fault(
        7, 403, error_body("permission_error", "Forbidden"), organization_only=True
    ),
    "organization_listed": Fault(7, 404, NOT_FOUND, organization_only=True),
    "gateway_page": _outage(502, "Bad gateway"),
    "gateway_timeout_page": _outage(504, "Gateway time-out"),
    "unknown_error_page": _outage(520, "Unknown error"),
    "origin_timeout_page": _outage(522, "Connection timed out"),
    "overloaded_page": _outage(529, "Site is overloaded"),
    "unavailable": Fault(8, 503, error_body("api_error", "Service unavailable")),
    "server_error": Fault(8, 500, error_body("api_error", "Internal server error")),
    "overloaded": Fault(8, 529, error_body("overloaded_error", "Overloaded")),
    "redirect_elsewhere": Fault(8, 301, headers={"Location": "/somewhere"}),
    "redirect_nowhere": Fault(8, 302, headers={"Location": "http://["}),
    "redirect_to_nobody": Fault(8, 302, headers={"Location": "http://[::1]@"}),
    "error_with_200": Fault(8, 200, error_body("api_error", "Something broke")),
    "no_json": Fault(8, 200, "usage: 31 %", "text/plain"),
    "no_json_403": Fault(8, 403, "Forbidden", "text/plain"),
    "no_object": Fault(8, 200, [31, 77]),
    "empty": Fault(8, 200),
    "nested_too_deep": Fault(8, 200, "[" * 100_000),
    "too_large": Fault(8, 200, " " * 2**21),
    "bomb": Fault(8, 200, _bomb(), headers={"Content-Encoding": "gzip"}),
    "packed_twice": Fault(
        8, 200, gzip.compress(_bomb()), headers={"Content-Encoding": "gzip, gzip"}
    ),
    "packed_wrongly": Fault(8, 200, "usage", headers={"Content-Encoding": "gzip"}),
    "packed_otherwise": Fault(8, 200, "usage", headers={"Content-Encoding": "br"}),
    "utf_16": Fault(8, 200, json.dumps({"five_hour": None}).encode("utf-16")),
    "flood": Trouble(8, 0, act=_flood),
    "drop": Trouble(8, 0),
    "garbled": Trouble(8, 0, act=_garble),
    "drip": Trouble(8, 0, slow=True, act=_drip),
    "hang": Trouble(8, 0, slow=True, act=_hang),
}

# A fault that a second request gets around.
PARAMETER_REFUSED = Fault(
    4,
    400,
    error_body("invalid_request_error", "Unexpected query parameter"),
    saved_resets_only=True,
)
ALL_FAULTS = {**FAULTS, "parameter_refused": PARAMETER_REFUSED}
