"""HTTP to claude.ai: session, headers, endpoints, and what each answer means.

claude.ai has no public usage API; these are the requests its own usage page
makes, and the meaning of its answers as it was seen in captures up to October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
from typing import Any
import zlib

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from yarl import URL

from .credentials import is_org_id, is_session_key
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
    UnreachableError,
)
from .organization import (
    Organization,
    parse_account_id,
    parse_organization,
    parse_organizations,
)
from .usage import Money, Usage, parse_balance, parse_usage

BASE_URL = "https://claude.ai"
TIMEOUT = ClientTimeout(total=15)

# What `read_text` can unpack without trusting the size it unpacks to.
ENCODINGS = "gzip, deflate"

# A browser's own words: a bare or odd User-Agent is challenged by Cloudflare.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ENCODINGS,
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    "anthropic-client-platform": "web_claude_ai",
}
# For zlib: whichever of the two it is.
_ANY_HEADER = 32 + zlib.MAX_WBITS
_COOKIE = "sessionKey"
_MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: `body` is its JSON, or None where it is something else."""

    response: ClientResponse
    text: str
    body: Any


class ClaudeAiClient:
    """The requests one session key can make.

    Each client has a connection and a cookie jar of its own, and the jar keeps
    nothing: a shared one would send the cookies of one account with the next
    account's requests. Close it when done, or use it in `async with`.

    Every method raises the errors of `errors.py` and no others.

    `session_key` can be replaced; the next request carries it. `offered_key` is
    the last other key that a good answer set as its cookie: claude.ai can renew
    a session that way. `usage_body` is the JSON of the last answer to `usage`
    that could be read, whatever it said.
    """

    def __init__(self, session_key: str) -> None:
        """Prepare requests with a session key as `credentials.py` returns it."""
        self.session_key = session_key
        self.offered_key: str | None = None
        self.usage_body: Any = None
        self._session = ClientSession(
            auto_decompress=False, cookie_jar=DummyCookieJar(), headers=_HEADERS
        )

    async def __aenter__(self) -> ClaudeAiClient:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def account(self) -> str | None:
        """Return the UUID of the account the key belongs to, or None if it is not told."""
        try:
            return parse_account_id(await self._get("account"))
        except (ForbiddenError, OrganizationAccessError):
            return None

    async def organization(self, org_id: str) -> Organization:
        """Return one organization, which carries the plan."""
        organization = parse_organization(await self._get(*_path(org_id)))
        return organization or Organization(org_id)

    async def organizations(self) -> tuple[Organization, ...]:
        """Return the organizations the key can see, API-only ones included.

        A key that is refused here is dead, whatever another answer left open.
        """
        return parse_organizations(await self._get("organizations", expect=list))

    async def balance(self, org_id: str) -> Money | None:
        """Return the prepaid balance, or None where the account has none (404)."""
        try:
            body = await self._get(*_path(org_id, "prepaid", "credits"))
        except (ForbiddenError, OrganizationAccessError):
            return None
        return parse_balance(body)

    async def usage(self, org_id: str) -> Usage:
        """Return the usage of the key's seat in an organization.

        Where claude.ai refuses the organization, the list of organizations tells
        why: refused as well, the key is dead (InvalidSessionError); still in it,
        the refusal is unclear (ForbiddenError); not in it, or there without
        usage, this key cannot read it (OrganizationAccessError).
        """
        answer = await self._ask(*_path(org_id, "usage"))
        self.usage_body = answer.body
        try:
            return parse_usage(self._good(answer))
        except OrganizationAccessError:
            listed = await self.organizations()
            if any(item.has_usage and item.org_id == org_id for item in listed):
                raise ForbiddenError from None
            raise

    async def _get(self, *path: str, expect: type = dict) -> Any:
        """Return the JSON of a good answer, whose root is of the given type."""
        return self._good(await self._ask(*path), expect)

    async def _ask(self, *path: str) -> Answer:
        """Return the answer to a request, good or not."""
        if self._session.closed:
            raise UnavailableError("closed")
        if not is_session_key(self.session_key):
            # Nothing that could end the header is ever put in it.
            raise InvalidSessionError
        url = "/".join((BASE_URL, "api", *path))
        try:
            # A redirect is an answer: following it would carry the cookie along.
            async with self._session.get(
                url,
                allow_redirects=False,
                headers={"Cookie": f"{_COOKIE}={self.session_key}"},
                timeout=TIMEOUT,
            ) as response:
                if "cf-mitigated" in response.headers:
                    raise BlockedError
                text = await read_text(response)
        except ClientConnectorError as err:
            raise UnreachableError(type(err).__name__) from None
        except (ClientError, OSError, TimeoutError, ValueError) as err:
            # The cause stays out of the trace: its text can hold the address.
            raise UnavailableError(type(err).__name__) from None
        return Answer(response, text, _json(text))

    def _good(self, answer: Answer, expect: type = dict) -> Any:
        """Return the JSON of an answer, or raise what the answer means."""
        if error := _error(answer.response, answer.text, answer.body):
            raise error
        if not isinstance(answer.body, expect):
            raise UnavailableError("unexpected answer")
        if (key := _offered_key(answer.response)) and key != self.session_key:
            self.offered_key = key
        return answer.body


