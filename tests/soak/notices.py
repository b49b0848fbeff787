"""The expected reauthentication flows and repair issues: each has a reason."""

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
    """The notices of all entries. Only the key of the first one dies."""

    def __init__(self, clock: Clock, home: Home, watches: tuple[Watch, ...]) -> None:
        """Initialize without notices."""
        # By flow: the run of Home Assistant, and when the key died.
        self.for_a_key: dict[str, tuple[int, datetime]] = {}
        self._clock = clock
        self._home = home
        self._watches = watches

    def check(self) -> None:
        """Check all notices."""
        self._check_flows()
        for watch in self._watches:
            self._check_issues(watch)

    def _check_flows(self) -> None:
        """Expect one flow in each run of Home Assistant for a dead key, and no other."""
        flows = reauth_flows(self._home.hass)
        assert len(flows) <= 1
        first = self._watches[0]
        for flow in flows:
            entry_id = self._home.entries[first.title].entry_id
            assert flow["context"]["entry_id"] == entry_id
            died = first.obstacles.helpless_since
            assert died is not None, "asked for a key, but the key works"
            self.for_a_key.setdefault(flow["flow_id"], (self._home.runs, died))
        reasons = list(self.for_a_key.values())
        assert len(reasons) == len(set(reasons)), "asked for a key twice"

    def _check_issues(self, watch: Watch) -> None:
        """Expect a reason for each repair issue of an entry."""
        entry_id, obstacles = self._home.entries[watch.title].entry_id, watch.obstacles
        issues = {
            issue.translation_key
            for (domain, name), issue in ir.async_get(self._home.hass).issues.items()
            if domain == DOMAIN and issue.active and name.endswith(entry_id)
        }
        assert "organization" not in issues or obstacles.accused
        if "blocked" in issues:
            assert obstacles.blocked_since is not None
            blocked = self._clock.right - obstacles.blocked_since
            assert blocked >= _LONG_BLOCK - STEP, "blocked too soon"
        if watch.key_since is None:
            return
        old = self._clock.right - watch.key_since >= _OLD_KEY
        if "key_expires" in issues:
            assert old, "the key is new"
        elif watch.showing and not obstacles.met:
            assert not old, "no issue about an old key"
