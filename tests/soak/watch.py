"""What has been true for an entry, and whether that is what it shows."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from tests.simulator import Simulator
from tests.simulator.faults import Trouble
from tests.simulator.world import Account, Meter, Seat

# How far time goes at once; two steps are a poll and its jitter.
STEP = timedelta(seconds=63)
TIME_OUT = timedelta(seconds=16)

_AFTER_RESET = timedelta(seconds=15)
_JITTER = timedelta(seconds=5)
_KEPT = timedelta(minutes=15)
_SLACK = timedelta(seconds=1)

# Rows of the error table; under the last two the values are kept for some time.
_DEAD_KEY_ROW = 2
_LIMIT_ROW = 6
_PATIENT_ROWS = (1, _LIMIT_ROW)

# After a fault: the longest wait, and Home Assistant's longest retry of a set-up.
RECOVERY = timedelta(hours=1, minutes=20)
RECOVERY_FROM_LIMIT = timedelta(hours=6, minutes=20)


class Watch:
    """Looks at one entry, which should show the last seat of an account."""

    def __init__(
        self, simulator: Simulator, account: Account, slug: str, interval: timedelta
    ) -> None:
        """Remember whose it is, and how often it should ask."""
        self.account = account
        self.counts: Counter[str] = Counter()
        # Since when only a person can help.
        self.helpless_since: datetime | None = None
        self.too_soon: list[datetime] = []
        self._interval = interval
        self._refused = False
        self._simulator = simulator
        self._slug = slug
        self._truth: deque[tuple[datetime, dict[str, str]]] = deque()
        self._last_poll = self._excused = simulator.now
        self._faulty = self._patient = self._limited = simulator.now - timedelta(days=1)

    @property
    def seat(self) -> Seat:
        """Return the seat that should be shown."""
        return self.account.seats[-1]

    def excuse(self) -> None:
        """Note that a poll may come now: after a restart, or as a person wants it."""
        self._excused = self._simulator.now

    def note(self) -> None:
        """Note what is true now, and what stands between it and the entry."""
        now, seat = self._simulator.now, self.seat
        true = {
            **_read("session", seat.session, now),
            **_read("weekly", seat.weekly, now),
        }
        for model, meter in seat.models.items():
            true |= _read(f"weekly_{model.lower()}", meter, now, whole=True)
        self._truth.append((now, true))
        while self._truth[0][0] < now - timedelta(hours=1):
            self._truth.popleft()
        fault = self._simulator.fault_of(self.account)
        if fault or self.helpless_since:
            self._faulty = now
        if fault and fault.row in _PATIENT_ROWS:
            self._patient = now
        if fault and fault.row == _LIMIT_ROW:
            self._limited = now

    def check(self, hass: HomeAssistant) -> None:
        """See that all entities are unavailable, or show the truth of one moment.

        It may be one interval old; under a limit or a challenge 15 minutes.
        """
        assert not self.too_soon, f"{self._slug} asked too soon: {self.too_soon}"
        now = self._simulator.now
        shown = {}
        for key in self._truth[-1][1]:
            state = hass.states.get(f"sensor.{self._slug}_{key}")
            shown[key] = state.state if state else "unavailable"
        if set(shown.values()) == {"unavailable"}:
            limited = now - self._limited < RECOVERY_FROM_LIMIT
            recovery = RECOVERY_FROM_LIMIT if limited else RECOVERY
            assert now - self._faulty < recovery, f"{self._slug} has not recovered"
            self.counts["moments unavailable"] += 1
            return
        patient = now - self._patient <= _KEPT + STEP
        oldest = now - (_KEPT if patient else self._interval + _JITTER) - STEP
        moments = [true for at, true in self._truth if at >= oldest]
        assert shown in moments, f"{self._slug} at {now}: {shown}\n{moments}"
        self.counts["moments with the truth"] += 1

    def note_poll(self, session_key: str | None) -> None:
        """Note a poll, and whether it comes sooner than it may."""
        now, last, refused = self._simulator.now, self._last_poll, self._refused
        fault = self._simulator.fault_of(self.account)
        self._last_poll = now
        self._refused = not self.account.accepts(str(session_key)) or (
            fault is not None and fault.row == _DEAD_KEY_ROW
        )
        self.counts["polls"] += 1
        if now - last >= self._interval - _SLACK:
            return
        resets = {
            datetime.fromisoformat(text) + _AFTER_RESET
            for _, true in self._truth
            for key, text in true.items()
            if key.endswith("_resets_at") and text != "unknown"
        }
        if refused:
            # Asked again with the same key, or with the one before it.
            self.counts["polls that confirm a refusal"] += 1
        elif self._excused >= last:
            self.counts["polls after a restart or a form"] += 1
        # Time goes in steps: what was due within one is done at its end.
        elif any(last - STEP <= reset <= now for reset in resets):
            self.counts["polls after a reset"] += 1
        elif isinstance(fault, Trouble) and now == last:
            # Newer versions of aiohttp ask once more where a connection breaks.
            self.counts["polls on a broken connection"] += 1
        else:
            self.too_soon.append(now)


def _read(
    key: str, meter: Meter | None, now: datetime, *, whole: bool = False
) -> dict[str, str]:
    """Return what a window's sensors show if claude.ai is asked now."""
    assert meter is not None
    percent, reset = meter.read(now)
    # Of a model's window claude.ai tells whole numbers.
    used = round(percent) if whole else round(round(percent, 2), 1)
    return {
        f"{key}_usage": f"{used:g}",
        f"{key}_resets_at": reset.isoformat() if reset else "unknown",
    }
