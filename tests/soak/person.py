"""The actions of a person: set up, enter keys, choose, switch off, use Claude."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from tests.common import issues, reauth_flows, settle

from .clock import Clock
from .home import Home
from .watch import Watch


async def set_up(hass: HomeAssistant, watch: Watch) -> None:
    """Add an account."""
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    org_id, key = watch.seat.organization.uuid, watch.account.session_key
    await _submit(flows, flow, watch, org_id=org_id, session_key=key)
    await settle(hass)


async def choose_interval(home: Home, watch: Watch, seconds: int) -> None:
    """Change the update interval."""
    options = home.hass.config_entries.options
    flow = await options.async_init(home.entries[watch.title].entry_id)
    org_id = watch.seat.organization.uuid
    await _submit(options, flow, watch, org_id=org_id, update_interval=seconds)
    await settle(home.hass)


async def enter_key(hass: HomeAssistant, watch: Watch) -> None:
    """Log in, and enter the new key in the reauthentication flow."""
    flows, (flow,) = hass.config_entries.flow, reauth_flows(hass)
    result = await _submit(flows, flow, watch, session_key=watch.account.log_in())
    assert result["reason"] == "reauth_successful"
    watch.helped()
    watch.renewed()
    await settle(hass)
    assert not reauth_flows(hass)


async def choose_organization(home: Home, watch: Watch) -> None:
    """Reconfigure an entry after a change of organization."""
    flows = home.hass.config_entries.flow
    entry_id = home.entries[watch.title].entry_id
    context = {"source": "reconfigure", "entry_id": entry_id}
    flow = await flows.async_init(DOMAIN, context=context)
    watch.alerts.begin_again()
    org_id = watch.seat.organization.uuid
    result = await _submit(flows, flow, watch, org_id=org_id)
    assert result["reason"] == "reconfigure_successful"
    watch.helped()
    await settle(home.hass)
    assert "organization" not in issues(home.hass)


async def _submit(manager: Any, flow: Any, watch: Watch, **data: object) -> Any:
    """Submit a form."""
    watch.restarted()
    return await manager.async_configure(flow["flow_id"], data)


async def switch_polling(home: Home, watch: Watch, *, on: bool) -> None:
    """Change the system options of an entry, as the frontend does."""
    entry = home.entries[watch.title]
    watch.restarted()
    watch.switched_on = on
    entries = home.hass.config_entries
    entries.async_update_entry(entry, pref_disable_polling=not on)
    await entries.async_reload(entry.entry_id)
    await settle(home.hass)


def use_claude(clock: Clock, watch: Watch, share: float) -> None:
    """Use more or less from now on."""
    _use(clock, watch, session=share * 5, weekly=share / 6)


def use_nothing(clock: Clock, watch: Watch, random: Random) -> None:
    """Use nothing from now on, some way into the weekly windows."""
    _use(clock, watch, session=0, weekly=0)
    for meter in watch.meters[1:]:
        meter.percent_at_start = random.uniform(5, 95)
        passed = timedelta(minutes=random.randint(12 * 60, 5 * 24 * 60))
        meter.started = clock.right.replace(second=0, microsecond=0) - passed


def _use(clock: Clock, watch: Watch, *, session: float, weekly: float) -> None:
    """Set the percentage used in an hour."""
    for meter in watch.meters:
        rate = session if meter is watch.seat.session else weekly
        meter.set_rate(rate, clock.right)
