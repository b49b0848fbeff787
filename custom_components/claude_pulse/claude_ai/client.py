"""Send the requests of claude.ai's usage page, and read the answers within limits.

claude.ai has no public API for usage.
"""

from __future__ import annotations

from contextlib import suppress
import logging
from time import monotonic
from typing import Any
import zlib

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
)

from .answer import (
    HEADERS,
    MAX_BODY,
    SESSION_COOKIE,
    Answer,
    good_body,
    is_refused,
    json_of,
)
from .credentials import is_org_id, is_session_key
from .errors import (
    ClaudeAiError,
    ForbiddenError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
    UnavailableError,
    UnreachableError,
)
from .money import Money, parse_balance
from .organization import (
    MAX_ORGANIZATIONS,
    Organization,
    parse_account_id,
    parse_organization,
    parse_organizations,
)
from .usage import Usage, parse_usage

_LOGGER = logging.getLogger(__name__)

BASE_URL = "https://claude.ai"
TIMEOUT = ClientTimeout(total=15)

# The encodings that `read_text` can decompress.
ENCODINGS = "gzip, deflate"

# Without this parameter, claude.ai sends no saved resets. If it is refused, it is left out
# for this number of seconds.
_WITH_RESETS = "?cedar_ember=1"
_WITHOUT_RESETS = 24 * 60 * 60

# A longer body is not kept for diagnostics.
_MAX_KEPT_BODY = 64 * 1024

# The headers that are read, and the maximum number of lines of each.
_READ_HEADERS = ("cf-mitigated", "location", "retry-after", "set-cookie")
_MAX_LINES = 20

# A body in more chunks is refused, because each chunk costs time.
_MAX_CHUNKS = 2000

# Let zlib detect whether a body is gzip or deflate.
_ANY_HEADER = 32 + zlib.MAX_WBITS


