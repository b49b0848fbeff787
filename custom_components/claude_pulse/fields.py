"""Form fields and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
import logging
import re
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import PERCENTAGE, WEEKDAYS, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .claude_ai.credentials import parse_org_id
from .claude_ai.errors import ClaudeAiError, InvalidOrganizationIdError
from .claude_ai.organization import Organization
from .const import (
    ALERT_DEFAULTS,
    CONF_FURTHER,
    CONF_LEFT_OVER,
    CONF_LEFT_OVER_HOURS,
    CONF_ORG_ID,
    CONF_SAVED_RESET_DAYS,
    CONF_SESSION_KEY,
    CONF_THRESHOLDS,
    CONF_UPDATE_INTERVAL,
    CONF_WORKING_DAYS,
    ENTRY_VERSION,
    KEY_GUIDE_URL,
    MAX_UPDATE_INTERVAL,
    MIN_UPDATE_INTERVAL,
)
from .stored import EntryOptions
from .validation import FormError

_LOGGER = logging.getLogger(__name__)

# The placeholders of all forms that ask for a key.
PLACEHOLDERS = {"guide": KEY_GUIDE_URL, "url": "https://claude.ai"}

# Text that contains no part of a key. A form does not show other text again.
_HARMLESS = re.compile(
    # A number, or several.
    r"[\d.,%+ -]{0,40}"
    # A UUID that was cut off or has a wrong letter.
    r"|(?i:[0-9a-f-]{1,40}|[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12})"
    # A few words.
    r"|[A-Za-z][a-z]{0,15}( [A-Za-z][a-z]{0,15}){0,3}"
)
_KEY_PREFIX = "sk-ant"

PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)


def _box(minimum: int, maximum: int, unit: str) -> NumberSelector:
    """Return a selector for a whole number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step=1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )


_OPTIONS = {
    vol.Required(CONF_UPDATE_INTERVAL): _box(
        MIN_UPDATE_INTERVAL, MAX_UPDATE_INTERVAL, UnitOfTime.SECONDS
    ),
    vol.Optional(CONF_FURTHER, default=False): BooleanSelector(),
}

# The fields of errors. Other errors are shown above the form.
_FIELDS = {
    "already_configured": CONF_ORG_ID,
    "api_key": CONF_SESSION_KEY,
    "invalid_auth": CONF_SESSION_KEY,
    "invalid_key_format": CONF_SESSION_KEY,
    "invalid_org_id": CONF_ORG_ID,
    "invalid_threshold": CONF_THRESHOLDS,
    "key_cut": CONF_SESSION_KEY,
    "no_usable_org": CONF_SESSION_KEY,
    "oauth_token": CONF_SESSION_KEY,
    "org_not_found": CONF_ORG_ID,
    "wrong_account": CONF_SESSION_KEY,
}

USER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_SESSION_KEY): PASSWORD,
        vol.Optional(CONF_ORG_ID): TextSelector(),
    }
)
FURTHER_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_WORKING_DAYS): SelectSelector(
            SelectSelectorConfig(
                mode=SelectSelectorMode.LIST,
                multiple=True,
                options=WEEKDAYS,
                translation_key=CONF_WORKING_DAYS,
            )
        ),
        vol.Optional(CONF_THRESHOLDS): SelectSelector(
            SelectSelectorConfig(
                custom_value=True,
                mode=SelectSelectorMode.DROPDOWN,
                multiple=True,
                options=["50", "75", "80", "90", "95"],
            )
        ),
        vol.Optional(CONF_LEFT_OVER): _box(1, 100, PERCENTAGE),
        vol.Optional(CONF_LEFT_OVER_HOURS): _box(1, 168, UnitOfTime.HOURS),
        vol.Optional(CONF_SAVED_RESET_DAYS): _box(1, 30, UnitOfTime.DAYS),
    }
)
KEY_SCHEMA = vol.Schema({vol.Required(CONF_SESSION_KEY): PASSWORD})


def organization_schema(organizations: Iterable[Organization]) -> vol.Schema:
    """Return the schema to choose an organization."""
    return vol.Schema(
        {
            vol.Required(CONF_ORG_ID): SelectSelector(
                SelectSelectorConfig(
                    mode=SelectSelectorMode.LIST,
                    options=[
                        SelectOptionDict(value=org_id, label=name)
                        for name, org_id in ids_by_name(organizations).items()
                    ],
                )
            )
        }
    )


