"""Sends the events of an entry to entities and automations, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..claude_ai.saved_resets import GrantKey
from ..claude_ai.usage import Usage
from ..claude_ai.windows import ACCOUNT, Identity
from ..const import DOMAIN
from ..device import async_create_device
from ..formatting import iso_time
from ..stored import data_of, options_of
from .account import AccountState, detect_account_events
from .answer import detect_in_answer, rules_of
from .bus import EVENT_CLAUDE_PULSE, bus_data, cleared_data
from .detection import Context, ForecastFn
from .model import KEY_EXPIRES_SOON, ROSE, Event, SavedResetEvent, WindowProgress
from .sent import SentEvent, still_true, with_sent
from .storage import MAX_AGE, EventState

_LOGGER = logging.getLogger(__name__)

# Events wait this long after the start of Home Assistant, or after the first set-up of an entry
# if that is later, because Home Assistant 2024.1 enables automations only once it has started.
HOLD = timedelta(seconds=10)

# Before 2026.8, Home Assistant ignores a second event of an entity at the same time.
GAP = timedelta(seconds=1)

# Rises are stored at most this often, other events at once.
_STORE_DELAY = timedelta(minutes=15)

# An unchanged answer is compared with the progress this often.
_COMPARE_AGAIN = timedelta(minutes=10)


class EventDispatcher:
    """Detects the events of one entry and sends them.

    It is kept over reloads. Events are sent between `async_start` and `async_stop`, and
    received with `async_listen`.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the dispatcher of an entry."""
        self.entry = entry
        self._can_send_account = False
        self._compared: Usage | None = None
        self._compared_at = self._created_at = dt_util.utcnow()
        self._gap: CALLBACK_TYPE | None = None
        self._hass = hass
        self._hold_scheduled = False
        self._late = False
        self._is_first = True
        # Of the grants with sent events, those that were missing or not valid in the last answer.
        self._lacking: set[GrantKey] = set()
        self._listeners_ready = False
        self._loaded = False
        self._started = False
        self._state = EventState(data_of(entry).org_id)
        self._store: Store[dict[str, Any]] = Store(
            hass, 1, f"{DOMAIN}.{entry.entry_id}"
        )
        self._store_scheduled = False
        self._stored_at = self._compared_at
        self._unconfirmed = False

    async def async_load(self) -> None:
        """Prepare for a set-up. The first time, load the stored state.

        If the entry has another organization now, only the progress of the account is kept.
        """
        if not self._hold_scheduled:
            self._hold_scheduled = True
            async_at_started(self._hass, self._async_hold)
        if not self._loaded:
            self._loaded = True
            try:
                if stored := await self._store.async_load():
                    self._state = EventState.from_dict(stored)
            except Exception as err:  # noqa: BLE001
                _LOGGER.warning(
                    "Cannot read the stored progress of entry %s (%s). Alerts that are "
                    "due now may be missing",
                    self.entry.entry_id,
                    type(err).__name__,
                )
        # The options can have changed.
        self._compared = None
        if self._state.org_id != (org_id := data_of(self.entry).org_id):
            self._state = EventState(org_id, account=self._state.account)

    @property
    def progress(self) -> Mapping[Identity, WindowProgress]:
        """Return the progress of each window."""
        return self._state.progress

    @callback
    def async_start(self) -> None:
        """Start to send events. The entities have been added."""
        self._started = self._can_send_account = True
        self.async_dispatch()

    async def async_stop(self) -> None:
        """Stop sending events, and store the state."""
        self._started = self._can_send_account = False
        await self._async_store()

    @callback
    def async_store_at_stop(self) -> None:
        """Stop sending events. Home Assistant writes the state while it stops."""
        self._started = False
        if not self._state.is_empty:
            self._store.async_delay_save(self._state_to_store)

    @callback
    def async_store_now(self) -> None:
        """Store the state at once."""
        self._hass.async_create_task(self._async_store())

    async def async_forget(self) -> None:
        """Remove the stored state of an entry that is disabled or removed."""
        self._started = False
        if self._gap is not None:
            self._gap()
            self._gap = None
        self._loaded = True
        self._compared = None
        self._state = EventState(self._state.org_id)
        await self._store.async_remove()

    def sent_since(self, time: datetime) -> list[SentEvent]:
        """Return the events sent since a time that are still true, the oldest first."""
        return still_true(self._state.sent, time, dt_util.utcnow())

    @callback
    def async_check_account(self, state: AccountState, now: datetime) -> None:
        """Detect and send the events of the account. Called every minute.

        After a failed set-up, without entities, they are still sent to triggers and on the bus.
        """
        account, events = detect_account_events(self._state.account, state, now)
        if account.warned_of != state.key_since:
            self._async_clear(lambda event: event.type == KEY_EXPIRES_SOON)
        self._state.account, self._can_send_account = account, True
        if events:
            self._state.pending += events
            self.async_store_now()
            self.async_dispatch()

    @callback
    def async_submit(
        self,
        usage: Usage,
        now: datetime,
        forecast: ForecastFn,
        is_usual: Callable[[datetime], bool],
    ) -> bool:
        """Detect the events of an answer. Return whether it needs a second answer.

        The events are sent by `async_dispatch`. An unchanged answer is compared only every
        ten minutes, because only the passing of time can cause an event.
        """
        if self._is_first:
            self._late = self._state.drop_old(now, self._created_at)
        self._check_saved_resets(usage, now)
        last_answer, self._state.answered_at = self._state.answered_at, now
        unchanged = usage == self._compared and not self._unconfirmed
        if unchanged and timedelta() <= now - self._compared_at < _COMPARE_AGAIN:
            return False
        options = options_of(self.entry)
        progress, grants, events, needs_confirmation = detect_in_answer(
            self._state,
            usage,
            Context(forecast, now, rules_of(options), last_answer, is_usual=is_usual),
            timedelta(days=options.saved_reset_days),
        )
        self._state.pending += [replace(event, late=self._late) for event in events]
        self._is_first = self._late = False
        changed = (progress, grants) != (self._state.progress, self._state.grants)
        self._state.progress, self._state.grants = progress, grants
        if any(event.type != ROSE for event in events):
            self.async_store_now()
        # Even an unchanged state is stored every six hours, for its `answered_at`: `drop_old`
        # drops progress if the last stored answer is more than a day old.
        elif not self._store_scheduled and (
            changed or now - self._stored_at > MAX_AGE / 4
        ):
            self._store_scheduled = True
            self._store.async_delay_save(
                self._state_to_store, _STORE_DELAY.total_seconds()
            )
        self._compared, self._compared_at = usage, now
        is_grant_new = None in (grants or {}).values()
        self._unconfirmed = needs_confirmation or is_grant_new
        return needs_confirmation

    @callback
    def async_dispatch(self) -> None:
        """Send pending events.

        Each entity gets its events up to and including the first that is not a rise. The
        others follow after a gap.
        """
        if self._gap is not None or not self._listeners_ready:
            return
        served: set[Identity] = set()
        pending, self._state.pending = self._state.pending, []
        for event in pending:
            is_account = event.identity == ACCOUNT
            can_send = self._can_send_account if is_account else self._started
            if event.identity in served or not can_send:
                self._state.pending.append(event)
                continue
            if event.type != ROSE:
                served.add(event.identity)
            self._async_send(event)
        if served:
            # A restart does not send these events again.
            self.async_store_now()
            self._gap = async_call_later(
                self._hass, GAP, HassJob(self._async_end_gap, cancel_on_shutdown=True)
            )

    @callback
    def _async_send(self, event: Event) -> None:
        """Send an event to the entities, then to triggers, then on the bus."""
        for signal in (_signal(self.entry), _signal(None)):
            async_dispatcher_send(self._hass, signal, self, event)
        if (data := bus_data(event)) is None:
            return
        now = dt_util.utcnow()
        if event.type != ROSE:
            self._state.sent = with_sent(self._state.sent, SentEvent(now, event))
        self._async_fire(data)

    @callback
    def _async_clear(self, is_untrue: Callable[[Event], bool]) -> None:
        """Forget untrue events, and send `cleared` if no other event of their limit remains."""
        kept, untrue = [], {}
        for item in self._state.sent:
            if is_untrue(item.event):
                untrue[item.event.identity] = item.event
            else:
                kept.append(item)
        self._state.sent = kept
        for identity in untrue.keys() - {item.event.identity for item in kept}:
            self._async_fire(cleared_data(untrue[identity]))

    def _check_saved_resets(self, usage: Usage, now: datetime) -> None:
        """Forget events of grants that two answers in a row lack or show as no longer valid."""
        if usage.saved_resets is None:
            return
        valid = {grant.key for grant in usage.saved_resets.valid(now)}
        lacking = {
            item.event.grant.key
            for item in self._state.sent
            if isinstance(item.event, SavedResetEvent)
        } - valid
        gone, self._lacking = lacking & self._lacking, lacking
        self._async_clear(
            lambda event: isinstance(event, SavedResetEvent) and event.grant.key in gone
        )

    @callback
    def _async_fire(self, data: Mapping[str, Any]) -> None:
        """Fire an event on the bus."""
        device = async_create_device(self._hass, self.entry)
        common = {"device_id": device.id, "sent_at": iso_time(dt_util.utcnow())}
        self._hass.bus.async_fire(EVENT_CLAUDE_PULSE, {**common, **data})

    @callback
    def _async_end_gap(self, _: datetime) -> None:
        """Send the pending events."""
        self._gap = None
        self.async_dispatch()

    @callback
    def _async_hold(self, _: HomeAssistant) -> None:
        """Send events after HOLD, when automations listen."""

        @callback
        def ready(_: datetime) -> None:
            self._listeners_ready = True
            self.async_dispatch()

        async_call_later(self._hass, HOLD, HassJob(ready, cancel_on_shutdown=True))

    def _state_to_store(self) -> dict[str, Any]:
        """Return the JSON for a write."""
        self._store_scheduled = False
        self._stored_at = dt_util.utcnow()
        return self._state.as_dict()

    async def _async_store(self) -> None:
        """Store the state now. Home Assistant logs a failure."""
        if not self._state.is_empty:
            await self._store.async_save(self._state_to_store())


@callback
def async_listen(
    hass: HomeAssistant,
    action: Callable[[EventDispatcher, Event], None],
    entry: ConfigEntry | None = None,
) -> CALLBACK_TYPE:
    """Call an action with the dispatcher and each event, of one entry or of all.

    Listeners of one entry are called first: they are the entities, whose states
    automations can read.
    """
    return async_dispatcher_connect(hass, _signal(entry), action)


def _signal(entry: ConfigEntry | None) -> str:
    """Return the name of the dispatcher signal."""
    return f"{DOMAIN}_event_{entry.entry_id}" if entry else f"{DOMAIN}_event"
