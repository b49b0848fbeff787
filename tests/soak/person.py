"""What a person does: sets up, enters keys, chooses, switches off, uses Claude."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from tests.common import issues, reauth_flows, settle

from .clock import Clock
from .home import Home
from .watch import Watch


async def set_up(hass: HomeAssistant, watch: Watch) -> None:
    """Add an account."""
    watch.restarted()
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(
        flow["flow_id"],
        {
            "org_id": watch.seat.organization.uuid,
            "session_key": watch.account.session_key,
        },
    )
    await settle(hass)


async def choose_interval(home: Home, watch: Watch, seconds: int) -> None:
    """Let an entry ask more or less often."""
    watch.restarted()
    options = home.hass.config_entries.options
    flow = await options.async_init(home.entries[watch.title].entry_id)
    await options.async_configure(
        flow["flow_id"],
        {"org_id": watch.seat.organization.uuid, "update_interval": seconds},
    )
    await settle(home.hass)


async def enter_key(hass: HomeAssistant, watch: Watch) -> None:
    """Log in, and enter the new key where it is asked for."""
    (flow,) = reauth_flows(hass)
    watch.restarted()
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": watch.account.log_in()}
    )
    assert result["reason"] == "reauth_successful"
    watch.helped()
    watch.renewed()
    await settle(hass)
    assert not reauth_flows(hass)


async def choose_organization(home: Home, watch: Watch) -> None:
    """Reconfigure an entry whose organization is another one now."""
    flows = home.hass.config_entries.flow
    entry_id = home.entries[watch.title].entry_id
    flow = await flows.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry_id}
    )
    watch.restarted()
    watch.heard.begin_anew()
    result = await flows.async_configure(
        flow["flow_id"], {"org_id": watch.seat.organization.uuid}
    )
    assert result["reason"] == "reconfigure_successful"
    watch.helped()
    await settle(home.hass)
    assert "organization" not in issues(home.hass)


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
    """Work more or less hard from now on."""
    _use(clock, watch, session=share * 5, weekly=share / 6)


def rest(clock: Clock, watch: Watch, random: Random) -> None:
    """Use nothing from now on, some way into the weekly windows."""
    _use(clock, watch, session=0, weekly=0)
    for meter in watch.meters[1:]:
        meter.percent_at_start = random.uniform(5, 95)
        passed = timedelta(minutes=random.randint(12 * 60, 5 * 24 * 60))
        meter.started = clock.right.replace(second=0, microsecond=0) - passed


def _use(clock: Clock, watch: Watch, *, session: float, weekly: float) -> None:
    """Use so many percent an hour."""
    first, *others = watch.meters
    first.set_rate(session, clock.right)
    for meter in others:
        meter.set_rate(weekly, clock.right)
