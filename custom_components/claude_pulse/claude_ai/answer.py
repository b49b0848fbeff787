"""What an answer of claude.ai means, whatever has fetched it. Pure.

The meanings are those seen in captures of its own usage page up to October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
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

# A browser's own words: a bare or odd User-Agent is challenged by Cloudflare.
HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    "anthropic-client-platform": "web_claude_ai",
}
HOST = "claude.ai"
SESSION_COOKIE = "sessionKey"
_PORTS = {"http": 80, "https": 443}

# No answer is larger, packed or unpacked.
MAX_BODY = 1024 * 1024

# Parsing more objects and lists than this would block the event loop for too long.
MAX_CONTAINERS = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response.

    `headers` contains at least the headers that this module reads, with names in lower
    case. The client passes up to 20 values of each, the standalone script all of them.
    `body` is the parsed JSON of the `text`, or None if it is not JSON or has too many
    objects and lists.
    """

    url: str
    status: int
    headers: Mapping[str, Sequence[str]]
    text: str
    body: Any

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next(iter(self.headers.get(name, ())), None)

    @property
    def offered_key(self) -> str | None:
        """Return the session key that the response sets in a cookie, or None.

        An empty value or an expiry in the past ends the session. Cookies that a browser
        would not send with this request are ignored (RFC 6265).
        """
        key = None
        for line in self.headers.get("set-cookie", ()):
            cookie, *parts = (part.partition("=") for part in line.split(";"))
            if cookie[0].strip() != SESSION_COOKIE:
                continue
            # If an attribute is repeated, the last one wins. An empty Domain is ignored.
            pairs = [(name.strip().lower(), text.strip()) for name, _, text in parts]
            attributes = dict(pair for pair in pairs if pair != ("domain", ""))
            domain, path = attributes.get("domain", ""), attributes.get("path", "")
            if not self._is_sent_back(domain, path):
                continue
            lifetime = attributes.get("max-age") or attributes.get("expires")
            lasts = lifetime is None or (_seconds(lifetime) or 0) > 0
            value = cookie[2].strip()
            key = value if lasts and is_session_key(value) else None
        return key

    def _is_sent_back(self, domain: str, path: str) -> bool:
        """Return whether a browser would send the cookie with the same request."""
        request = urlsplit(self.url)
        # The only parent of claude.ai is a public suffix, which has no cookies.
        if domain.removeprefix(".").lower() not in ("", HOST, request.hostname):
            return False
        # Without an absolute path, the default path applies, which always matches.
        prefix = path if path.endswith("/") else f"{path}/"
        return (
            not path.startswith("/")
            or path == request.path
            or request.path.startswith(prefix)
        )


def json_of(text: str) -> Any:
    """Parse a body; None if it is not JSON, or has more than MAX_CONTAINERS brackets."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def good_body(answer: Answer, expect: type = dict) -> Any:
    """Return the JSON of a good answer, whose root is of the given type.

    Raises what another answer means, as `errors.py` has it.
    """
    if error := error_of(answer):
        raise error
    if not isinstance(answer.body, expect):
        raise UnavailableError("unexpected answer")
    return answer.body


def error_of(answer: Answer) -> ClaudeAiError | None:
    """Decide what an answer means, or None for a good one. The order matters."""
    status, body = answer.status, answer.body
    if "cf-mitigated" in answer.headers:
        return BlockedError()
    if "app-unavailable-in-region" in (answer.header("location") or ""):
        return RegionBlockedError()
    if answer.text.lstrip().startswith("<"):
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
    if 300 <= status < 400:
        return _redirect_error(answer)
    if status == 429:
        return RateLimitedError(_seconds(answer.header("retry-after")))
    if status == 403 and body is not None:
        return ForbiddenError()
    if status != 200 or message:
        return UnavailableError(f"HTTP status {status}")
    return None


def _redirect_error(answer: Answer) -> ClaudeAiError:
    """Tell claude.ai's own log-in page from a captive portal's."""
    unclear = UnavailableError(f"HTTP status {answer.status}")
    try:
        target = urlsplit(urljoin(answer.url, answer.header("location") or ""))
        if not target.hostname:
            return unclear
        if _origin(target) != _origin(urlsplit(answer.url)):
            return BlockedError()
    except ValueError:
        return unclear
    return InvalidSessionError() if target.path.startswith("/login") else unclear


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Return which server an address is of."""
    return (url.scheme, url.hostname, url.port or _PORTS.get(url.scheme))


def _error_details(body: Any) -> tuple[str | None, str]:
    """Return the code and the message of an error body, flat or nested."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None, ""
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, Mapping) else None
    return code, str(error.get("message"))


def _seconds(value: str | None) -> float | None:
    """Return how long a header's value lasts, given as seconds or as an HTTP date."""
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
