"""Intent that answers how much of the usage limits is left.

Imported only if Home Assistant supports it, see `intent.py`.
"""

from __future__ import annotations

import voluptuous as vol

from homeassistant.helpers import config_validation as cv, intent

from ..language.clock import async_clock
from ..language.texts import async_texts
from .answers import answer
from .exposed import ASSIST, async_accounts, async_service
from .questions import LEFT, QUESTIONS, WINDOWS, Question

INTENT_GET_USAGE = "ClaudePulseGetUsage"


class GetUsageHandler(intent.IntentHandler):
    """Answers from the exposed usage sensors, without side effects."""

    intent_type = INTENT_GET_USAGE
    # Before 2026.8, language models are offered all intents.
    description = (
        "Returns how much of the Claude usage limits is left and when they reset"
    )
    slot_schema = {  # noqa: RUF012
        vol.Optional("account"): cv.string,
        vol.Optional("model"): cv.string,
        vol.Optional("question"): vol.In(QUESTIONS),
        vol.Optional("window"): vol.In(WINDOWS),
    }

    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer the question."""
        hass, assistant = intent_obj.hass, intent_obj.assistant or ASSIST
        slots = self.async_validate_slots(intent_obj.slots)
        asked = {name: slot["value"] for name, slot in slots.items()}
        language = intent_obj.language
        clock = await async_clock(hass, intent_obj.context.user_id, language)
        result = answer(
            Question(
                asked.get("question", LEFT),
                asked.get("window"),
                asked.get("model"),
                asked.get("account"),
            ),
            async_accounts(hass, assistant),
            async_service(hass, assistant),
            await async_texts(hass, language, clock),
        )
        response = intent_obj.create_response()
        # After an action, some satellites only beep.
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        # Old versions, such as 2024.1, have no speech slots.
        if hasattr(response, "async_set_speech_slots"):
            response.async_set_speech_slots(result.as_dict())
        response.async_set_speech(result.text)
        return response
