"""Parse organizations and their plans from `/api/organizations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import re
from typing import Any
from uuid import UUID

from .credentials import is_org_id
from .values import items_of, members_of, text_of

# No known account has more.
MAX_ORGANIZATIONS = 48

_ENTERPRISE_TIERS = {"default_claude_zero", "default_raven_enterprise"}
_PRO = "claude_pro"
_CAPABILITY = re.compile(r"claude_([a-z0-9]+(?:_[a-z0-9]+)*)")
_MULTIPLIER = re.compile(r"_(\d+x)$")


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization that a session key has access to.

    `name` can be displayed: a personal organization is named after its owner's e-mail
    address, of which only the part before the `@` is kept. `has_usage` is False for an
    organization with API access only.
    """

    org_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    plan: str | None = None
    has_usage: bool = True


def parse_organization(body: object) -> Organization | None:
    """Return an organization, or None if the body has no valid UUID."""
    members = members_of(body)
    if (org_id := _uuid(members.get("uuid"))) is None:
        return None
    name = text_of(members.get("name"))
    if name is not None and "@" in name:
        name = name.partition("@")[0].strip() or None
    capabilities = [
        item for item in items_of(members.get("capabilities")) if isinstance(item, str)
    ]
    return Organization(
        org_id=org_id,
        name=name,
        plan=_plan(members, capabilities),
        has_usage=not capabilities or "chat" in capabilities,
    )


def parse_organizations(body: object) -> tuple[Organization, ...]:
    """Return the organizations of a list in the server's order, without duplicates.

    Rows after MAX_ORGANIZATIONS are ignored.
    """
    organizations: dict[str, Organization] = {}
    for row in items_of(body)[:MAX_ORGANIZATIONS]:
        if organization := parse_organization(row):
            organizations.setdefault(organization.org_id, organization)
    return tuple(organizations.values())


def parse_account_id(body: object) -> str | None:
    """Return the account's UUID from `/api/account`, or None."""
    return _uuid(members_of(body).get("uuid"))


def _uuid(value: object) -> str | None:
    """Return a UUID in canonical form, or None."""
    text = text_of(value)
    return str(UUID(text)) if text and is_org_id(text) else None


def _plan(members: Mapping[str, Any], capabilities: Sequence[str]) -> str | None:
    """Return the name of the plan, or None if it is unknown.

    The first rule that matches decides, because a tier is ambiguous: `default_claude_ai`
    is Free or Pro, and a member of a team can have `default_claude_max_5x`.

    | Members | Plan |
    | --- | --- |
    | `raven_type`, capability or tier of a company | Enterprise or Team |
    | `plan_display_name` | that name |
    | `claude_max` | Max, with the multiplier of the tier |
    | `claude_ultra` and other names | Ultra and so on |
    | `claude_pro` | Pro |
    | `chat` | Free |
    """
    tier = text_of(members.get("rate_limit_tier")) or ""
    raven = text_of(members.get("raven_type"))
    if (
        raven == "enterprise"
        or "raven_enterprise" in capabilities
        or tier in _ENTERPRISE_TIERS
    ):
        return "Enterprise"
    if raven or "raven" in capabilities or tier.startswith("default_raven"):
        return "Team"
    if name := text_of(members.get("plan_display_name")):
        return name
    if "claude_max" in capabilities:
        multiplier = _MULTIPLIER.search(tier)
        return f"Max {multiplier[1]}" if multiplier else "Max"
    # Pro is the last one, because an account can have it in addition to its plan.
    for capability in sorted(capabilities, key=lambda item: item == _PRO):
        if found := _CAPABILITY.fullmatch(capability):
            return text_of(" ".join(map(str.capitalize, found[1].split("_"))))
    return "Free" if "chat" in capabilities else None
