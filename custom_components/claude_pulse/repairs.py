"""The forms of repair issues: choosing another organization, entering a new key in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant

from .claude_ai.errors import ClaudeAiError
from .claude_ai.organization import Organization
from .const import CONF_ORG_ID
from .fields import KEY_SCHEMA, PLACEHOLDERS, errors_of, organization_schema
from .polling.issues import Issue
from .seat import SeatError, async_change, async_listed
from .stored import title_of

if TYPE_CHECKING:
    # FlowResult in old versions.
    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.config_entries import ConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any]
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    entry = hass.config_entries.async_get_entry(data["entry_id"])
    assert entry is not None
    flows = {Issue.KEY_ENDS: KeyFlow, Issue.ORGANIZATION: OrganizationFlow}
    return flows[Issue(data["issue"])](entry)


class _EntryFlow(RepairsFlow):
    """A fix that changes an entry."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Initialize the flow of an entry."""
        self._entry = entry
        self._placeholders = {**PLACEHOLDERS, "name": title_of(entry)}

    async def _async_change(self, typed: dict[str, str]) -> None:
        """Store what was typed."""
        await async_change(self.hass, self._entry, self.flow_id, typed)


class KeyFlow(_EntryFlow):
    """Enter a new session key before the present one ends."""

    async def async_step_init(
        self, _: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Start; what comes along is about the issue, not from a form."""
        return await self.async_step_key()

    async def async_step_key(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for the key, and store it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_change(user_input)
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, KEY_SCHEMA)
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="key",
            data_schema=KEY_SCHEMA,
            description_placeholders=self._placeholders,
            errors=errors,
        )


class OrganizationFlow(_EntryFlow):
    """Switch an entry to another organization that its key can see."""

    _offered: tuple[Organization, ...] = ()

    async def async_step_init(
        self, _: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Start; what comes along is about the issue, not from a form."""
        try:
            self._offered = await async_listed(self.hass, self._entry)
        except (ClaudeAiError, SeatError) as err:
            return self.async_abort(reason=err.key)
        return await self.async_step_organization()

    async def async_step_organization(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let the person choose, and switch."""
        errors: dict[str, str] = {}
        schema = organization_schema(self._offered)
        if user_input is not None:
            try:
                await self._async_change({CONF_ORG_ID: user_input[CONF_ORG_ID]})
            except Exception as err:  # noqa: BLE001
                errors = errors_of(err, schema)
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="organization",
            data_schema=schema,
            description_placeholders=self._placeholders,
            errors=errors,
        )
