#!/usr/bin/env python3
"""Print the usage limits of a claude.ai subscription, as JSON or for a person.

Needs Python 3.11 or later and nothing else. Put your session key into
claude_config.json beside this file:

    {"session_key": "sk-ant-sid...", "org_id": ""}

The session key is the value of the cookie "sessionKey" of https://claude.ai in
your browser. "org_id" can be left out: then the first organization that has
usage is shown. The key is sent to claude.ai only, and never printed.

A proxy that the environment or the system names is used with --environment-proxy
only. Some companies' proxies open encrypted traffic and can read the key.

Exit status: 0 all is well, 1 the output cannot be written, 2 configuration or
command line, 3 the session key has expired, 4 the organization cannot be read,
5 blocked, limited or unreachable (try later). Unless it is 0, nothing is
printed but one line on stderr.
"""

# Made by scripts/standalone: change claude_ai/ or standalone/source/script.py, and
# run it again.

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
import errno
from functools import lru_cache
import hashlib
from http.client import HTTPException
from itertools import islice
import json
import math
import os
from pathlib import Path
from queue import Empty, SimpleQueue
import re
import stat
import sys
import tempfile
from threading import Thread
import time
from typing import Any, NamedTuple, NoReturn, TextIO, TypeVar
import unicodedata
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import (
    HTTPErrorProcessor,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
)
from uuid import UUID

# --- claude_ai/values.py
# Single values out of an answer: text, numbers and times of whatever type comes. Pure.

# No percentage, amount or time is larger; infinities and NaN fail this too.
_NUMBER_LIMIT = 1e15

# Seconds since 1970 beyond this (the year 2286) are meant as milliseconds.
_EPOCH_LIMIT = 1e10


_LONGEST_TEXT = 100

# Zero-width joiners and non-joiners are part of some emoji and scripts.
_JOINERS = "\u200c\u200d"


def text_of(value: object) -> str | None:
    """Return text that can be stored and fits on a line, or None if nothing is left.

    Lone surrogates (Cs), which cannot be encoded as UTF-8, and format characters (Cf), such as
    direction overrides, are removed. Line breaks and control characters are replaced by
    spaces, and runs of spaces are collapsed. The text is limited to 100 characters.
    """
    if not isinstance(value, str):
        return None
    # Limit the work on a long text.
    text = value[: 10 * _LONGEST_TEXT]
    if not text.isprintable():
        text = "".join(map(_clean, text))
    return " ".join(text.split())[:_LONGEST_TEXT].strip(f" {_JOINERS}") or None


def _clean(character: str) -> str:
    """Return the replacement of a character."""
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cs":
            return ""
        case "Cf":
            return character if character in _JOINERS else ""
    return character


def number_of(value: object) -> int | float | None:
    """Return a finite number, or None; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < _NUMBER_LIMIT else None


def rounded(value: object) -> int | float | None:
    """Return a number as a person reads it, whole or with one decimal, or None."""
    number = number_of(value)
    if number is None:
        return None
    decimal = round(float(number), 1)
    return int(decimal) if decimal.is_integer() else decimal


def minute_of(value: object) -> datetime | None:
    """Read a timestamp (ISO 8601 or epoch) and round it to the nearest minute, in UTC.

    claude.ai's jitter from one answer to the next, across the minute's boundary.
    None for what is no time between 1970 and 2286.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp()
    elif (number := number_of(value)) is not None:
        seconds = number / 1000 if number > _EPOCH_LIMIT else number
    else:
        return None
    if not 0 < seconds < _EPOCH_LIMIT:
        return None
    return datetime.fromtimestamp(round(seconds / 60) * 60, UTC)


# --- claude_ai/errors.py
# What can go wrong with claude.ai, one class per thing a person has to do differently.
#
# No exception here carries a session key, an e-mail address, an organization id
# or anything of an answer's body: their texts may be logged as they are.


class ClaudeAiError(Exception):
    """Base of everything this package raises on purpose.

    `key` names the kind of error in one word that does not change, for a
    program to look up its own text; `message` says it in English.
    """

    key = "unknown"
    message = "claude.ai could not be used"

    def __init__(self, detail: str | None = None) -> None:
        """Say what happened, with a detail that holds nothing personal."""
        super().__init__(f"{self.message} ({detail})" if detail else self.message)


class InvalidSessionKeyError(ClaudeAiError):
    """The text holds nothing that looks like a session key."""

    key = "invalid_key_format"
    message = "This is not a claude.ai session key"


class ApiKeyError(InvalidSessionKeyError):
    """The text is an API key (sk-ant-api…), which has no subscription usage."""

    key = "api_key"
    message = "This is an API key, not a claude.ai session key"


class OAuthTokenError(InvalidSessionKeyError):
    """The text is an OAuth token (sk-ant-oat…), which claude.ai does not accept."""

    key = "oauth_token"
    message = "This is an OAuth token, not a claude.ai session key"


