"""Checks form input against claude.ai, and applies it to an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .claude_ai.client import ClaudeAiClient
from .claude_ai.credentials import parse_org_id, parse_session_key
from .claude_ai.errors import (
    ClaudeAiError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
)
from .claude_ai.organization import Organization
from .const import (
    ALERT_DEFAULTS,
    CONF_ORG_ID,
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
    CONF_UPDATE_INTERVAL,
    CONF_WORKING_DAYS,
)
from .polling.http import short_session
from .polling.issues import Issue, async_delete_issues
from .reauth import async_abort_flows, async_share_key
from .runtime import runtime_of
from .seat import (
    account_id_of,
    async_entries_of_account,
    is_seat_configured,
    unique_id_of,
)
from .stored import data_of

_OPTIONS = (CONF_UPDATE_INTERVAL, CONF_WORKING_DAYS, *ALERT_DEFAULTS)

# Seconds that a form waits for the organizations that it offers.
OFFER_TIMEOUT = 5


_C = TypeVar("_C")
_T = TypeVar("_T")


class FormError(Exception):
    """An error in the input that is not an error of claude.ai."""

    def __init__(self, key: str) -> None:
        """Initialize the error with its translation key."""
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a session key: its account in each organization."""

    session_key: str = field(repr=False)
    account_id: str | None = field(repr=False)
    organizations: tuple[Organization, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ValidatedChanges:
    """Checked changes of an entry's data.

    `unique_id` is the resulting unique ID, or None if nothing changes.
    """

    data: Mapping[str, str] = field(repr=False)
    unique_id: str | None


async def async_find_seats(hass: HomeAssistant, pasted: str, org_id: str = "") -> Seats:
    """Return the seats of a pasted session key, or only the one in an organization.

    Raises ClaudeAiError or FormError.
    """
    credentials = parse_session_key(pasted)
    chosen = parse_org_id(org_id) if org_id.strip() else None

    async def find(key: str) -> Seats:
        """Return the seats of one session key."""
        return await _async_seats(hass, key, chosen, credentials.org_id)

    return await _async_first_accepted(credentials.session_keys, find)


async def _async_seats(
    hass: HomeAssistant, session_key: str, chosen: str | None, active: str | None
) -> Seats:
    """Return the seats of a session key: in the chosen, the active or each organization.

    Raises ClaudeAiError or FormError.
    """
    async with short_session(hass) as session:
        client = ClaudeAiClient(session, session_key)
        if chosen:
            await client.usage(chosen)
            organizations: tuple[Organization, ...] = (
                await _async_organization(client, chosen),
            )
        else:
            organizations = await _async_usable(client)
            found = (item for item in organizations if item.org_id == active)
            organizations = tuple(found) or organizations
        account_id = await client.account()
    return Seats(session_key, account_id, organizations)


async def async_organizations(
    hass: HomeAssistant, entry: ConfigEntry, pasted: str | None = None
) -> tuple[Organization, ...]:
    """Return the organizations with usage that a pasted session key can read.

    Without a pasted key, that of the entry is used.

    Raises ClaudeAiError or FormError.
    """
    keys: tuple[str, ...] = (data_of(entry).session_key,)
    if pasted:
        keys = parse_session_key(pasted).session_keys

    async def list_usable(key: str) -> tuple[Organization, ...]:
        """Return the organizations of one session key."""
        async with short_session(hass) as session:
            return await _async_usable(ClaudeAiClient(session, key))

    return await _async_first_accepted(keys, list_usable)


async def async_offered_organizations(
    hass: HomeAssistant, entry: ConfigEntry
) -> tuple[Organization, ...]:
    """Return the organizations that a form can offer.

    There are none after a failure, or if claude.ai does not answer soon.
    """
    if runtime_of(hass, entry).back_off.failure is not None:
        return ()
    try:
        async with asyncio.timeout(OFFER_TIMEOUT):
            return await async_organizations(hass, entry)
    except (ClaudeAiError, FormError, TimeoutError):
        return ()


async def async_validate(
    hass: HomeAssistant, entry: ConfigEntry, user_input: Mapping[str, Any]
) -> ValidatedChanges:
    """Check the key and the organization of a form. Empty fields change nothing.

    Raises ClaudeAiError or FormError.
    """
    changes: list[dict[str, str]] = [{}]
    if pasted := user_input.get(CONF_SESSION_KEY):
        keys = parse_session_key(pasted).session_keys
        changes = [{CONF_SESSION_KEY: key} for key in keys]
    org_id = user_input.get(CONF_ORG_ID)
    if org_id and org_id != data_of(entry).org_id:
        parsed = parse_org_id(org_id)
        changes = [{**data, CONF_ORG_ID: parsed} for data in changes]

    async def check(data: dict[str, str]) -> ValidatedChanges:
        """Check the changes with one session key."""
        unique_id = await _async_check_seat(hass, entry, data) if data else None
        return ValidatedChanges(data, unique_id)

    return await _async_first_accepted(changes, check)


async def async_apply(
    hass: HomeAssistant,
    entry: ConfigEntry,
    flow_id: str,
    changes: ValidatedChanges,
    user_input: Mapping[str, Any],
) -> None:
    """Store checked changes and options, and reload the entry.

    A new key is also stored in the other entries of the account. Other flows of the entry are
    aborted, unless it still needs a new key.
    """
    data, options = {**entry.data, **changes.data}, dict(entry.options)
    session_key = changes.data.get(CONF_SESSION_KEY)
    if session_key:
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        data.pop(CONF_SESSION_KEY_SINCE, None)
    for key in _OPTIONS:
        if (value := user_input.get(key)) is not None:
            # Number selectors return floats.
            options[key] = int(value) if isinstance(value, float) else value
    hass.config_entries.async_update_entry(
        entry,
        data=data,
        options=options,
        unique_id=changes.unique_id or entry.unique_id,
    )
    back_off = runtime_of(hass, entry).back_off
    if session_key or not (back_off.failure and back_off.failure.is_key_expired):
        async_abort_flows(hass, entry, except_for=flow_id)
        back_off.reset()
    if session_key:
        async_share_entered_key(hass, account_id_of(entry), session_key, entry)
    hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))


