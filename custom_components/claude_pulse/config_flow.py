"""Setting up a seat, renewing its session key, and changing its options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import logging
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlow,
    OptionsFlow,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .back_off import async_forget
from .claude_ai.client import ClaudeAiClient
from .claude_ai.credentials import parse_org_id, parse_session_key
from .claude_ai.errors import ClaudeAiError, OrganizationAccessError
from .claude_ai.organization import Organization
from .const import (
    CONF_ORG_ID,
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
    CONF_UPDATE_INTERVAL,
    DEFAULT_UPDATE_INTERVAL,
    DOMAIN,
    MIN_UPDATE_INTERVAL,
    TITLE,
    USAGE_URL,
)

if TYPE_CHECKING:
    # FlowResult before Home Assistant 2024.4.
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.data_entry_flow import FlowHandler

_LOGGER = logging.getLogger(__name__)

_PLACEHOLDERS = {"url": "https://claude.ai", "usage_url": USAGE_URL}

_PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_USER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_SESSION_KEY): _PASSWORD,
        vol.Optional(CONF_ORG_ID): TextSelector(),
    }
)
_REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_SESSION_KEY): _PASSWORD})
_RECONFIGURE_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_SESSION_KEY): _PASSWORD,
        vol.Required(CONF_ORG_ID): TextSelector(),
    }
)
_OPTIONS_SCHEMA = _RECONFIGURE_SCHEMA.extend(
    {
        vol.Required(CONF_UPDATE_INTERVAL): NumberSelector(
            NumberSelectorConfig(
                min=MIN_UPDATE_INTERVAL,
                max=24 * 60 * 60,
                step=1,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement="s",
            )
        ),
    }
)

# The field an error is about; the others are about the connection.
_FIELDS = {
    "already_configured": CONF_ORG_ID,
    "api_key": CONF_SESSION_KEY,
    "invalid_auth": CONF_SESSION_KEY,
    "invalid_key_format": CONF_SESSION_KEY,
    "invalid_org_id": CONF_ORG_ID,
    "no_usable_org": CONF_SESSION_KEY,
    "oauth_token": CONF_SESSION_KEY,
    "org_not_found": CONF_ORG_ID,
    "wrong_account": CONF_SESSION_KEY,
}


class _FormError(Exception):
    """Something wrong with an input that claude.ai itself would accept."""

    def __init__(self, key: str) -> None:
        """Remember the key of the text."""
        super().__init__(key)
        self.key = key


class ClaudePulseConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a seat, or renew what an entry knows of it."""

    VERSION = 2

    def __init__(self) -> None:
        """Initialize a flow that knows nothing yet."""
        self._account_id: str | None = None
        self._organizations: dict[str, Organization] = {}
        self._session_key = ""

    @staticmethod
    @callback
    def async_get_options_flow(config_entry: ConfigEntry) -> ClaudePulseOptionsFlow:
        """Return the flow behind Configure."""
        return ClaudePulseOptionsFlow()

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the session key, and find out what it opens."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_look_up(**user_input)
            except Exception as err:  # noqa: BLE001
                errors = _errors(err)
            else:
                if len(self._organizations) > 1:
                    return await self.async_step_organization()
                return await self._async_finish(*self._organizations)
        return self.async_show_form(
            step_id="user",
            data_schema=_with_values(self, _USER_SCHEMA, user_input),
            description_placeholders=_PLACEHOLDERS,
            errors=errors,
        )

    async def async_step_organization(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the person choose between several organizations."""
        if user_input is not None:
            return await self._async_finish(user_input[CONF_ORG_ID])
        return self.async_show_form(
            step_id="organization",
            data_schema=organization_schema(self._organizations.values()),
        )

    async def async_step_reauth(self, _: Mapping[str, Any]) -> ConfigFlowResult:
        """Start because claude.ai no longer accepts the session key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new session key of the same seat."""
        return await self._async_step_change(
            "reauth_confirm", _REAUTH_SCHEMA, user_input, "reauth_successful"
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the session key or the organization."""
        return await self._async_step_change(
            "reconfigure", _RECONFIGURE_SCHEMA, user_input, "reconfigure_successful"
        )

    async def _async_step_change(
        self,
        step_id: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        reason: str,
    ) -> ConfigFlowResult:
        """Ask for what changes in an entry, and close with a reason when it is stored."""
        entry = self.hass.config_entries.async_get_entry(self.context["entry_id"])
        assert entry is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await async_change(self, entry, **user_input)
            if not errors:
                return self.async_abort(reason=reason)
        return self.async_show_form(
            step_id=step_id,
            data_schema=_with_values(self, schema, user_input or entry.data),
            description_placeholders={**_PLACEHOLDERS, "name": entry.title},
            errors=errors,
        )

    async def _async_look_up(self, session_key: str, org_id: str = "") -> None:
        """Find the organizations that the input leaves open, and the account."""
        credentials = parse_session_key(session_key)
        typed = parse_org_id(org_id) if org_id.strip() else None
        async with ClaudeAiClient(credentials.session_key) as client:
            if typed:
                # One request proves key and organization; another one names it.
                await client.usage(typed)
                found = [await _async_organization(client, typed)]
            else:
                seen = await client.organizations()
                found = [item for item in seen if item.has_usage]
                active = [item for item in found if item.org_id == credentials.org_id]
                found = active or found
            if not found:
                raise _FormError("no_usable_org")
            self._account_id = await client.account()
        self._organizations = {item.org_id: item for item in found}
        self._session_key = credentials.session_key

    async def _async_finish(self, org_id: str) -> ConfigFlowResult:
        """Create the entry of a seat."""
        unique_id = _unique_id(org_id, self._account_id)
        await self.async_set_unique_id(unique_id, raise_on_progress=False)
        entries = self._async_current_entries()
        if any(_same_seat(entry, unique_id) for entry in entries):
            return self.async_abort(reason="already_configured")
        title = _title(
            self._organizations[org_id].name, {entry.title for entry in entries}
        )
        return self.async_create_entry(
            title=title,
            data={CONF_ORG_ID: org_id, CONF_SESSION_KEY: self._session_key},
        )


class ClaudePulseOptionsFlow(OptionsFlow):
    """Change the session key, the organization or the update interval."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what can be changed; an empty session key stays what it is."""
        # The base class has the entry since Home Assistant 2024.12.
        entry = self.hass.config_entries.async_get_entry(self.handler)
        assert entry is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await async_change(self, entry, **user_input)
            if not errors:
                return self.async_create_entry(title="", data=dict(entry.options))
        values = {
            CONF_UPDATE_INTERVAL: DEFAULT_UPDATE_INTERVAL,
            **entry.data,
            **entry.options,
            **(user_input or {}),
        }
        return self.async_show_form(
            step_id="init",
            data_schema=_with_values(self, _OPTIONS_SCHEMA, values),
            description_placeholders=_PLACEHOLDERS,
            errors=errors,
        )


def organization_schema(organizations: Iterable[Organization]) -> vol.Schema:
    """Return a form to choose between organizations."""
    options = [
        SelectOptionDict(
            value=item.org_id,
            label=" · ".join(filter(None, (item.name or item.org_id, item.plan))),
        )
        for item in organizations
    ]
    selector = SelectSelector(
        SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
    )
    return vol.Schema({vol.Required(CONF_ORG_ID): selector})


async def async_change(
    flow: FlowHandler[Any, Any, Any],
    entry: ConfigEntry,
    session_key: str | None = None,
    org_id: str | None = None,
    update_interval: float | None = None,
) -> dict[str, str]:
    """Check what was typed for an entry, store it and reload; or return the errors."""
    changes: dict[str, str] = {}
    try:
        if session_key:
            changes[CONF_SESSION_KEY] = parse_session_key(session_key).session_key
        if org_id and org_id != entry.data[CONF_ORG_ID]:
            changes[CONF_ORG_ID] = parse_org_id(org_id)
        unique_id = entry.unique_id
        if changes:
            unique_id = await _async_prove(flow.hass, entry, {**entry.data, **changes})
    except Exception as err:  # noqa: BLE001
        return _errors(err)
    data, options = {**entry.data, **changes}, dict(entry.options)
    if session_key:
        # What is known of the key before it.
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        data.pop(CONF_SESSION_KEY_SINCE, None)
    if update_interval is not None:
        options[CONF_UPDATE_INTERVAL] = int(update_interval)
    entries = flow.hass.config_entries
    entries.async_update_entry(entry, data=data, options=options, unique_id=unique_id)
    # A reload ends the flows that ask for a key by itself since Home Assistant 2025.5.
    for other in entries.flow.async_progress_by_handler(
        DOMAIN, match_context={"entry_id": entry.entry_id, "source": SOURCE_REAUTH}
    ):
        if other["flow_id"] != flow.flow_id:
            entries.flow.async_abort(other["flow_id"])
    await async_forget(flow.hass, entry)
    flow.hass.async_create_task(entries.async_reload(entry.entry_id))
    return {}


async def _async_prove(
    hass: HomeAssistant, entry: ConfigEntry, data: Mapping[str, str]
) -> str:
    """Prove by live requests that changed data belong to the entry; return its unique id."""
    org_id = data[CONF_ORG_ID]
    known_account_id = (entry.unique_id or "").partition("_")[2]
    try:
        async with ClaudeAiClient(data[CONF_SESSION_KEY]) as client:
            await client.usage(org_id)
            account_id = await client.account() or known_account_id
    except OrganizationAccessError:
        if org_id == entry.data[CONF_ORG_ID]:
            raise _FormError("wrong_account") from None
        raise
    if known_account_id and account_id != known_account_id:
        raise _FormError("wrong_account")
    unique_id = _unique_id(org_id, account_id)
    others = hass.config_entries.async_entries(DOMAIN)
    if any(_same_seat(other, unique_id) for other in others if other is not entry):
        raise _FormError("already_configured")
    return unique_id


async def _async_organization(client: ClaudeAiClient, org_id: str) -> Organization:
    """Return what is known of an organization, if only that it is there."""
    try:
        return await client.organization(org_id)
    except ClaudeAiError:
        return Organization(org_id)


def _title(name: str | None, taken: set[str]) -> str:
    """Return the plain title if it is free, else one with the organization's name."""
    title = named = f"{TITLE} {name}" if name and TITLE in taken else TITLE
    number = 1
    while title in taken:
        number += 1
        title = f"{named} {number}"
    return title


def _unique_id(org_id: str, account_id: str | None) -> str:
    """Identify a seat: an organization, and whose seat in it where that is told."""
    return f"{org_id}_{account_id}" if account_id else org_id


def _same_seat(entry: ConfigEntry, unique_id: str) -> bool:
    """Tell whether an entry is of a seat; an untold account can be any."""
    if (known := entry.unique_id) is None:
        return False
    return known.startswith(unique_id) or unique_id.startswith(known)


def _with_values(
    flow: ConfigFlow | OptionsFlow, schema: vol.Schema, values: Mapping[str, Any] | None
) -> vol.Schema:
    """Show a form with values in it, but never with a session key."""
    shown = {k: v for k, v in (values or {}).items() if k != CONF_SESSION_KEY}
    return flow.add_suggested_values_to_schema(schema, shown)


def _errors(err: Exception) -> dict[str, str]:
    """Return the error of a form, on the field that it is about."""
    if isinstance(err, (ClaudeAiError, _FormError)):
        return {_FIELDS.get(err.key, "base"): err.key}
    _LOGGER.exception("Unexpected error")
    return {"base": "unknown"}
