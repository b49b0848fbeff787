"""Who an entry is about: identity and title, proving a key and an organization, changing an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import UNDEFINED, UndefinedType
from homeassistant.util import slugify

from .claude_ai.client import ClaudeAiClient
from .claude_ai.credentials import parse_org_id, parse_session_key
from .claude_ai.errors import (
    ClaudeAiError,
    InvalidOrganizationIdError,
    OrganizationAccessError,
)
from .claude_ai.organization import Organization
from .const import (
    CONF_ORG_ID,
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
    CONF_UPDATE_INTERVAL,
    CONF_WORKING_DAYS,
    DOMAIN,
    TITLE,
    TOLD_DEFAULTS,
    USAGE_URL,
)
from .polling.back_off import back_off_of
from .polling.sessions import short_session
from .stored import data_of, seat_id_of, title_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_DATA = f"{DOMAIN}_proved"

_OPTIONS = (CONF_UPDATE_INTERVAL, CONF_WORKING_DAYS, *TOLD_DEFAULTS)

# In `config_entries` since Home Assistant 2024.4.
SOURCE_RECONFIGURE = "reconfigure"

# A form that opens does not wait longer for the organizations it could offer.
OFFER_PATIENCE = 5


class SeatError(Exception):
    """Something wrong with a seat that claude.ai itself would accept."""

    def __init__(self, key: str) -> None:
        """Remember the key of the text."""
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Candidates:
    """The seats that a session key opens: one account, in each of its organizations."""

    session_key: str = field(repr=False)
    account_id: str | None = field(repr=False)
    organizations: tuple[Organization, ...] = field(repr=False)


def unique_id_of(org_id: str, account_id: str | None) -> str:
    """Identify a seat: an organization, and whose seat in it where that is told."""
    return f"{org_id}_{account_id}" if account_id else org_id


def account_known(entry: ConfigEntry) -> bool:
    """Tell whether an entry knows whose seat it shows."""
    return "_" in seat_id_of(entry)


def is_seat(entry: ConfigEntry, unique_id: str) -> bool:
    """Tell whether an entry is of a seat; an untold account can be any."""
    if not (known := seat_id_of(entry)):
        return False
    return known.startswith(unique_id) or unique_id.startswith(known)


def free_title(name: str | None, taken: Iterable[str]) -> str:
    """Return the plain title if it is free, else one with the organization's name.

    Titles are told apart as entity ids will be: `R&D` and `R D` are one there.
    """
    slugs = {slugify(title) for title in taken}
    title = named = f"{TITLE} {name}" if name and slugify(TITLE) in slugs else TITLE
    number = 1
    while slugify(title) in slugs:
        number += 1
        title = f"{named} {number}"
    return title


async def async_find_seats(
    hass: HomeAssistant, session_key: str, org_id: str = ""
) -> Candidates:
    """Find the seats that a pasted key opens, or prove the one in an organization.

    Raises ClaudeAiError or SeatError.
    """
    credentials = parse_session_key(session_key)
    typed = parse_org_id(org_id) if org_id.strip() else None
    async with short_session(hass) as session:
        client = ClaudeAiClient(session, credentials.session_key)
        if typed:
            # One request proves key and organization; another one names it.
            await client.usage(typed)
            found = [await _async_organization(client, typed)]
        else:
            found = await _async_usable(client)
            active = [item for item in found if item.org_id == credentials.org_id]
            found = active or found
        account_id = await client.account()
    return Candidates(credentials.session_key, account_id, tuple(found))


async def async_offered(
    hass: HomeAssistant, entry: ConfigEntry
) -> tuple[Organization, ...]:
    """Return the organizations that an entry's key can see, for a form to offer.

    Nothing where claude.ai is to be left alone, or does not tell soon.
    """
    if back_off_of(hass, entry).failure is not None:
        return ()
    try:
        async with asyncio.timeout(OFFER_PATIENCE):
            return await async_listed(hass, entry)
    except (ClaudeAiError, SeatError, TimeoutError):
        return ()


async def async_listed(
    hass: HomeAssistant, entry: ConfigEntry, session_key: str | None = None
) -> tuple[Organization, ...]:
    """Return the organizations with usage that a pasted key can see, or the entry's.

    Raises ClaudeAiError or SeatError.
    """
    key = data_of(entry).session_key
    if session_key:
        key = parse_session_key(session_key).session_key
    async with short_session(hass) as session:
        return tuple(await _async_usable(ClaudeAiClient(session, key)))


async def async_check(
    hass: HomeAssistant, entry: ConfigEntry, typed: Mapping[str, Any]
) -> tuple[dict[str, str], str | None]:
    """Check what was typed for an entry; what is empty stays.

    Returns which data change, and the unique id then.
    Raises ClaudeAiError or SeatError.
    """
    changes: dict[str, str] = {}
    if session_key := typed.get(CONF_SESSION_KEY):
        changes[CONF_SESSION_KEY] = parse_session_key(session_key).session_key
    org_id = typed.get(CONF_ORG_ID)
    if org_id and org_id != data_of(entry).org_id:
        changes[CONF_ORG_ID] = parse_org_id(org_id)
    unique_id = entry.unique_id
    if changes:
        unique_id = await _async_prove(hass, entry, changes)
    return changes, unique_id


async def async_change(
    hass: HomeAssistant,
    entry: ConfigEntry,
    flow_id: str,
    typed: Mapping[str, Any],
) -> None:
    """Check what was typed for an entry, store it and reload; what is empty stays.

    `flow_id` is the flow that asks, which goes on; the entry's others end.
    Raises ClaudeAiError or SeatError, and then nothing has changed.
    """
    changes, unique_id = await async_check(hass, entry, typed)
    data, options = {**entry.data, **changes}, dict(entry.options)
    another_key = CONF_SESSION_KEY in changes
    if another_key:
        # What is known of the key before it.
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        data.pop(CONF_SESSION_KEY_SINCE, None)
    for key in _OPTIONS:
        if (value := typed.get(key)) is not None:
            # What stands in a box for numbers is always a float.
            options[key] = int(value) if isinstance(value, float) else value
    hass.config_entries.async_update_entry(
        entry, data=data, options=options, unique_id=unique_id
    )
    back_off = back_off_of(hass, entry)
    if another_key or not (back_off.failure and back_off.failure.dead_key):
        _async_end_flows(hass, entry, {SOURCE_REAUTH, SOURCE_RECONFIGURE}, but=flow_id)
        await back_off.async_clear()
    hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))


async def async_ask_for_key(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Ask for another key beside a Reconfigure dialog that is open, or was left so.

    Home Assistant asks by itself, but not while there is such a dialog.
    """
    if _async_flows(hass, entry, {SOURCE_REAUTH}) or not _async_flows(
        hass, entry, {SOURCE_RECONFIGURE}
    ):
        return
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={
            "source": SOURCE_REAUTH,
            "entry_id": entry.entry_id,
            "title_placeholders": {"name": title_of(entry)},
            "unique_id": entry.unique_id,
        },
        data=dict(entry.data),
    )


