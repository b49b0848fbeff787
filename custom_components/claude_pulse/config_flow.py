"""The forms: setting up a seat, renewing its session key, and changing its options."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlow,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow

from .claude_ai.errors import (
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
)
from .claude_ai.organization import Organization
from .const import (
    CONF_FURTHER,
    CONF_ORG_ID,
    CONF_SESSION_KEY,
    CONF_UPDATE_INTERVAL,
    DOMAIN,
)
from .fields import (
    FURTHER_SCHEMA,
    KEY_SCHEMA,
    PLACEHOLDERS,
    USER_SCHEMA,
    change_schema,
    errors_of,
    names_of,
    organization_schema,
    shown_further,
    shown_values,
    typed_further,
    typed_values,
)
from .seat import (
    Candidates,
    SeatError,
    async_change,
    async_check,
    async_find_seats,
    async_hand_over,
    async_listed,
    async_offered,
    async_shown_elsewhere,
    free_title,
    unique_id_of,
)
from .stored import data_of, options_of, title_of

if TYPE_CHECKING:
    # FlowResult before Home Assistant 2024.4.
    from homeassistant.config_entries import ConfigFlowResult


class ClaudePulseConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a seat, or renew what an entry knows of it."""

    VERSION = 2

    _candidates: Candidates
    _offered: Mapping[str, str] = MappingProxyType({})

    @staticmethod
    @callback
    def async_get_options_flow(config_entry: ConfigEntry) -> ClaudePulseOptionsFlow:
        """Return the flow behind Configure."""
        return ClaudePulseOptionsFlow()

    @property
    def _entry(self) -> ConfigEntry:
        """Return the entry that is to be changed."""
        entry = self.hass.config_entries.async_get_entry(self.context["entry_id"])
        assert entry is not None
        return entry

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the session key, and find out what it opens."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._candidates = await async_find_seats(self.hass, **user_input)
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, USER_SCHEMA)
            else:
                if len(self._candidates.organizations) > 1:
                    return await self.async_step_organization()
                return await self._async_finish(self._candidates.organizations[0])
        return self.async_show_form(
            step_id="user",
            data_schema=_with_values(self, USER_SCHEMA, user_input),
            description_placeholders=PLACEHOLDERS,
            errors=errors,
        )

    async def async_step_organization(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the person choose between several organizations."""
        organizations = self._candidates.organizations
        schema = organization_schema(organizations)
        errors: dict[str, str] = {}
        if user_input is not None:
            org_id = user_input[CONF_ORG_ID]
            if self.context["source"] != SOURCE_REAUTH:
                (chosen,) = (item for item in organizations if item.org_id == org_id)
                return await self._async_finish(chosen)
            try:
                await self._async_change(
                    {CONF_SESSION_KEY: self._candidates.session_key, **user_input}
                )
            except InvalidSessionError as err:
                # The key has ended meanwhile: ask for another one.
                return self._async_show_reauth(errors_of(err, KEY_SCHEMA))
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, schema)
            else:
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
        """Ask for a new session key of the same seat."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                try:
                    await self._async_change(user_input)
                except (InvalidOrganizationIdError, OrganizationAccessError):
                    return await self._async_step_other_organization(**user_input)
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, KEY_SCHEMA)
            else:
                return self.async_abort(reason="reauth_successful")
        return self._async_show_reauth(errors)

    @callback
    def _async_show_reauth(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the form that asks for a new session key."""
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=KEY_SCHEMA,
            description_placeholders={**PLACEHOLDERS, "name": title_of(self._entry)},
            errors=errors,
        )

    async def _async_step_other_organization(
        self, session_key: str
    ) -> ConfigFlowResult:
        """Let the person choose another organization, as the key is right and its own gone."""
        found = await async_listed(self.hass, self._entry, session_key)
        self._candidates = Candidates(session_key, None, found)
        return await self.async_step_organization()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the session key or the organization."""
        entry = self._entry
        errors: dict[str, str] = {}
        shown = {CONF_ORG_ID: data_of(entry).org_id}
        if user_input is None:
            self._offered = names_of(await async_offered(self.hass, entry))
        schema = change_schema(self._offered, options=False)
        if user_input is not None:
            try:
                await self._async_change(typed_values(user_input, self._offered))
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, schema)
            else:
                return self.async_abort(reason="reconfigure_successful")
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=_with_values(self, schema, user_input or shown, self._offered),
            description_placeholders={**PLACEHOLDERS, "name": title_of(entry)},
            errors=errors,
        )

    async def _async_change(self, typed: Mapping[str, Any]) -> None:
        """Store what was typed for the entry of this flow."""
        await async_change(self.hass, self._entry, self.flow_id, typed)

    async def _async_finish(self, organization: Organization) -> ConfigFlowResult:
        """Create the entry of a seat."""
        unique_id = unique_id_of(organization.org_id, self._candidates.account_id)
        await self.async_set_unique_id(unique_id, raise_on_progress=False)
        if async_shown_elsewhere(self.hass, unique_id):
            return self.async_abort(reason="already_configured")
        taken = [title_of(entry) for entry in self._async_current_entries()]
        async_hand_over(self.hass, organization)
        return self.async_create_entry(
            title=free_title(organization.name, taken),
            data={
                CONF_ORG_ID: organization.org_id,
                CONF_SESSION_KEY: self._candidates.session_key,
            },
        )


