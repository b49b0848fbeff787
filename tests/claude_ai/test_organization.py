"""Organizations and their plans."""

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
    ("plan", "capabilities", "tier", "members"),
    [
        ("Enterprise", ["raven", "chat"], None, {"raven_type": "enterprise"}),
        ("Enterprise", ["chat", "raven_enterprise"], None, {}),
        ("Enterprise", ["chat"], "default_raven_enterprise", {}),
        ("Enterprise", ["chat"], "default_claude_zero", {}),
        ("Team", ["chat"], None, {"raven_type": "team"}),
        ("Team", ["chat"], None, {"raven_type": "other"}),
        ("Team", ["raven", "chat"], None, {}),
        ("Team", ["chat"], "default_raven", {}),
        ("Team", ["chat"], "default_raven_5x", {}),
        ("Team", ["chat"], "default_claude_max_5x", {"raven_type": "team"}),
        ("Max 20x", ["claude_max", "chat"], "default_claude_max_20x", {}),
        ("Max 5x", ["claude_max"], "a_5x", {}),
        ("Max", ["claude_max"], "max_20x_new", {}),
        ("Max", ["claude_max", "chat"], None, {}),
        ("Max", ["claude_pro", "claude_max"], None, {}),
        ("Pro", ["claude_pro", "chat"], "default_claude_ai", {}),
        # The name of the server takes precedence over derived ones.
        ("Ultra", ["claude_max"], "a_20x", {"plan_display_name": "Ultra"}),
        ("x", ["claude_pro"], None, {"plan_display_name": "x"}),
        ("Team", ["raven"], None, {"plan_display_name": "x"}),
        ("Enterprise", ["raven_enterprise"], None, {"plan_display_name": "x"}),
        ("Max 20x", ["claude_max"], "a_20x", {"plan_display_name": None}),
        # Unknown plans are shown by their name.
        ("Ultra", ["chat", "claude_ultra"], "default_claude_ultra", {}),
        ("Ultra", ["claude_pro", "claude_ultra", "chat"], None, {}),
        ("Max", ["claude_ultra", "claude_max"], None, {}),
        ("Big Lab 20x", ["claude_big_lab_20x"], None, {}),
        ("Free", ["chat", "claude_", "claude__x", "claude_Ü", "my_claude_x"], None, {}),
        ("Education", ["chat"], None, {"plan_display_name": "Education"}),
        ("Education", [], None, {"plan_display_name": "Education"}),
        ("x" * 100, ["chat"], None, {"plan_display_name": "x" * 300}),
        ("Free", ["chat"], "default_claude_ai", {}),
        ("Free", ["chat"], "default_claude_max_20x", {}),
        ("Free", ["chat"], "team_default_raven", {}),
        ("Free", ["chat"], None, {"raven_type": "", "plan_display_name": " "}),
        (None, [], None, {}),
        (None, ["api"], None, {}),
        (None, [["chat"], {}, 5], None, {}),
        (None, "chat", 5, {"raven_type": {}}),
    ],
)
def test_plan(
    plan: str | None, capabilities: Any, tier: Any, members: dict[str, Any]
) -> None:
    """The plan depends on several members, in a fixed order."""
    members = {**members, "capabilities": capabilities, "rate_limit_tier": tier}
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
def test_has_usage(capabilities: Any, has_usage: bool) -> None:
    """An organization has usage with the capability `chat`, or without any."""
    found = parse_organization(organization(capabilities=capabilities))
    assert found.has_usage is has_usage


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Analytical Engines", "Analytical Engines"),
        ("ada@example.org's Organization", "ada"),
        ("ada@example.org’s Organization", "ada"),
        (" ada @ b.example's @ work", "ada"),
        ("@example.org", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_name(name: Any, shown: str | None) -> None:
    """Only the part of an e-mail address before the @ is kept. The repr has no name."""
    found = parse_organization(organization(name=name))
    assert found.name == shown
    assert found.org_id == UUID
    assert "ada" not in repr(found)


def test_list() -> None:
    """Organizations are in the order of the answer, without invalid and repeated ones."""
    lab, other = organization(), organization(uuid=OTHER_UUID)
    body = [other, None, {}, {"uuid": 5}, organization(uuid="no UUID"), "3", lab]
    assert [item.org_id for item in parse_organizations(body)] == [OTHER_UUID, UUID]
    assert parse_organizations({"uuid": UUID}) == ()
    repeated = parse_organizations([lab, other, organization(name="Again")])
    assert [item.name for item in repeated] == ["Lab", "Lab"]
    rows = [organization(uuid=f"{number:032x}") for number in range(100)]
    assert len(parse_organizations(rows)) == MAX_ORGANIZATIONS


@pytest.mark.parametrize(
    "uuid", [UUID, f" {UUID.upper()}\u200b", UUID.replace("-", "")]
)
def test_uuid(uuid: str) -> None:
    """A UUID is returned in canonical form."""
    assert parse_organization({"uuid": uuid}).org_id == UUID
    assert parse_account_id({"uuid": uuid, "email_address": "x"}) == UUID


@pytest.mark.parametrize("body", [{"uuid": None}, [UUID], {"uuid": f"{UUID}\ud83d0"}])
def test_no_account(body: Any) -> None:
    """An account without a valid UUID is None."""
    assert parse_account_id(body) is None


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_any_json(value: Any) -> None:
    """No value raises an error, and at most one organization is returned."""
    parse_organizations(value)
    parse_account_id(value)
    for member in ("uuid", "name", "capabilities", "rate_limit_tier", "raven_type"):
        assert len(parse_organizations([organization(**{member: value})])) <= 1
    body = organization(plan_display_name=value, capabilities=[value])
    assert len(parse_organizations([body])) == 1