def change_schema(offered: Mapping[str, str], *, options: bool) -> vol.Schema:
    """Return the schema to change the session key and the organization.

    The names from `ids_by_name` are offered, and another ID can be entered. A selector with
    custom values shows values instead of labels, so the names are the values.
    """
    return vol.Schema(
        {
            vol.Optional(CONF_SESSION_KEY): PASSWORD,
            vol.Required(CONF_ORG_ID): SelectSelector(
                SelectSelectorConfig(
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                    options=list(offered),
                )
            ),
            **(_OPTIONS if options else {}),
        }
    )


def entry_of_form(hass: HomeAssistant, entry_id: str) -> ConfigEntry:
    """Return the entry that a form changes.

    Raises AbortFlow if the entry was removed, or if its migration failed.
    """
    if (entry := hass.config_entries.async_get_entry(entry_id)) is None:
        raise AbortFlow("entry_removed")
    if entry.version != ENTRY_VERSION:
        raise AbortFlow("migration_failed")
    return entry


@contextmanager
def form_errors(schema: vol.Schema, errors: dict[str, str]) -> Iterator[None]:
    """Turn an exception in the block into the error of its field."""
    try:
        yield
    except AbortFlow:
        raise
    except Exception as err:
        if isinstance(err, (ClaudeAiError, FormError)):
            key = err.key
        else:
            _LOGGER.exception("Unexpected error")
            key = "unknown"
        name = _FIELDS.get(key, "base")
        errors[name if name in schema.schema else "base"] = key


def ids_by_name(organizations: Iterable[Organization]) -> dict[str, str]:
    """Return the IDs of organizations by name and plan. The ID is appended to a duplicate name."""
    names: dict[str, str] = {}
    for item in organizations:
        name = " · ".join(filter(None, (item.name or item.org_id, item.plan)))
        names[f"{name} · {item.org_id}" if name in names else name] = item.org_id
    return names


def with_org_id(
    user_input: Mapping[str, Any], offered: Mapping[str, str]
) -> dict[str, Any]:
    """Return the user input with the ID of an organization that was chosen by name."""
    org_id = user_input[CONF_ORG_ID]
    return {**user_input, CONF_ORG_ID: offered.get(org_id, org_id)}


def shown_values(
    values: Mapping[str, Any], offered: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values that a form may show, with the name of an offered organization.

    Session keys are left out, also where the user pasted one into another field.
    """
    shown = {key: value for key, value in values.items() if key != CONF_SESSION_KEY}
    entered = shown.pop(CONF_ORG_ID, None)
    if (org_id := _shown_org_id(offered.get(entered, entered))) is not None:
        names = {offered_id: name for name, offered_id in offered.items()}
        shown[CONF_ORG_ID] = names.get(org_id, org_id)
    if CONF_THRESHOLDS in shown:
        shown[CONF_THRESHOLDS] = [
            text for text in shown[CONF_THRESHOLDS] if _HARMLESS.fullmatch(text)
        ]
    return shown


def _shown_org_id(text: str | None) -> str | None:
    """Return a text or the organization ID in it, or None if it could contain a key."""
    if text is None or _HARMLESS.fullmatch(text):
        return text
    if _KEY_PREFIX not in text:
        with suppress(InvalidOrganizationIdError):
            return parse_org_id(text)
    return None


def further_options(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the second page. The frontend does not send empty fields.

    Raises FormError if a threshold is not a percentage.
    """
    thresholds = [text.strip(" %") for text in user_input.get(CONF_THRESHOLDS, ())]
    if not all(
        text.isdecimal() and len(text) < 4 and 1 <= int(text) <= 99
        for text in thresholds
    ):
        raise FormError("invalid_threshold")
    return {
        CONF_WORKING_DAYS: [],
        **ALERT_DEFAULTS,
        **user_input,
        CONF_THRESHOLDS: sorted({int(text) for text in thresholds}),
    }


def shown_further_options(options: EntryOptions) -> dict[str, Any]:
    """Return the values of the second page."""
    return {
        **asdict(options),
        CONF_THRESHOLDS: [str(item) for item in options.thresholds],
    }
