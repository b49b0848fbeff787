"""HTTP to claude.ai: session, endpoints, and reading answers within bounds.

claude.ai has no public usage API; these are the requests its own usage page makes.
"""

from __future__ import annotations

import logging
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
    json_of,
)
from .credentials import is_org_id, is_session_key
from .errors import (
    BlockedError,
    ForbiddenError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
    UnavailableError,
    UnreachableError,
)
from .organization import (
    MAX_ORGANIZATIONS,
    Organization,
    parse_account_id,
    parse_organization,
    parse_organizations,
)
from .usage import Money, Usage, parse_balance, parse_usage

_LOGGER = logging.getLogger(__name__)

BASE_URL = "https://claude.ai"
TIMEOUT = ClientTimeout(total=15)

# What `read_text` can unpack without trusting the size it unpacks to.
ENCODINGS = "gzip, deflate"

# A larger body is not kept for diagnostics.
_MAX_KEPT_BODY = 64 * 1024

# The headers that are read, and the maximum number of lines of each.
_READ_HEADERS = ("location", "retry-after", "set-cookie")
_MAX_LINES = 20

# A body in more chunks is refused, because each chunk costs time.
_MAX_CHUNKS = 2000

# For zlib: whichever of the two it is.
_ANY_HEADER = 32 + zlib.MAX_WBITS


class ClaudeAiClient:
    """The requests one session key can make.

    The session is the caller's to make and to end. It must leave what it reads
    packed (`auto_decompress=False`), and its jar must keep nothing
    (`DummyCookieJar`): a shared one would send the cookies of one account with the
    next account's requests.

    Every method raises the errors of `errors.py` and no others.

    `session_key` can be replaced; the next request carries it. `offered_key` is
    the last other key that a good answer set as its cookie: claude.ai can renew
    a session that way. `usage_body` is the JSON of the last answer to `usage`
    that could be read, whatever it said, unless it was too large to be kept.
    """

    def __init__(self, session: ClientSession, session_key: str) -> None:
        """Prepare requests with a session key as `credentials.py` returns it."""
        self.session_key = session_key
        self.offered_key: str | None = None
        self.usage_body: Any = None
        self._session = session
        self._warned: set[str] = set()

    async def account(self) -> str | None:
        """Return the UUID of the account the key belongs to, or None if it is not told."""
        try:
            return parse_account_id(await self._get("account"))
        except (ForbiddenError, OrganizationAccessError):
            return None

    async def organization(self, org_id: str) -> Organization:
        """Return one organization, which carries the plan."""
        organization = parse_organization(await self._get(*self._path(org_id)))
        return organization or Organization(org_id)

    async def organizations(self) -> tuple[Organization, ...]:
        """Return the organizations the key can see, API-only ones included.

        A key that is refused here is dead, whatever another answer left open.
        """
        listed = await self._get("organizations", expect=list)
        if len(listed) > MAX_ORGANIZATIONS:
            self._warn_once("organizations")
        return parse_organizations(listed)

    async def balance(self, org_id: str) -> Money | None:
        """Return the prepaid balance, or None where the account has none (404)."""
        try:
            body = await self._get(*self._path(org_id, "prepaid", "credits"))
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
        answer = await self._ask(*self._path(org_id, "usage"))
        self.usage_body = answer.body if len(answer.text) <= _MAX_KEPT_BODY else None
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

    async def _get(self, *path: str, expect: type = dict) -> Any:
        """Return the JSON of a good answer, whose root is of the given type."""
        return self._good(await self._ask(*path), expect)

    async def _ask(self, *path: str) -> Answer:
        """Return the answer to a request, good or not."""
        if self._session.closed:
            raise UnavailableError("closed")
        self._require_key()
        url = "/".join((BASE_URL, "api", *path))
        headers = {
            **HEADERS,
            "Accept-Encoding": ENCODINGS,
            "Cookie": f"{SESSION_COOKIE}={self.session_key}",
        }
        try:
            # A redirect is an answer: following it would carry the cookie along.
            async with self._session.get(
                url, allow_redirects=False, headers=headers, timeout=TIMEOUT
            ) as response:
                if "cf-mitigated" in response.headers:
                    # Its body may be anything.
                    raise BlockedError
                text = await read_text(response)
        except ClientConnectorError as err:
            raise UnreachableError(type(err).__name__) from None
        except (ClientError, OSError, TimeoutError, ValueError) as err:
            # The cause stays out of the trace: its text can hold the address.
            raise UnavailableError(type(err).__name__) from None
        received = {
            name: response.headers.getall(name)[:_MAX_LINES]
            for name in _READ_HEADERS
            if name in response.headers
        }
        return Answer(url, response.status, received, text, json_of(text))

    def _path(self, org_id: str, *rest: str) -> tuple[str, ...]:
        """Return the path of something of an organization."""
        self._require_key()
        if not is_org_id(org_id):
            raise InvalidOrganizationIdError
        return ("organizations", org_id, *rest)

    def _warn_once(self, what: str) -> None:
        """Log once that a response exceeds a limit."""
        if what not in self._warned:
            self._warned.add(what)
            _LOGGER.warning(
                "claude.ai sent more %s than Claude Pulse reads; the rest is ignored",
                what,
            )

    def _require_key(self) -> None:
        """See that nothing which could end the header is ever put in it."""
        if not is_session_key(self.session_key):
            raise InvalidSessionError

    def _good(self, answer: Answer, expect: type = dict) -> Any:
        """Return the JSON of an answer, or raise what the answer means."""
        body = good_body(answer, expect)
        if (key := answer.offered_key) and key != self.session_key:
            self.offered_key = key
        return body


async def read_text(response: ClientResponse) -> str:
    """Read a body as text, whatever its content type says, up to 1 MiB unpacked.

    The session must not unpack by itself: some bytes can unpack to gigabytes.
    Raises UnavailableError for a larger body, for one in more than 2,000 chunks, and for
    one that cannot be unpacked.
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
            unpacker = zlib.decompressobj(_ANY_HEADER)
            body = bytearray(unpacker.decompress(body, MAX_BODY + 1))
        except zlib.error:
            raise UnavailableError("answer cannot be unpacked") from None
        if len(body) > MAX_BODY:
            raise UnavailableError("answer too large")
    elif encoding != "identity":
        raise UnavailableError("answer cannot be unpacked")
    return body.decode("utf-8-sig", errors="replace")
