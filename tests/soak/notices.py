"""What a person is told, and whether there is a reason for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.helpers import issue_registry as ir
from tests.common import reauth_flows

from .clock import STEP, Clock
from .home import Home
from .watch import Watch

_LONG_BLOCK = timedelta(hours=24)
_OLD_KEY = timedelta(days=25)


class Notices:
    """The notices of all entries; only the first one's key dies."""

    def __init__(self, clock: Clock, home: Home, watches: tuple[Watch, ...]) -> None:
        """Begin before the first notice."""
        # Each that asks for a key, the run of Home Assistant, and for which death.
        self.for_a_key: dict[str, tuple[int, datetime]] = {}
        self._clock = clock
        self._home = home
        self._watches = watches

    def check(self) -> None:
        """Look at all that a person is told now."""
        self._check_key_requests()
        for watch in self._watches:
            self._check_issues(watch)

    def _check_key_requests(self) -> None:
        """See that a key is asked for once for each that died, and never otherwise."""
        flows = reauth_flows(self._home.hass)
        assert len(flows) <= 1
        first = self._watches[0]
        for flow in flows:
            entry_id = self._home.entries[first.title].entry_id
            assert flow["context"]["entry_id"] == entry_id
            died = first.obstacles.helpless_since
            assert died is not None, "asked for a key that is fine"
            self.for_a_key.setdefault(flow["flow_id"], (self._home.runs, died))
        told = list(self.for_a_key.values())
        assert len(told) == len(set(told)), "asked twice"

    def _check_issues(self, watch: Watch) -> None:
        """See that each repair issue of an entry has a reason."""
        told, obstacles = self._issues(watch), watch.obstacles
        if "organization" in told:
            assert obstacles.accused, "an organization that is fine"
        if "blocked" in told:
            since = obstacles.blocked_since
            assert since is not None, "blocked by nothing"
            assert self._clock.right - since >= _LONG_BLOCK - STEP, "blocked too soon"
        if watch.key_since is None:
            return
        old = self._clock.right - watch.key_since >= _OLD_KEY
        if "key_ends" in told:
            assert old, "a key that is new"
        elif watch.showing and not obstacles.met:
            assert not old, "an old key that nobody is told of"

    def _issues(self, watch: Watch) -> set[str]:
        """Return what the repair issues of an entry are about."""
        entry_id = self._home.entries[watch.title].entry_id
        return {
            str(issue.translation_key)
            for (domain, name), issue in ir.async_get(self._home.hass).issues.items()
            if domain == DOMAIN and issue.active and name.endswith(entry_id)
        }
