"""Intent that answers how much of the usage limits is left.

Imported only if Home Assistant supports it, see `intent.py`.
"""

from __future__ import annotations

import voluptuous as vol

from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util

from .answers import ASSIST, WINDOWS, answer, async_accounts

INTENT_GET_USAGE = "ClaudePulseGetUsage"


class GetUsageHandler(intent.IntentHandler):
    """Answers from the exposed usage sensors, without side effects.

    The answer is in English. A sentence with the slot `own_words` has its own answer, which
    uses the speech slots.
    """

    intent_type = INTENT_GET_USAGE
    # Before 2026.8, language models are offered all intents.
    description = (
        "Returns how much of the Claude usage limits is left and when they reset"
    )
    slot_schema = {  # noqa: RUF012
        vol.Optional("window"): vol.In(WINDOWS),
        vol.Optional("account"): cv.string,
    }

    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer the question."""
        slots = self.async_validate_slots(intent_obj.slots)
        asked = {name: slot["value"] for name, slot in slots.items()}
        accounts = async_accounts(intent_obj.hass, intent_obj.assistant or ASSIST)
        result = answer(
            accounts, dt_util.now(), asked.get("window"), asked.get("account")
        )
        response = intent_obj.create_response()
        # After an action, some satellites only beep.
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        # Old versions, such as 2024.1, have no speech slots.
        if hasattr(response, "async_set_speech_slots"):
            response.async_set_speech_slots(result.as_dict())
        if not asked.get("own_words"):
            response.async_set_speech(result.text)
        return response
