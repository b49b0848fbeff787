"""What an answer means: each row of the error table, their order, and offered keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
import json
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.answer import (
    Answer,
    error_of,
    good_body,
    json_of,
)
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
)
from tests.simulator.faults import error_body

URL = "https://claude.ai/api/organizations/1a2b/usage"
KEY = "sk-ant-sid02-".ljust(60, "k")
OTHER_KEY = "sk-ant-sid02-".ljust(60, "o")
PAGE = "<!DOCTYPE html><html></html>"

SESSION_INVALID = error_body("permission_error", "Invalid", "account_session_invalid")
REFUSED = error_body("permission_error", "Invalid authorization for organization")
ERROR = error_body("api_error", "Something broke")


def answer(
    status: int = 200, body: Any = "", *, url: str = URL, **headers: str | list[str]
) -> Answer:
    """Return an answer with a body that is JSON, or a text that is none."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(
        url,
        status,
        {
            name.replace("_", "-"): [value] if isinstance(value, str) else value
            for name, value in headers.items()
        },
        text,
        json_of(text),
    )


def test_header() -> None:
    """The first value counts, and what is not there is None."""
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
def test_json(text: str, value: Any) -> None:
    """What is no JSON, or cannot be held, is None."""
    assert json_of(text) == value


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (answer(200, {}), None),
        (answer(200, []), None),
        (answer(200, "no JSON"), None),
        (answer(200, {"error": None}), None),
        (answer(200, {"error": "a text"}), None),
        # Blocked, whatever else is said.
        (answer(200, {}, cf_mitigated="challenge"), BlockedError),
        (answer(403, SESSION_INVALID, cf_mitigated=""), BlockedError),
        (
            answer(307, cf_mitigated="x", location="/app-unavailable-in-region"),
            BlockedError,
        ),
        (answer(200, PAGE), BlockedError),
        (answer(200, f"\n \t{PAGE}"), BlockedError),
        (answer(401, PAGE), BlockedError),
        (answer(404, PAGE), BlockedError),
        (answer(451, PAGE), BlockedError),
        (answer(502, PAGE), BlockedError),
        (answer(302, PAGE, location="/login"), BlockedError),
        # The region, by a redirect even with a page.
        (
            answer(307, PAGE, location="https://claude.ai/app-unavailable-in-region"),
            RegionBlockedError,
        ),
        (
            answer(302, location="https://www.example.com/app-unavailable-in-region?a"),
            RegionBlockedError,
        ),
        (answer(451, {}), RegionBlockedError),
        (answer(451, "no JSON"), RegionBlockedError),
        # The session key.
        (answer(403, SESSION_INVALID), InvalidSessionError),
        (answer(404, SESSION_INVALID), InvalidSessionError),
        (answer(400, SESSION_INVALID), InvalidSessionError),
        (answer(200, SESSION_INVALID), InvalidSessionError),
        (answer(401, {}), InvalidSessionError),
        (answer(401, REFUSED), InvalidSessionError),
        # The organization.
        (answer(403, REFUSED), OrganizationAccessError),
        (answer(404, {}), OrganizationAccessError),
        (answer(404, "no JSON"), OrganizationAccessError),
        (answer(400, {}), InvalidOrganizationIdError),
        (answer(400, REFUSED), InvalidOrganizationIdError),
        # Limits, and refusals that say nothing.
        (answer(429, {}), RateLimitedError),
        (answer(429, "no JSON"), RateLimitedError),
        (answer(403, {}), ForbiddenError),
        (answer(403, ERROR), ForbiddenError),
        (answer(403, {"error": {"message": None}}), ForbiddenError),
        (answer(403, []), ForbiddenError),
    ],
)
def test_meaning(found: Answer, error: type[ClaudeAiError] | None) -> None:
    """Each row of the table, and what comes first."""
    assert type(error_of(found)) is (error or type(None))


