"""What belongs to the account behind a seat: its plan, its balance, and whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import ClaudeAiError
from ..claude_ai.usage import Money
from ..seat import (
    account_known,
    async_describe_device,
    async_learn_account,
    async_take_organization,
)
from ..stored import data_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# How often each thing is asked for, and after a failure.
_INTERVAL = timedelta(hours=6)
_RETRY = timedelta(hours=1)

# The balance is asked for after money was spent, but not more often than this.
_BALANCE_PAUSE = timedelta(hours=4)

# After a form has been submitted, what the first states can do without waits for a later
# poll.
_LATER = timedelta(minutes=1)


class Account:
    """What is known of an account, asked for now and then.

    A failure changes nothing that is known.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Begin with what proving the seat has told."""
        self._client = client
        self._entry = entry
        self._hass = hass
        self._org_id = data_of(entry).org_id
        self.organization = async_take_organization(hass, self._org_id)
        self.balance: Money | None = None
        now = dt_util.utcnow()
        first, later = now, now
        if self.organization:
            first, later = now + _INTERVAL, now + _LATER
        self._due: dict[Callable[[], Awaitable[None]], datetime] = {
            self._async_organization: first,
            self._async_balance: later,
        }
        if not account_known(entry):
            self._due[self._async_identity] = later
        self._balance_asked = now - _BALANCE_PAUSE

    @property
    def plan(self) -> str | None:
        """Return the plan, if it has been told."""
        return self.organization.plan if self.organization else None

    async def async_update(self, *, spent: bool) -> None:
        """Ask for what is due; money that was spent makes the balance due."""
        now = dt_util.utcnow()
        if spent:
            due = self._balance_asked + _BALANCE_PAUSE
            self._due[self._async_balance] = min(self._due[self._async_balance], due)
        for ask, due in list(self._due.items()):
            if now < due:
                # Further away than it can be, the clock has been set back.
                self._due[ask] = min(due, now + _INTERVAL)
                continue
            self._due[ask] = now + _RETRY
            try:
                await ask()
            except ClaudeAiError:
                continue
            if ask in self._due:
                self._due[ask] = now + _INTERVAL

    async def _async_organization(self) -> None:
        """Ask for the organization, which carries the plan."""
        self.organization = await self._client.organization(self._org_id)
        async_describe_device(self._hass, self._entry, self.organization)

    async def _async_balance(self) -> None:
        """Ask for the prepaid balance."""
        self._balance_asked = dt_util.utcnow()
        self.balance = await self._client.balance(self._org_id)

    async def _async_identity(self) -> None:
        """Ask whose seat it is, where an entry was made without knowing it."""
        if account_id := await self._client.account():
            async_learn_account(self._hass, self._entry, account_id)
            del self._due[self._async_identity]
