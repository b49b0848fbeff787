"""Config, reauthentication, reconfiguration and options flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlow,
    OptionsFlow,
)
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import callback

from .claude_ai.errors import (
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
)
from .claude_ai.organization import Organization
from .const import (
    ALERTS_IMPORT_URL,
    CONF_FURTHER,
    CONF_ORG_ID,
    CONF_SESSION_KEY,
    CONF_UPDATE_INTERVAL,
    DOMAIN,
    ENTRY_VERSION,
)
from .fields import (
    FURTHER_SCHEMA,
    KEY_SCHEMA,
    PLACEHOLDERS,
    USER_SCHEMA,
    change_schema,
    entry_of_form,
    form_errors,
    further_options,
    ids_by_name,
    organization_schema,
    shown_further_options,
    shown_values,
    with_org_id,
)
from .seat import free_title, is_seat_configured, unique_id_of
from .stored import data_of, options_of, title_of
from .validation import (
    Seats,
    ValidatedChanges,
    async_apply,
    async_find_seats,
    async_offered_organizations,
    async_organizations,
    async_share_entered_key,
    async_validate,
)

if TYPE_CHECKING:
    # FlowResult before Home Assistant 2024.4.
    from homeassistant.config_entries import ConfigFlowResult


class ClaudePulseConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up an entry, or change its session key and organization."""

    VERSION = ENTRY_VERSION

    _offered: Mapping[str, str] = MappingProxyType({})
    # The choices of the step `organization`, and the text that was pasted before it.
    _organizations: Sequence[Organization]
    _pasted: str
    _seats: Seats

    @staticmethod
    @callback
    def async_get_options_flow(config_entry: ConfigEntry) -> ClaudePulseOptionsFlow:
        """Return the options flow."""
        return ClaudePulseOptionsFlow()

    @property
    def _entry(self) -> ConfigEntry:
        """Return the entry that the flow changes."""
        return entry_of_form(self.hass, self.context["entry_id"])

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the session key, and find the organizations."""
        errors: dict[str, str] = {}
        if user_input is not None:
            with form_errors(USER_SCHEMA, errors):
                self._seats = await async_find_seats(
                    self.hass,
                    user_input[CONF_SESSION_KEY],
                    user_input.get(CONF_ORG_ID, ""),
                )
                self._organizations = self._seats.organizations
            if not errors:
                if len(self._organizations) > 1:
                    return await self.async_step_organization()
                return await self._async_create(self._organizations[0])
        return self.async_show_form(
            step_id="user",
            data_schema=_with_values(self, USER_SCHEMA, user_input or {}),
            description_placeholders=PLACEHOLDERS,
            errors=errors,
        )

    async def async_step_organization(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for one of several organizations."""
        organizations = self._organizations
        schema = organization_schema(organizations)
        errors: dict[str, str] = {}
        if user_input is not None:
            org_id = user_input[CONF_ORG_ID]
            if self.context["source"] != SOURCE_REAUTH:
                (chosen,) = (item for item in organizations if item.org_id == org_id)
                return await self._async_create(chosen)
            with form_errors(schema, errors):
                try:
                    await self._async_change(
                        {CONF_SESSION_KEY: self._pasted, CONF_ORG_ID: org_id}
                    )
                except InvalidSessionError as err:
                    # The key has expired since the first step.
                    return self._show_reauth({CONF_SESSION_KEY: err.key})
            if not errors:
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="organization", data_schema=schema, errors=errors
        )

    async def async_step_reauth(self, _: Mapping[str, Any]) -> ConfigFlowResult:
        """Start because claude.ai no longer accepts the session key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new session key of the same account."""
        errors: dict[str, str] = {}
        if user_input is not None:
            with form_errors(KEY_SCHEMA, errors):
                try:
                    await self._async_change(user_input)
                except (InvalidOrganizationIdError, OrganizationAccessError):
                    # The key is right, but the entry's organization is gone.
                    self._pasted = user_input[CONF_SESSION_KEY]
                    self._organizations = await async_organizations(
                        self.hass, self._entry, self._pasted
                    )
                    return await self.async_step_organization()
            if not errors:
                return self.async_abort(reason="reauth_successful")
        return self._show_reauth(errors)

    @callback
    def _show_reauth(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the form for a new session key."""
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=KEY_SCHEMA,
            description_placeholders={**PLACEHOLDERS, "name": title_of(self._entry)},
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another session key or organization."""
        entry = self._entry
        errors: dict[str, str] = {}
        values: Mapping[str, Any] = user_input or {CONF_ORG_ID: data_of(entry).org_id}
        if user_input is None:
            organizations = await async_offered_organizations(self.hass, entry)
            self._offered = ids_by_name(organizations)
        schema = change_schema(self._offered, options=False)
        if user_input is not None:
            with form_errors(schema, errors):
                await self._async_change(with_org_id(user_input, self._offered))
            if not errors:
                return self.async_abort(reason="reconfigure_successful")
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=_with_values(self, schema, values, self._offered),
            description_placeholders={**PLACEHOLDERS, "name": title_of(entry)},
            errors=errors,
        )

    async def _async_change(self, user_input: Mapping[str, Any]) -> None:
        """Check and store the user input. Raises ClaudeAiError or FormError."""
        changes = await async_validate(self.hass, self._entry, user_input)
        await async_apply(self.hass, self._entry, self.flow_id, changes, user_input)

    async def _async_create(self, organization: Organization) -> ConfigFlowResult:
        """Create the entry of a seat."""
        unique_id = unique_id_of(organization.org_id, self._seats.account_id)
        await self.async_set_unique_id(unique_id, raise_on_progress=False)
        if is_seat_configured(self.hass, unique_id):
            return self.async_abort(reason="already_configured")
        async_share_entered_key(
            self.hass, self._seats.account_id, self._seats.session_key
        )
        taken = [title_of(entry) for entry in self._async_current_entries()]
        return self.async_create_entry(
            title=free_title(taken, organization.name),
            data={
                CONF_ORG_ID: organization.org_id,
                CONF_SESSION_KEY: self._seats.session_key,
            },
            # Home Assistant offers dashboards of integrations since 2026.5.
            description="with_dashboard"
            if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 5)
            else None,
            description_placeholders={"blueprint": ALERTS_IMPORT_URL},
        )