@pytest.mark.parametrize(
    "found",
    [
        answer(200, ERROR),
        answer(200, {"error": {"message": "flat"}}),
        answer(200, {"error": {}}),
        answer(200, {"error": {"message": "x", "details": "account_session_invalid"}}),
        answer(200, REFUSED),
        answer(201, {}),
        answer(204),
        answer(299, {}),
        answer(401, "no JSON"),
        answer(402, {}),
        answer(403, "no JSON"),
        answer(500, ERROR),
        answer(500, REFUSED),
        answer(529, {}),
        # Redirects that lead nowhere.
        answer(300),
        answer(304),
        answer(399, {}),
        answer(301, location="/somewhere"),
        answer(302, location="/somewhere/login"),
        answer(302, location=""),
        answer(302, location="http://["),
        answer(302, location="http://[::1]@"),
        answer(302, location="http:///login"),
        answer(302, location="mailto:login@claude.ai"),
        answer(302, location="https://claude.ai:99999/login"),
    ],
)
def test_anything_else(found: Answer) -> None:
    """The status is all that is told of it."""
    error = error_of(found)
    assert type(error) is UnavailableError
    assert str(error).endswith(f" (HTTP status {found.status})")


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("/login", InvalidSessionError),
        ("/login?returnTo=%2F", InvalidSessionError),
        ("https://claude.ai/login", InvalidSessionError),
        ("https://claude.ai:443/login", InvalidSessionError),
        ("//claude.ai/login", InvalidSessionError),
        ("https://CLAUDE.AI/login", InvalidSessionError),
        # A captive portal.
        ("http://claude.ai/login", BlockedError),
        ("https://claude.ai:8443/login", BlockedError),
        ("https://login.example/login", BlockedError),
        ("http://claude.ai:443/login", BlockedError),
        ("http://10.0.0.1/", BlockedError),
    ],
)
def test_redirect(location: str, error: type[ClaudeAiError]) -> None:
    """claude.ai's own log-in page is told from somebody else's."""
    assert type(error_of(answer(302, location=location))) is error
    assert type(error_of(answer(300, location=location))) is error
    assert type(error_of(answer(399, location=location))) is error


def test_redirect_without_encryption() -> None:
    """The usual port need not be named there either."""
    url = "http://claude.ai/api/organizations"
    for location in ("http://claude.ai:80/login", "http://claude.ai/login"):
        found = error_of(answer(302, url=url, location=location))
        assert type(found) is InvalidSessionError
    found = error_of(answer(302, url=url, location="https://claude.ai/login"))
    assert type(found) is BlockedError


def in_an_hour(zone: timezone | None = UTC) -> str:
    """Return the time of an hour from now, as HTTP writes it."""
    moment = datetime.now(UTC) + timedelta(hours=1)
    moment = moment.replace(tzinfo=None) if zone is None else moment.astimezone(zone)
    return format_datetime(moment)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        (in_an_hour, 3600),
        # Written as `-0000`: UTC, and no word about where.
        (partial(in_an_hour, None), 3600),
        (partial(in_an_hour, timezone(timedelta(hours=5))), 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", -300_000_000),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 +9999999999999999999999", None),
    ],
)
def test_retry_after(value: str | Callable[[], str], seconds: float | None) -> None:
    """Seconds or a date, as they were sent."""
    sent = value if isinstance(value, str) else value()
    error = error_of(answer(429, {}, retry_after=sent))
    assert isinstance(error, RateLimitedError)
    if seconds is None:
        assert error.retry_after is None
    elif seconds < 0:
        assert error.retry_after < seconds
    else:
        assert error.retry_after == pytest.approx(seconds, abs=60)
        assert isinstance(error.retry_after, float)


def test_no_retry_after() -> None:
    """A limit need not say how long it lasts."""
    error = error_of(answer(429, {}))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after is None