class ClaudeAiClient:
    """A client for one session key.

    The caller opens and closes the session. The session must not decompress bodies
    (`auto_decompress=False`) and must not store cookies (`DummyCookieJar`), because a
    shared cookie jar would send the cookies of one account with the requests of another.

    All methods raise subclasses of ClaudeAiError only.

    `session_key` can be replaced and is used from the next request. `offered_key` is the
    newest other key that a good answer set in a cookie: claude.ai renews sessions like that.
    `usage_body` is the last JSON that came as an answer to `usage`, which can be an error, or
    None if it was too long to keep.
    """

    def __init__(self, session: ClientSession, session_key: str) -> None:
        """Initialize the client with a session key from `credentials.py`."""
        self.session_key = session_key
        self.offered_key: str | None = None
        self.usage_body: Any = None
        self._session = session
        self._warned: set[str] = set()
        self._without_resets_until = 0.0

    async def account(self, *, required: bool = False) -> str | None:
        """Return the UUID of the session key's account, or None if it is not available.

        It is not available if the answer is an error, not JSON or without a UUID. Raises
        if the key has expired, the request was blocked or rate limited, or no readable
        answer came. With `required`, also raises UnavailableError where another request can
        help: after an error of the server, or an answer that is not JSON.
        """
        answer = await self._ask("account")
        try:
            return parse_account_id(self._good(answer))
        except UnavailableError:
            if required:
                raise
            return None
        except (ForbiddenError, InvalidOrganizationIdError, OrganizationAccessError):
            return None

    async def organization(self, org_id: str) -> Organization:
        """Return an organization with its plan."""
        body = await self._get(org_id=org_id)
        return parse_organization(body) or Organization(org_id)

    async def organizations(self) -> tuple[Organization, ...]:
        """Return the organizations of the session key, with or without usage.

        An InvalidSessionError always means the key, as the request needs no organization.
        """
        listed = await self._get("organizations", expect=list)
        if len(listed) > MAX_ORGANIZATIONS:
            self._warn_once("organizations")
        return parse_organizations(listed)

    async def balance(self, org_id: str) -> Money | None:
        """Return the prepaid balance, or None if the account has none."""
        try:
            body = await self._get("prepaid", "credits", org_id=org_id)
        except (ForbiddenError, OrganizationAccessError):
            return None
        return parse_balance(body)

    async def usage(self, org_id: str) -> Usage:
        """Return the usage of the account in an organization.

        If claude.ai refuses the organization, the list of organizations is requested to
        find the reason: this raises ForbiddenError if the list still contains the
        organization with usage, or OrganizationAccessError if it does not. Raises
        InvalidSessionError if the key is refused.
        """
        answer = await self._ask_usage(org_id)
        if answer.body is not None:
            is_kept = len(answer.text) <= _MAX_KEPT_BODY
            self.usage_body = answer.body if is_kept else None
        try:
            usage = parse_usage(self._good(answer))
        except OrganizationAccessError:
            listed = await self.organizations()
            if any(item.has_usage and item.org_id == org_id for item in listed):
                raise ForbiddenError from None
            raise
        if usage.truncated:
            self._warn_once("limits or credit pools")
        return usage

    async def _get(
        self, *path: str, org_id: str | None = None, expect: type = dict
    ) -> Any:
        """Return the JSON of a good answer with a root of the expected type."""
        return self._good(await self._ask(*path, org_id=org_id), expect)

    async def _ask_usage(self, org_id: str) -> Answer:
        """Request the usage, with the saved resets if possible. Return the answer, good or bad.

        If claude.ai refuses the request, it is repeated without the saved resets. If that
        succeeds, they are left out for a day.
        """
        if monotonic() < self._without_resets_until:
            return await self._ask("usage", org_id=org_id)
        answer = await self._ask("usage", org_id=org_id, query=_WITH_RESETS)
        if not is_refused(answer):
            return answer
        answer = await self._ask("usage", org_id=org_id)
        with suppress(ClaudeAiError):
            good_body(answer)
            self._without_resets_until = monotonic() + _WITHOUT_RESETS
        return answer

    async def _ask(
        self, *path: str, org_id: str | None = None, query: str = ""
    ) -> Answer:
        """Send a request, optionally for an organization. Return the answer, good or bad.

        Raises if nothing was sent, or if the answer cannot be read.
        """
        # Check what becomes part of a header or of the URL.
        if not is_session_key(self.session_key):
            raise InvalidSessionError
        if org_id is not None:
            if not is_org_id(org_id):
                raise InvalidOrganizationIdError
            path = ("organizations", org_id, *path)
        if self._session.closed:
            raise UnavailableError("closed")
        url = "/".join((BASE_URL, "api", *path)) + query
        headers = {
            **HEADERS,
            "Accept-Encoding": ENCODINGS,
            "Cookie": f"{SESSION_COOKIE}={self.session_key}",
        }
        try:
            # Following a redirect would send the cookie to another URL.
            async with self._session.get(
                url, allow_redirects=False, headers=headers, timeout=TIMEOUT
            ) as response:
                # The body of a challenge can be of any size.
                is_challenge = "cf-mitigated" in response.headers
                text = "" if is_challenge else await read_text(response)
        except ClientConnectorError as err:
            raise UnreachableError(type(err).__name__) from None
        except (ClientError, OSError, TimeoutError, ValueError) as err:
            # The message of the cause can contain the URL.
            raise UnavailableError(type(err).__name__) from None
        received = {
            name: response.headers.getall(name)[:_MAX_LINES]
            for name in _READ_HEADERS
            if name in response.headers
        }
        return Answer(url, response.status, received, text, json_of(text))

    def _warn_once(self, what: str) -> None:
        """Log once that a response exceeds a limit."""
        if what not in self._warned:
            self._warned.add(what)
            _LOGGER.warning(
                "claude.ai sent more %s than Claude Pulse reads; the others are ignored",
                what,
            )

    def _good(self, answer: Answer, expect: type = dict) -> Any:
        """Return the JSON of a good answer, and store the session key that it offers."""
        body = good_body(answer, expect)
        if (key := answer.offered_key) and key != self.session_key:
            self.offered_key = key
        return body


async def read_text(response: ClientResponse) -> str:
    """Return a body as text, whatever its content type.

    The session must not decompress bodies, because a few bytes can become gigabytes.
    Raises UnavailableError if the body is larger than 1 MiB when decompressed, has more
    than 2,000 chunks or cannot be decompressed.
    """
    body = bytearray()
    chunks = 0
    async for chunk, _ in response.content.iter_chunks():
        body += chunk
        chunks += 1
        if len(body) > MAX_BODY or chunks > _MAX_CHUNKS:
            response.close()
            raise UnavailableError("answer too large")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding in ("gzip", "deflate"):
        try:
            decompressor = zlib.decompressobj(_ANY_HEADER)
            body = bytearray(decompressor.decompress(body, MAX_BODY + 1))
        except zlib.error:
            raise UnavailableError("answer cannot be decompressed") from None
        if len(body) > MAX_BODY:
            raise UnavailableError("answer too large")
    elif encoding != "identity":
        raise UnavailableError("answer cannot be decompressed")
    return body.decode("utf-8-sig", errors="replace")
