"""Forms of entries that were removed or not migrated, and forms that save requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
import json
import logging
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse import repairs
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import Claude, reauth_flows, seat_of, usage_requests

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

ENGLISH = json.loads(
    (Path(repairs.__file__).parent / "translations" / "en.json").read_text()
)


@dataclass
class Form:
    """A form, and the abort reasons of its texts."""

    submit: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
    reasons: dict[str, str]


async def open_options(claude: Claude, entry: MockConfigEntry) -> Form:
    """Open the first page of Configure."""
    options = claude.hass.config_entries.options
    result = await options.async_init(entry.entry_id)
    return Form(
        lambda values: options.async_configure(result["flow_id"], values),
        ENGLISH["options"]["abort"],
    )


async def open_further_options(claude: Claude, entry: MockConfigEntry) -> Form:
    """Open the second page of Configure."""
    form = await open_options(claude, entry)
    result = await form.submit(first_page(claude, further_options=True))
    assert result["step_id"] == "further"
    return form


async def open_reconfigure(claude: Claude, entry: MockConfigEntry) -> Form:
    """Open Reconfigure."""
    flow = claude.hass.config_entries.flow
    context = {"source": "reconfigure", "entry_id": entry.entry_id}
    result = await flow.async_init(DOMAIN, context=context)
    assert result["step_id"] == "reconfigure"
    return Form(
        lambda values: flow.async_configure(result["flow_id"], values),
        ENGLISH["config"]["abort"],
    )


def first_page(claude: Claude, **values: Any) -> dict[str, Any]:
    """Return the input of the first page of Configure."""
    return {**seat_of(claude.server), "update_interval": 120, **values}


def assert_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Check that no error and no traceback is logged."""
    # The server of Home Assistant cannot log requests while the clock is frozen.
    records = [item for item in caplog.records if item.name != "aiohttp.access"]
    assert not [item for item in records if item.exc_info]
    assert not [item for item in records if item.levelno >= logging.ERROR]


async def remove(claude: Claude, entry: MockConfigEntry) -> int:
    """Remove an entry, and return the number of requests so far."""
    await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    return len(claude.server.requests)


@pytest.mark.parametrize(
    ("open_form", "values"),
    [
        (open_options, ["session_key", "org_id", "update_interval"]),
        (open_further_options, []),
        (open_reconfigure, ["session_key", "org_id"]),
    ],
)
async def test_form_of_removed_entry(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    open_form: Callable[[Claude, MockConfigEntry], Awaitable[Form]],
    values: list[str],
) -> None:
    """A form that is open while its entry is removed ends with a sentence."""
    entry = await claude.entry()
    form = await open_form(claude, entry)
    before = await remove(claude, entry)
    caplog.clear()
    result = await form.submit({key: first_page(claude)[key] for key in values})

    assert (result["type"], result["reason"]) == ("abort", "entry_removed")
    assert form.reasons["entry_removed"]
    assert len(claude.server.requests) == before
    assert_no_error(caplog)


