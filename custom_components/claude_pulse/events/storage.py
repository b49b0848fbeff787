"""A small file of an entry in the storage, written one thing after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

_LOGGER = logging.getLogger(__name__)

Content = dict[str, Any]

# Nothing that is ever stored.
_UNKNOWN: Content = {}


class _Store(Store[Content]):
    """Raises what went wrong with the disk, which Home Assistant's only logs."""

    _error: OSError | None = None

    async def async_save(self, data: Content) -> None:
        """Write, or let Home Assistant do so at its end."""
        self._error = None
        await super().async_save(data)
        if self._error is not None:
            raise self._error

    async def _async_write_data(self, *args: Any, **kwargs: Any) -> None:
        """Write, and note what went wrong: at its end nobody hears an exception."""
        try:
            await super()._async_write_data(*args, **kwargs)
        except WriteError as err:
            self._error = err.args[0]


class EntryFile:
    """Holds what `content` returns whenever it is stored; no file is None."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        content: Callable[[], Content | None],
        what: str,
    ) -> None:
        """Remember under which name, and `what` it is, for the log."""
        self._content = content
        self._disk_told = False
        self._hass = hass
        self._lock = asyncio.Lock()
        self._store = _Store(hass, 1, name)
        # What the file holds, as far as that is known.
        self._stored: Content | None = _UNKNOWN
        self._what = what

    async def async_load(self, read: Callable[[Content], None]) -> bool:
        """Let what is stored be read, if anything is; tell whether it could be."""
        try:
            self._stored = stored = await self._store.async_load()
            if stored is not None:
                if not isinstance(stored, dict):
                    raise TypeError  # noqa: TRY301
                read(stored)
        except (
            HomeAssistantError,
            LookupError,
            NotImplementedError,
            OSError,
            OverflowError,
            TypeError,
            ValueError,
        ):
            _LOGGER.warning("%s before the start cannot be read; going on", self._what)
            self._stored = _UNKNOWN
            return False
        return True

    async def async_store(self) -> None:
        """Make the file what is to be remembered; whoever asked for it may end before."""
        if self._content() != self._stored:
            await asyncio.shield(self._hass.async_create_task(self._async_write()))

    async def async_remove(self) -> None:
        """Look for a file in any case, as nothing may be left."""
        self._stored = _UNKNOWN
        await self.async_store()

    async def _async_write(self) -> None:
        """Write or remove the file, one after the other."""
        async with self._lock:
            if (content := self._content()) == self._stored:
                return
            self._stored = _UNKNOWN
            try:
                if content is None:
                    await self._store.async_remove()
                else:
                    await self._store.async_save(content)
            except OSError as err:
                if not self._disk_told:
                    _LOGGER.warning("%s cannot be stored: %s", self._what, err.strerror)
                self._disk_told = True
            else:
                self._stored, self._disk_told = content, False
