"""Organizations and the plan, as `/api/organizations` tells them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any
from uuid import UUID

from .credentials import is_org_id
from .values import text_of

# No known account has more.
MAX_ORGANIZATIONS = 48

_ENTERPRISE_TIERS = {"default_claude_zero", "default_raven_enterprise"}
_MULTIPLIER = re.compile(r"_(\d+x)$")


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization that a session key can see.

    `name` is fit to be shown: of a personal organization, which is called after
    its owner's e-mail address, only the part before the `@` is kept.
    `has_usage` tells those with a chat subscription from API-only ones, whose
    usage cannot be read.
    """

    org_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    plan: str | None = None
    has_usage: bool = True


def parse_organization(body: object) -> Organization | None:
    """Read one organization, or return None if it has no UUID."""
    if not isinstance(body, Mapping) or (org_id := _uuid(body.get("uuid"))) is None:
        return None
    name = text_of(body.get("name"))
    if name is not None and "@" in name:
        name = name.partition("@")[0].strip() or None
    capabilities = _capabilities(body)
    return Organization(
        org_id=org_id,
        name=name,
        plan=_plan(body, capabilities),
        has_usage=not capabilities or "chat" in capabilities,
    )


def parse_organizations(body: object) -> tuple[Organization, ...]:
    """Read the list of organizations in the server's order, without duplicates.

    Rows after MAX_ORGANIZATIONS are ignored.
    """
    found: dict[str, Organization] = {}
    for row in body[:MAX_ORGANIZATIONS] if isinstance(body, list) else []:
        if organization := parse_organization(row):
            found.setdefault(organization.org_id, organization)
    return tuple(found.values())


def parse_account_id(body: object) -> str | None:
    """Read the account's UUID from `/api/account`."""
    return _uuid(body.get("uuid")) if isinstance(body, Mapping) else None


def _uuid(value: object) -> str | None:
    """Return a UUID in canonical form, or None."""
    text = text_of(value)
    return str(UUID(text)) if text and is_org_id(text) else None


def _plan(body: Mapping[str, Any], capabilities: frozenset[str]) -> str | None:
    """Name the plan.

    The order matters and the tier alone misleads: `default_claude_ai` is Free
    and Pro, and a Team member can carry `default_claude_max_5x`.
    """
    tier = text_of(body.get("rate_limit_tier")) or ""
    raven = text_of(body.get("raven_type"))
    if (
        raven == "enterprise"
        or "raven_enterprise" in capabilities
        or tier in _ENTERPRISE_TIERS
    ):
        return "Enterprise"
    if raven or "raven" in capabilities or tier.startswith("default_raven"):
        return "Team"
    if "claude_max" in capabilities:
        multiplier = _MULTIPLIER.search(tier)
        return f"Max {multiplier[1]}" if multiplier else "Max"
    if "claude_pro" in capabilities:
        return "Pro"
    if name := text_of(body.get("plan_display_name")):
        return name
    return "Free" if "chat" in capabilities else None


def _capabilities(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names in `capabilities`, whatever else stands there."""
    listed = body.get("capabilities")
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(item for item in listed if isinstance(item, str))
