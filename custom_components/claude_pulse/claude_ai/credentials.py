"""Cleaning and checking of what people paste.

A session key is plausible when it starts with `sk-ant-sid`, has at least 40
characters, and only letters, digits, `_` and `-` (seen in the browser's cookie
`sessionKey`; about 130 characters).
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
_BARE_UUID = re.compile(rf"(?<![0-9a-f]){_UUID}(?![0-9a-f])", re.IGNORECASE)
_LAST_ACTIVE_ORG = re.compile(rf"lastActiveOrg=({_UUID})", re.IGNORECASE)
_ORGANIZATION_URL = re.compile(rf"organizations/({_UUID})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A session key, and the organization ID that stood beside it in a cookie header."""

    session_key: str = field(repr=False)
    org_id: str | None = field(default=None, repr=False)


def is_session_key(text: str) -> bool:
    """Tell whether a text is plausible as a session key, and nothing else."""
    return _SESSION_KEY.fullmatch(text) is not None


def is_org_id(text: str) -> bool:
    """Tell whether a text is an organization UUID, and nothing else."""
    return _BARE_UUID.fullmatch(text) is not None


def parse_session_key(text: str) -> Credentials:
    """Take the session key out of whatever was pasted.

    Accepts the key alone, quoted, wrapped over lines, URL-encoded, as
    `sessionKey=…`, or in a whole `Cookie:` header, from which `lastActiveOrg`
    is taken too. Raises ApiKeyError, OAuthTokenError or InvalidSessionKeyError.
    """
    text = unquote(text)
    last_active_org = _LAST_ACTIVE_ORG.search(text)
    for candidate in (*_SESSION_KEY_COOKIE.findall(text), text):
        compact = _INVISIBLE.sub("", candidate).strip(_QUOTES)
        if is_session_key(compact):
            break
    else:
        if (match := _SESSION_KEY.search(text)) is None:
            if "sk-ant-api" in text:
                raise ApiKeyError
            if "sk-ant-oat" in text:
                raise OAuthTokenError
            raise InvalidSessionKeyError
        compact = match[0]
    return Credentials(
        compact, str(UUID(last_active_org[1])) if last_active_org else None
    )


def parse_org_id(text: str) -> str:
    """Take an organization UUID, in lower case, out of a pasted ID or address.

    In an address with several UUIDs the one behind `organizations/` counts.
    Raises InvalidOrganizationIdError.
    """
    text = _INVISIBLE.sub("", unquote(text))
    if match := _ORGANIZATION_URL.search(text):
        return str(UUID(match[1]))
    if match := _BARE_UUID.search(text):
        return str(UUID(match[0]))
    raise InvalidOrganizationIdError
