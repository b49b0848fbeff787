"""Whether an answer is good, or which error it means; the headers of a request. No I/O.

The rules follow captures of claude.ai's usage page up to November 2026. They apply in this
order:

| Answer | Error |
| --- | --- |
| header `cf-mitigated` | `BlockedError` |
| redirect to `app-unavailable-in-region` | `RegionBlockedError` |
| HTML body with 5xx, without the words of a challenge | `UnavailableError` |
| HTML body | `BlockedError` |
| 403 or 429 with "error code: 1010" or another of Cloudflare's codes from 1000 to 1999, as text or as `cloudflare_error` | `BlockedError` |
| `account_session_invalid`, or 401 with JSON | `InvalidSessionError` |
| 404, or 403 "authorization for organization" | `OrganizationAccessError` |
| 400 | `InvalidOrganizationIdError` |
| 451 | `RegionBlockedError` |
| redirect to another origin | `BlockedError` |
| redirect to `/login` | `InvalidSessionError` |
| 429 | `RateLimitedError` |
| other 403 with JSON | `ForbiddenError` |
| any other status than 200, no JSON of the expected type, or an `error` object, unless its `message` is empty | `UnavailableError` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
import json
import re
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from .credentials import is_session_key
from .errors import (
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
from .values import members_of

# A browser, and the day on which it was current. Cloudflare challenges other browsers and
# those that nobody uses any longer, so scripts/lint fails six months later.
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
USER_AGENT_DATE = date(2026, 11, 22)

# The headers of a browser.
HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    "User-Agent": USER_AGENT,
    "anthropic-client-platform": "web_claude_ai",
}
HOST = "claude.ai"
SESSION_COOKIE = "sessionKey"
_PORTS = {"http": 80, "https": 443}

# Words of the pages with which Cloudflare checks or refuses a browser. "challenge-platform"
# alone is not one, because Cloudflare adds a script of that name to any page.
_CHALLENGE = re.compile(
    r"just a moment(\.{3}|…)|<title>\s*(just a moment|attention required!)"
    r"|checking (your browser|if the site connection)"
    r"|verify(ing)? (that )?you are (a )?human|security verification"
    r"|enable javascript and cookies|you have been blocked"
    r"|cf[-_]chl|chl_page|/orchestrate/|challenge-form|captcha|turnstile",
    re.IGNORECASE,
)
# Cloudflare's refusal as text.
_REFUSAL = re.compile(r"\s*error code:? ?1\d{3}\b", re.IGNORECASE)

# Refusals that have another reason than the parameters of a request: an expired session key,
# a timeout and a rate limit.
_OTHER_REFUSALS = (401, 408, 429)

# The maximum size of a body, compressed or decompressed.
MAX_BODY = 1024 * 1024

# The maximum number of objects and lists. Parsing more would block the event loop.
MAX_CONTAINERS = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response from claude.ai.

    The names in `headers` are in lower case. Only `cf-mitigated`, `location`, `retry-after`
    and `set-cookie` are read. `body` is the result of `json_of(text)`.
    """

    url: str
    status: int
    headers: Mapping[str, Sequence[str]]
    text: str
    body: Any

    @property
    def is_page(self) -> bool:
        """Return whether the body is an HTML page."""
        return self.text.lstrip().startswith("<")

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next(iter(self.headers.get(name, ())), None)

    @property
    def offered_key(self) -> str | None:
        """Return the session key that the answer sets in a cookie, or None.

        A cookie with an empty value or an expiry in the past revokes the key. Cookies
        that a browser would not send with this request are ignored (RFC 6265).
        """
        offered = None
        for line in self.headers.get("set-cookie", ()):
            (name, _, value), *parts = (part.partition("=") for part in line.split(";"))
            if name.strip() != SESSION_COOKIE:
                continue
            # If an attribute is repeated, the last one wins. An empty Domain is ignored.
            pairs = [(key.strip().lower(), text.strip()) for key, _, text in parts]
            attributes = dict(pair for pair in pairs if pair != ("domain", ""))
            domain, path = attributes.get("domain", ""), attributes.get("path", "")
            if not self._is_sent_back(domain, path):
                continue
            lifetime = attributes.get("max-age") or attributes.get("expires")
            is_valid = lifetime is None or (_seconds(lifetime) or 0) > 0
            is_key = is_session_key(value.strip())
            offered = value.strip() if is_valid and is_key else None
        return offered

    def _is_sent_back(self, domain: str, path: str) -> bool:
        """Return whether a browser would send the cookie with the same request."""
        request = urlsplit(self.url)
        # The only parent of claude.ai is a public suffix, which has no cookies.
        if domain.removeprefix(".").lower() not in ("", HOST, request.hostname):
            return False
        # Without an absolute path, the default path applies, which always matches.
        if not path.startswith("/"):
            return True
        prefix = path if path.endswith("/") else f"{path}/"
        return path == request.path or request.path.startswith(prefix)


