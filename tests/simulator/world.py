"""The accounts and organizations of the simulator, and what they have used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import random
from typing import Any
from uuid import UUID, uuid5

_NAMESPACE = UUID("7b1d3c52-5c3e-4a55-9d5e-2f8f3f1c0a11")

HOUR = timedelta(hours=1)
SESSION = 5 * HOUR
WEEK = timedelta(days=7)


def uuid_of(name: str) -> str:
    """Return the UUID that a name has in every run."""
    return str(uuid5(_NAMESPACE, name))


@dataclass
class Meter:
    """One limit: use at a constant rate in windows of a fixed length.

    While there is use, a window follows the other; without, the next one starts
    when use does. A reset that comes `late` leaves the old window to be told for so
    long after it.
    """

    length: timedelta
    percent_per_hour: float = 0.0
    percent_at_start: float = 0.0
    started: datetime | None = None
    late: timedelta = timedelta()

    def read(self, now: datetime) -> tuple[float, datetime | None]:
        """Return the percentage used at a time, and the reset of the running window."""
        if self.started is None and self.percent_per_hour:
            self.started = now.replace(second=0, microsecond=0)
        if self.started is None:
            return 0.0, None
        if (over := (now - self.late - self.started) // self.length) > 0:
            self.percent_at_start = 0.0
            self.started += over * self.length
            if not self.percent_per_hour:
                self.started = None
                return 0.0, None
        used = self.percent_at_start + self.percent_per_hour * (
            min(now - self.started, self.length) / HOUR
        )
        return min(used, 100.0), self.started + self.length

    def set_rate(self, percent_per_hour: float, now: datetime) -> None:
        """Go on from here at another rate."""
        used, resets_at = self.read(now)
        if resets_at is not None:
            assert self.started is not None
            elapsed = min(now - self.started, self.length) / HOUR
            self.percent_at_start = used - percent_per_hour * elapsed
        self.percent_per_hour = percent_per_hour


@dataclass
class Organization:
    """An organization as the list of a session key shows it."""

    uuid: str
    name: str
    capabilities: tuple[str, ...]
    rate_limit_tier: str
    raven_type: str | None = None
    plan_display_name: str | None = None

    @property
    def has_usage(self) -> bool:
        """Tell whether it is more than API access."""
        return "chat" in self.capabilities

    def body(self) -> dict[str, Any]:
        """Return what claude.ai tells of it."""
        return {
            "uuid": self.uuid,
            "name": self.name,
            "capabilities": list(self.capabilities),
            "rate_limit_tier": self.rate_limit_tier,
            "raven_type": self.raven_type,
            "billing_type": None,
            "plan_display_name": self.plan_display_name,
        }


@dataclass
class Seat:
    """The usage of one account in one organization."""

    organization: Organization
    session: Meter | None = None
    weekly: Meter | None = None
    models: dict[str, Meter] = field(default_factory=dict)
    # Prepaid money in cents; None is no account of that sort.
    prepaid_cents: int | None = None
    # Paid usage in cents and its limit; None is none.
    spent_cents: tuple[int, int] | None = None
    # Served instead of what the meters say.
    fixed_body: Any = None

    def body(self, now: datetime, jitter: Callable[[], timedelta]) -> Any:
        """Return the body of `/usage`: the modern rows and the older members."""
        if self.fixed_body is not None:
            return self.fixed_body
        rows: list[dict[str, Any]] = []

        def window(kind: str, meter: Meter | None, model: str | None = None) -> Any:
            """Add a row, and return the same window in its older form."""
            if meter is None:
                return None
            percent, reset = meter.read(now)
            resets_at = (reset + jitter()).isoformat() if reset else None
            scope = {"model": {"id": None, "display_name": model}, "surface": None}
            rows.append(
                {
                    "kind": kind,
                    "group": "session" if kind == "session" else "weekly",
                    "percent": round(percent),
                    "severity": "normal"
                    if percent < 80
                    else "warning"
                    if percent < 95
                    else "critical",
                    "resets_at": resets_at,
                    "scope": scope if model else None,
                    "is_active": kind == "weekly_all",
                }
            )
            return {
                "utilization": round(percent, 2),
                "resets_at": resets_at,
                "limit_dollars": None,
                "used_dollars": None,
                "remaining_dollars": None,
            }

        body: dict[str, Any] = {
            "five_hour": window("session", self.session),
            "seven_day": window("weekly_all", self.weekly),
            "seven_day_opus": None,
            "iguana_necktie": None,
        }
        for model, meter in self.models.items():
            window("weekly_scoped", meter, model)
        return {
            **body,
            "extra_usage": {"is_enabled": False, "monthly_limit": None},
            "limits": rows,
            "spend": self._spend(),
        }

    def _spend(self) -> dict[str, Any]:
        """Return what is paid for beyond the limits."""
        if self.spent_cents is None:
            return {"enabled": False, "percent": 0}
        used, limit = (
            {"amount_minor": cents, "currency": "EUR", "exponent": 2}
            for cents in self.spent_cents
        )
        percent = 100 * self.spent_cents[0] / self.spent_cents[1]
        return {"enabled": True, "percent": percent, "used": used, "limit": limit}


@dataclass
class Account:
    """A person with a login."""

    name: str
    seats: list[Seat]
    # How many session keys there have been, and which of them are accepted.
    keys: int = 1
    accepted: set[int] = field(default_factory=lambda: {1})
    # What cookies carry instead of the latest key, with attributes.
    cookie: str | None = None

    @property
    def uuid(self) -> str:
        """Return the account's UUID."""
        return uuid_of(f"account {self.name}")

    @property
    def email(self) -> str:
        """Return the address that personal organizations are named after."""
        return f"{self.name}@example.org"

    @property
    def session_key(self) -> str:
        """Return the latest session key."""
        return self.key(self.keys)

    @property
    def logged_in(self) -> bool:
        """Tell whether any session key is accepted."""
        return bool(self.accepted)

    def key(self, number: int) -> str:
        """Return one of the session keys there have been."""
        return f"sk-ant-sid02-{self.name}-{number}-".ljust(130, "k")

    def accepts(self, session_key: str) -> bool:
        """Tell whether a session key opens the account."""
        return any(self.key(number) == session_key for number in self.accepted)

    def log_out(self) -> None:
        """End all session keys."""
        self.accepted.clear()

    def log_in(self) -> str:
        """Return a new session key; those before it have ended."""
        self.accepted.clear()
        self.cookie = None
        return self.renew()

    def renew(self) -> str:
        """Return a new session key, which cookies carry; the one before stays accepted."""
        self.keys += 1
        self.accepted.add(self.keys)
        return self.session_key

    def end_old_keys(self) -> None:
        """Accept the latest session key only."""
        self.accepted &= {self.keys}

    def refuse_new_key(self) -> None:
        """Accept only the session keys before the latest."""
        self.accepted.discard(self.keys)

    def move(self) -> Organization:
        """Replace the organization of the last seat by one with another UUID."""
        seat = self.seats[-1]
        uuid = uuid_of(f"after {seat.organization.uuid}")
        seat.organization = replace(seat.organization, uuid=uuid)
        return seat.organization

    def seat(self, org_id: str) -> Seat | None:
        """Return the account's seat in an organization."""
        for seat in self.seats:
            if seat.organization.uuid == org_id:
                return seat
        return None

    def body(self) -> dict[str, Any]:
        """Return what claude.ai tells of it."""
        return {
            "uuid": self.uuid,
            "email_address": self.email,
            "full_name": self.name.title(),
            "memberships": [
                {"role": "user", "organization": seat.organization.body()}
                for seat in self.seats
            ],
        }


