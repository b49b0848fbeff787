"""The plan, the balance and the account ID of an entry."""

from __future__ import annotations

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import ClaudeAiError
from ..claude_ai.money import Money
from ..device import async_update_device
from ..seat import account_id_of, async_store_account
from ..stored import data_of

# The seconds between two updates, and after a failed one.
_INTERVAL = 6 * 60 * 60
_RETRY = 60 * 60


class Account:
    """Values that are requested rarely. A failed request leaves the last value."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Initialize without values. An update is due."""
        self.balance: Money | None = None
        self.plan: str | None = None
        self._client = client
        # In the time of the event loop, as the clock can be set.
        self._due = hass.loop.time()
        self._entry = entry
        self._hass = hass
        self._org_id = data_of(entry).org_id

    @property
    def is_due(self) -> bool:
        """Return whether an update is due."""
        return self._hass.loop.time() >= self._due

    async def async_update(self) -> bool:
        """Request everything, and return whether the plan or the balance changed."""
        before, now = (self.plan, self.balance), self._hass.loop.time()
        self._due = now + _INTERVAL
        for request in (
            self._async_organization,
            self._async_balance,
            self._async_account,
        ):
            try:
                await request()
            except ClaudeAiError:
                self._due = now + _RETRY
        return before != (self.plan, self.balance)

    async def _async_organization(self) -> None:
        """Request the organization, which contains the plan."""
        organization = await self._client.organization(self._org_id)
        self.plan = organization.plan
        async_update_device(self._hass, self._entry, organization)

    async def _async_balance(self) -> None:
        """Request the prepaid balance."""
        self.balance = await self._client.balance(self._org_id)

    async def _async_account(self) -> None:
        """Request the account, until it is known."""
        if account_id_of(self._entry):
            return
        if account_id := await self._client.account():
            async_store_account(self._hass, self._entry, account_id)