@callback
def async_share_entered_key(
    hass: HomeAssistant,
    account_id: str | None,
    session_key: str,
    except_for: ConfigEntry | None = None,
) -> None:
    """Use a session key, which claude.ai has accepted, for all entries of its account."""
    for entry in async_entries_of_account(hass, account_id, except_for=except_for):
        runtime_of(hass, entry).back_off.forget_key()
        async_delete_issues(hass, entry, (Issue.KEY_EXPIRES,))
    async_share_key(hass, account_id, session_key, except_for)


async def _async_check_seat(
    hass: HomeAssistant, entry: ConfigEntry, data: Mapping[str, str]
) -> str:
    """Check that changed data belong to the entry, and return its unique ID.

    Raises ClaudeAiError or FormError.
    """
    stored = data_of(entry)
    org_id = data.get(CONF_ORG_ID, stored.org_id)
    session_key = data.get(CONF_SESSION_KEY, stored.session_key)
    known_account_id = account_id_of(entry)
    async with short_session(hass) as session:
        client = ClaudeAiClient(session, session_key)
        refusal: ClaudeAiError | None = None
        try:
            await client.usage(org_id)
        except (InvalidOrganizationIdError, OrganizationAccessError) as err:
            if org_id != stored.org_id:
                raise
            refusal = err
        # Without an answer, a key of another account could be stored.
        required = known_account_id is not None
        account_id = await client.account(required=required) or known_account_id
    if known_account_id and account_id != known_account_id:
        raise FormError("wrong_account")
    if refusal is not None:
        raise refusal
    unique_id = unique_id_of(org_id, account_id)
    if is_seat_configured(hass, unique_id, except_for=entry):
        raise FormError("already_configured")
    return unique_id


async def _async_first_accepted(
    candidates: Sequence[_C], check: Callable[[_C], Awaitable[_T]]
) -> _T:
    """Return the result for the first candidate whose session key has not expired."""
    for candidate in candidates[:-1]:
        with suppress(InvalidSessionError):
            return await check(candidate)
    return await check(candidates[-1])


async def _async_usable(client: ClaudeAiClient) -> tuple[Organization, ...]:
    """Return the organizations that have usage. Raises FormError if there are none."""
    usable = [item for item in await client.organizations() if item.has_usage]
    if not usable:
        raise FormError("no_usable_org")
    return tuple(usable)


async def _async_organization(client: ClaudeAiClient, org_id: str) -> Organization:
    """Return an organization, without a name and a plan if they cannot be read."""
    try:
        return await client.organization(org_id)
    except ClaudeAiError:
        return Organization(org_id)
