"""Read session keys and organization IDs from pasted text.

A session key is the value of the browser's cookie `sessionKey`. It starts with
`sk-ant-sid` and consists of at least 40 letters, digits, `_` and `-` (usually 130).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
import re
from urllib.parse import unquote
from uuid import UUID

from .errors import (
    ApiKeyError,
    InvalidOrganizationIdError,
    KeyCutError,
    NoSessionKeyError,
    OAuthTokenError,
)

_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_QUOTES = "\"'`“”„‘’‚«»;,"
_KEY_START = "sk-ant-sid"
_SESSION_KEY = re.compile(rf"{_KEY_START}[A-Za-z0-9_-]{{30,}}")
# A session key, or its start, up to the ellipsis that stands for the rest.
_CUT_KEY = re.compile(
    r"sk-ant-(?!api|oat|admin)[A-Za-z0-9_-]*\s*[\[(]?"
    r"(?:\.(?:\s*\.)+|[\u2022\u2025\u2026\u22ef]|\*{2,}|&hellip;|truncated)"
)
# Each of them is a request.
_MAX_KEYS = 3
_SESSION_KEY_COOKIE = re.compile(r"(?:^|[\s;:\"'])sessionKey=([^;]*)")
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_BARE_UUID = re.compile(rf"(?<![0-9a-f])({_UUID})(?![0-9a-f])", re.IGNORECASE)
_LAST_ACTIVE_ORG = re.compile(rf"lastActiveOrg=({_UUID})", re.IGNORECASE)
_ORGANIZATION_URL = re.compile(rf"organizations/({_UUID})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A session key, and the organization ID of the same cookie header or None.

    `other_keys` are further session keys of the text, to try if claude.ai refuses the first.
    """

    session_key: str = field(repr=False)
    org_id: str | None = field(default=None, repr=False)
    other_keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def session_keys(self) -> tuple[str, ...]:
        """Return all session keys in the order in which to try them."""
        return (self.session_key, *self.other_keys)


def is_session_key(text: str) -> bool:
    """Return whether the whole text has the form of a session key."""
    return _SESSION_KEY.fullmatch(text) is not None


def is_org_id(text: str) -> bool:
    """Return whether the whole text is a UUID."""
    return _BARE_UUID.fullmatch(text) is not None


def parse_session_key(text: str) -> Credentials:
    """Return the session key that a pasted text contains, and further ones.

    The key can be quoted, wrapped over lines, URL-encoded, in `sessionKey=…` or in a
    whole `Cookie:` header. From a header, `lastActiveOrg` is read too. Raises
    KeyCutError, ApiKeyError, OAuthTokenError or NoSessionKeyError.
    """
    text, cuts = _CUT_KEY.subn(" ", unquote(text))
    keys: list[str] = []
    for key in _keys_in(text):
        # The first line of a wrapped key is not another key.
        if not any(known.startswith(key) for known in keys):
            keys.append(key)
    if not keys:
        if cuts:
            raise KeyCutError
        if "sk-ant-api" in text:
            raise ApiKeyError
        if "sk-ant-oat" in text:
            raise OAuthTokenError
        raise NoSessionKeyError
    match = _LAST_ACTIVE_ORG.search(text)
    org_id = str(UUID(match[1])) if match else None
    return Credentials(keys[0], org_id, tuple(keys[1:_MAX_KEYS]))


def _keys_in(text: str) -> Iterator[str]:
    """Yield the session keys of a text.

    First come those in cookies, then the text itself if it is a key, then any others in it.
    """
    for cookie in (*_SESSION_KEY_COOKIE.findall(text), text):
        joined = _INVISIBLE.sub("", cookie).strip(_QUOTES)
        if is_session_key(joined) and joined.count(_KEY_START) == 1:
            yield joined
    yield from _SESSION_KEY.findall(text)


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