class InvalidOrganizationIdError(ClaudeAiError):
    """The text holds no organization UUID, or claude.ai calls it malformed (400)."""

    key = "invalid_org_id"
    message = "This is not an organization ID of claude.ai"


class BlockedError(ClaudeAiError):
    """Cloudflare or something in between answered; the key is fine."""

    key = "blocked"
    message = "Blocked by Cloudflare or a login page between here and claude.ai"


class InvalidSessionError(ClaudeAiError):
    """claude.ai says that the session key has ended."""

    key = "invalid_auth"
    message = "claude.ai no longer accepts the session key"


class OrganizationAccessError(ClaudeAiError):
    """The key cannot read the organization, or there is no such one."""

    key = "org_not_found"
    message = "claude.ai does not show this organization to the session key"


class RegionBlockedError(ClaudeAiError):
    """claude.ai is not offered where this network leaves to the internet."""

    key = "region_blocked"
    message = "claude.ai is not available in the region of this network"


class RateLimitedError(ClaudeAiError):
    """claude.ai asks for fewer requests (429).

    `retry_after` is the wait it asked for in seconds, as it was sent (it can be
    absurd), or None when it sent none.
    """

    key = "rate_limited"
    message = "claude.ai asks for fewer requests"

    def __init__(self, retry_after: float | None = None) -> None:
        """Remember the wait that claude.ai asked for."""
        super().__init__()
        self.retry_after = retry_after


class ForbiddenError(ClaudeAiError):
    """A refusal (403) that does not say whether key or organization is meant."""

    key = "forbidden"
    message = "claude.ai refused the request without saying why"


class UnavailableError(ClaudeAiError):
    """claude.ai cannot be reached, or answers with an error or with no JSON object."""

    key = "cannot_connect"
    message = "claude.ai cannot be reached or does not answer properly"


# --- claude_ai/credentials.py
# Cleaning and checking of what people paste.
#
# A session key is plausible when it starts with `sk-ant-sid`, has at least 40
# characters, and only letters, digits, `_` and `-` (seen in the browser's cookie
# `sessionKey`; about 130 characters).

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


# --- claude_ai/organization.py
# Organizations and the plan, as `/api/organizations` tells them. Pure.

# No known account has more.
MAX_ORGANIZATIONS = 48

_ENTERPRISE_TIERS = {"default_claude_zero", "default_raven_enterprise"}
_MULTIPLIER = re.compile(r"_(\d+x)$")


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization that a session key can see.

    `name` is fit to be shown: of a personal organization, which is called after
    its owner's e-mail address, only the part before the `@` is kept.
    `has_usage` tells those with a chat subscription from API-only ones, whose
    usage cannot be read.
    """

    org_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    plan: str | None = None
    has_usage: bool = True


def parse_organization(body: object) -> Organization | None:
    """Read one organization, or return None if it has no UUID."""
    if not isinstance(body, Mapping) or (org_id := _uuid(body.get("uuid"))) is None:
        return None
    name = text_of(body.get("name"))
    if name is not None and "@" in name:
        name = name.partition("@")[0].strip() or None
    capabilities = _capabilities(body)
    return Organization(
        org_id=org_id,
        name=name,
        plan=_plan(body, capabilities),
        has_usage=not capabilities or "chat" in capabilities,
    )


def parse_organizations(body: object) -> tuple[Organization, ...]:
    """Read the list of organizations in the server's order, without duplicates.

    Rows after MAX_ORGANIZATIONS are ignored.
    """
    found: dict[str, Organization] = {}
    for row in body[:MAX_ORGANIZATIONS] if isinstance(body, list) else []:
        if organization := parse_organization(row):
            found.setdefault(organization.org_id, organization)
    return tuple(found.values())


def _uuid(value: object) -> str | None:
    """Return a UUID in canonical form, or None."""
    text = text_of(value)
    return str(UUID(text)) if text and is_org_id(text) else None


def _plan(body: Mapping[str, Any], capabilities: frozenset[str]) -> str | None:
    """Name the plan.

    The order matters and the tier alone misleads: `default_claude_ai` is Free
    and Pro, and a Team member can carry `default_claude_max_5x`.
    """
    tier = text_of(body.get("rate_limit_tier")) or ""
    raven = text_of(body.get("raven_type"))
    if (
        raven == "enterprise"
        or "raven_enterprise" in capabilities
        or tier in _ENTERPRISE_TIERS
    ):
        return "Enterprise"
    if raven or "raven" in capabilities or tier.startswith("default_raven"):
        return "Team"
    if "claude_max" in capabilities:
        multiplier = _MULTIPLIER.search(tier)
        return f"Max {multiplier[1]}" if multiplier else "Max"
    if "claude_pro" in capabilities:
        return "Pro"
    if name := text_of(body.get("plan_display_name")):
        return name
    return "Free" if "chat" in capabilities else None


def _capabilities(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names in `capabilities`, whatever else stands there."""
    listed = body.get("capabilities")
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(item for item in listed if isinstance(item, str))