def test_good_body() -> None:
    """The root has to be of the type that is asked for."""
    assert good_body(answer(200, {"a": 1})) == {"a": 1}
    assert good_body(answer(200, [1]), list) == [1]
    for found, expect in ((answer(200, [1]), dict), (answer(200, {}), list)):
        with pytest.raises(UnavailableError, match=r"\(unexpected answer\)$"):
            good_body(found, expect)
    with pytest.raises(UnavailableError, match="unexpected answer"):
        good_body(answer(200, "no JSON"))
    with pytest.raises(InvalidSessionError):
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
        # The last one counts, and what ends the session as well.
        ([f"sessionKey={KEY}", f"sessionKey={OTHER_KEY}"], OTHER_KEY),
        ([f"sessionKey={KEY}", "sessionKey=; Max-Age=0"], None),
        (["sessionKey=; Max-Age=0", f"sessionKey={KEY}"], KEY),
        # How long it is to last.
        ([f"sessionKey={KEY}; Max-Age=1"], KEY),
        ([f"sessionKey={KEY}; MAX-AGE = 60 "], KEY),
        ([f"sessionKey={KEY}; Max-Age=0"], None),
        ([f"sessionKey={KEY}; Max-Age=-60"], None),
        ([f"sessionKey={KEY}; Max-Age=soon"], None),
        ([f"sessionKey={KEY}; Max-Age=0=1"], None),
        ([f"sessionKey={KEY}; Expires={LATER}"], KEY),
        ([f"sessionKey={KEY}; expires={EARLIER}"], None),
        ([f"sessionKey={KEY}; Expires=never"], None),
        # Max-Age goes before Expires, in whatever order.
        ([f"sessionKey={KEY}; Expires={EARLIER}; Max-Age=60"], KEY),
        ([f"sessionKey={KEY}; Max-Age=0; Expires={LATER}"], None),
        ([f"sessionKey={KEY}; Max-Age=; Expires={EARLIER}"], None),
        # No session key, and no cookie of that name.
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
    """The session key that a cookie sets, unless it ends the session."""
    assert answer(200, {}, set_cookie=lines).offered_key == key


def test_nothing_offered() -> None:
    """An answer without cookies offers nothing."""
    assert answer(200, {}).offered_key is None


PATH = "/api/organizations/1a2b/usage"


@pytest.mark.parametrize(
    "attributes",
    [
        "Domain=claude.ai",
        "Domain=.claude.ai; Path=/",
        "DOMAIN = Claude.AI ; path = /api",
        # The last one counts, but one without a value does not.
        "Domain=example.com; Domain=claude.ai",
        "Domain=claude.ai; Domain=",
        "Domain",
        "Domain=.",
        "Path=/",
        "Path=/api",
        "Path=/api/",
        f"Path={PATH}",
        "Path=/login; Path=/",
        # What is no path means that of the request.
        "Path",
        "Path=",
        "Path=login",
        "Path=/login; Path=",
    ],
)
def test_cookie_that_is_sent_back(attributes: str) -> None:
    """A key that a browser would send with the next request is offered."""
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
def test_foreign_cookie(attributes: str) -> None:
    """A cookie for another host or path neither renews a key nor ends one."""
    line = f"sessionKey={OTHER_KEY}; {attributes}"
    assert answer(200, {}, set_cookie=[line]).offered_key is None
    ends = f"sessionKey=; Max-Age=0; {attributes}"
    lines = [f"sessionKey={KEY}; Path=/", line, ends]
    assert answer(200, {}, set_cookie=lines).offered_key == KEY


def test_cookie_of_an_address() -> None:
    """An IP address has no domain but itself."""
    for domain, key in (("127.0.0.1", KEY), ("0.0.1", None), ("1", None)):
        line = f"sessionKey={KEY}; Domain={domain}"
        url = f"http://127.0.0.1:8123{PATH}"
        found = Answer(url, 200, {"set-cookie": [line]}, "{}", {})
        assert found.offered_key == key
