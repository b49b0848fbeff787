"""Opens and submits forms as a browser does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.setup import async_setup_component

from .common import Claude, reauth_flows
from .simulator.server import Request


@dataclass
class Form:
    """A form of a config flow, options flow or repair issue, and its latest result."""

    claude: Claude
    configure: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
    result: dict[str, Any]

    async def submit(self, **typed: Any) -> None:
        """Submit the suggested values and what was typed; None empties a field."""
        values = {**self.suggested, **typed}
        values = {key: value for key, value in values.items() if value is not None}
        self.result = await self.configure(self.result["flow_id"], values)
        await self.claude.settle()

    @property
    def outcome(self) -> str:
        """Return the type of the result, or the reason of an abort."""
        return self.result.get("reason") or self.result["type"]

    @property
    def page(self) -> tuple[str, dict[str, str]]:
        """Return the step that is shown, and its errors by field."""
        return self.result["step_id"], self.result["errors"] or {}

    @property
    def errors(self) -> dict[str, str]:
        """Return the errors by field."""
        return self.page[1]

    @property
    def schema(self) -> list[dict[str, Any]]:
        """Return the fields in the format of the HTTP API."""
        schema = self.result["data_schema"]
        if isinstance(schema, list):
            return schema
        return [
            {"name": str(key), "description": key.description, **field.serialize()}
            for key, field in schema.schema.items()
        ]

    @property
    def fields(self) -> list[str]:
        """Return the names of the fields."""
        return [field["name"] for field in self.schema]

    @property
    def suggested(self) -> dict[str, Any]:
        """Return the suggested values by field."""
        values = {
            field["name"]: (field.get("description") or {}).get("suggested_value")
            for field in self.schema
        }
        return {key: value for key, value in values.items() if value is not None}

    @property
    def organizations(self) -> dict[str, str]:
        """Return the values of the organizations to choose from, by label."""
        (field,) = (field for field in self.schema if field["name"] == "org_id")
        options = field["selector"]["select"]["options"]
        return dict(
            (item, item) if isinstance(item, str) else (item["label"], item["value"])
            for item in options
        )

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the values in the texts of the form."""
        return self.result["description_placeholders"]


async def open_form(
    claude: Claude, source: str = "user", entry: MockConfigEntry | None = None
) -> Form:
    """Open the form of `user`, `reauth`, `reconfigure` or `options`."""
    flows: Any = claude.hass.config_entries.flow
    if entry is None:
        result = await flows.async_init(DOMAIN, context={"source": source})
    elif source == "options":
        flows = claude.hass.config_entries.options
        result = await flows.async_init(entry.entry_id)
    elif source == "reauth":
        entry.async_start_reauth(claude.hass)
        await claude.settle()
        return await open_reauth(claude)
    else:
        context = {"source": source, "entry_id": entry.entry_id}
        result = await flows.async_init(DOMAIN, context=context)
    return Form(claude, flows.async_configure, result)


async def submit_form(claude: Claude, *where: Any, **typed: Any) -> Form:
    """Open a form, with the arguments of `open_form`, and submit it."""
    form = await open_form(claude, *where)
    await form.submit(**typed)
    return form


async def open_reauth(claude: Claude) -> Form:
    """Open the form of the only reauth flow in progress."""
    (flow,) = reauth_flows(claude.hass)
    configure = claude.hass.config_entries.flow.async_configure
    return Form(claude, configure, await configure(flow["flow_id"]))


async def open_fix(
    claude: Claude,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    issue: str = "organization",
) -> Form:
    """Open the form of a repair issue."""
    assert await async_setup_component(claude.hass, "repairs", {})
    client = await hass_client()

    async def post(flow_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Post to the API of repairs, and return the result."""
        path = f"/api/repairs/issues/fix/{flow_id}".rstrip("/")
        response = await client.post(path, json=data)
        assert response.status == 200
        return await response.json()

    issue_id = f"{issue}_{entry.entry_id}"
    return Form(claude, post, await post("", {"handler": DOMAIN, "issue_id": issue_id}))


def enter_key_during(
    claude: Claude, entry: MockConfigEntry, used: str, key: str
) -> None:
    """Store a session key, as a form does, during a request with the key `used`."""

    async def enter(request: Request) -> None:
        """Store the key before the answer."""
        if request.session_key == used:
            data = {**entry.data, "session_key": key}
            data.pop("previous_session_key", None)
            claude.hass.config_entries.async_update_entry(entry, data=data)

    claude.server.on_request = enter