# --- claude_ai/usage.py
# Usage windows and money, as `/usage` tells them. Pure.
#
# Any member of the body can be missing, null or of another type, and new ones
# appear every month: nothing here raises on a shape. Percentages are rounded to
# what a person reads and reset times to the minute, so that two bodies that say the
# same compare equal although claude.ai's timestamps jitter.

KIND_SESSION = "session"
KIND_WEEKLY = "weekly_all"
KIND_WEEKLY_SCOPED = "weekly_scoped"

_FIXED = (KIND_SESSION, KIND_WEEKLY)

# The older form: members of the body that are windows, or start the name of one.
_FIVE_HOUR = "five_hour"
_SEVEN_DAY = "seven_day"
_SEVEN_DAY_PREFIX = "seven_day_"

_T = TypeVar("_T")

_WORDS = re.compile(r"[^\W_]+")

# No known account has more. The session and weekly limits are not counted.
MAX_LIMITS = 24
MAX_POOLS = 24

# What a reset is given to show in an answer before the window is called over.
_RESET_TAKES = timedelta(minutes=1)


class Identity(NamedTuple):
    """What two readings of one window have in common.

    `kind` and `name` are the server's, without what case and punctuation change;
    `name` is empty for a window of the whole account. Of several rows in one
    answer that nothing else tells apart, `number` counts.
    """

    kind: str
    name: str = ""
    number: int = 1


# The two windows that most accounts have.
SESSION = Identity(KIND_SESSION)
WEEKLY = Identity(KIND_WEEKLY)


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """One limit over a span of time.

    `name` is the model or surface that the limit is about, in the server's words.
    `percent` is 0 to 100 (a moment's overshoot is kept), whole numbers as int,
    others with one decimal. `resets_at` is an aware UTC time on a whole minute,
    or None for a window that has not started.
    """

    identity: Identity
    name: str | None
    percent: int | float
    resets_at: datetime | None

    @property
    def kind(self) -> str:
        """Return what sort of limit it is."""
        return self.identity.kind

    def is_over(self, now: datetime) -> bool:
        """Tell whether its reset has passed, whatever is still served."""
        return self.resets_at is not None and now - self.resets_at >= _RESET_TAKES


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole units of its currency (`23.82`, not cents)."""

    amount: float
    currency: str | None
    decimals: int = 2

    @property
    def unit(self) -> tuple[str | None, int]:
        """Return what amounts that can be compared have in common."""
        return self.currency, self.decimals


@dataclass(frozen=True, slots=True)
class Spend:
    """Paid usage beyond the plan.

    A `limit` of None is unlimited. `percent` is the share of the limit, computed
    where the server does not say it.
    """

    enabled: bool
    spent: Money
    limit: Money | None
    percent: int | float | None


@dataclass(frozen=True, slots=True)
class CreditPool:
    """A pool of dollars under a code name, such as a promotion's."""

    label: str
    spent: Money | None
    limit: Money


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer of `/usage` says.

    `session` and `weekly` are None when the account has no such limit, which
    is another thing than 0 %. `windows` are all the others, in the server's
    order, each with an identity of its own. `spend` is None when the account has
    no paid usage. `truncated` is True if the answer had more than MAX_LIMITS
    limits or MAX_POOLS pools.
    """

    session: UsageWindow | None = None
    weekly: UsageWindow | None = None
    windows: tuple[UsageWindow, ...] = ()
    spend: Spend | None = None
    pools: tuple[CreditPool, ...] = ()
    truncated: bool = False

    @property
    def all_windows(self) -> tuple[UsageWindow, ...]:
        """Return the session, the week and all others, as far as the account has them."""
        fixed = (window for window in (self.session, self.weekly) if window)
        return (*fixed, *self.windows)


class _Row(NamedTuple):
    """A window as one place of the body tells it, which may be in part."""

    kind: str
    name: str | None
    percent: int | float | None
    resets_at: datetime | None

    @property
    def words(self) -> tuple[str, str]:
        """Return the server's words for it."""
        return (self.kind, self.name or "")

    @property
    def identity(self) -> Identity:
        """Return whose row it is, but for the number."""
        return Identity(
            kind="_".join(_words(self.kind)) or self.kind,
            name=" ".join(_words(self.name or "")) or self.name or "",
        )

    def completed_by(self, other: _Row) -> _Row:
        """Take what only the other place tells: a member, or the decimals."""
        percent = self.percent if self.percent is not None else other.percent
        # Elsewhere than in the decimals, which a row may lack, the two agree.
        if (
            isinstance(percent, int)
            and other.percent is not None
            and 0 < abs(other.percent - percent) < 1
        ):
            percent = other.percent
        return self._replace(
            percent=percent, resets_at=self.resets_at or other.resets_at
        )


