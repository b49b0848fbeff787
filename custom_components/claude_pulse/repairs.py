"""The fix of an issue: choosing another organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant

from .claude_ai.client import ClaudeAiClient
from .claude_ai.errors import ClaudeAiError
from .config_flow import async_change, organization_schema
from .const import CONF_ORG_ID, CONF_SESSION_KEY

if TYPE_CHECKING:
    # FlowResult in old versions.
    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.config_entries import ConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any]
) -> RepairsFlow:
    """Return the flow that fixes the one issue that can be fixed."""
    entry = hass.config_entries.async_get_entry(data["entry_id"])
    assert entry is not None
    return OrganizationFlow(entry)


class OrganizationFlow(RepairsFlow):
    """Switch an entry to another organization that its key can see."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Initialize the flow of an entry."""
        self._entry = entry

    async def async_step_init(
        self, _: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Start; what comes along is about the issue, not from a form."""
        return await self.async_step_organization()

    async def async_step_organization(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let the person choose, and switch."""
        if user_input is not None:
            errors = await async_change(
                self, self._entry, org_id=user_input[CONF_ORG_ID]
            )
            for key in errors.values():
                return self.async_abort(reason=key)
            return self.async_create_entry(data={})
        try:
            async with ClaudeAiClient(self._entry.data[CONF_SESSION_KEY]) as client:
                listed = await client.organizations()
        except ClaudeAiError as err:
            return self.async_abort(reason=err.key)
        if not (found := [item for item in listed if item.has_usage]):
            return self.async_abort(reason="no_usable_org")
        return self.async_show_form(
            step_id="organization",
            data_schema=organization_schema(found),
            description_placeholders={"name": self._entry.title},
        )
