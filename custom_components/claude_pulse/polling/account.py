"""The plan, the balance and the account of an entry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import ClaudeAiError
from ..claude_ai.money import Money
from ..device import async_update_device
from ..seat import async_store_account, is_account_known
from ..stored import data_of

# The time between two requests of the same kind, and after a failure.
_INTERVAL = timedelta(hours=6)
_RETRY = timedelta(hours=1)

# Spending makes a request for the balance due, but not sooner after the last one.
_BALANCE_PAUSE = timedelta(hours=4)


class Account:
    """Values that are requested rarely. A failed request leaves the last value."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Initialize without values. All requests are due."""
        self.balance: Money | None = None
        self.plan: str | None = None
        self._busy = False
        self._client = client
        self._entry = entry
        self._hass = hass
        self._org_id = data_of(entry).org_id
        now = dt_util.utcnow()
        self._balance_requested = now - _BALANCE_PAUSE
        self._due: dict[Callable[[], Awaitable[None]], datetime] = {
            self._async_organization: now,
            self._async_balance: now,
        }
        if not is_account_known(entry):
            self._due[self._async_account] = now

    def is_due(self, now: datetime, *, spent: bool) -> bool:
        """Return whether a request is due. Money that was `spent` makes the balance due."""
        if spent:
            due = self._balance_requested + _BALANCE_PAUSE
            self._due[self._async_balance] = min(self._due[self._async_balance], due)
        # A time further away means that the clock was set back.
        return not self._busy and any(
            now >= due or due > now + _INTERVAL for due in self._due.values()
        )

    async def async_update(self) -> bool:
        """Send the requests that are due, and return whether plan or balance changed."""
        before, now = (self.plan, self.balance), dt_util.utcnow()
        self._busy = True
        try:
            for request, due in list(self._due.items()):
                if now < due <= now + _INTERVAL:
                    continue
                self._due[request] = now + _RETRY
                try:
                    await request()
                except ClaudeAiError:
                    continue
                if request in self._due:
                    self._due[request] = now + _INTERVAL
        finally:
            self._busy = False
        return before != (self.plan, self.balance)

    async def _async_organization(self) -> None:
        """Request the organization, which contains the plan."""
        organization = await self._client.organization(self._org_id)
        self.plan = organization.plan
        async_update_device(self._hass, self._entry, organization)

    async def _async_balance(self) -> None:
        """Request the prepaid balance."""
        self._balance_requested = dt_util.utcnow()
        self.balance = await self._client.balance(self._org_id)

    async def _async_account(self) -> None:
        """Request the account, until it is known."""
        if account_id := await self._client.account():
            async_store_account(self._hass, self._entry, account_id)
            del self._due[self._async_account]
