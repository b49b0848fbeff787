"""The last weeks of a person, for the meters of the simulator and for the recorder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
import json
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from custom_components.claude_pulse.claude_ai.values import rounded
from homeassistant.components.recorder.db_schema import (
    Base,
    RecorderRuns,
    StateAttributes,
    States,
    StatesMeta,
    Statistics,
    StatisticsMeta,
)
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.util.ulid import ulid_at_time, ulid_to_bytes
from tests.simulator.world import HOUR, SESSION, WEEK, Meter, Seat

_STEP = timedelta(minutes=5)
_DAY = timedelta(days=1)

# The length of statistics, and of states, which the recorder keeps for a shorter time.
_WEEKS, _STATES = 6, 9 * _DAY

# The percentage used now, and in each hour from now on.
_NOW = {"session": 42.0, "weekly": 58.0, "Fable": 81.0}
_RATES = {"session": 8.0, "weekly": 0.6, "Fable": 0.7}
# The usual percentage at the end of a week, and the usual share of it now.
_USUAL = {"weekly": 78.0, "Fable": 65.0}
_BY_NOW = 0.6

# Cents: extra usage and its limit, and the balance.
_SPENT, _PREPAID = (1240, 5000), 2760

# The age of the session, and points in five minutes of work.
_RUNNING, _POINTS = timedelta(hours=2, minutes=40), 0.8

# A time without claude.ai.
_OUTAGE, _OUTAGE_LASTED = 27 * HOUR, HOUR

# The sensors in the recorder.
_PREFIX = "sensor.claude_pulse_"
_SENSORS = {
    "session": ("session_usage", "Session usage"),
    "weekly": ("weekly_usage", "Weekly usage"),
    "Fable": ("weekly_fable_usage", "Weekly Fable usage"),
}

Sample = tuple[datetime, float]


def live(seat: Seat, now: datetime, zone: tzinfo) -> Mapping[str, Sequence[Sample]]:
    """Set the meters of a seat, and return the history of its windows."""
    last = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    current = last - _RUNNING
    steps = (_WEEKS + 1) * WEEK // _STEP
    times = [last - place * _STEP for place in reversed(range(steps))]
    session, rises = _sessions(times, current, zone)
    start = _week_of(rises, last)
    seat.session = _meter("session", SESSION, current, now)
    seat.weekly = _meter("weekly", WEEK, start, now)
    seat.models = {"Fable": _meter("Fable", WEEK, start, now)}
    seat.spent_cents, seat.prepaid_cents = _SPENT, _PREPAID
    return {
        "session": [*zip(times, session, strict=True)],
        "weekly": [*_weeks("weekly", times, rises, start)],
        "Fable": [*_weeks("Fable", times, rises, start)],
    }


def _meter(key: str, length: timedelta, started: datetime, now: datetime) -> Meter:
    """Return a meter with the percentage of now."""
    before = _RATES[key] * ((now - started) / HOUR)
    return Meter(length, _RATES[key], _NOW[key] - before, started)


def _work(day: date) -> list[float]:
    """Return the amount of work in each five minutes of a day."""
    random = Random(f"ada {day}")
    spans = []
    if day.weekday() < 5:
        spans = [(18, 25), (27, 38)] + [(41, 45)] * (random.random() < 0.4)
    elif random.random() < 0.3:
        spans = [(21, 25)]
    busy = random.gammavariate(12, 1 / 12)
    work = [0.0] * (_DAY // _STEP)
    for first, end in spans:
        for half_hour in range(first, end):
            # A fifth is spent in meetings or on reading.
            rate = random.gammavariate(3, 1 / 3) if random.random() < 0.8 else 0
            for place in range(half_hour * 6, half_hour * 6 + 6):
                work[place] = busy * rate * random.uniform(0.5, 1.5)
    return work


def _sessions(
    times: Sequence[datetime], current: datetime, zone: tzinfo
) -> tuple[list[float], list[float]]:
    """Return the percentage of the session at each time, and its rises.

    The current session has work at any time of the day. The one before ends at its start.
    """
    random = Random("ada now")
    busy = [random.gammavariate(1.5, 1) for time in times if time >= current]
    now = iter([points * _NOW["session"] / sum(busy) for points in busy])
    days: dict[date, list[float]] = {}
    used, over = 0.0, times[0]
    values, rises = [], []
    for time in times:
        local = time.astimezone(zone)
        if (day := local.date()) not in days:
            days[day] = _work(day)
        points = days[day][(local.hour * 60 + local.minute) // 5] * _POINTS
        if time >= current:
            points = next(now)
        before = used if time < over else 0.0
        if time >= over and points:
            over = time + SESSION
            if time < current:
                over = min(over, current)
        used = min(before + points, 100.0)
        values.append(used)
        rises.append(used - before)
    return values, rises


def _week_of(rises: Sequence[float], now: datetime) -> datetime:
    """Return the start of the week for which the usual share is used now."""
    week = WEEK // _STEP

    def used_by_now(hours: int) -> float:
        """Return the share of the past weeks that was used in their first hours."""
        steps = hours * HOUR // _STEP
        begins = [len(rises) - number * week - steps for number in range(1, _WEEKS + 1)]
        used = sum(sum(rises[begin : begin + steps]) for begin in begins)
        return used / sum(sum(rises[begin : begin + week]) for begin in begins)

    hours = min(range(60, 120), key=lambda hours: abs(used_by_now(hours) - _BY_NOW))
    return now.replace(minute=0) - hours * HOUR


def _weeks(
    key: str, times: Sequence[datetime], rises: Sequence[float], start: datetime
) -> Iterator[Sample]:
    """Yield the percentage of a weekly window, which rises with the sessions."""
    weeks = [
        [*several]
        for _, several in groupby(
            zip(times, rises, strict=True),
            key=lambda step: (step[0] - start) // WEEK,
        )
    ]
    sums = [sum(rise for _, rise in week) for week in weeks]
    random = Random(f"ada {key}")
    # The first one is not whole.
    usual = sum(sums[1:-1]) / len(sums[1:-1])
    for number, week in enumerate(weeks):
        factor = _USUAL[key] / usual * random.lognormvariate(0, 0.12)
        if number == len(weeks) - 1:
            factor = _NOW[key] / sums[-1]
        used = 0.0
        for time, rise in week:
            used = min(used + rise * factor, 100.0)
            yield time, used


def write(config: Path, windows: Mapping[str, Sequence[Sample]]) -> None:
    """Create the database with the models of the recorder."""
    now = windows["session"][-1][0]
    engine = create_engine(f"sqlite:///{config / 'home-assistant_v2.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(RecorderRuns(start=now - _STATES, end=now, created=now))
        for key, samples in windows.items():
            entity, name = _SENSORS[key]
            session.add_all(_states(entity, name, samples, now))
            meta = StatisticsMeta.from_meta(_statistic(entity))
            session.add(meta)
            session.flush()
            session.add_all(_statistics(meta.id, samples, now))
        session.commit()
    engine.dispose()


def _is_out(time: datetime, now: datetime) -> bool:
    """Return whether claude.ai was unavailable."""
    return timedelta() <= time - (now - _OUTAGE) < _OUTAGE_LASTED


def _states(
    entity: str, name: str, samples: Sequence[Sample], now: datetime
) -> Iterator[States]:
    """Yield the changes of a sensor."""
    meta = StatesMeta(entity_id=_PREFIX + entity)
    shared = {
        "state_class": "measurement",
        "unit_of_measurement": "%",
        "friendly_name": f"Claude Pulse {name}",
    }
    attributes = StateAttributes(shared_attrs=json.dumps(shared))
    before = None
    for time, used in samples:
        if time < now - _STATES:
            continue
        state = "unavailable" if _is_out(time, now) else str(rounded(used))
        if state != before:
            # A poll comes after a reset, and history omits states at its start.
            moment = time.timestamp() + 1
            yield States(
                state=state,
                last_updated_ts=moment,
                context_id_bin=ulid_to_bytes(ulid_at_time(moment)),
                origin_idx=0,
                states_meta_rel=meta,
                state_attributes=attributes,
            )
        before = state


def _statistic(entity: str) -> StatisticMetaData:
    """Return the metadata of a statistic."""
    known: dict[str, Any] = {
        "has_mean": True,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": _PREFIX + entity,
        "unit_of_measurement": "%",
    }
    # Since Home Assistant 2025.4, and 2025.11.
    if hasattr(StatisticsMeta, "mean_type"):
        known["mean_type"] = 1
    if hasattr(StatisticsMeta, "unit_class"):
        known["unit_class"] = "unitless"
    return known  # type: ignore[return-value]


def _statistics(
    meta: int, samples: Sequence[Sample], now: datetime
) -> Iterator[Statistics]:
    """Yield the statistics of past hours with states."""
    known = [sample for sample in samples if not _is_out(sample[0], now)]
    for hour, several in groupby(known, lambda sample: sample[0].replace(minute=0)):
        values = [round(used, 1) for _, used in several]
        if hour + HOUR <= now:
            yield Statistics(
                metadata_id=meta,
                start_ts=hour.timestamp(),
                mean=sum(values) / len(values),
                min=min(values),
                max=max(values),
            )