@dataclass
class World:
    """All accounts."""

    accounts: dict[str, Account]

    def by_key(self, session_key: str) -> Account | None:
        """Return the account that a session key opens."""
        for account in self.accounts.values():
            if account.accepts(session_key):
                return account
        return None

    def has_organization(self, org_id: str) -> bool:
        """Tell whether any account has a seat in an organization."""
        return any(account.seat(org_id) for account in self.accounts.values())


def make_world(now: datetime) -> World:
    """Return accounts of all sorts, some way into their windows.

    ada has a Max plan, and an API-only organization that is listed first; ben
    has Pro and a seat in a team, of which cora has another; dan has API access
    only; eve's plan is free and has no limits to show.
    """
    minute = now.replace(second=0, microsecond=0)

    def personal(name: str, capability: str | None, tier: str) -> Organization:
        capabilities = ("chat", capability) if capability else ("chat",)
        return Organization(
            uuid_of(f"organization {name}"),
            f"{name}@example.org's Organization",
            capabilities,
            tier,
        )

    def api_only(name: str) -> Organization:
        return Organization(
            uuid_of(f"api organization {name}"),
            "Individual Org",
            ("api", "api_individual"),
            "auto_api_evaluation",
        )

    def used(
        organization: Organization, session: float, weekly: float, **models: float
    ) -> Seat:
        return Seat(
            organization,
            Meter(SESSION, 9.5, session, minute - timedelta(hours=2, minutes=30)),
            Meter(WEEK, 0.6, weekly, minute - timedelta(days=3, hours=4)),
            {
                name: Meter(WEEK, 1.1, share, minute - timedelta(days=3, hours=4))
                for name, share in models.items()
            },
        )

    team = Organization(
        uuid_of("organization team"),
        "Analytical Engines",
        ("raven", "chat"),
        "default_raven",
        raven_type="team",
    )
    accounts = [
        Account(
            "ada",
            [
                Seat(api_only("ada")),
                used(
                    personal("ada", "claude_max", "default_claude_max_20x"),
                    7.4,
                    12.3,
                    Fable=4.0,
                ),
            ],
        ),
        Account(
            "ben",
            [
                used(personal("ben", "claude_pro", "default_claude_ai"), 40.0, 20.0),
                used(team, 5.0, 3.0),
            ],
        ),
        Account("cora", [used(team, 55.0, 30.0)]),
        Account("dan", [Seat(api_only("dan"))]),
        Account("eve", [Seat(personal("eve", None, "default_claude_ai"))]),
    ]
    return World({account.name: account for account in accounts})


def jitter(source: random.Random) -> timedelta:
    """Return how far off a timestamp is this time: up to 0.6 s to either side."""
    return timedelta(microseconds=source.randint(-600_000, 600_000))