class ClaudePulseOptionsFlow(OptionsFlow):
    """Change the session key, the organization and the options."""

    _offered: Mapping[str, str] = MappingProxyType({})
    _typed: Mapping[str, Any] = MappingProxyType({})

    @property
    def _entry(self) -> ConfigEntry:
        """Return the entry; the base class has it since Home Assistant 2024.12."""
        entry = self.hass.config_entries.async_get_entry(self.handler)
        if entry is None:
            raise AbortFlow("entry_removed")
        return entry

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what can be changed; an empty session key stays what it is."""
        if user_input is None:
            self._offered = names_of(await async_offered(self.hass, self._entry))
            return self._show_init({})
        self._typed = typed_values(user_input, self._offered)
        if not user_input.get(CONF_FURTHER):
            return await self._async_finish()
        try:
            await async_check(self.hass, self._entry, self._typed)
        except Exception as err:  # noqa: BLE001
            return self._show_init(errors_of(err, self._schema))
        return await self.async_step_further()

    async def async_step_further(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show further options, and store both pages."""
        errors: dict[str, str] = {}
        shown: Mapping[str, Any] = shown_further(options_of(self._entry))
        if user_input is not None:
            try:
                typed = typed_further(user_input)
            except SeatError as err:
                errors, shown = errors_of(err, FURTHER_SCHEMA), user_input
            else:
                self._typed = {**self._typed, **typed}
                return await self._async_finish()
        return self.async_show_form(
            step_id="further",
            data_schema=_with_values(self, FURTHER_SCHEMA, shown),
            description_placeholders={"name": title_of(self._entry)},
            errors=errors,
        )

    @property
    def _schema(self) -> vol.Schema:
        """Return the fields of the first page."""
        return change_schema(self._offered, options=True)

    @callback
    def _show_init(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the first page, with what has been typed before."""
        entry, schema = self._entry, self._schema
        values = {
            CONF_ORG_ID: data_of(entry).org_id,
            CONF_UPDATE_INTERVAL: options_of(entry).update_interval,
            **self._typed,
        }
        return self.async_show_form(
            step_id="init",
            data_schema=_with_values(self, schema, values, self._offered),
            description_placeholders={**PLACEHOLDERS, "name": title_of(entry)},
            errors=errors,
        )

    async def _async_finish(self) -> ConfigFlowResult:
        """Store what was typed, or show the first page with what is wrong."""
        entry = self._entry
        try:
            await async_change(self.hass, entry, self.flow_id, self._typed)
        except Exception as err:  # noqa: BLE001
            return self._show_init(errors_of(err, self._schema))
        return self.async_create_entry(title="", data=dict(entry.options))


def _with_values(
    flow: ConfigFlow | OptionsFlow,
    schema: vol.Schema,
    values: Mapping[str, Any] | None,
    offered: Mapping[str, str] = MappingProxyType({}),
) -> vol.Schema:
    """Return a form with suggested values, of which none holds a secret."""
    known = {key: v for key, v in (values or {}).items() if key in schema.schema}
    return flow.add_suggested_values_to_schema(schema, shown_values(known, offered))
