"""The accounts and organizations of the simulator, and their usage."""

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


def amount(cents: int, currency: str) -> dict[str, Any]:
    """Return the JSON of an amount."""
    return {"amount_minor": cents, "currency": currency, "exponent": 2}


def uuid_of(name: str) -> str:
    """Return a UUID that only depends on the name."""
    return str(uuid5(_NAMESPACE, name))


@dataclass
class Meter:
    """A limit with a constant rate of use in windows of a fixed length.

    A window starts when there is use and none is running. After a reset, the old window
    is still served for the time `late`.
    """

    length: timedelta
    percent_per_hour: float = 0.0
    percent_at_start: float = 0.0
    started: datetime | None = None
    late: timedelta = timedelta()

    def read(self, now: datetime) -> tuple[float, datetime | None]:
        """Return the percentage at a time, and the reset of the running window."""
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
        """Change the rate of use from now on."""
        used, resets_at = self.read(now)
        if resets_at is not None:
            assert self.started is not None
            elapsed = min(now - self.started, self.length) / HOUR
            self.percent_at_start = used - percent_per_hour * elapsed
        self.percent_per_hour = percent_per_hour


@dataclass
class Grant:
    """Saved resets that were granted together."""

    label: str
    starts_at: datetime
    ends_at: datetime
    total: int
    left: int
    clears: tuple[str, ...] = ("five_hour", "seven_day", "seven_day_overage_included")

    def body(self) -> dict[str, Any]:
        """Return the JSON of the grant."""
        return {
            "id": uuid_of(f"grant {self.label}"),
            "label": self.label,
            "resets_total": self.total,
            "resets_left": self.left,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "clears": list(self.clears),
            "paused": False,
            "usable_now": self.left > 0,
            "use_requires_limit": False,
        }


@dataclass
class Pool:
    """A pool of US dollars with an expiry. After it, the pool is gone."""

    used: float
    limit: float
    expires_at: datetime

    def body(self, now: datetime) -> dict[str, Any] | None:
        """Return the JSON of the pool, or None if it has expired."""
        if now >= self.expires_at:
            return None
        return {
            "utilization": 100 * self.used / self.limit,
            "resets_at": self.expires_at.isoformat(),
            "limit_dollars": self.limit,
            "used_dollars": self.used,
            "remaining_dollars": self.limit - self.used,
            "locked_reason": None,
        }


