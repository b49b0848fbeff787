"""Read session keys and organization IDs from pasted text.

A session key is the value of the browser's cookie `sessionKey`. It starts with
`sk-ant-sid` and consists of at least 40 letters, digits, `_` and `-` (usually 130).
"""

from __future__ import annotations

from dataclasses import dataclass, field
import re
from urllib.parse import unquote
from uuid import UUID

from .errors import (
    ApiKeyError,
    InvalidOrganizationIdError,
    InvalidSessionKeyError,
    OAuthTokenError,
)

_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_QUOTES = "\"'`“”„‘’‚«»;,"
_SESSION_KEY = re.compile(r"sk-ant-sid[A-Za-z0-9_-]{30,}")
_SESSION_KEY_COOKIE = re.compile(r"(?:^|[\s;:\"'])sessionKey=([^;]*)")
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_BARE_UUID = re.compile(rf"(?<![0-9a-f])({_UUID})(?![0-9a-f])", re.IGNORECASE)
_LAST_ACTIVE_ORG = re.compile(rf"lastActiveOrg=({_UUID})", re.IGNORECASE)
_ORGANIZATION_URL = re.compile(rf"organizations/({_UUID})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A session key, and the organization ID of the same cookie header or None."""

    session_key: str = field(repr=False)
    org_id: str | None = field(default=None, repr=False)


def is_session_key(text: str) -> bool:
    """Return whether the whole text has the form of a session key."""
    return _SESSION_KEY.fullmatch(text) is not None


def is_org_id(text: str) -> bool:
    """Return whether the whole text is a UUID."""
    return _BARE_UUID.fullmatch(text) is not None


def parse_session_key(text: str) -> Credentials:
    """Return the session key that a pasted text contains.

    The key can be quoted, wrapped over lines, URL-encoded, in `sessionKey=…` or in a
    whole `Cookie:` header. From a header, `lastActiveOrg` is read too. Raises
    ApiKeyError, OAuthTokenError or InvalidSessionKeyError.
    """
    text = unquote(text)
    cookies = (*_SESSION_KEY_COOKIE.findall(text), text)
    joined = (_INVISIBLE.sub("", cookie).strip(_QUOTES) for cookie in cookies)
    session_key = next(filter(is_session_key, joined), None)
    if session_key is None:
        if (match := _SESSION_KEY.search(text)) is None:
            if "sk-ant-api" in text:
                raise ApiKeyError
            if "sk-ant-oat" in text:
                raise OAuthTokenError
            raise InvalidSessionKeyError
        session_key = match[0]
    org_id = _LAST_ACTIVE_ORG.search(text)
    return Credentials(session_key, str(UUID(org_id[1])) if org_id else None)


def parse_org_id(text: str) -> str:
    """Return the organization UUID that a pasted text contains, in lower case.

    In a URL with several UUIDs, it is the one after `organizations/`. Raises
    InvalidOrganizationIdError.
    """
    text = _INVISIBLE.sub("", unquote(text))
    match = _ORGANIZATION_URL.search(text) or _BARE_UUID.search(text)
    if match is None:
        raise InvalidOrganizationIdError
    return str(UUID(match[1]))
