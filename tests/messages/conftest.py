"""An automation from the blueprint for alerts, with a phone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.windows import Identity
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..common import Claude
from ..events.common import START, body, start_clock
from ..test_blueprints import use_blueprints
from .common import Phone, add_phone
from .test_compose import event

AUTOMATION = "automation.claude_alerts"


@dataclass
class Alerts:
    """The automation and the phone of a person in Berlin."""

    claude: Claude
    tmp_path: Path
    phone: Phone
    entries: list[MockConfigEntry] = field(default_factory=list)

    async def start(self, answer: Any = None, name: str = "ada", **inputs: Any) -> None:
        """Set up an account at START, which is 14:00, and the automation."""
        start_clock(self.claude)
        if name == "ada":
            self.claude.serve(answer or body(20))
        self.entries.append(await self.claude.entry(name))
        await self.claude.pass_time(11)
        await self.automate(**inputs)

    async def automate(self, **inputs: Any) -> None:
        """Set up the automation. Without a choice, it has the phone."""
        values = {"phones": [self.phone.device], **inputs}
        await use_blueprints(self.claude, self.tmp_path, claude_alerts=values)

    async def reconfigure(self, **inputs: Any) -> None:
        """Save the automation with other inputs, as the editor does."""
        values = {"phones": [self.phone.device], **inputs}
        blueprint = {"path": "claude_pulse/claude_alerts.yaml", "input": values}
        config = {"alias": "claude_alerts", "use_blueprint": blueprint}
        with patch(
            "homeassistant.config.async_hass_config_yaml",
            return_value={"automation": [config]},
        ):
            await self.claude.hass.services.async_call(
                "automation", "reload", blocking=True
            )
        await self.claude.hass.async_block_till_done()

    async def fire(self, identity: Identity, event_type: str, **values: Any) -> None:
        """Send an event of the first account on the bus, as now."""
        sent_at = values.pop("sent_at", dt_util.utcnow())
        data = event(identity, event_type, **values)
        device_id = self.device_of(self.entries[0])
        stamped = {**data, "device_id": device_id, "sent_at": sent_at.isoformat()}
        self.claude.hass.bus.async_fire("claude_pulse_event", stamped)
        await self.claude.hass.async_block_till_done()

    def device_of(self, entry: MockConfigEntry) -> str:
        """Return the ID of an account's device."""
        registry = dr.async_get(self.claude.hass)
        return dr.async_entries_for_config_entry(registry, entry.entry_id)[0].id

    async def wait_until(self, time: str) -> None:
        """Move the clock to a local time such as `2026-05-05 07:00`."""
        zone = dt_util.get_time_zone(self.claude.hass.config.time_zone)
        moment = datetime.fromisoformat(time).replace(tzinfo=zone)
        seconds = (moment - dt_util.utcnow()).total_seconds()
        assert seconds > 0
        await self.claude.pass_time(seconds)
        await self.claude.hass.async_block_till_done()

    async def run_by_hand(self) -> None:
        """Run the automation as somebody who taps Run."""
        await self.call("trigger")

    async def call(self, action: str) -> None:
        """Call an action of automations."""
        data = {"entity_id": AUTOMATION}
        await self.claude.hass.services.async_call(
            "automation", action, data, blocking=True
        )
        await self.claude.hass.async_block_till_done()


@pytest.fixture
async def alerts(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[Alerts, None]:
    """Return the parts of an automation, which must log no error and no warning."""
    assert START.hour == 12
    await claude.hass.config.async_update(time_zone="Europe/Berlin")
    yield Alerts(claude, tmp_path, add_phone(claude.hass))
    # It waits for the morning.
    await claude.hass.services.async_call(
        "automation", "turn_off", {"entity_id": AUTOMATION}, blocking=True
    )
    logged = [*caplog.get_records("call"), *caplog.get_records("setup")]
    problems = [
        record.getMessage()
        for record in logged
        if record.levelname in ("ERROR", "WARNING")
        and record.name.startswith(
            ("homeassistant.helpers", "homeassistant.components")
        )
    ]
    assert problems == []
