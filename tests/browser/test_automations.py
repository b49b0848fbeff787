"""Automations are created by clicking, and they run."""

from __future__ import annotations

import shutil

from playwright.sync_api import Page, expect
import pytest

from .home_assistant import NEWEST, OLDEST, ROOT, HomeAssistant
from .visitor import Picture, Use, enter, go, show_more_info, wait_for_state

SESSION_EVENTS = "event.claude_pulse_session_events"
# Seconds in which a second answer confirms a fast rise.
CONFIRMED = 100
WAS_TRIGGERED = "state.attributes.last_triggered"


def search(page: Page, text: str) -> None:
    """Type into the search field."""
    page.get_by_placeholder("Search").last.fill(text)


def save(page: Page, name: str | None = None) -> None:
    """Save an automation, with a name if needed."""
    page.get_by_role("button", name="Save", exact=True).last.click()
    if name:
        # Its name is another one in 2024.1.
        dialog = page.locator("ha-dialog-automation-save, ha-dialog-automation-rename")
        enter(dialog.locator("input").first, name)
        page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url("**/config/automation/edit/*")


def test_more_info(page: Page, use: Use, picture: Picture) -> None:
    """The dialog of an event entity shows the last event in words.

    It is the first test: after a higher usage, 40% would have to be confirmed.
    """
    use(40)
    use(76)
    wait_for_state(
        page,
        SESSION_EVENTS,
        "state.attributes.event_type === 'threshold_reached'",
        CONFIRMED,
    )
    show_more_info(page, SESSION_EVENTS)
    dialog = page.locator("ha-more-info-dialog")
    expect(dialog).to_contain_text("Session events")
    expect(dialog.get_by_text("Threshold reached").first).to_be_visible()
    picture(page, "more-info")


@pytest.mark.only(NEWEST)
def test_own_trigger(page: Page, use: Use, picture: Picture) -> None:
    """A trigger of Claude Pulse is found, filled in and saved, and it fires."""
    use(40)
    go(page, "/config/automation/dashboard")
    page.get_by_text("Create automation").click()
    page.get_by_text("Create new automation").click()
    page.get_by_text("Add trigger").click()
    search(page, "Claude usage crosses")
    found = page.get_by_text("Claude usage crosses a percentage")
    found.wait_for()
    picture(page, "triggers")
    found.click()
    page.get_by_text("Add target").click()
    search(page, "Session events")
    page.get_by_text("Session events").last.click()
    enter(page.get_by_role("spinbutton"), "83")
    picture(page, "trigger")
    page.get_by_text("Add action").click()
    search(page, "persistent")
    page.get_by_text("Send a persistent notification").click()
    message = page.locator("ha-selector-text").first.locator("input, textarea")
    enter(message, "Take a break.")
    picture(page, "action")
    save(page, "Four fifths of the session")
    automation = "automation.four_fifths_of_the_session"
    wait_for_state(page, automation, "state.state === 'on'")
    use(85)
    wait_for_state(page, automation, WAS_TRIGGERED, CONFIRMED)
    page.get_by_text("Notifications", exact=True).click()
    expect(page.get_by_text("Take a break.").last).to_be_visible()
    picture(page, "fired")


@pytest.mark.only(NEWEST)
def test_blueprint(
    home_assistant: HomeAssistant, page: Page, use: Use, picture: Picture
) -> None:
    """A blueprint needs no input, and its automation runs."""
    use(40)
    shutil.copytree(
        ROOT / "blueprints" / "automation",
        home_assistant.config / "blueprints" / "automation",
        dirs_exist_ok=True,
    )
    go(page, "/config/blueprint/dashboard")
    page.get_by_text("Claude Pulse: alerts").wait_for()
    picture(page, "blueprints")
    page.get_by_text("Claude Pulse: alerts").click()
    page.get_by_text("Further actions").wait_for()
    picture(page, "inputs")
    save(page)
    automation = "automation.claude_pulse_alerts"
    wait_for_state(page, automation, "state.state === 'on'")
    use(100)
    wait_for_state(page, automation, WAS_TRIGGERED, CONFIRMED)
    page.get_by_text("Notifications", exact=True).click()
    # Saving the automation also triggers it.
    notification = page.locator("notification-item").first
    expect(notification).to_be_visible(timeout=1000 * CONFIRMED)
    picture(page, "fired")


@pytest.mark.only(OLDEST)
def test_device_trigger(page: Page, use: Use, picture: Picture) -> None:
    """A device trigger is chosen on the page of the device, and it fires."""
    use(40)
    go(page, "/config/devices/dashboard")
    page.get_by_text("Claude Pulse").nth(1).click()
    automations = page.locator("ha-card").filter(has_text="No automations")
    automations.get_by_role("button").click()
    trigger = page.get_by_text("Claude Pulse Session events: limit is reached")
    trigger.wait_for()
    picture(page, "triggers")
    trigger.click()
    page.get_by_text("Add action").wait_for()
    picture(page, "trigger")
    save(page, "The session is used up")
    automation = "automation.the_session_is_used_up"
    wait_for_state(page, automation, "state.state === 'on'")
    use(100)
    wait_for_state(page, automation, WAS_TRIGGERED, CONFIRMED)
