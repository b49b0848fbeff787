"""HTTP to claude.ai: session, headers, endpoints, and what each answer means.

claude.ai has no public usage API; these are the requests its own usage page
makes, and the meaning of its answers as it was seen in captures up to October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
from typing import Any
from urllib.parse import quote

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from yarl import URL

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
from .organization import (
    Organization,
    parse_account_id,
    parse_organization,
    parse_organizations,
)
from .usage import Money, Usage, parse_balance, parse_usage

BASE_URL = "https://claude.ai"
TIMEOUT = ClientTimeout(total=15)

# A browser's own words: a bare or odd User-Agent is challenged by Cloudflare.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    "anthropic-client-platform": "web_claude_ai",
}
_MAX_BODY = 1024 * 1024


class ClaudeAiClient:
    """The requests one session key can make.

    Each client has a connection and a cookie jar of its own, and the jar keeps
    nothing: a shared one would send the cookies of one account with the next
    account's requests. Close it when done, or use it in `async with`.

    Every method raises the errors of `errors.py` and no others.
    """

    def __init__(self, session_key: str) -> None:
        """Prepare requests with a session key as `credentials.py` returns it."""
        self._session = ClientSession(
            cookie_jar=DummyCookieJar(),
            headers={**_HEADERS, "Cookie": f"sessionKey={session_key}"},
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
        organization = parse_organization(await self._get("organizations", org_id))
        return organization or Organization(org_id)

    async def organizations(self) -> tuple[Organization, ...]:
        """Return the organizations the key can see, API-only ones included.

        A key that is refused here is dead, whatever another answer left open.
        """
        return parse_organizations(await self._get("organizations", expect=list))

    async def balance(self, org_id: str) -> Money | None:
        """Return the prepaid balance, or None where the account has none (404)."""
        try:
            body = await self._get("organizations", org_id, "prepaid", "credits")
        except (ForbiddenError, OrganizationAccessError):
            return None
        return parse_balance(body)

    async def usage(self, org_id: str) -> Usage:
        """Return the usage of the key's seat in an organization.

        Where claude.ai refuses the organization, a second request tells whether
        it is the key that is dead.
        """
        try:
            body = await self._get("organizations", org_id, "usage")
        except OrganizationAccessError:
            await self.organizations()
            raise
        return parse_usage(body)

    async def _get(self, *path: str, expect: type = dict) -> Any:
        """Return the JSON body of a successful answer, whose root is of the given type."""
        if self._session.closed:
            raise UnavailableError("closed")
        url = "/".join((BASE_URL, "api", *(quote(part, safe="") for part in path)))
        try:
            # A redirect is an answer: following it would carry the cookie along.
            async with self._session.get(
                URL(url, encoded=True), allow_redirects=False, timeout=TIMEOUT
            ) as response:
                text = await _read(response)
        except (ClientError, OSError, TimeoutError, ValueError) as err:
            # The cause stays out of the trace: its text can hold the address.
            raise UnavailableError(type(err).__name__) from None
        body = _json(text)
        if error := _error(response, text, body):
            raise error
        if not isinstance(body, expect):
            raise UnavailableError("unexpected answer")
        return body


async def _read(response: ClientResponse) -> str:
    """Read a body as text, whatever its content type says, up to a limit."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY:
            raise UnavailableError("answer too large")
    return body.decode("utf-8-sig", errors="replace")


def _json(text: str) -> Any:
    """Parse a body; None for anything that is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _error(response: ClientResponse, text: str, body: Any) -> ClaudeAiError | None:
    """Decide what an answer means, or None for a good one. The order matters."""
    status = response.status
    if "cf-mitigated" in response.headers:
        return BlockedError()
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
        return RateLimitedError(_retry_after(response.headers.get("Retry-After")))
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
    except ValueError:
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


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a `Retry-After`, given as a number or as an HTTP date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