class ClaudePulseOptionsFlow(OptionsFlow):
    """Change the session key, the organization and the options."""

    _changes: ValidatedChanges
    _offered: Mapping[str, str] = MappingProxyType({})
    _user_input: Mapping[str, Any] = MappingProxyType({})

    @property
    def _entry(self) -> ConfigEntry:
        """Return the entry. The base class has it since Home Assistant 2024.12."""
        return entry_of_form(self.hass, self.handler)

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the session key, the organization and the update interval."""
        entry = self._entry
        errors: dict[str, str] = {}
        if user_input is None:
            organizations = await async_offered_organizations(self.hass, entry)
            self._offered = ids_by_name(organizations)
        schema = change_schema(self._offered, options=True)
        if user_input is not None:
            self._user_input = with_org_id(user_input, self._offered)
            with form_errors(schema, errors):
                self._changes = await async_validate(self.hass, entry, self._user_input)
            if not errors:
                if user_input.get(CONF_FURTHER):
                    return await self.async_step_further()
                return await self._async_finish()
        values = {
            CONF_ORG_ID: data_of(entry).org_id,
            CONF_UPDATE_INTERVAL: options_of(entry).update_interval,
            **self._user_input,
        }
        return self.async_show_form(
            step_id="init",
            data_schema=_with_values(self, schema, values, self._offered),
            description_placeholders={
                **PLACEHOLDERS,
                "blueprint": ALERTS_IMPORT_URL,
                "name": title_of(entry),
            },
            errors=errors,
        )

    async def async_step_further(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the further options."""
        entry = self._entry
        errors: dict[str, str] = {}
        values: Mapping[str, Any] = user_input or shown_further_options(
            options_of(entry)
        )
        if user_input is not None:
            with form_errors(FURTHER_SCHEMA, errors):
                further = further_options(user_input)
                self._user_input = {**self._user_input, **further}
            if not errors:
                return await self._async_finish()
        return self.async_show_form(
            step_id="further",
            data_schema=_with_values(self, FURTHER_SCHEMA, values),
            description_placeholders={"name": title_of(entry)},
            errors=errors,
        )

    async def _async_finish(self) -> ConfigFlowResult:
        """Store the user input of both pages."""
        entry = self._entry
        await async_apply(
            self.hass, entry, self.flow_id, self._changes, self._user_input
        )
        return self.async_create_entry(title="", data=dict(entry.options))


def _with_values(
    flow: ConfigFlow | OptionsFlow,
    schema: vol.Schema,
    values: Mapping[str, Any],
    offered: Mapping[str, str] = MappingProxyType({}),
) -> vol.Schema:
    """Return a schema with suggested values, without session keys."""
    known = {key: value for key, value in values.items() if key in schema.schema}
    return flow.add_suggested_values_to_schema(schema, shown_values(known, offered))
