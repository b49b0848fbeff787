"""Organizations, and the order in which a plan is told."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.claude_pulse.claude_ai.organization import (
    MAX_ORGANIZATIONS,
    parse_account_id,
    parse_organization,
    parse_organizations,
)

from . import json_values

UUID = "0a0b0c0d-1111-4222-8333-444455556666"
OTHER_UUID = "1a0b0c0d-1111-4222-8333-444455556666"


def organization(**members: Any) -> dict[str, Any]:
    """Return the body of an organization."""
    return {"uuid": UUID, "name": "Lab", "capabilities": ["chat"], **members}


@pytest.mark.parametrize(
    ("members", "plan"),
    [
        ({"raven_type": "enterprise", "capabilities": ["raven", "chat"]}, "Enterprise"),
        ({"capabilities": ["chat", "raven_enterprise"]}, "Enterprise"),
        ({"rate_limit_tier": "default_raven_enterprise"}, "Enterprise"),
        ({"rate_limit_tier": "default_claude_zero"}, "Enterprise"),
        ({"raven_type": "team"}, "Team"),
        ({"capabilities": ["raven", "chat"]}, "Team"),
        ({"rate_limit_tier": "default_raven"}, "Team"),
        # A member of a team can carry the tier of another plan.
        ({"raven_type": "team", "rate_limit_tier": "default_claude_max_5x"}, "Team"),
        (
            {
                "capabilities": ["claude_max", "chat"],
                "rate_limit_tier": "default_claude_max_20x",
            },
            "Max 20x",
        ),
        ({"capabilities": ["claude_max", "chat"]}, "Max"),
        # The tier alone does not make a plan.
        ({"rate_limit_tier": "default_claude_max_20x"}, "Free"),
        (
            {
                "capabilities": ["claude_pro", "chat"],
                "rate_limit_tier": "default_claude_ai",
            },
            "Pro",
        ),
        ({"rate_limit_tier": "default_claude_ai"}, "Free"),
        ({"plan_display_name": "Education"}, "Education"),
        ({"plan_display_name": " "}, "Free"),
        ({"plan_display_name": "x" * 300}, "x" * 100),
        ({"capabilities": []}, None),
        ({"capabilities": ["api"]}, None),
        ({"capabilities": "chat", "rate_limit_tier": 5, "raven_type": {}}, None),
    ],
)
def test_plan(members: dict[str, Any], plan: str | None) -> None:
    """The first thing that tells the plan counts."""
    assert parse_organization(organization(**members)).plan == plan


@pytest.mark.parametrize(
    ("capabilities", "has_usage"),
    [
        (["chat"], True),
        (["api", "chat"], True),
        ([], True),
        (None, True),
        (["api", "api_individual"], False),
    ],
)
def test_usage(capabilities: Any, has_usage: bool) -> None:
    """Organizations with chat have usage, and those that list nothing."""
    found = parse_organization(organization(capabilities=capabilities))
    assert found.has_usage is has_usage


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Analytical Engines", "Analytical Engines"),
        ("ada@example.org's Organization", "ada"),
        ("ada@example.org’s Organization", "ada"),
        ("@example.org", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_name(name: Any, shown: str | None) -> None:
    """Of an e-mail address only the part before the @ is shown."""
    found = parse_organization(organization(name=name))
    assert found.name == shown
    assert found.org_id == UUID
    assert "ada" not in repr(found)


def test_list() -> None:
    """The order is the server's; what is no organization is left out."""
    ours, other = organization(), organization(uuid=OTHER_UUID)
    body = [other, None, {}, {"uuid": 5}, organization(uuid="no UUID"), "3", ours]
    assert [item.org_id for item in parse_organizations(body)] == [OTHER_UUID, UUID]
    assert parse_organizations({"uuid": UUID}) == ()
    twice = parse_organizations([ours, other, organization(name="Again")])
    assert [item.name for item in twice] == ["Lab", "Lab"]


def test_very_many() -> None:
    """The first of them are read."""
    rows = [organization(uuid=f"{number:032x}") for number in range(100)]
    assert len(parse_organizations(rows)) == MAX_ORGANIZATIONS


@pytest.mark.parametrize(
    "uuid", [UUID, f" {UUID.upper()}\u200b", UUID.replace("-", "")]
)
def test_uuid(uuid: str) -> None:
    """A UUID is written in one way, wherever it comes from."""
    assert parse_organization({"uuid": uuid}).org_id == UUID
    assert parse_organization({"uuid": uuid}).has_usage
    assert parse_account_id({"uuid": uuid, "email_address": "x"}) == UUID


@pytest.mark.parametrize("body", [{"uuid": None}, [UUID], {"uuid": f"{UUID}\ud83d0"}])
def test_no_account(body: Any) -> None:
    """What is no UUID identifies nobody."""
    assert parse_account_id(body) is None


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_any_json(value: Any) -> None:
    """No shape raises, as a whole or in any place."""
    parse_organizations(value)
    parse_account_id(value)
    for member in ("uuid", "name", "capabilities", "rate_limit_tier", "raven_type"):
        parse_organizations([organization(**{member: value})])
    parse_organizations([organization(plan_display_name=value, capabilities=[value])])


@pytest.mark.parametrize(
    ("members", "plan"),
    [
        ({"raven_type": "other"}, "Team"),
        ({"rate_limit_tier": "default_raven_5x"}, "Team"),
        ({"rate_limit_tier": "team_default_raven"}, "Free"),
        ({"rate_limit_tier": None, "raven_type": ""}, "Free"),
        # Max goes before Pro, and both before what the plan calls itself.
        ({"capabilities": ["claude_pro", "claude_max"]}, "Max"),
        ({"capabilities": ["claude_pro"], "plan_display_name": "x"}, "Pro"),
        (
            {"capabilities": ["claude_max"], "rate_limit_tier": "max_20x_new"},
            "Max",
        ),
        ({"capabilities": ["claude_max"], "rate_limit_tier": "a_5x"}, "Max 5x"),
        ({"capabilities": [], "plan_display_name": "Education"}, "Education"),
        ({"capabilities": [["chat"], {}, 5]}, None),
    ],
)
def test_order_of_plans(members: dict[str, Any], plan: str | None) -> None:
    """What tells more goes first."""
    assert parse_organization(organization(**members)).plan == plan


def test_names_with_more_than_one_at() -> None:
    """What stands before the first @ is shown, without the space around it."""
    found = parse_organization(organization(name=" ada @ b.example's @ work"))
    assert found.name == "ada"
