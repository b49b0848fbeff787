"""LLM tool for Claude usage. Home Assistant 2026.8 and later load this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import llm

# Import names here so that a missing one raises ImportError. Any other exception
# disables the tools of all integrations.
from homeassistant.helpers.llm import LLM_API_ASSIST, Tool

from .assist.exposed import async_accounts
from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.util.json import JsonObjectType


class GetUsageTool(Tool):
    """Returns the usage of the exposed limits."""

    name = f"{DOMAIN}__get_usage"
    title = "Get Claude usage"
    description = (
        "Get the usage limits of Claude (claude.ai and Claude Code): how much is used and "
        "left in percent, when each limit resets in local time, and whether it is "
        "expected to last until then. There is a limit for a session of five hours and "
        "one for the week, and some models have their own. The week also has how much of "
        "it is used today, how much can be used today so that it lasts, and how many full "
        "sessions are left in it. An account may lack some of "
        "these, or have only a spend limit. Use this to answer questions "
        "like 'How much Claude do I have left?'. A value of null is unknown. If an "
        "account is not readable, all of its values are unknown at the moment. A limit "
        "without a reset time has not started."
    )
    integration = DOMAIN
    # Annotations and ToolResult need Home Assistant 2026.10.
    if hasattr(llm, "ToolAnnotations"):
        annotations = llm.ToolAnnotations(
            read_only=True, destructive=False, idempotent=True, open_world=False
        )

    async def async_call(
        self,
        hass: HomeAssistant,
        tool_input: llm.ToolInput,
        llm_context: llm.LLMContext,
    ) -> llm.ToolResult | JsonObjectType:
        """Return the usage that is exposed to the assistant."""
        accounts = async_accounts(hass, llm_context.assistant)
        result: JsonObjectType = {"accounts": [item.as_dict() for item in accounts]}
        return llm.ToolResult(result) if hasattr(llm, "ToolResult") else result


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: llm.LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tool if any usage is exposed."""
    if api_id != LLM_API_ASSIST or not async_accounts(hass, llm_context.assistant):
        return None
    return LLMTools(tools=[GetUsageTool()])
