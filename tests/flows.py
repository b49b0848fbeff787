"""Opens and submits forms as a browser does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

from .common import Claude, reauth_flows
from .simulator.server import Request


@dataclass
class Form:
    """A form of a config flow or options flow, and its latest result."""

    claude: Claude
    flows: Any
    result: dict[str, Any]

    async def submit(self, **typed: Any) -> None:
        """Submit what was typed, with suggested values in the other fields.

        None empties a field.
        """
        values = {**self.suggested, **typed}
        self.result = await self.flows.async_configure(
            self.result["flow_id"],
            {key: value for key, value in values.items() if value is not None},
        )
        await self.claude.settle()

    @property
    def created(self) -> bool:
        """Return whether the form was accepted with a new entry, options or a fix."""
        return self.result["type"] == FlowResultType.CREATE_ENTRY

    @property
    def reason(self) -> str | None:
        """Return the reason that a flow was aborted with."""
        return self.result.get("reason")

    @property
    def step(self) -> str | None:
        """Return the step whose form is shown."""
        return self.result.get("step_id")

    @property
    def errors(self) -> dict[str, str] | None:
        """Return the errors by field."""
        return self.result.get("errors")

    @property
    def name(self) -> str:
        """Return the name of the entry in the text of the form."""
        return self.result["description_placeholders"]["name"]

    @property
    def fields(self) -> list[str]:
        """Return the names of the fields."""
        return [str(field) for field in self.result["data_schema"].schema]

    @property
    def suggested(self) -> dict[str, Any]:
        """Return the suggested values by field."""
        return {
            str(field): field.description["suggested_value"]
            for field in self.result["data_schema"].schema
            if field.description and "suggested_value" in field.description
        }

    @property
    def organizations(self) -> dict[str, str]:
        """Return the values of the organizations to choose from, by label."""
        options = self.result["data_schema"].schema["org_id"].config["options"]
        return dict(
            (option, option)
            if isinstance(option, str)
            else (option["label"], option["value"])
            for option in options
        )

    @property
    def shown(self) -> str:
        """Return everything that the form shows."""
        fields = [
            (str(key), key.description, key.default, getattr(field, "config", None))
            for key, field in self.result["data_schema"].schema.items()
        ]
        return repr([fields, self.errors, self.result["description_placeholders"]])


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
    return Form(claude, flows, result)


async def submit_form(
    claude: Claude,
    source: str = "user",
    entry: MockConfigEntry | None = None,
    **typed: Any,
) -> Form:
    """Open a form and submit it."""
    form = await open_form(claude, source, entry)
    await form.submit(**typed)
    return form


async def open_reauth(claude: Claude) -> Form:
    """Open the form of the only reauth flow in progress."""
    (flow,) = reauth_flows(claude.hass)
    flows = claude.hass.config_entries.flow
    return Form(claude, flows, await flows.async_configure(flow["flow_id"]))


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


class Fix(Form):
    """A form of a repair issue, over the API of the frontend."""

    async def submit(self, **typed: str) -> None:
        """Submit what was typed."""
        self.result = await self.post(f"/{self.result['flow_id']}", typed)
        await self.claude.settle()

    async def post(self, path: str, data: dict[str, str]) -> dict[str, Any]:
        """Post to the API of fixes, and return the result."""
        response = await self.flows.post(f"/api/repairs/issues/fix{path}", json=data)
        assert response.status == 200
        return await response.json()

    @property
    def fields(self) -> list[str]:
        """Return the names of the fields."""
        return [field["name"] for field in self.result["data_schema"]]

    @property
    def organizations(self) -> dict[str, str]:
        """Return the values of the organizations to choose from, by label."""
        (field,) = self.result["data_schema"]
        options = field["selector"]["select"]["options"]
        return {option["label"]: option["value"] for option in options}


async def open_fix(
    claude: Claude,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    issue: str = "organization",
) -> Fix:
    """Open the form of a repair issue of an entry."""
    assert await async_setup_component(claude.hass, "repairs", {})
    fix = Fix(claude, await hass_client(), {})
    issue_id = f"{issue}_{entry.entry_id}"
    fix.result = await fix.post("", {"handler": DOMAIN, "issue_id": issue_id})
    return fix
