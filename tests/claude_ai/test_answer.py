"""The meaning of an answer: the error, and the session key that it offers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
import json
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai import errors
from custom_components.claude_pulse.claude_ai.answer import (
    Answer,
    error_of,
    good_body,
    json_of,
)
from tests.simulator.faults import error_body

PATH = "/api/organizations/1a2b/usage"
URL = f"https://claude.ai{PATH}"
KEY = "sk-ant-sid02-".ljust(60, "k")
OTHER_KEY = "sk-ant-sid02-".ljust(60, "o")
PAGE = "<!DOCTYPE html><html></html>"
REGION = "https://www.example.com/app-unavailable-in-region?a"

SESSION_INVALID = error_body("permission_error", "Invalid", "account_session_invalid")
REFUSED = error_body("permission_error", "Invalid authorization for organization")
ERROR = error_body("api_error", "Something broke")


def answer(
    status: int = 200, body: Any = "", *, url: str = URL, **headers: str | list[str]
) -> Answer:
    """Return an answer with a body that is JSON or text."""
    text = body if isinstance(body, str) else json.dumps(body)
    values = {
        name.replace("_", "-"): [value] if isinstance(value, str) else value
        for name, value in headers.items()
    }
    return Answer(url, status, values, text, json_of(text))


def test_header() -> None:
    """The first value of a header is used."""
    found = answer(location=["/first", "/second"], empty=[])
    assert found.header("location") == "/first"
    assert found.header("empty") is None
    assert found.header("retry-after") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("31", 31),
        ("", None),
        ("usage: 31 %", None),
        ("[" * 100_000, None),
        ("9" * 10_000, None),
    ],
)
def test_json_of(text: str, value: Any) -> None:
    """Invalid JSON is None."""
    assert json_of(text) == value


@pytest.mark.parametrize(
    ("statuses", "body", "headers", "error"),
    [
        ([200], {}, {}, None),
        ([200], [], {}, None),
        ([200], "no JSON", {}, None),
        ([200], {"error": None}, {}, None),
        ([200], {"error": "a text"}, {}, None),
        # A block takes precedence over everything else.
        ([200, 403], SESSION_INVALID, {"cf_mitigated": ""}, errors.BlockedError),
        ([307], "", {"cf_mitigated": "x", "location": REGION}, errors.BlockedError),
        ([200, 401, 404, 429, 451], PAGE, {}, errors.BlockedError),
        ([502, 529], PAGE, {"cf_mitigated": "x"}, errors.BlockedError),
        ([502, 503], "<title>Just a moment...</title>", {}, errors.BlockedError),
        ([503], "<p>CHECKING YOUR BROWSER</p>", {}, errors.BlockedError),
        ([503], "<p>Verify you are human</p>", {}, errors.BlockedError),
        ([503], "<script>window._cf_chl_opt={}</script>", {}, errors.BlockedError),
        # Cloudflare's own refusals, as text and as JSON.
        ([403, 429], "error code: 1010", {}, errors.BlockedError),
        ([403, 429], "\nError code: 1020\n", {}, errors.BlockedError),
        ([403, 429], {"cloudflare_error": True}, {}, errors.BlockedError),
        ([403], {"cloudflare_error": "yes"}, {}, errors.ForbiddenError),
        ([429], "error code: 10", {}, errors.RateLimitedError),
        ([429], "The error code: 1010", {}, errors.RateLimitedError),
        ([401], {"cloudflare_error": True}, {}, errors.InvalidSessionError),
        ([200], f"\n \t{PAGE}", {}, errors.BlockedError),
        ([302], PAGE, {"location": "/login"}, errors.BlockedError),
        # A redirect to the region page takes precedence over its body.
        (
            [307],
            PAGE,
            {"location": "/app-unavailable-in-region"},
            errors.RegionBlockedError,
        ),
        ([302], "", {"location": REGION}, errors.RegionBlockedError),
        ([451], "no JSON", {}, errors.RegionBlockedError),
        ([200, 400, 403, 404], SESSION_INVALID, {}, errors.InvalidSessionError),
        ([401], {}, {}, errors.InvalidSessionError),
        ([401], REFUSED, {}, errors.InvalidSessionError),
        ([404], "no JSON", {}, errors.OrganizationAccessError),
        ([400], REFUSED, {}, errors.InvalidOrganizationIdError),
        ([429], "no JSON", {}, errors.RateLimitedError),
        ([403], {}, {}, errors.ForbiddenError),
        ([403], [], {}, errors.ForbiddenError),
        ([403], {"error": {"message": None}}, {}, errors.ForbiddenError),
    ],
)
def test_error(
    statuses: list[int],
    body: Any,
    headers: Any,
    error: type[errors.ClaudeAiError] | None,
) -> None:
    """The first rule that matches decides the error."""
    for status in statuses:
        found = error_of(answer(status, body, **headers))
        assert type(found) is (error or type(None))


@pytest.mark.parametrize(
    ("statuses", "body"),
    [
        ([200, 500], ERROR),
        ([200, 500], REFUSED),
        ([200], {"error": {}}),
        ([200], {"error": {"message": "flat"}}),
        ([200], {"error": {"message": "x", "details": "account_session_invalid"}}),
        ([201, 299, 399, 402, 529], {}),
        # Pages of a gateway. Cloudflare adds a script to any page.
        ([500, 502, 504, 520, 522, 529, 599], PAGE),
        ([502], "<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'>"),
        ([503], "<p>We will be back in just a moment.</p>"),
        ([502, 503, 530], "error code: 1033"),
        ([502], {"cloudflare_error": True}),
        ([204, 300, 304, 401, 403], ""),
    ],
)
def test_other_error(statuses: list[int], body: Any) -> None:
    """Other answers are errors that name the status."""
    for status in statuses:
        error = error_of(answer(status, body))
        assert type(error) is errors.UnavailableError
        assert str(error).endswith(f" (HTTP status {status})")


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("/login", errors.InvalidSessionError),
        ("/login?returnTo=%2F", errors.InvalidSessionError),
        ("https://claude.ai/login", errors.InvalidSessionError),
        ("https://claude.ai:443/login", errors.InvalidSessionError),
        ("//claude.ai/login", errors.InvalidSessionError),
        ("https://CLAUDE.AI/login", errors.InvalidSessionError),
        # These are captive portals.
        ("http://claude.ai/login", errors.BlockedError),
        ("https://claude.ai:8443/login", errors.BlockedError),
        ("https://login.example/login", errors.BlockedError),
        ("http://claude.ai:443/login", errors.BlockedError),
        ("http://10.0.0.1/", errors.BlockedError),
        # These have no meaning.
        ("/somewhere", errors.UnavailableError),
        ("/somewhere/login", errors.UnavailableError),
        ("", errors.UnavailableError),
        ("http://[", errors.UnavailableError),
        ("http://[::1]@", errors.UnavailableError),
        ("http:///login", errors.UnavailableError),
        ("mailto:login@claude.ai", errors.UnavailableError),
        ("https://claude.ai:99999/login", errors.UnavailableError),
    ],
)
@pytest.mark.parametrize("status", [300, 302, 399])
def test_redirect(
    status: int, location: str, error: type[errors.ClaudeAiError]
) -> None:
    """A redirect to the login page differs from one to another server."""
    assert type(error_of(answer(status, location=location))) is error


def test_redirect_without_encryption() -> None:
    """The default port of HTTP is optional, too."""
    url = f"http://claude.ai{PATH}"
    for location in ("http://claude.ai:80/login", "http://claude.ai/login"):
        found = error_of(answer(302, url=url, location=location))
        assert type(found) is errors.InvalidSessionError
    found = error_of(answer(302, url=url, location="https://claude.ai/login"))
    assert type(found) is errors.BlockedError


def in_an_hour(zone: timezone | None = UTC) -> str:
    """Return the time in one hour in the format of HTTP."""
    moment = datetime.now(UTC) + timedelta(hours=1)
    return format_datetime(
        moment.astimezone(zone) if zone else moment.replace(tzinfo=None)
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        (in_an_hour, 3600),
        # The offset `-0000` is UTC.
        (partial(in_an_hour, None), 3600),
        (partial(in_an_hour, timezone(timedelta(hours=5))), 3600),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ([], None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 +9999999999999999999999", None),
    ],
)
def test_retry_after(
    value: str | list[str] | Callable[[], str], seconds: float | None
) -> None:
    """The wait is given in seconds or as a date."""
    sent = value() if callable(value) else value
    error = error_of(answer(429, {}, retry_after=sent))
    assert isinstance(error, errors.RateLimitedError)
    if seconds is None:
        assert error.retry_after is None
    else:
        assert error.retry_after == pytest.approx(seconds, abs=60)
        assert isinstance(error.retry_after, float)


def test_retry_after_in_the_past() -> None:
    """A date in the past is a negative wait."""
    error = error_of(answer(429, {}, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"))
    assert isinstance(error, errors.RateLimitedError)
    assert error.retry_after < -300_000_000


def test_good_body() -> None:
    """The root must be of the expected type."""
    assert good_body(answer(200, {"a": 1})) == {"a": 1}
    assert good_body(answer(200, [1]), list) == [1]
    for body, expect in (([1], dict), ({}, list), ("no JSON", dict)):
        with pytest.raises(errors.UnavailableError, match=r"\(unexpected answer\)$"):
            good_body(answer(200, body), expect)
    with pytest.raises(errors.InvalidSessionError):
        good_body(answer(403, SESSION_INVALID))


LATER = "Wed, 21 Oct 2099 07:28:00 GMT"
EARLIER = "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([f"sessionKey={KEY}"], KEY),
        ([f" sessionKey = {KEY} ; Path=/"], KEY),
        ([f"sessionKey={KEY}; Path=/; HttpOnly; Secure"], KEY),
        (["__cf_bm=x; Path=/", f"sessionKey={KEY}", "other=y"], KEY),
        # The last cookie wins, also if it revokes the key.
        ([f"sessionKey={KEY}", f"sessionKey={OTHER_KEY}"], OTHER_KEY),
        ([f"sessionKey={KEY}", "sessionKey=; Max-Age=0"], None),
        (["sessionKey=; Max-Age=0", f"sessionKey={KEY}"], KEY),
        # The cookie must not have expired.
        ([f"sessionKey={KEY}; Max-Age=1"], KEY),
        ([f"sessionKey={KEY}; MAX-AGE = 60 "], KEY),
        ([f"sessionKey={KEY}; Max-Age=0"], None),
        ([f"sessionKey={KEY}; Max-Age=-60"], None),
        ([f"sessionKey={KEY}; Max-Age=soon"], None),
        ([f"sessionKey={KEY}; Max-Age=0=1"], None),
        ([f"sessionKey={KEY}; Expires={LATER}"], KEY),
        ([f"sessionKey={KEY}; expires={EARLIER}"], None),
        ([f"sessionKey={KEY}; Expires=never"], None),
        # Max-Age takes precedence over Expires.
        ([f"sessionKey={KEY}; Expires={EARLIER}; Max-Age=60"], KEY),
        ([f"sessionKey={KEY}; Max-Age=0; Expires={LATER}"], None),
        ([f"sessionKey={KEY}; Max-Age=; Expires={EARLIER}"], None),
        # The value must be a session key, and the name must match.
        (["sessionKey="], None),
        (["sessionKey"], None),
        ([f"sessionKey={KEY}=="], None),
        ([f'sessionKey="{KEY}"'], None),
        ([f"sessionkey={KEY}"], None),
        ([f"xsessionKey={KEY}"], None),
        ([f"other=x; sessionKey={KEY}"], None),
        ([""], None),
        ([], None),
    ],
)
def test_offered_key(lines: list[str], key: str | None) -> None:
    """A cookie that has not expired offers a session key."""
    assert answer(200, {}, set_cookie=lines).offered_key == key


@pytest.mark.parametrize(
    "attributes",
    [
        "Domain=claude.ai",
        "Domain=.claude.ai; Path=/",
        "DOMAIN = Claude.AI ; path = /api",
        # The last value wins. An empty domain is ignored.
        "Domain=example.com; Domain=claude.ai",
        "Domain=claude.ai; Domain=",
        "Domain",
        "Domain=.",
        "Path=/",
        "Path=/api",
        "Path=/api/",
        f"Path={PATH}",
        "Path=/login; Path=/",
        # The default is the path of the request.
        "Path",
        "Path=",
        "Path=login",
        "Path=/login; Path=",
    ],
)
def test_cookie_for_this_request(attributes: str) -> None:
    """A cookie offers a key if a browser would send it with the same request."""
    line = f"sessionKey={KEY}; {attributes}"
    assert answer(200, {}, set_cookie=[line]).offered_key == KEY


@pytest.mark.parametrize(
    "attributes",
    [
        "Domain=example.com",
        "Domain=ai",
        "Domain=.ai",
        "Domain=api.claude.ai",
        "Domain=notclaude.ai",
        "Domain=claude.ai.example.com",
        "Domain=laude.ai",
        "Domain=claude.ai.",
        "Domain=..claude.ai",
        "Domain=https://claude.ai",
        "Domain=claude.ai:443",
        "Domain=claude.ai; dOmAiN=example.com",
        "Domain=example.com; Domain=",
        "Path=/login",
        "Path=/ap",
        "Path=/api2",
        "Path=/API",
        "Path=/api/account",
        f"Path={PATH}/",
        f"Path={PATH}x",
        "Path=//",
        "Path=/; Path=/login",
        "Domain=claude.ai; Path=/login",
        "Domain=example.com; Path=/",
    ],
)
def test_cookie_for_another_request(attributes: str) -> None:
    """A cookie for another host or path neither offers nor removes a key."""
    line = f"sessionKey={OTHER_KEY}; {attributes}"
    assert answer(200, {}, set_cookie=[line]).offered_key is None
    removal = f"sessionKey=; Max-Age=0; {attributes}"
    lines = [f"sessionKey={KEY}; Path=/", line, removal]
    assert answer(200, {}, set_cookie=lines).offered_key == KEY


@pytest.mark.parametrize(
    ("domain", "key"), [("127.0.0.1", KEY), ("0.0.1", None), ("1", None)]
)
def test_cookie_of_an_ip_address(domain: str, key: str | None) -> None:
    """An IP address has no parent domain."""
    line = f"sessionKey={KEY}; Domain={domain}"
    found = answer(200, {}, url=f"http://127.0.0.1:8123{PATH}", set_cookie=[line])
    assert found.offered_key == key