@callback
def _async_end_flows(
    hass: HomeAssistant, entry: ConfigEntry, sources: set[str], *, but: str = ""
) -> None:
    """End the flows of an entry that have been left open, but for one."""
    for flow_id in _async_flows(hass, entry, sources):
        if flow_id != but:
            hass.config_entries.flow.async_abort(flow_id)


@callback
def _async_flows(
    hass: HomeAssistant, entry: ConfigEntry, sources: set[str]
) -> list[str]:
    """Return the flows of an entry that are in progress."""
    return [
        flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress_by_handler(
            DOMAIN, match_context={"entry_id": entry.entry_id}
        )
        if flow["context"]["source"] in sources
    ]


async def _async_prove(
    hass: HomeAssistant, entry: ConfigEntry, changes: Mapping[str, str]
) -> str:
    """Prove by live requests that changed data belong to the entry; return its unique id."""
    stored = data_of(entry)
    org_id = changes.get(CONF_ORG_ID, stored.org_id)
    session_key = changes.get(CONF_SESSION_KEY, stored.session_key)
    known_account_id = seat_id_of(entry).partition("_")[2]
    async with short_session(hass) as session:
        client = ClaudeAiClient(session, session_key)
        refusal: ClaudeAiError | None = None
        try:
            await client.usage(org_id)
        except (InvalidOrganizationIdError, OrganizationAccessError) as err:
            if org_id != stored.org_id:
                raise
            refusal = err
        account_id = await client.account() or known_account_id
    if known_account_id and account_id != known_account_id:
        raise SeatError("wrong_account")
    if refusal is not None:
        raise refusal
    unique_id = unique_id_of(org_id, account_id)
    if async_shown_elsewhere(hass, unique_id, entry):
        raise SeatError("already_configured")
    return unique_id


@callback
def async_shown_elsewhere(
    hass: HomeAssistant, unique_id: str, entry: ConfigEntry | None = None
) -> bool:
    """Tell whether another entry shows a seat."""
    entries = hass.config_entries.async_entries(DOMAIN)
    return any(is_seat(other, unique_id) for other in entries if other is not entry)


@callback
def async_learn_account(
    hass: HomeAssistant, entry: ConfigEntry, account_id: str
) -> None:
    """Note whose seat an entry shows that was made without knowing it."""
    unique_id = unique_id_of(data_of(entry).org_id, account_id)
    others = hass.config_entries.async_entries(DOMAIN)
    # One that does not know its account yet may be of a colleague.
    if not any(other.unique_id == unique_id for other in others):
        hass.config_entries.async_update_entry(entry, unique_id=unique_id)


@callback
def async_hand_over(hass: HomeAssistant, organization: Organization) -> None:
    """Keep what proving a seat has told of its organization for the set-up that follows."""
    if organization.plan is not None:
        hass.data.setdefault(_DATA, {})[organization.org_id] = organization


@callback
def async_take_organization(hass: HomeAssistant, org_id: str) -> Organization | None:
    """Return what proving a seat has told just before its set-up, once."""
    found: Organization | None = hass.data.get(_DATA, {}).pop(org_id, None)
    return found


def device_of(entry: ConfigEntry) -> dr.DeviceInfo:
    """Return what links an entity to its entry's device."""
    return dr.DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})


@callback
def async_describe_device(
    hass: HomeAssistant, entry: ConfigEntry, organization: Organization | None
) -> None:
    """Describe an entry's device.

    Its model tells which account it is about: by the plan and the organization's
    short name.
    """
    model: str | UndefinedType | None = UNDEFINED
    if organization is not None:
        known = filter(None, (organization.plan, organization.name))
        model = " · ".join(known) or None
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        configuration_url=USAGE_URL,
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer="Claude Pulse (unofficial)",
        model=model,
        name=title_of(entry),
        **device_of(entry),
    )


async def _async_usable(client: ClaudeAiClient) -> list[Organization]:
    """Return the organizations that have usage; there is at least one."""
    found = [item for item in await client.organizations() if item.has_usage]
    if not found:
        raise SeatError("no_usable_org")
    return found


async def _async_organization(client: ClaudeAiClient, org_id: str) -> Organization:
    """Return what is known of an organization, if only that it is there."""
    try:
        return await client.organization(org_id)
    except ClaudeAiError:
        return Organization(org_id)
