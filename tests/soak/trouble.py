"""What goes wrong, from its beginning to its end: one function for each sort."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.common import issues, reauth_flows
from tests.simulator.faults import FAULTS

from . import person, schedule
from .budget import MOST_ROWS, NIGHT, counted_rows
from .obstacles import RECOVERY_FROM_LIMIT
from .run import Run
from .schedule import Episode, dead_key

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


async def suffer(run: Run, episode: Episode) -> None:
    """Go through something, until it is over."""
    run.write_down(episode.kind)
    if special := _SPECIAL.get(episode.kind):
        await special(run, episode.length)
    elif dead_key(episode.kind):
        await _lose_key(run, episode.kind)
    else:
        await _fault(run, episode.length, episode.kind)
    # Nobody enters a key and pulls the plug in the same second.
    await run.step()
    run.survived[episode.kind] += 1
    run.write_down("over")


async def _fault(run: Run, length: timedelta, kind: str) -> None:
    """Go through a fault that everybody meets."""
    fault = FAULTS[kind]
    seconds = run.random.choice(schedule.RETRY_AFTER)
    if kind == "rate_limited" and seconds:
        fault = replace(fault, headers={"Retry-After": seconds})
    run.simulator.faults[None] = fault
    await run.pass_time(length)
    run.simulator.clear_faults()


async def _long_challenge(run: Run, length: timedelta) -> None:
    """Go through a challenge that a person is told of."""
    run.simulator.set_fault("challenge")
    await run.pass_time(length)
    assert "blocked" in issues(run.home.hass)
    run.simulator.clear_faults()


async def _blip(run: Run, _: timedelta) -> None:
    """Go through one refusal that was not meant."""
    run.simulator.set_fault("session_invalid", run.ada.account.name)
    run.refusal_ends = run.ada.counts["polls"] + 1
    while run.simulator.faults:
        await run.step()


async def _lose_key(run: Run, kind: str) -> None:
    """Go through the end of a session key, until the person enters another one."""
    if kind in FAULTS:
        run.simulator.set_fault(kind, run.ada.account.name)
    else:
        run.ada.account.log_out()
    run.ada.lost()
    await _wait_for_notice(run)
    if kind == schedule.LOG_OUT:
        await run.restart()
    await _person_takes_time(run)
    await _wait_for_notice(run)
    run.simulator.clear_faults()
    await person.enter_key(run.home.hass, run.ada)
    run.counts["session keys that died"] += 1


async def _wait_for_notice(run: Run) -> None:
    """Let time pass until the person is asked for a key."""
    since = run.clock.awake
    while not reauth_flows(run.home.hass):
        waited = run.clock.awake - since
        assert waited < RECOVERY_FROM_LIMIT, "nobody is asked for a key"
        await run.step()


async def _person_takes_time(run: Run) -> None:
    """Let ten minutes to three hours pass."""
    await run.pass_time(timedelta(minutes=run.random.uniform(10, 180)))


async def _move(run: Run, _: timedelta) -> None:
    """Go through a change of organization, until the person chooses the new one."""
    run.ada.account.move()
    run.ada.lost()
    while "organization" not in issues(run.home.hass):
        await run.step()
    await _person_takes_time(run)
    await person.choose_organization(run.home, run.ada)


async def _renewal(run: Run, length: timedelta, *, refused: bool = False) -> None:
    """Go through the renewal of a session key, which may be one that is refused."""
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
    # Otherwise it is taken some time later, if the last one was refused.
    if run.home.entries[ada.title].data["session_key"] == ada.account.session_key:
        assert not refused
        ada.renewed()
        ada.account.end_old_keys()
        run.counts["session keys that were renewed"] += 1


async def _late_reset(run: Run, _: timedelta) -> None:
    """Let claude.ai go on telling the old window for some time after its reset."""
    session = run.ada.seat.session
    assert session
    if session.read(run.clock.right)[1] is None:
        person.use_claude(run.clock, run.ada, share=1)
    for watch in run.watches:
        for meter in watch.meters:
            meter.late = timedelta(minutes=run.random.uniform(1, 90))
    _, reset = session.read(run.clock.right)
    assert reset
    await run.pass_until(reset + session.late)
    await run.step()
    for watch in run.watches:
        for meter in watch.meters:
            meter.late = timedelta()


async def _asleep(run: Run, length: timedelta) -> None:
    """Let the machine sleep, and wake up."""
    run.clock.sleep(length)
    for watch in run.watches:
        watch.jumped(asleep=True)
    await run.pass_time(timedelta(minutes=5))


async def _wrong_clock(run: Run, length: timedelta, by: timedelta) -> None:
    """Let the clock on the wall be wrong for a time."""
    run.set_clock(by)
    await run.pass_time(length)
    run.set_clock(-by)
    await run.pass_time(timedelta(minutes=5))


async def _back_in_a_wait(run: Run, length: timedelta) -> None:
    """Set the clock back while claude.ai is to be left alone."""
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
    await run.pass_time(timedelta(minutes=5))


async def _full_disk(run: Run, length: timedelta) -> None:
    """Let nothing be stored while there is something to store, and restart.

    What is told meanwhile would be told again.
    """
    await run.pass_until_all_is_told()
    run.home.disk.full = run.log.full_disk = True
    run.simulator.set_fault("challenge")
    await run.pass_time(length / 2)
    await run.restart()
    await run.pass_time(length / 2)
    run.simulator.clear_faults()
    run.home.disk.full = run.log.full_disk = False


async def _late_network(run: Run, length: timedelta) -> None:
    """Start Home Assistant before there is a network."""
    await run.restart(then=run.simulator.stop)
    await run.pass_time(length)
    await run.simulator.start()


async def _summer(run: Run, length: timedelta) -> None:
    """Switch the machine off until the clocks are put back."""

    async def wait() -> None:
        """Let the time pass."""
        run.begun += length
        run.clock.sleep(length)

    await run.restart(then=wait)


async def _polling_off(run: Run, length: timedelta) -> None:
    """Let an entry ask only when it is set up; a reload takes no time here."""
    await run.pass_until_all_is_told()
    await person.switch_polling(run.home, run.ada, on=False)
    polls, starts = run.ada.counts["polls"], run.starts
    await run.pass_time(length)
    assert run.ada.counts["polls"] - polls <= run.starts - starts
    await person.switch_polling(run.home, run.ada, on=True)


async def _quiet_day(run: Run, length: timedelta) -> None:
    """Let nothing happen, and count nine hours without a window of a session."""
    run.quiet = True
    for watch in run.watches:
        person.rest(run.clock, watch, run.random)
    begun = run.clock.right
    await run.pass_time(timedelta(hours=5, minutes=10))
    entry = run.home.entries[run.ada.title]
    with counted_rows(run.home.hass, entry) as rows:
        await run.pass_time(NIGHT)
    most = "most states written in nine hours at the same numbers"
    assert rows.total() <= MOST_ROWS, rows
    run.ada.counts[most] = max(run.ada.counts[most], rows.total())
    await run.pass_until(begun + length)
    run.quiet = False


_SPECIAL: dict[str, Callable[[Run, timedelta], Awaitable[None]]] = {
    schedule.AHEAD_AN_HOUR: partial(_wrong_clock, by=_HOUR),
    schedule.ASLEEP: _asleep,
    schedule.BACK_AN_HOUR: partial(_wrong_clock, by=-_HOUR),
    schedule.BACK_A_DAY: partial(_wrong_clock, by=-_DAY),
    schedule.BACK_IN_A_WAIT: _back_in_a_wait,
    schedule.BLIP: _blip,
    schedule.FULL_DISK: _full_disk,
    schedule.LATE_NETWORK: _late_network,
    schedule.LATE_RESET: _late_reset,
    schedule.LONG_CHALLENGE: _long_challenge,
    schedule.MOVE: _move,
    schedule.POLLING_OFF: _polling_off,
    schedule.QUIET_DAY: _quiet_day,
    schedule.REFUSED_RENEWAL: partial(_renewal, refused=True),
    schedule.RENEWAL: _renewal,
    schedule.SUMMER: _summer,
}