def parse_usage(body: object) -> Usage:
    """Read the body of `/usage`; what cannot be read is left out."""
    if not isinstance(body, Mapping):
        return Usage()
    members = _members(body)
    rows, more_rows = _first(_rows(body.get("limits")), MAX_LIMITS + len(_FIXED))
    named, more_named = _first(_named_windows(members), MAX_LIMITS + len(_FIXED))
    pools, more_pools = _first(_pools(members), MAX_POOLS)
    limits = _identified(rows)
    for member in named:
        covered = _rows_of(member, limits)
        if not covered:
            limits[member.identity] = member
        elif len(covered) == 1:
            limits[covered[0]] = limits[covered[0]].completed_by(member)
    windows = {
        identity: UsageWindow(identity, row.name, row.percent, row.resets_at)
        for identity, row in limits.items()
        if row.percent is not None
    }
    session, weekly = windows.pop(SESSION, None), windows.pop(WEEKLY, None)
    others = tuple(windows.values())
    return Usage(
        session=session,
        weekly=weekly,
        windows=others[:MAX_LIMITS],
        spend=_spend(body.get("spend")) or _extra_usage(body.get("extra_usage")),
        pools=tuple(pools),
        truncated=more_rows or more_named or more_pools or len(others) > MAX_LIMITS,
    )


def _first(items: Iterator[_T], most: int) -> tuple[list[_T], bool]:
    """Return the first of some items, and whether there are more.

    Only one more item is read, so a long answer costs little.
    """
    first = list(islice(items, most))
    return first, next(items, None) is not None


def _is_window(key: str) -> bool:
    """Tell whether a member of the body is a window by its name."""
    return key in (_FIVE_HOUR, _SEVEN_DAY) or key.startswith(_SEVEN_DAY_PREFIX)


