"""A person with a browser."""

from __future__ import annotations

from collections.abc import Callable
import json
import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page

from .home_assistant import TIME_ZONE, HomeAssistant, Tokens

# Errors that the frontend of Home Assistant logs without a reason.
ALLOWED = (
    # 2024.1 loads brand images from the internet.
    r"ERR_NAME_NOT_RESOLVED \(https://brands\.home-assistant\.io/",
    # Picture cards in the card picker.
    r"ERR_NAME_NOT_RESOLVED \(https://demo\.home-assistant\.io/stub_config/",
    # 2024.1 fails if a page is left while it connects, and then loads its source maps.
    r"Cannot read properties of null \(reading 'recovery_mode'\)",
    r"ERR_NAME_NOT_RESOLVED \(https://raw\.githubusercontent\.com/home-assistant/frontend/",
    r"404 \(Not Found\) \(\S+/unknown/node_modules/",
)

HASS = "document.querySelector('home-assistant').hass"


class Visitor:
    """A person who is logged in, with a new browser."""

    def __init__(
        self, browser: Browser, home_assistant: HomeAssistant, tokens: Tokens
    ) -> None:
        """Open the browser."""
        self.errors: list[str] = []
        stored = {"name": "hassTokens", "value": json.dumps(tokens)}
        origin = {"origin": home_assistant.url, "localStorage": [stored]}
        self.context: BrowserContext = browser.new_context(
            base_url=home_assistant.url,
            locale="en-GB",
            storage_state={"origins": [origin]},
            timezone_id=TIME_ZONE,
            viewport={"width": 1280, "height": 900},
        )
        self.context.set_default_timeout(15_000)
        self.context.on("console", self._note_message)
        self.context.on("weberror", lambda error: self._note(str(error.error)))

    def _note_message(self, message: Any) -> None:
        """Note an error of the console, with its URL."""
        if message.type == "error":
            self._note(f"{message.text} ({message.location.get('url')})")

    def _note(self, error: str) -> None:
        """Note an error, unless it is allowed."""
        if not any(re.search(pattern, error) for pattern in ALLOWED):
            self.errors.append(error)

    def open(self, path: str = "/") -> Page:
        """Open a page in a new tab, and wait until Home Assistant has loaded."""
        page = self.context.new_page()
        go(page, path)
        return page


def go(page: Page, path: str) -> None:
    """Open a path, and wait until Home Assistant has loaded.

    Retry if Home Assistant goes back because a dialog was closed.
    """
    try:
        page.goto(path)
    except Error as err:
        if "ERR_ABORTED" not in err.message:
            raise
        page.goto(path)
    page.wait_for_function(
        "(hass => hass?.states && hass.devices && hass.entities)"
        f"({HASS.replace(').', ')?.')})"
    )


def call(page: Page, kind: str, **message: Any) -> Any:
    """Send a websocket command, and return its result."""
    answer = page.evaluate(
        f"""message => {HASS}.callWS(message).then(
            result => ({{result}}), error => ({{error: error.message ?? `${{error}}`}}))""",
        {"type": kind, **message},
    )
    assert "error" not in answer, f"{kind}: {answer['error']}"
    return answer["result"]


def act(page: Page, domain: str, action: str, **data: Any) -> None:
    """Perform an action."""
    call(page, "call_service", domain=domain, service=action, service_data=data)


def usage_of(page: Page, key: str = "weekly_usage") -> str:
    """Return the ID of a sensor."""
    found: str = page.evaluate(
        f"""key => Object.values({HASS}.entities).find(
          entity => entity.translation_key === key).entity_id""",
        key,
    )
    return found


def wait_for_state(
    page: Page, entity_id: str, expected: str = "true", seconds: float = 15
) -> Any:
    """Wait until an expression about the `state` of an entity is true, and return it."""
    page.wait_for_function(
        f"id => {{ const state = {HASS}.states[id]; return state && ({expected}); }}",
        arg=entity_id,
        timeout=seconds * 1000,
    )
    return page.evaluate(f"id => {HASS}.states[id]", entity_id)


def enter(field: Locator, text: str) -> None:
    """Fill in a field, again if Home Assistant has replaced it."""
    for _ in range(20):
        field.fill(text)
        field.page.wait_for_timeout(200)
        if field.input_value() == text:
            return
    raise AssertionError(f"the field does not keep {text!r}")


def show_more_info(page: Page, entity_id: str) -> None:
    """Open the dialog of an entity."""
    page.evaluate(
        """entityId => document.querySelector("home-assistant").dispatchEvent(
            new CustomEvent("hass-more-info", {detail: {entityId}}))""",
        entity_id,
    )


# Opens a browser, by default as the administrator.
Visit = Callable[..., Visitor]
# Takes a picture of a step.
Picture = Callable[[Page, str], None]
Use = Callable[..., None]