def json_of(text: str) -> Any:
    """Return parsed JSON, or None if it is invalid or exceeds MAX_CONTAINERS."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def good_body(answer: Answer, expect: type = dict) -> Any:
    """Return the JSON of a good answer.

    Raises the error that `error_of` returns, or UnavailableError if the root is not of
    the expected type.
    """
    if error := error_of(answer):
        raise error
    if not isinstance(answer.body, expect):
        raise UnavailableError("unexpected answer")
    return answer.body


def error_of(answer: Answer) -> ClaudeAiError | None:
    """Return the error that an answer means, or None for a good answer.

    The first rule that matches decides. A redirect to `app-unavailable-in-region` is a
    RegionBlockedError even if its body is HTML.
    """
    status, body = answer.status, answer.body
    if "cf-mitigated" in answer.headers:
        return BlockedError()
    if "app-unavailable-in-region" in (answer.header("location") or ""):
        return RegionBlockedError()
    if answer.is_page:
        # The page of a gateway whose origin is down is an outage.
        if status < 500 or _CHALLENGE.search(answer.text):
            return BlockedError()
        return UnavailableError(f"HTTP status {status}")
    if status in (403, 429) and (
        _REFUSAL.match(answer.text) or members_of(body).get("cloudflare_error") is True
    ):
        return BlockedError()
    code, message = _error_details(body)
    if code == "account_session_invalid" or (status == 401 and body is not None):
        return InvalidSessionError()
    if status == 404 or (status == 403 and "authorization for organization" in message):
        return OrganizationAccessError()
    if status == 400:
        return InvalidOrganizationIdError()
    if status == 451:
        return RegionBlockedError()
    if 300 <= status < 400 and (error := _redirect_error(answer)):
        return error
    if status == 429:
        return RateLimitedError(_seconds(answer.header("retry-after")))
    if status == 403 and body is not None:
        return ForbiddenError()
    if status != 200 or message:
        return UnavailableError(f"HTTP status {status}")
    return None


def is_refused(answer: Answer) -> bool:
    """Return whether claude.ai refuses a request, maybe because of its parameters."""
    return (
        400 <= answer.status < 500
        and answer.status not in _OTHER_REFUSALS
        and not isinstance(
            error_of(answer), (BlockedError, InvalidSessionError, RegionBlockedError)
        )
    )


def _redirect_error(answer: Answer) -> ClaudeAiError | None:
    """Return the error of a redirect to a captive portal or to the login page, or None."""
    try:
        target = urlsplit(urljoin(answer.url, answer.header("location") or ""))
        is_foreign = _origin(target) != _origin(urlsplit(answer.url))
    except ValueError:
        return None
    if not target.hostname:
        return None
    if is_foreign:
        return BlockedError()
    return InvalidSessionError() if target.path.startswith("/login") else None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of a URL."""
    return (url.scheme, url.hostname, url.port or _PORTS.get(url.scheme))


def _error_details(body: Any) -> tuple[str | None, str]:
    """Return the code and the message of an error body, or None and ''."""
    error = members_of(body).get("error")
    if not isinstance(error, Mapping):
        return None, ""
    code = members_of(error.get("details")).get("error_code")
    return code, str(error.get("message"))


def _seconds(value: str | None) -> float | None:
    """Return the seconds of a header's value, which is a number or an HTTP date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (OverflowError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
