"""Helpers of several test modules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.claude_pulse.const import CONF_ORG_ID, CONF_SESSION_KEY, DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component

from .simulator import Simulator
from .simulator.faults import FAULTS
from .simulator.server import Request
from .simulator.world import Account

# The faults that end with a timeout, which need a running clock, and all others.
SLOW_FAULTS = [name for name, fault in FAULTS.items() if fault.slow]
ANSWERING_FAULTS = [name for name in FAULTS if name not in SLOW_FAULTS]

# Seconds: a little more than the update interval with the longest jitter.
POLL = 126

TEN_KEYS = (
    "session_usage",
    "weekly_usage",
    "session_reset_countdown",
    "session_reset_time",
    "weekly_reset",
    "weekly_reset_weekday",
    "weekly_reset_time",
    "session_used",
    "session_limit",
    "plan",
)


@dataclass
class Claude:
    """Home Assistant with Claude Pulse, the simulator that it polls, and a frozen clock."""

    hass: HomeAssistant
    server: Simulator
    clock: FrozenDateTimeFactory

    async def entry(self, account: str = "ada", **arguments: Any) -> MockConfigEntry:
        """Set up an entry, with the arguments of `store_entry`."""
        return await add_entry(self.hass, self.server, account, **arguments)

    def stored_entry(self, account: str = "ada", **arguments: Any) -> MockConfigEntry:
        """Add an entry without setting it up, with the arguments of `store_entry`."""
        return store_entry(self.hass, self.server, account, **arguments)

    async def settle(self) -> None:
        """Wait for all tasks, including background tasks."""
        await settle(self.hass)

    async def pass_time(self, seconds: float = POLL) -> None:
        """Move the clock, by default to the next poll, and wait for what follows."""
        await pass_time(self.hass, self.clock, seconds)

    def serve(self, body: Any, account: str = "ada") -> None:
        """Serve a body as the usage of the account's last seat."""
        serve(self.server, body, account)

    def state(
        self, key: str, platform: str = "sensor", slug: str = "claude_pulse"
    ) -> str:
        """Return the state of an entity, or `missing`."""
        state = self.hass.states.get(f"{platform}.{slug}_{key}")
        return state.state if state else "missing"

    def states(self, slug: str = "claude_pulse") -> dict[str, str]:
        """Return the states of the ten sensors by key."""
        return states(self.hass, slug)

    @property
    def issues(self) -> set[str]:
        """Return the translation keys of the active repair issues."""
        return issues(self.hass)

    @property
    def polls(self) -> int:
        """Return the number of usage requests so far."""
        return usage_requests(self.server)


def seat_of(
    simulator: Simulator, account: str = "ada", seat: int = -1
) -> dict[str, str]:
    """Return the entry data of an account's seat, by default the last one."""
    known = simulator.world.accounts[account]
    return {
        CONF_ORG_ID: known.seats[seat].organization.uuid,
        CONF_SESSION_KEY: known.session_key,
    }


async def add_entry(
    hass: HomeAssistant,
    simulator: Simulator,
    account: str = "ada",
    **arguments: Any,
) -> MockConfigEntry:
    """Set up an entry of an account's seat, with the arguments of `store_entry`."""
    entry = store_entry(hass, simulator, account, **arguments)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


def store_entry(
    hass: HomeAssistant,
    simulator: Simulator,
    account: str = "ada",
    *,
    seat: int = -1,
    title: str = "Claude Pulse",
    **options: Any,
) -> MockConfigEntry:
    """Have an entry of an account's seat, as the flow stores it, without setting it up."""
    data = seat_of(simulator, account, seat)
    entry = MockConfigEntry(
        data=data,
        domain=DOMAIN,
        options=options,
        title=title,
        unique_id=f"{data[CONF_ORG_ID]}_{simulator.world.accounts[account].uuid}",
        version=2,
    )
    entry.add_to_hass(hass)
    return entry


