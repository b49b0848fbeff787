"""The fields of forms, and the errors at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
import logging
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import PERCENTAGE, WEEKDAYS, UnitOfTime
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
    CONF_FURTHER,
    CONF_LEFT_OVER,
    CONF_LEFT_OVER_HOURS,
    CONF_ORG_ID,
    CONF_SESSION_KEY,
    CONF_THRESHOLDS,
    CONF_UPDATE_INTERVAL,
    CONF_WORKING_DAYS,
    MAX_UPDATE_INTERVAL,
    MIN_UPDATE_INTERVAL,
    TOLD_DEFAULTS,
    USAGE_URL,
)
from .seat import SeatError
from .stored import EntryOptions

_LOGGER = logging.getLogger(__name__)

# What the texts of all forms that ask for a key can mention.
PLACEHOLDERS = {"url": "https://claude.ai", "usage_url": USAGE_URL}

# Text without a session key, an API key or a part of one. A form shows no other text again.
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


def _box(least: int, most: int, unit: str) -> NumberSelector:
    """Return a box for a whole number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=least,
            max=most,
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

# The field an error is about; the others are about the connection.
_FIELDS = {
    "already_configured": CONF_ORG_ID,
    "api_key": CONF_SESSION_KEY,
    "invalid_auth": CONF_SESSION_KEY,
    "invalid_key_format": CONF_SESSION_KEY,
    "invalid_org_id": CONF_ORG_ID,
    "invalid_threshold": CONF_THRESHOLDS,
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
    }
)
KEY_SCHEMA = vol.Schema({vol.Required(CONF_SESSION_KEY): PASSWORD})


def organization_schema(organizations: Iterable[Organization]) -> vol.Schema:
    """Return a form to choose between organizations."""
    return vol.Schema(
        {
            vol.Required(CONF_ORG_ID): SelectSelector(
                SelectSelectorConfig(
                    mode=SelectSelectorMode.LIST,
                    options=[
                        SelectOptionDict(value=org_id, label=name)
                        for name, org_id in names_of(organizations).items()
                    ],
                )
            )
        }
    )


def change_schema(offered: Mapping[str, str], *, options: bool) -> vol.Schema:
    """Return a form to change what an entry is connected with.

    The organizations of `names_of` are offered, and the ID of another one can be typed:
    where that is possible, the frontend shows what a choice stands for, not its label.
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


def error_key(err: Exception) -> str:
    """Return the key of the text that tells an error to a person."""
    if isinstance(err, (ClaudeAiError, SeatError)):
        return err.key
    _LOGGER.error("Unexpected error", exc_info=err)
    return "unknown"


def errors_of(err: Exception, schema: vol.Schema) -> dict[str, str]:
    """Return the error of a form, at the field that it is about if the form has it."""
    key = error_key(err)
    field = _FIELDS.get(key, "base")
    return {field if field in schema.schema else "base": key}


def names_of(organizations: Iterable[Organization]) -> dict[str, str]:
    """Return the IDs of organizations by name and plan, told apart where need be."""
    found: dict[str, str] = {}
    for item in organizations:
        name = " · ".join(filter(None, (item.name or item.org_id, item.plan)))
        found[f"{name} · {item.org_id}" if name in found else name] = item.org_id
    return found


def typed_values(
    typed: Mapping[str, Any], offered: Mapping[str, str]
) -> dict[str, Any]:
    """Return what was typed, with the ID of an organization that was chosen by name."""
    org_id = typed[CONF_ORG_ID]
    return {**typed, CONF_ORG_ID: offered.get(org_id, org_id)}


def shown_values(
    values: Mapping[str, Any], offered: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values that a form may show, with the name of an offered organization.

    The session key is left out, and so is any other text that could hold a secret:
    people paste keys into the wrong field.
    """
    shown = {key: value for key, value in values.items() if key != CONF_SESSION_KEY}
    typed = shown.pop(CONF_ORG_ID, None)
    if (org_id := _shown_org_id(offered.get(typed, typed))) is not None:
        names = {offered_id: name for name, offered_id in offered.items()}
        shown[CONF_ORG_ID] = names.get(org_id, org_id)
    if CONF_THRESHOLDS in shown:
        shown[CONF_THRESHOLDS] = [
            text for text in shown[CONF_THRESHOLDS] if _HARMLESS.fullmatch(text)
        ]
    return shown


def _shown_org_id(typed: str | None) -> str | None:
    """Return the organization ID in a text, or the text, unless it could hold a secret."""
    if typed is None or _HARMLESS.fullmatch(typed):
        return typed
    if _KEY_PREFIX not in typed:
        with suppress(InvalidOrganizationIdError):
            return parse_org_id(typed)
    return None


def typed_further(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed on the second page; a field that was emptied is not sent.

    Raises SeatError for what is no percentage.
    """
    thresholds = [text.strip(" %") for text in typed.get(CONF_THRESHOLDS, ())]
    if not all(
        text.isdecimal() and len(text) < 4 and 1 <= int(text) <= 99
        for text in thresholds
    ):
        raise SeatError("invalid_threshold")
    return {
        CONF_WORKING_DAYS: [],
        **TOLD_DEFAULTS,
        **typed,
        CONF_THRESHOLDS: sorted({int(text) for text in thresholds}),
    }


def shown_further(options: EntryOptions) -> dict[str, Any]:
    """Return options for the second page."""
    return {
        **asdict(options),
        CONF_THRESHOLDS: [str(item) for item in options.thresholds],
    }