async def test_reauth_of_removed_entry(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant closes the form for a session key. A later start ends, too."""
    entry = await claude.entry()
    claude.server.world.accounts["ada"].log_out()
    await claude.pass_time()
    assert reauth_flows(claude.hass)
    before = await remove(claude, entry)
    assert not reauth_flows(claude.hass)
    caplog.clear()
    result = await claude.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_REAUTH, "entry_id": entry.entry_id},
        data=dict(entry.data),
    )

    assert (result["type"], result["reason"]) == ("abort", "entry_removed")
    assert ENGLISH["config"]["abort"]["entry_removed"]
    assert len(claude.server.requests) == before
    assert_no_error(caplog)


@pytest.mark.parametrize("source", ["options", "reconfigure", SOURCE_REAUTH])
@pytest.mark.parametrize("version", [1, 3])
async def test_form_after_failed_migration(
    claude: Claude, caplog: pytest.LogCaptureFixture, version: int, source: str
) -> None:
    """No form opens for an entry whose migration failed."""
    entry = MockConfigEntry(data={"of": "later"}, domain=DOMAIN, version=version)
    entry.add_to_hass(claude.hass)
    with patch(
        f"custom_components.{DOMAIN}.async_migrate_entry", AsyncMock(return_value=False)
    ):
        await claude.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    caplog.clear()
    if source == "options":
        result = await claude.hass.config_entries.options.async_init(entry.entry_id)
        reasons = ENGLISH["options"]["abort"]
    else:
        result = await claude.hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": source, "entry_id": entry.entry_id},
            data=dict(entry.data) if source == SOURCE_REAUTH else None,
        )
        reasons = ENGLISH["config"]["abort"]

    assert (result["type"], result["reason"]) == ("abort", "migration_failed")
    assert reasons["migration_failed"]
    assert (entry.version, dict(entry.data)) == (version, {"of": "later"})
    assert not claude.server.requests
    assert_no_error(caplog)


@pytest.mark.parametrize("issue", ["key_expires", "organization"])
@pytest.mark.parametrize("opened", ["before", "after", "not migrated"])
async def test_fix_of_gone_entry(
    claude: Claude,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
    issue: str,
    opened: str,
) -> None:
    """The fix of an issue ends with a sentence, opened before or after the removal."""
    assert await async_setup_component(claude.hass, "repairs", {})
    entry = claude.stored_entry()
    account = claude.server.world.accounts["ada"]
    if issue == "key_expires":
        since = (claude.server.now - timedelta(days=26)).isoformat()
        data = {**entry.data, "session_key_since": since}
        claude.hass.config_entries.async_update_entry(entry, data=data)
    else:
        account.move()
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    assert claude.issues == {issue}
    values = {"session_key": account.session_key}
    if issue == "organization":
        values = {"org_id": account.seats[-1].organization.uuid}
    client = await hass_client()
    issue_id = f"{issue}_{entry.entry_id}"
    known = ir.async_get(claude.hass).async_get_issue(DOMAIN, issue_id)
    reason = "entry_removed"
    if opened == "before":
        form = await post(client, handler=DOMAIN, issue_id=issue_id)
        assert form["type"] == "form"
        before = await remove(claude, entry)
        caplog.clear()
        result = await post(client, f"/{form['flow_id']}", **values)
    else:
        if opened == "after":
            before = await remove(claude, entry)
            create_again(claude, known)
        else:
            reason = "migration_failed"
            before = len(claude.server.requests)
            object.__setattr__(entry, "version", 3)
        caplog.clear()
        result = await post(client, handler=DOMAIN, issue_id=issue_id)

    assert (result["type"], result["reason"]) == ("abort", reason)
    assert ENGLISH["issues"][issue]["fix_flow"]["abort"][reason]
    assert len(claude.server.requests) == before
    assert_no_error(caplog)


def create_again(claude: Claude, issue: ir.IssueEntry) -> None:
    """Create an issue that was deleted, as if it had been created a moment later."""
    ir.async_create_issue(
        claude.hass,
        DOMAIN,
        issue.issue_id,
        data=issue.data,
        is_fixable=True,
        severity=issue.severity,
        translation_key=issue.translation_key,
        translation_placeholders=issue.translation_placeholders,
    )


async def post(client: Any, path: str = "", **values: str) -> dict[str, Any]:
    """Post to the API of fix flows."""
    response = await client.post(f"/api/repairs/issues/fix{path}", json=values)
    assert response.status == 200
    result: dict[str, Any] = await response.json()
    return result


async def test_organization_that_is_listed_twice(claude: Claude) -> None:
    """There is nothing to choose: the entry is created after the first page."""
    account = claude.server.world.accounts["ada"]
    account.seats.append(account.seats[-1])
    flow = claude.hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flow.async_configure(
        form["flow_id"], {"session_key": account.session_key}
    )
    await claude.settle()

    assert result["type"] == "create_entry"
    assert result["result"].state is ConfigEntryState.LOADED


async def test_second_page_of_configure_sends_no_request(claude: Claude) -> None:
    """The key that the first page has checked is stored, also if claude.ai is down now."""
    entry = await claude.entry()
    new_key = claude.server.world.accounts["ada"].log_in()
    options = claude.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    page = await options.async_configure(
        form["flow_id"], first_page(claude, further_options=True)
    )
    assert page["step_id"] == "further"
    before = usage_requests(claude.server)
    claude.server.set_fault("server_error")
    result = await options.async_configure(form["flow_id"], {"thresholds": ["60"]})
    await claude.settle()

    assert result["type"] == "create_entry"
    assert entry.data["session_key"] == new_key
    assert entry.options["thresholds"] == [60]
    # Only the reload polls.
    assert usage_requests(claude.server) <= before + 1