def _path(org_id: str, *rest: str) -> tuple[str, ...]:
    """Return the path of something of an organization."""
    if not is_org_id(org_id):
        raise InvalidOrganizationIdError
    return ("organizations", org_id, *rest)


async def read_text(response: ClientResponse) -> str:
    """Read a body as text, whatever its content type says, up to 1 MiB unpacked.

    The session must not unpack by itself: some bytes can unpack to gigabytes.
    Raises UnavailableError for more, and for what cannot be unpacked.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY:
            response.close()
            raise UnavailableError("answer too large")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding in ("gzip", "deflate"):
        try:
            unpacker = zlib.decompressobj(_ANY_HEADER)
            body = bytearray(unpacker.decompress(body, _MAX_BODY + 1))
        except zlib.error:
            raise UnavailableError("answer cannot be unpacked") from None
        if len(body) > _MAX_BODY:
            raise UnavailableError("answer too large")
    elif encoding != "identity":
        raise UnavailableError("answer cannot be unpacked")
    return body.decode("utf-8-sig", errors="replace")


def _json(text: str) -> Any:
    """Parse a body; None for anything that is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _offered_key(response: ClientResponse) -> str | None:
    """Return the session key that an answer sets as a cookie which is to last.

    A session is ended by an empty value, or by a time that is over.
    """
    key = None
    for line in response.headers.getall("Set-Cookie", ()):
        cookie, *attributes = (part.partition("=") for part in line.split(";"))
        if cookie[0].strip() != _COOKIE:
            continue
        lives = {name.strip().lower(): value.strip() for name, _, value in attributes}
        lifetime = lives.get("max-age") or lives.get("expires")
        lasts = lifetime is None or (_seconds(lifetime) or 0) > 0
        value = cookie[2].strip()
        key = value if lasts and is_session_key(value) else None
    return key


def _error(response: ClientResponse, text: str, body: Any) -> ClaudeAiError | None:
    """Decide what an answer that was read means, or None for a good one.

    The order matters.
    """
    status = response.status
    if "app-unavailable-in-region" in response.headers.get("Location", ""):
        return RegionBlockedError()
    if text.lstrip().startswith("<"):
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
        return _redirect_error(response)
    if status == 429:
        return RateLimitedError(_seconds(response.headers.get("Retry-After")))
    if status == 403 and body is not None:
        return ForbiddenError()
    if status != 200 or message:
        return UnavailableError(f"HTTP status {status}")
    return None


def _redirect_error(response: ClientResponse) -> ClaudeAiError:
    """Tell claude.ai's own log-in page from a captive portal's."""
    try:
        target = response.url.join(URL(response.headers.get("Location", "")))
        if target.origin() != response.url.origin():
            return BlockedError()
    except (LookupError, ValueError):
        return UnavailableError(f"HTTP status {response.status}")
    if target.path.startswith("/login"):
        return InvalidSessionError()
    return UnavailableError(f"HTTP status {response.status}")


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
