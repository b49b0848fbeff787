"""The episodes: what goes wrong, for how long and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from tests.common import issues, reauth_flows
from tests.simulator.faults import FAULTS
from tests.simulator.world import SESSION, WEEK, Meter

from . import person
from .obstacles import DEAD_KEY_ROW, RECOVERY_FROM_LIMIT
from .requests import MOST_ROWS
from .run import Run

_NIGHT = timedelta(hours=9)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MINUTES = timedelta(minutes=5)

# Between the changes of the clocks.
SUMMER = "switched off from spring to autumn"
SUMMER_LENGTH = timedelta(days=210)

# Sensible or not.
_RETRY_AFTER = (None, "600", "7200", "0", "999999999")


async def suffer(run: Run, kind: str, length: timedelta) -> None:
    """Go through an episode."""
    run.note(kind)
    if special := SPECIAL.get(kind):
        await special.go_through(run, length)
    elif FAULTS[kind].row == DEAD_KEY_ROW:
        await _lose_key(run, kind=kind)
    else:
        seconds = run.random.choice(_RETRY_AFTER) if kind == "rate_limited" else None
        run.simulator.set_fault(kind, retry_after=seconds)
        await run.pass_time(length)
        run.simulator.clear_faults()
    # No restart at the moment in which a key is entered.
    await run.step()
    run.survived[kind] += 1
    run.note("over")


async def _long_challenge(run: Run, length: timedelta) -> None:
    """Block all requests until a repair issue says so."""
    run.simulator.set_fault("challenge")
    starts, since = run.home.runs, run.clock.right
    while "blocked" not in issues(run.home.hass):
        await run.step()
        if run.home.runs != starts:
            # After a restart, the time counts again.
            starts, since = run.home.runs, run.clock.right
        assert run.clock.right - since < length
    run.simulator.clear_faults()


async def _blip(run: Run, _: timedelta) -> None:
    """Refuse one poll."""
    run.simulator.set_fault("session_invalid", run.ada.account.name)
    run.refusal_ends = run.ada.counts["polls"] + 1
    while run.simulator.faults:
        await run.step()


async def _false_zero(run: Run, _: timedelta) -> None:
    """Answer once that nothing is used, which must cause no alert."""
    seat, answers = run.ada.seat, run.ada.counts["answers"]
    # A false answer after a day without answers would be believed.
    while run.ada.counts["answers"] == answers:
        await run.step()
    while any(
        reset and reset < run.clock.right + 3 * _MINUTES
        for _, reset in (meter.read(run.clock.right) for meter in run.ada.meters)
    ):
        await run.step()
    right = seat.session, seat.weekly, seat.models
    seat.session, seat.weekly = Meter(SESSION), Meter(WEEK)
    seat.models = {name: Meter(WEEK) for name in seat.models}
    run.ada.answers_are_false = True
    answers = run.ada.counts["answers"]
    while run.ada.counts["answers"] == answers:
        await run.step()
    seat.session, seat.weekly, seat.models = right
    run.ada.answers_are_false = False


async def _lose_key(run: Run, _: timedelta = _HOUR, kind: str | None = None) -> None:
    """End a session key, until the person enters another one."""
    if kind:
        run.simulator.set_fault(kind, run.ada.account.name)
    else:
        run.ada.account.log_out()
    run.ada.lost()
    await _wait_for_flow(run)
    if not kind:
        await run.restart()
    await _person_takes_time(run)
    await _wait_for_flow(run)
    run.simulator.clear_faults()
    await person.enter_key(run.home.hass, run.ada)
    run.counts["session keys that died"] += 1


async def _wait_for_flow(run: Run) -> None:
    """Move on until the person is asked for a key."""
    since = run.clock.awake
    while not reauth_flows(run.home.hass):
        waited = run.clock.awake - since
        assert waited < RECOVERY_FROM_LIMIT, "no flow asks for a key"
        await run.step()


async def _person_takes_time(run: Run) -> None:
    """Move on by ten minutes to three hours."""
    await run.pass_time(timedelta(minutes=run.random.uniform(10, 180)))


async def _move(run: Run, _: timedelta) -> None:
    """Change the organization, until the person chooses the new one."""
    run.ada.account.move()
    run.ada.lost()
    while "organization" not in issues(run.home.hass):
        await run.step()
    await _person_takes_time(run)
    await person.choose_organization(run.home, run.ada)


async def _renewal(run: Run, length: timedelta, *, refused: bool = False) -> None:
    """Renew a session key; the new key can be refused."""
    ada, since = run.ada, run.ada.key_since
    ada.key_since = None
    ada.account.renew()
    if refused:
        ada.account.refuse_new_key()
    await run.pass_time(length)
    while "previous_session_key" in run.home.entries[ada.title].data:
        await run.step()
    if refused:
        ada.key_since = since
    # After a refused key, a new one is taken some time later.
    if run.home.entries[ada.title].data["session_key"] == ada.account.session_key:
        assert not refused
        ada.renewed()
        ada.account.end_old_keys()
        run.counts["session keys that were renewed"] += 1


async def _late_reset(run: Run, _: timedelta) -> None:
    """Answer with the old window for some time after its reset."""
    session = run.ada.seat.session
    assert session
    if session.read(run.clock.right)[1] is None:
        person.use_claude(run.clock, run.ada, share=1)
    meters = [meter for watch in run.watches for meter in watch.meters]
    for meter in meters:
        meter.late = timedelta(minutes=run.random.uniform(1, 90))
    _, reset = session.read(run.clock.right)
    assert reset
    await run.pass_until(reset + session.late)
    await run.step()
    for meter in meters:
        meter.late = timedelta()


async def _asleep(run: Run, length: timedelta) -> None:
    """Let the machine sleep."""
    run.clock.sleep(length)
    for watch in run.watches:
        watch.jumped(asleep=True)
    await run.pass_time(_MINUTES)


async def _wrong_clock(run: Run, length: timedelta, by: timedelta) -> None:
    """Set the clock wrong for a time."""
    run.set_clock(by)
    await run.pass_time(length)
    run.set_clock(-by)
    await run.pass_time(_MINUTES)


async def _back_in_a_wait(run: Run, length: timedelta) -> None:
    """Set the clock back during the wait after a failure."""
    by = run.random.choice((-_HOUR, -_DAY))
    if run.random.random() < 0.5:
        run.simulator.set_fault("challenge")
    else:
        run.simulator.set_fault("rate_limited", retry_after="7200")
    await run.pass_time(timedelta(minutes=10))
    run.set_clock(by)
    await run.pass_time(timedelta(minutes=run.random.uniform(0, 30)))
    run.simulator.clear_faults()
    await run.pass_time(length)
    run.set_clock(-by)
    await run.pass_time(_MINUTES)


async def _full_disk(run: Run, length: timedelta) -> None:
    """Fill the disk, and restart. No alert comes, because it would come again."""
    await run.pass_until_all_alerts()
    run.home.disk.full = run.log.full_disk = True
    run.simulator.set_fault("challenge")
    await run.pass_time(length / 2)
    await run.restart()
    await run.pass_time(length / 2)
    run.simulator.clear_faults()
    run.home.disk.full = run.log.full_disk = False


async def _late_network(run: Run, length: timedelta) -> None:
    """Start Home Assistant before the network."""
    await run.restart(then=run.simulator.stop)
    await run.pass_time(length)
    await run.simulator.start()


async def _summer(run: Run, length: timedelta) -> None:
    """Switch the machine off until the clocks are put back."""

    async def wait() -> None:
        """Move on without counting the time."""
        run.begun += length
        run.clock.sleep(length)

    await run.restart(then=wait)


async def _polling_off(run: Run, length: timedelta) -> None:
    """Switch off polling: an entry polls only when it is set up."""
    await run.pass_until_all_alerts()
    await person.switch_polling(run.home, run.ada, on=False)
    polls, starts = run.ada.counts["polls"], run.starts
    await run.pass_time(length)
    assert run.ada.counts["polls"] - polls <= run.starts - starts
    await person.switch_polling(run.home, run.ada, on=True)


async def _quiet_day(run: Run, length: timedelta) -> None:
    """Use nothing, and count the states written in nine hours without a session."""
    run.quiet = True
    for watch in run.watches:
        person.use_nothing(run.clock, watch, run.random)
    begun = run.clock.right
    await run.pass_time(timedelta(hours=5, minutes=10))
    entry = run.home.entries[run.ada.title]
    with _counted_rows(run.home.hass, entry) as rows:
        await run.pass_time(_NIGHT)
    assert rows.total() <= MOST_ROWS, rows
    most = "most states written in nine hours at the same numbers"
    run.ada.counts[most] = max(run.ada.counts[most], rows.total())
    await run.pass_until(begun + length)
    run.quiet = False


@contextmanager
def _counted_rows(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[Counter[str]]:
    """Count the states written for an entry, except the countdown."""
    rows: Counter[str] = Counter()
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ids = {entity.entity_id for entity in entities}
    counted = {name for name in ids if not name.endswith("_reset_countdown")}

    @callback
    def count(event: Event) -> None:
        """Count a state."""
        rows.update({event.data["entity_id"]} & counted)

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    yield rows
    stop()


@dataclass(frozen=True)
class Special:
    """An episode that is no fault of the simulator; some have a fixed length."""

    go_through: Callable[[Run, timedelta], Awaitable[None]]
    times_in_30_days: int
    length: timedelta | None = None


SPECIAL = {
    # About the machine, its clock, its disk and its network.
    "nine hours asleep": Special(_asleep, 3, 9 * _HOUR),
    "clock an hour fast, then set right": Special(partial(_wrong_clock, by=_HOUR), 2),
    "clock an hour slow, then set right": Special(partial(_wrong_clock, by=-_HOUR), 2),
    "clock a day slow, then set right": Special(partial(_wrong_clock, by=-_DAY), 2),
    # Longer than the longest wait.
    "clock set back during a wait, then set right": Special(
        _back_in_a_wait, 3, 7 * _HOUR
    ),
    "full disk, during a challenge and a restart": Special(_full_disk, 3),
    "network that comes up after Home Assistant": Special(_late_network, 2),
    SUMMER: Special(_summer, 0, SUMMER_LENGTH),
    # About a session key, an organization, a window.
    "one false refusal": Special(_blip, 4),
    "one false answer that nothing is used": Special(_false_zero, 4),
    "reset that comes late": Special(_late_reset, 4),
    "log-out": Special(_lose_key, 2),
    "challenge of more than a day": Special(_long_challenge, 1, 27 * _HOUR),
    "change of organization": Special(_move, 2),
    "renewal of the session key": Special(_renewal, 3),
    "renewal with a key that is refused": Special(partial(_renewal, refused=True), 2),
    # About a person.
    "polling switched off, and on again": Special(_polling_off, 2),
    "a day without use": Special(_quiet_day, 2, _DAY),
}
