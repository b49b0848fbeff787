"""The action that returns the limits of an account."""

from __future__ import annotations

from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError

from .common import Claude, translation_of


async def get_limits(claude: Claude, **data: Any) -> dict[str, Any]:
    """Run the action, and return its response."""
    return await claude.hass.services.async_call(
        "claude_pulse", "get_limits", data, blocking=True, return_response=True
    )


@pytest.mark.parametrize(
    ("fault", "key"),
    [("server_error", "cannot_connect"), ("session_invalid", "invalid_auth")],
)
@pytest.mark.parametrize("while_starting", [False, True])
async def test_nothing_can_be_read(
    claude: Claude, fault: str, key: str, while_starting: bool
) -> None:
    """It fails with the reason, and a blueprint's automation gets no limits."""
    if while_starting:
        claude.server.set_fault(fault)
        await claude.entry()
    else:
        await claude.entry()
        limits = (await get_limits(claude))["limits"]
        assert [limit["limit"] for limit in limits][:2] == ["session", "weekly"]
        claude.server.set_fault(fault)
        await claude.pass_time()
    with pytest.raises(HomeAssistantError) as raised:
        await get_limits(claude)
    assert raised.value.translation_key == key
    assert await translation_of(claude.hass, raised.value)
    response = await get_limits(claude, automation="automation.pixel_clock")
    assert (response["limits"], response["first"]) == ([], None)


async def test_unloaded_entry(claude: Claude) -> None:
    """It also fails for an entry that is not loaded."""
    entry = await claude.entry()
    await claude.hass.config_entries.async_unload(entry.entry_id)
    await claude.settle()
    with pytest.raises(HomeAssistantError):
        await get_limits(claude)