def _members(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are objects, session and week first."""
    fixed = {key: body.get(key) for key in (_FIVE_HOUR, _SEVEN_DAY)}
    members = {**fixed, **body}
    return {key: value for key, value in members.items() if isinstance(value, dict)}


def _rows(limits: object) -> Iterator[_Row]:
    """Read the modern form: the rows of `limits[]`, session and week first."""
    listed = limits if isinstance(limits, list) else []
    rows = [row for row in listed if isinstance(row, dict)]
    for row in sorted(rows, key=lambda row: row.get("kind") not in _FIXED):
        if (kind := text_of(row.get("kind"))) is None:
            continue
        name = None if kind in _FIXED else _name(row.get("scope"))
        if name is not None and name.casefold() == "all models":
            kind, name = KIND_WEEKLY, None
        yield _Row(
            kind, name, rounded(row.get("percent")), minute_of(row.get("resets_at"))
        )


def _named_windows(members: Mapping[str, Any]) -> Iterator[_Row]:
    """Read the older form: each window under a name of its own."""
    for key, value in members.items():
        if (percent := rounded(value.get("utilization"))) is None:
            continue
        resets_at = minute_of(value.get("resets_at"))
        if key == _FIVE_HOUR:
            yield _Row(KIND_SESSION, None, percent, resets_at)
        elif key == _SEVEN_DAY:
            yield _Row(KIND_WEEKLY, None, percent, resets_at)
        elif key.startswith(_SEVEN_DAY_PREFIX):
            name = key.removeprefix(_SEVEN_DAY_PREFIX).replace("_", " ").capitalize()
            yield _Row(KIND_WEEKLY_SCOPED, text_of(name), percent, resets_at)


def _identified(rows: Sequence[_Row]) -> dict[Identity, _Row]:
    """Give each row its identity, in the server's order.

    There is one session and one week. Of others with one identity each is a window,
    numbered by their exact names: their order in the answer matters only to rows that
    are spelled alike.
    """
    numbers: Counter[Identity] = Counter()
    places: dict[tuple[str, str], Identity] = {}
    identities: dict[int, Identity] = {}
    # Those without a percentage last: they are no windows, but can complete one.
    order = sorted(
        range(len(rows)),
        key=lambda place: (rows[place].percent is None, rows[place].words),
    )
    for place in order:
        row = rows[place]
        identity = row.identity
        if row.percent is None:
            alike = places.get(row.words)
            if alike is None and numbers[identity]:
                continue
            identity = alike or identity
        elif identity not in (SESSION, WEEKLY):
            numbers[identity] += 1
            identity = identity._replace(number=numbers[identity])
        identities[place] = places[row.words] = identity
    identified: dict[Identity, _Row] = {}
    for place, identity in sorted(identities.items()):
        known = identified.get(identity)
        identified[identity] = known.completed_by(rows[place]) if known else rows[place]
    return identified


def _rows_of(named: _Row, rows: Mapping[Identity, _Row]) -> list[Identity]:
    """Return the rows that are what a named member is: `Opus 4` is `seven_day_opus`."""
    wanted = named.identity
    same = [key for key in rows if key[:2] == wanted[:2]]
    if same or not wanted.name:
        return same
    versions = f"{wanted.name} "
    return [
        key for key in rows if key.kind == wanted.kind and key.name.startswith(versions)
    ]


@lru_cache(maxsize=100)
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text, whatever their case and what stands between them."""
    return tuple(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def _name(scope: object) -> str | None:
    """Name what a row is about; the scope and its parts may be plain texts."""
    if not isinstance(scope, Mapping):
        return text_of(scope)
    for part in (scope.get("model"), scope.get("surface")):
        value = part.get("display_name") if isinstance(part, Mapping) else part
        if name := text_of(value):
            return name
    return None


def _spend(value: object) -> Spend | None:
    """Read `spend`, unless it is the trimmed form that says nothing."""
    if not isinstance(value, Mapping) or (spent := _money(value.get("used"))) is None:
        return None
    return _if_any(
        Spend(
            enabled=value.get("enabled") is True,
            spent=spent,
            limit=_money(value.get("limit")),
            percent=rounded(value.get("percent")),
        )
    )


def _extra_usage(value: object) -> Spend | None:
    """Read `extra_usage`, the older form: minor units beside their currency."""
    if not isinstance(value, Mapping):
        return None
    currency, decimals = value.get("currency"), value.get("decimal_places")
    spent = _minor_units(value.get("used_credits"), currency, decimals)
    if spent is None:
        return None
    return _if_any(
        Spend(
            enabled=value.get("is_enabled") is True,
            spent=spent,
            limit=_minor_units(value.get("monthly_limit"), currency, decimals),
            percent=rounded(value.get("utilization")),
        )
    )


def _if_any(spend: Spend) -> Spend | None:
    """Drop what is none: a limit of zero, of which nothing is a share, or no use at all."""
    if spend.limit is not None:
        if spend.limit.amount <= 0:
            return None
        if spend.percent is None:
            share = spend.spent.amount / spend.limit.amount * 100
            return replace(spend, percent=rounded(share))
        return spend
    return spend if spend.enabled or spend.spent.amount > 0 else None


def _pools(members: Mapping[str, Any]) -> Iterator[CreditPool]:
    """Yield the code-named dollar pools; one without a limit above 0 is nothing."""
    for key, value in members.items():
        limit = number_of(value.get("limit_dollars"))
        if limit is None or limit <= 0 or _is_window(key):
            continue
        if (label := text_of(key)) is None:
            continue
        spent = number_of(value.get("used_dollars"))
        yield CreditPool(
            label=label,
            spent=None if spent is None else Money(float(spent), "USD"),
            limit=Money(float(limit), "USD"),
        )


def _money(value: object) -> Money | None:
    """Read `{"amount_minor": …, "currency": …, "exponent": …}`."""
    if not isinstance(value, Mapping):
        return None
    return _minor_units(
        value.get("amount_minor"), value.get("currency"), value.get("exponent")
    )


def _minor_units(amount: object, currency: object, decimals: object) -> Money | None:
    """Turn minor units (cents) into an amount of the currency; two decimals by default."""
    number = number_of(amount)
    if number is None:
        return None
    places = number_of(decimals)
    exponent = int(places) if places is not None and 0 <= places <= 6 else 2
    return Money(round(number / 10**exponent, exponent), text_of(currency), exponent)


# --- claude_ai/answer.py
# What an answer of claude.ai means, whatever has fetched it. Pure.
#
# The meanings are those seen in captures of its own usage page up to October 2026.

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


# --- The script's own part

BASE_URL = "https://claude.ai"
# For one request, however its answer trickles in.
TIMEOUT = 15
# Before a dead key is asked about once more.
CONFIRM_PAUSE = 2
# The proxies to use, by scheme: none, unless the command line asks for them.
PROXIES: dict[str, str] = {}
# The plan and the organization do not change from one call to the next.
CACHE_SECONDS = 6 * 60 * 60


class ConfigurationError(ClaudeAiError):
    """The configuration cannot be used as it is."""

    key = "configuration"

    def __init__(self, message: str) -> None:
        """Remember what is wrong with it, and what to do."""
        self.message = message
        super().__init__()


class NoUsageError(ClaudeAiError):
    """None of the organizations has usage."""

    key = "no_usage"
    message = "This account has no organization with claude.ai usage, only API access"


# The exit status for each thing that can go wrong, and what to do about it.
NO_OUTPUT, CONFIGURATION, DEAD_KEY, WRONG_ORGANIZATION, TRY_LATER = range(1, 6)
_CORRECT_ORGANIZATION = "correct org_id in the configuration, or leave it out"
OUTCOMES: dict[type[ClaudeAiError], tuple[int, str]] = {
    InvalidSessionError: (
        DEAD_KEY,
        "log in to claude.ai and put the new value of the cookie sessionKey into the "
        "configuration",
    ),
    InvalidOrganizationIdError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    OrganizationAccessError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    NoUsageError: (WRONG_ORGANIZATION, "use the key of one with a subscription"),
    BlockedError: (TRY_LATER, "your session key is fine, try again later"),
    RegionBlockedError: (TRY_LATER, "run this where claude.ai is offered"),
    RateLimitedError: (TRY_LATER, "run this less often"),
    ForbiddenError: (
        TRY_LATER,
        "try again later, and if that does not help, with a new session key",
    ),
    ClaudeAiError: (TRY_LATER, "try again later"),
}


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def plain(text: str) -> str:
    """Return a text in one line without anything that a terminal could obey.

    Control characters, changes of direction and the like become spaces.
    """
    return "".join(mark if mark.isprintable() else " " for mark in text)


def write(text: str, stream: TextIO | None) -> None:
    """Write a line, with a `?` for each character that the stream cannot encode.

    Raises OSError where the stream is closed or does not take it.
    """
    # Python has none where it was closed from the start.
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    encoding = stream.encoding or "utf-8"
    try:
        print(
            text.encode(encoding, "replace").decode(encoding), file=stream, flush=True
        )
    except OSError:
        # What it still holds would fail once more when Python ends.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def show(text: str) -> None:
    """Print the output, or end."""
    try:
        write(text, sys.stdout)
    except OSError as err:
        fail(NO_OUTPUT, f"the output cannot be written ({err.strerror})")


def warn(message: str) -> None:
    """Say something beside the output, but no key that was pasted as an argument."""
    shown, key, _ = plain(message).partition("sk-ant-")
    with suppress(OSError):
        write(f"claude_usage: {shown}{key and '(a key)'}", sys.stderr)


def fail(status: int, message: str) -> NoReturn:
    """Say why there is no output, and end."""
    warn(message)
    sys.exit(status)


class CommandLine(argparse.ArgumentParser):
    """A command line that is explained and refused like everything else."""

    def error(self, message: str) -> NoReturn:
        """Refuse it in one line, without the arguments: one of them may be a key."""
        fail(
            CONFIGURATION, "arguments cannot be understood: --help says which there are"
        )

    def print_help(self, file: Any = None) -> None:
        """Explain it."""
        show(self.format_help().rstrip())


def read_json(path: Path) -> Any:
    """Return the JSON of a file that is not too large, or None. Raises OSError."""
    with path.open("rb") as file:
        content = file.read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        return None
    return json_of(content.decode("utf-8-sig", errors="replace"))


def others_can_read(path: Path) -> bool:
    """Return whether a file is open to other users of the machine."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def read_config(path: Path) -> tuple[str, str | None]:
    """Return the session key and the organization ID of the configuration."""
    try:
        config = read_json(path)
    except OSError as err:
        raise ConfigurationError(
            f"{path} cannot be read ({err.strerror}): --help says what it must hold"
        ) from None
    if config is None:
        raise ConfigurationError(
            f"{path} is not valid JSON: --help says what it must hold"
        )
    if not isinstance(config, dict):
        raise ConfigurationError(f'{path} must hold {{"session_key": "..."}}')
    key, org_id = config.get("session_key"), config.get("org_id")
    try:
        key = parse_session_key(key if isinstance(key, str) else "").session_key
    except InvalidSessionKeyError as err:
        raise ConfigurationError(
            f"session_key in {path}: {err}; copy the value of the cookie sessionKey "
            "of claude.ai, it starts with sk-ant-sid"
        ) from None
    if org_id in (None, ""):
        return key, None
    try:
        return key, parse_org_id(org_id if isinstance(org_id, str) else "")
    except InvalidOrganizationIdError as err:
        raise ConfigurationError(
            f"org_id in {path}: {err}; correct it, or leave it out"
        ) from None


class Unprocessed(HTTPErrorProcessor):
    """Hand out every answer as it is: a redirect would carry the cookie along."""

    def http_response(self, request: Any, response: Any) -> Any:
        """Return the answer."""
        return response

    https_response = http_response


def fetch(url: str, key: str) -> Answer | UnavailableError:
    """Return the answer to a request, good or not, or what kept it from coming."""
    headers = {**HEADERS, "Cookie": f"{SESSION_COOKIE}={key}"}
    request = Request(url, headers=headers)  # noqa: S310
    try:
        opener = build_opener(ProxyHandler(PROXIES), Unprocessed)
        with opener.open(request, timeout=TIMEOUT) as response:
            received = {
                name.lower(): response.headers.get_all(name)
                for name in response.headers
            }
            # With that header the body may be anything.
            is_read = "cf-mitigated" not in received
            body = response.read(MAX_BODY + 1) if is_read else b""
    except (HTTPException, OSError, ValueError) as err:
        # No more than its kind: the text can hold the address.
        return UnavailableError(type(err).__name__)
    if len(body) > MAX_BODY:
        return UnavailableError("answer too large")
    text = body.decode("utf-8-sig", errors="replace")
    return Answer(url, response.status, received, text, json_of(text))


def get(key: str, *path: str, expect: type = dict) -> Any:
    """Ask claude.ai once, and return the JSON of a good answer.

    The request has a thread of its own, as only that can be left alone whatever it
    waits for: a name server, a proxy, or the next byte.
    """
    url = "/".join((BASE_URL, "api", *path))
    answers: SimpleQueue[Answer | UnavailableError] = SimpleQueue()
    Thread(target=lambda: answers.put(fetch(url, key)), daemon=True).start()
    try:
        answer = answers.get(timeout=TIMEOUT)
    except Empty:
        raise UnavailableError("no answer in time") from None
    if isinstance(answer, UnavailableError):
        raise answer
    return good_body(answer, expect)


def get_confirmed(key: str, *path: str, expect: type = dict) -> Any:
    """Ask, and ask again before a key is called dead."""
    try:
        return get(key, *path, expect=expect)
    except InvalidSessionError:
        time.sleep(CONFIRM_PAUSE)
        return get(key, *path, expect=expect)


def get_usage(key: str, org_id: str) -> Usage:
    """Ask for the usage; where the organization is refused, its list tells why."""
    try:
        return parse_usage(get_confirmed(key, *organization_path(org_id), "usage"))
    except OrganizationAccessError:
        # A dead key is refused here as well, and then that is the reason.
        listed = parse_organizations(get(key, "organizations", expect=list))
        if any(item.has_usage and item.org_id == org_id for item in listed):
            raise ForbiddenError from None
        raise


def organization_path(org_id: str) -> tuple[str, str]:
    """Return the path of an organization, into which nothing else is ever put."""
    if not is_org_id(org_id):
        raise InvalidOrganizationIdError
    return ("organizations", org_id)


def organization_and_plan(
    key: str, org_id: str | None, cache: Path
) -> tuple[str, str | None]:
    """Return the organization to ask about and its plan, from the cache if it is fresh."""
    about = hashlib.sha256(f"{key} {org_id}".encode()).hexdigest()
    if known := remembered(cache, about):
        return known
    if org_id is None:
        listed = parse_organizations(get_confirmed(key, "organizations", expect=list))
        organization = next((item for item in listed if item.has_usage), None)
        if organization is None:
            raise NoUsageError
        org_id = organization.org_id
    else:
        try:
            organization = parse_organization(get(key, *organization_path(org_id)))
        except ClaudeAiError:
            # The usage tells what is wrong; without a plan it is still the usage.
            return org_id, None
    plan = organization.plan if organization else None
    remember(
        cache,
        {"about": about, "org_id": org_id, "plan": plan, "time": now().timestamp()},
    )
    return org_id, plan


def remembered(cache: Path, about: str) -> tuple[str, str | None] | None:
    """Return organization and plan from the cache, or None unless they can be used."""
    try:
        # A link, a pipe or a device is none of ours.
        is_file = stat.S_ISREG(cache.lstat().st_mode)
        known = read_json(cache) if is_file else None
    except OSError:
        return None
    if not isinstance(known, dict) or known.get("about") != about:
        return None
    since, org_id = number_of(known.get("time")), text_of(known.get("org_id")) or ""
    if since is None or not 0 <= now().timestamp() - since < CACHE_SECONDS:
        return None
    return (org_id, text_of(known.get("plan"))) if is_org_id(org_id) else None


def remember(cache: Path, known: dict[str, Any]) -> None:
    """Replace the cache as a whole, for its user only; without it all is asked again."""
    with suppress(OSError):
        number, name = tempfile.mkstemp(dir=cache.parent, prefix=f"{cache.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(known, file)
            os.replace(name, cache)
        except OSError:
            os.unlink(name)
            raise


def clock(at: datetime | None) -> str | None:
    """Return the local time, such as 03:45 AM."""
    return at.astimezone().strftime("%I:%M %p") if at else None


def weekday(at: datetime | None) -> str | None:
    """Return the local day, such as Friday."""
    return at.astimezone().strftime("%A") if at else None


def day_and_clock(at: datetime | None) -> str | None:
    """Return the local day and time, such as Friday @ 03:45 AM."""
    return f"{weekday(at)} @ {clock(at)}" if at else None


def countdown(at: datetime | None, present: datetime) -> str | None:
    """Return the time that is left, such as 2h 30m; a minute begun counts."""
    if at is None:
        return None
    left = max(0, math.ceil((at - present).total_seconds() / 60))
    hours, minutes = divmod(left, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def iso(at: datetime | None) -> str | None:
    """Return a time for a program."""
    return at.isoformat() if at else None


def reading(
    window: UsageWindow | None, present: datetime
) -> tuple[int | float | None, datetime | None]:
    """Return percentage and reset of a window; of one that is over nothing is known."""
    if window is None or window.is_over(present):
        return None, None
    return window.percent, window.resets_at


def named(windows: tuple[UsageWindow, ...]) -> Iterator[tuple[str, UsageWindow]]:
    """Yield the windows that have a name, with a number where others have the same."""
    for window in windows:
        if window.name:
            same = [other for other in windows if other.name == window.name]
            before = sum(other.identity < window.identity for other in same)
            yield f"{window.name} ({before + 1})" if before else window.name, window


def report(usage: Usage, plan: str | None, present: datetime) -> dict[str, Any]:
    """Return all values under the names that templates use; what is not told is None."""
    percent, reset = reading(usage.session, present)
    week_percent, week_reset = reading(usage.weekly, present)
    models = {}
    for name, window in named(usage.windows):
        model_percent, model_reset = reading(window, present)
        models[name] = {"percent": model_percent, "resets_at": iso(model_reset)}
    return {
        "session_pct": percent,
        "session_used": percent,
        # claude.ai counts in percent: where there is a limit, it is all of it.
        "session_limit": 100 if usage.session else None,
        "session_reset_time": clock(reset),
        "session_reset_countdown": countdown(reset, present),
        "session_resets_at": iso(reset),
        "weekly_pct": week_percent,
        "weekly_reset": day_and_clock(week_reset),
        "weekly_reset_date": (
            week_reset.astimezone().date().isoformat() if week_reset else None
        ),
        "weekly_reset_time": clock(week_reset),
        "weekly_reset_weekday": weekday(week_reset),
        "weekly_resets_at": iso(week_reset),
        "models": models,
        "plan": plan,
        "fetched_at": present.isoformat(timespec="seconds"),
    }


def table(
    usage: Usage, plan: str | None, present: datetime, *, color: bool, blocks: bool
) -> str:
    """Return a table with bars for a person."""
    full, empty = ("█", "░") if blocks else ("#", ".")
    lines = [
        ("Session", usage.session),
        ("Week", usage.weekly),
        *((plain(name), window) for name, window in named(usage.windows)),
    ]
    width = max(len(name) for name, _ in lines)
    shown = [plain(f"Claude {plan or ''}").strip(), ""]
    for name, window in lines:
        percent, reset = reading(window, present)
        if percent is None:
            why = "has reset, nothing newer is told" if window else "no such limit"
            shown.append(f"{name:{width}}  {why}")
            continue
        filled = min(20, max(0, round(percent / 5)))
        bar = full * filled + empty * (20 - filled)
        if color:
            tone = 31 if percent >= 85 else 33 if percent >= 60 else 32
            bar = f"\033[{tone}m{bar}\033[0m"
        until = f"resets {day_and_clock(reset)}" if reset else ""
        if reset and window is usage.session:
            until = f"resets in {countdown(reset, present)}, at {clock(reset)}"
        shown.append(f"{name:{width}}  {bar}  {percent:>5} %  {until}".rstrip())
    return "\n".join(shown)


def main() -> None:
    """Read the command line, ask, and print."""
    introduction, _, rest = (__doc__ or "").partition("\n\n")
    parser = CommandLine(
        prog="claude_usage.py",
        description=introduction,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path(__file__).resolve().with_name("claude_config.json")
    parser.add_argument("--config", type=Path, default=default, metavar="FILE")
    parser.add_argument("--human", action="store_true", help="a table with bars")
    parser.add_argument(
        "--environment-proxy",
        action="store_true",
        help="use the proxy that HTTPS_PROXY or the system names",
    )
    arguments = parser.parse_args()
    if arguments.environment_proxy:
        PROXIES.update(getproxies())
    cache = arguments.config.parent / "claude_usage_cache.json"
    try:
        key, configured = read_config(arguments.config)
        org_id, plan = organization_and_plan(key, configured, cache)
        usage = get_usage(key, org_id)
    except ConfigurationError as err:
        fail(CONFIGURATION, str(err))
    except ClaudeAiError as err:
        kind = next(kind for kind in type(err).__mro__ if kind in OUTCOMES)
        status, advice = OUTCOMES[kind]
        if status in (DEAD_KEY, WRONG_ORGANIZATION):
            with suppress(OSError):
                cache.unlink()
        fail(status, f"{err}: {advice}")
    if arguments.human:
        stream: TextIO | None = sys.stdout
        color = stream and stream.isatty() and not os.environ.get("NO_COLOR")
        blocks = "utf" in ((stream and stream.encoding) or "").lower()
        show(table(usage, plan, now(), color=bool(color), blocks=blocks))
    else:
        show(json.dumps(report(usage, plan, now())))
    if others_can_read(arguments.config):
        warn(
            f"others can read {arguments.config}: chmod 600 keeps your session key to you"
        )


if __name__ == "__main__":
    main()