async def settle(hass: HomeAssistant) -> None:
    """Wait for all tasks, those in the background included."""
    block = hass.async_block_till_done
    # An argument since Home Assistant 2024.4.
    if "wait_background_tasks" in signature(block).parameters:
        await block(wait_background_tasks=True)
        return
    await block()
    while polls := [task for task in hass._background_tasks if DOMAIN in repr(task)]:
        await asyncio.wait(polls)
        await block()


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = POLL
) -> None:
    """Let time pass, by default until the next poll."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await settle(hass)


def suspend(claude: Claude, monkeypatch: pytest.MonkeyPatch, time: timedelta) -> None:
    """Suspend the machine: the clock continues, and timers do not.

    It is the same if the clock is set, which is also possible to an earlier time.
    """
    loop_time = claude.hass.loop.time
    claude.clock.tick(time)
    monkeypatch.setattr(
        claude.hass.loop, "time", lambda: loop_time() - time.total_seconds()
    )


def states(hass: HomeAssistant, slug: str = "claude_pulse") -> dict[str, str]:
    """Return the states of the ten sensors by key."""
    found = {key: hass.states.get(f"sensor.{slug}_{key}") for key in TEN_KEYS}
    return {key: state.state if state else "missing" for key, state in found.items()}


def reauth_flows(hass: HomeAssistant) -> list[Any]:
    """Return the flows in progress that ask for a new key."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


def issues(hass: HomeAssistant) -> set[str]:
    """Return the translation keys of the active repair issues."""
    return {
        str(issue.translation_key)
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def messages_of(caplog: pytest.LogCaptureFixture, module: str) -> list[str]:
    """Return the log messages of a module of Claude Pulse."""
    name = f"custom_components.{DOMAIN}.{module}"
    return [record.getMessage() for record in caplog.records if record.name == name]


def usage_requests(simulator: Simulator) -> int:
    """Count the polls so far."""
    return sum(request.path.endswith("/usage") for request in simulator.requests)


def stops_during(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, path: str
) -> None:
    """Unload an entry during the next request whose path ends with `path`."""

    async def stop(request: Request) -> None:
        """Unload. This connection is closed by that, so the unload is shielded."""
        if request.path.endswith(path):
            unload = hass.config_entries.async_unload(entry.entry_id)
            await asyncio.shield(hass.async_create_task(unload))

    simulator.on_request = stop


def session(
    percent: float, resets_at: str | None, **members: Any
) -> dict[str, dict[str, Any]]:
    """Return a usage body with a session, and whatever else."""
    return {"five_hour": {"utilization": percent, "resets_at": resets_at}, **members}


def serve(simulator: Simulator, body: Any, account: str = "ada") -> None:
    """Serve a body as the usage of an account's last seat."""
    simulator.world.accounts[account].seats[-1].fixed_body = body


async def translation_of(hass: HomeAssistant, error: HomeAssistantError) -> str:
    """Return the text that a person gets for an error of an action."""
    texts = await async_get_translations(hass, "en", "exceptions", [DOMAIN])
    return texts[f"component.{DOMAIN}.exceptions.{error.translation_key}.message"]


async def update_by_hand(hass: HomeAssistant) -> None:
    """Ask for an update as a person or an automation does."""
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": "sensor.claude_pulse_session_usage"},
        blocking=True,
    )
    await settle(hass)


def row(
    kind: str, percent: float, resets_at: str | None = None, model: str | None = None
) -> dict[str, Any]:
    """Return a row of `limits`."""
    scope = {"model": {"display_name": model}} if model else None
    return {"kind": kind, "percent": percent, "resets_at": resets_at, "scope": scope}


def spend(cents: int, limit_cents: int | None = 5000, **members: Any) -> dict[str, Any]:
    """Return a usage body with paid usage in euros."""
    euros = {"currency": "EUR", "exponent": 2}
    used = {"amount_minor": cents, **euros}
    limit = None if limit_cents is None else {"amount_minor": limit_cents, **euros}
    return {"spend": {"enabled": True, "used": used, "limit": limit, **members}}


async def enable(claude: Claude, *entity_ids: str) -> None:
    """Enable entities, by default all, and wait until Home Assistant has reloaded."""
    registry = er.async_get(claude.hass)
    ours = [item for item in registry.entities.values() if item.platform == DOMAIN]
    for entity_id in entity_ids or [item.entity_id for item in ours]:
        registry.async_update_entity(entity_id, disabled_by=None)
    await claude.settle()
    await claude.pass_time(31)


async def pass_steps(claude: Claude, steps: int, seconds: float = POLL) -> None:
    """Move the clock in steps, by default from poll to poll."""
    for _ in range(steps):
        await claude.pass_time(seconds)


def account_of(claude: Claude, name: str = "ada") -> Account:
    """Return an account of the simulator."""
    return claude.server.world.accounts[name]


async def reload(claude: Claude, entry: MockConfigEntry) -> None:
    """Reload an entry, and wait for what follows."""
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