@dataclass
class Organization:
    """An organization."""

    uuid: str
    name: str
    capabilities: tuple[str, ...]
    rate_limit_tier: str
    raven_type: str | None = None
    plan_display_name: str | None = None

    @property
    def has_usage(self) -> bool:
        """Return whether the organization has more than API access."""
        return "chat" in self.capabilities

    def body(self) -> dict[str, Any]:
        """Return the JSON of the organization."""
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
    # The prepaid balance in cents, or None.
    prepaid_cents: int | None = None
    # Paid usage and its limit in cents, or None.
    spent_cents: tuple[int, int] | None = None
    # Why nothing can be spent, or None.
    disabled_reason: str | None = None
    currency: str = "EUR"
    # The saved resets, or None if the account is not eligible.
    grants: list[Grant] | None = None
    # The credit pools by their code name.
    pools: dict[str, Pool] = field(default_factory=dict)
    # A body that is served instead of the meters.
    fixed_body: Any = None

    def body(self, now: datetime, jitter: Callable[[], timedelta]) -> Any:
        """Return the body of `/usage` with rows and named members."""
        if self.fixed_body is not None:
            return self.fixed_body
        rows: list[dict[str, Any]] = []

        def window(kind: str, meter: Meter | None, model: str | None = None) -> Any:
            """Add a row, and return the named member of the same window."""
            if meter is None:
                return None
            percent, reset = meter.read(now)
            resets_at = (reset + jitter()).isoformat() if reset else None
            scope = {"model": {"id": None, "display_name": model}, "surface": None}
            severity = "warning" if percent < 95 else "critical"
            rows.append(
                {
                    "kind": kind,
                    "group": "session" if kind == "session" else "weekly",
                    "percent": round(percent),
                    "severity": "normal" if percent < 80 else severity,
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
                "locked_reason": None,
            }

        body: dict[str, Any] = {
            "five_hour": window("session", self.session),
            "seven_day": window("weekly_all", self.weekly),
            "seven_day_opus": None,
            "iguana_necktie": None,
            **{name: pool.body(now) for name, pool in self.pools.items()},
        }
        for model, meter in self.models.items():
            window("weekly_scoped", meter, model)
        return {
            **body,
            "cedar_ember": self._saved_resets(),
            "extra_usage": self._extra_usage(),
            "limits": rows,
            "spend": self._spend(),
        }

    def _saved_resets(self) -> dict[str, Any]:
        """Return the saved resets."""
        if self.grants is None:
            return {"eligible": False, "ineligible_reason": "tier", "grants": []}
        grants = [grant.body() for grant in self.grants]
        return {"eligible": True, "ineligible_reason": None, "grants": grants}

    def _extra_usage(self) -> dict[str, Any]:
        """Return the older form of the paid usage."""
        spent, limit = self.spent_cents or (None, None)
        return {
            "is_enabled": self.spent_cents is not None and not self.disabled_reason,
            "monthly_limit": limit,
            "used_credits": spent,
            "utilization": 100 * spent / limit if spent and limit else None,
            "currency": self.currency if self.spent_cents else None,
            "decimal_places": 2 if self.spent_cents else None,
            "disabled_reason": self.disabled_reason,
            "user_disabled": False,
            "spend_limit_reached": spent is not None
            and limit is not None
            and spent >= limit,
        }

    def _spend(self) -> dict[str, Any]:
        """Return the paid usage."""
        if self.spent_cents is None:
            return {"enabled": False, "percent": 0}
        spent, limit = self.spent_cents
        return {
            "enabled": not self.disabled_reason,
            "percent": round(100 * spent / limit),
            "used": amount(spent, self.currency),
            "limit": amount(limit, self.currency),
            "disabled_reason": self.disabled_reason,
        }


@dataclass
class Account:
    """An account of claude.ai."""

    name: str
    seats: list[Seat]
    # The number of the latest session key, and the numbers of the accepted ones.
    keys: int = 1
    accepted: set[int] = field(default_factory=lambda: {1})
    # The value and attributes of the cookie, or None for the latest key.
    cookie: str | None = None

    @property
    def uuid(self) -> str:
        """Return the account's UUID."""
        return uuid_of(f"account {self.name}")

    @property
    def email(self) -> str:
        """Return the e-mail address, which is part of an organization's name."""
        return f"{self.name}@example.org"

    @property
    def session_key(self) -> str:
        """Return the latest session key."""
        return self.key(self.keys)

    @property
    def logged_in(self) -> bool:
        """Return whether any session key is accepted."""
        return bool(self.accepted)

    def key(self, number: int) -> str:
        """Return a session key by its number."""
        return f"sk-ant-sid02-{self.name}-{number}-".ljust(130, "k")

    def accepts(self, session_key: str) -> bool:
        """Return whether a session key is accepted."""
        return any(self.key(number) == session_key for number in self.accepted)

    def log_out(self) -> None:
        """Revoke all session keys."""
        self.accepted.clear()

    def log_in(self) -> str:
        """Return a new session key. All others are revoked."""
        self.accepted.clear()
        self.cookie = None
        return self.renew()

    def renew(self) -> str:
        """Return a new session key, which cookies offer. The old one is still accepted."""
        self.keys += 1
        self.accepted.add(self.keys)
        return self.session_key

    def end_old_keys(self) -> None:
        """Accept the latest session key only."""
        self.accepted &= {self.keys}

    def refuse_new_key(self) -> None:
        """Revoke the latest session key."""
        self.accepted.discard(self.keys)

    def move(self) -> Organization:
        """Change the UUID of the last seat's organization."""
        seat = self.seats[-1]
        uuid = uuid_of(f"after {seat.organization.uuid}")
        seat.organization = replace(seat.organization, uuid=uuid)
        return seat.organization

    def seat(self, org_id: str) -> Seat | None:
        """Return the account's seat in an organization."""
        seats = (seat for seat in self.seats if seat.organization.uuid == org_id)
        return next(seats, None)

    def summary(self) -> dict[str, Any]:
        """Return the session key and the organizations."""
        organizations = [seat.organization for seat in self.seats]
        return {
            "session_key": self.session_key if self.logged_in else None,
            "organizations": {item.uuid: item.name for item in organizations},
        }

    def body(self) -> dict[str, Any]:
        """Return the JSON of the account."""
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
    """All accounts by name."""

    accounts: dict[str, Account]

    def by_key(self, session_key: str) -> Account | None:
        """Return the account that accepts a session key."""
        accounts = self.accounts.values()
        return next((item for item in accounts if item.accepts(session_key)), None)

    def has_organization(self, org_id: str) -> bool:
        """Return whether any account has a seat in an organization."""
        return any(account.seat(org_id) for account in self.accounts.values())


def make_world(now: datetime) -> World:
    """Return accounts with different plans, whose windows have started.

    ada has a Max plan, and an organization with API access only that is listed first. ben
    has Pro and a seat in a team. cora has another seat in that team. dan has API access
    only. eve has a free plan without limits. fay has Ultra, which has no session limit. gus
    has an Enterprise seat that is billed by usage. hal has Max and two saved resets. ivy has
    Pro, paid usage, and a credit pool that expires in five days.
    """
    started = now.replace(second=0, microsecond=0)

    def personal(name: str, tier: str, *capabilities: str) -> Organization:
        uuid, label = (
            uuid_of(f"organization {name}"),
            f"{name}@example.org's Organization",
        )
        return Organization(uuid, label, ("chat", *capabilities), tier)

    def api_only(name: str) -> Seat:
        uuid, capabilities = (
            uuid_of(f"api organization {name}"),
            ("api", "api_individual"),
        )
        return Seat(
            Organization(uuid, "Individual Org", capabilities, "auto_api_evaluation")
        )

    def used(
        organization: Organization, session: float, weekly: float, **models: float
    ) -> Seat:
        week_started = started - timedelta(days=3, hours=4)
        return Seat(
            organization,
            Meter(SESSION, 9.5, session, started - timedelta(hours=2, minutes=30)),
            Meter(WEEK, 0.6, weekly, week_started),
            {
                name: Meter(WEEK, 1.1, percent, week_started)
                for name, percent in models.items()
            },
        )

    ada = personal("ada", "default_claude_max_20x", "claude_max")
    ben = personal("ben", "default_claude_ai", "claude_pro")
    team = Organization(
        uuid_of("organization team"),
        "Analytical Engines",
        ("raven", "chat"),
        "default_raven",
        raven_type="team",
    )
    fay = personal("fay", "default_claude_max_20x", "claude_max")
    fay.plan_display_name = "Ultra"
    ultra = used(fay, 0.0, 35.0, Fable=20.0)
    ultra.session = None
    works = Organization(
        uuid_of("organization works"),
        "Difference Works",
        ("raven", "chat"),
        "default_raven_enterprise",
        raven_type="enterprise",
    )
    hal = used(personal("hal", "default_claude_max_5x", "claude_max"), 12.0, 48.0)
    hal.grants = [
        Grant(
            "Winter: two resets",
            started - timedelta(days=9),
            started + timedelta(days=12),
            total=2,
            left=2,
        )
    ]
    ivy = used(personal("ivy", "default_claude_ai", "claude_pro"), 21.0, 33.0)
    ivy.spent_cents = (870, 2500)
    ivy.pools = {"iguana_necktie": Pool(31.4, 80.0, started + timedelta(days=5))}
    accounts = [
        Account("ada", [api_only("ada"), used(ada, 7.4, 12.3, Fable=4.0)]),
        Account("ben", [used(ben, 40.0, 20.0), used(team, 5.0, 3.0)]),
        Account("cora", [used(team, 55.0, 30.0)]),
        Account("dan", [api_only("dan")]),
        Account("eve", [Seat(personal("eve", "default_claude_ai"))]),
        Account("fay", [ultra]),
        Account("gus", [Seat(works, spent_cents=(37400, 40000), currency="USD")]),
        Account("hal", [hal]),
        Account("ivy", [ivy]),
    ]
    return World({account.name: account for account in accounts})


def jitter(source: random.Random) -> timedelta:
    """Return a random deviation of a timestamp of at most 0.6 seconds."""
    return timedelta(microseconds=source.randint(-600_000, 600_000))
