"""Fix flows of the repair issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .claude_ai.errors import ClaudeAiError
from .claude_ai.organization import Organization
from .const import CONF_ORG_ID
from .fields import (
    KEY_SCHEMA,
    PLACEHOLDERS,
    entry_of_form,
    form_errors,
    organization_schema,
)
from .polling.issues import Issue
from .stored import title_of
from .validation import FormError, async_apply, async_organizations, async_validate

if TYPE_CHECKING:
    # FlowResult in old versions.
    from homeassistant.components.repairs import RepairsFlowResult


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any]
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    flows = {Issue.KEY_EXPIRES: KeyFlow, Issue.ORGANIZATION: OrganizationFlow}
    return flows[Issue(data["issue"])](data["entry_id"])


class _EntryFlow(RepairsFlow):
    """A flow that changes an entry."""

    def __init__(self, entry_id: str) -> None:
        """Initialize the flow of an entry."""
        self._entry_id = entry_id

    @property
    def _entry(self) -> ConfigEntry:
        """Return the entry."""
        return entry_of_form(self.hass, self._entry_id)

    @property
    def _placeholders(self) -> dict[str, str]:
        """Return the placeholders of the texts."""
        return {**PLACEHOLDERS, "name": title_of(self._entry)}

    async def _async_change(self, user_input: dict[str, str]) -> None:
        """Check and store the user input. Raises ClaudeAiError or FormError."""
        changes = await async_validate(self.hass, self._entry, user_input)
        await async_apply(self.hass, self._entry, self.flow_id, changes, user_input)


class KeyFlow(_EntryFlow):
    """Asks for a new session key before the current one expires."""

    async def async_step_init(
        self, _: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Start. The argument contains the issue, not user input."""
        return await self.async_step_key()

    async def async_step_key(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for the session key."""
        errors: dict[str, str] = {}
        placeholders = self._placeholders
        if user_input is not None:
            with form_errors(KEY_SCHEMA, errors):
                await self._async_change(user_input)
            if not errors:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="key",
            data_schema=KEY_SCHEMA,
            description_placeholders=placeholders,
            errors=errors,
        )


class OrganizationFlow(_EntryFlow):
    """Asks for another organization that the session key can read."""

    _offered: tuple[Organization, ...] = ()

    async def async_step_init(
        self, _: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Start. The argument contains the issue, not user input."""
        try:
            self._offered = await async_organizations(self.hass, self._entry)
        except (ClaudeAiError, FormError) as err:
            return self.async_abort(reason=err.key)
        return await self.async_step_organization()

    async def async_step_organization(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for the organization."""
        errors: dict[str, str] = {}
        schema = organization_schema(self._offered)
        placeholders = self._placeholders
        if user_input is not None:
            with form_errors(schema, errors):
                await self._async_change({CONF_ORG_ID: user_input[CONF_ORG_ID]})
            if not errors:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="organization",
            data_schema=schema,
            description_placeholders=placeholders,
            errors=errors,
        )
