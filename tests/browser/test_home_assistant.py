"""The card and the dashboard in a real Home Assistant."""

from __future__ import annotations

from itertools import count
import re
from typing import Any

from playwright.sync_api import Page, expect
import pytest

from .home_assistant import NEWEST, HomeAssistant, Tokens
from .visitor import Picture, Visit, call, enter, go

ADDRESS = "/claude_pulse/claude-pulse.js"
BADGE = {"type": "custom:claude-pulse-badge"}
CARD = {"type": "custom:claude-pulse-card"}
STRATEGY = {"strategy": {"type": "custom:claude-pulse"}}

_number = count(1)


def masonry(*cards: dict[str, Any]) -> dict[str, Any]:
    """Return a dashboard of one view without sections."""
    return {"views": [{"cards": cards, "title": "Home", "type": "masonry"}]}


def make_dashboard(page: Page, config: dict[str, Any]) -> str:
    """Create a dashboard, and return its path."""
    path = f"test-{next(_number)}"
    call(
        page,
        "lovelace/dashboards/create",
        mode="storage",
        require_admin=False,
        show_in_sidebar=True,
        title=path,
        url_path=path,
    )
    call(page, "lovelace/config/save", config=config, url_path=path)
    return f"/{path}"


def expect_drawn(page: Page, element: str = "claude-pulse-card") -> None:
    """Wait until a card shows numbers, and expect no error on the page."""
    expect(page.locator(element).first).to_contain_text(re.compile(r"\d\s?%"))
    failed = "Custom element doesn't exist|Configuration error|Timeout"
    expect(page.get_by_text(re.compile(failed)).locator("visible=true")).to_have_count(
        0
    )
    expect(page.locator("hui-error-card:visible")).to_have_count(0)


def test_masonry(page: Page, picture: Picture) -> None:
    """The card needs no configuration."""
    go(page, make_dashboard(page, masonry(CARD)))
    expect_drawn(page)
    picture(page, "card")


@pytest.mark.only(NEWEST)
def test_sections(page: Page, picture: Picture) -> None:
    """Two layouts in a grid, and the badge, show numbers."""
    cards = [CARD, {**CARD, "layout": "micro"}]
    view = {
        "badges": [BADGE],
        "sections": [{"cards": cards, "type": "grid"}],
        "title": "Home",
        "type": "sections",
    }
    go(page, make_dashboard(page, {"views": [view]}))
    expect_drawn(page)
    expect_drawn(page, "claude-pulse-badge")
    expect(page.locator("claude-pulse-card")).to_have_count(2)
    picture(page, "cards")


def test_picker_and_editor(
    home_assistant: HomeAssistant, page: Page, picture: Picture
) -> None:
    """The card is picked by its preview, changed and saved."""
    path = make_dashboard(page, masonry())
    go(page, f"{path}?edit=1")
    page.get_by_text("Add card").last.click()
    if home_assistant.is_newest:
        page.get_by_text("By card").click()
    page.get_by_label("Search cards").or_(
        page.get_by_placeholder("Search cards")
    ).last.fill("Claude")
    expect_drawn(page)
    picture(page, "picker")
    preview = page.locator("hui-card-picker .card").filter(
        has=page.locator("claude-pulse-card")
    )
    preview.locator(".overlay").click()
    editor = page.locator("hui-dialog-edit-card")
    expect_drawn(page, "hui-dialog-edit-card claude-pulse-card")
    title = editor.locator("ha-form input").first
    title.wait_for()
    picture(page, "editor")
    enter(title, "Mine")
    expect(editor.locator("claude-pulse-card")).to_contain_text("Mine")
    picture(page, "changed")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("claude-pulse-card")).to_have_count(0)
    go(page, path)
    expect_drawn(page)
    expect(page.locator("claude-pulse-card")).to_contain_text("Mine")


@pytest.mark.only(NEWEST)
def test_suggestion(page: Page, picture: Picture) -> None:
    """The card is suggested for an entity of Claude Pulse."""
    go(page, f"{make_dashboard(page, masonry())}?edit=1")
    page.get_by_text("Add card").last.click()
    page.get_by_placeholder("Search").last.fill("Session usage")
    page.get_by_text("Session usage", exact=True).last.click()
    offered = page.get_by_text("Claude Pulse - Rows")
    offered.scroll_into_view_if_needed()
    expect_drawn(page)
    picture(page, "suggestions")


def test_strategy(page: Page, picture: Picture) -> None:
    """The strategy creates a whole dashboard."""
    path = make_dashboard(page, STRATEGY)
    go(page, path)
    expect_drawn(page)
    picture(page, "overview")
    views = page.evaluate(
        """() => document.querySelector("home-assistant").shadowRoot
            .querySelector("home-assistant-main").shadowRoot
            .querySelector("ha-panel-lovelace").lovelace.config.views.map(
              (view, index) => view.path ?? index)"""
    )
    assert len(views) > 1
    for view in views[1:]:
        go(page, f"{path}/{view}")
        page.locator("hui-view :is(ha-card, hui-error-card):visible").first.wait_for()
        expect(page.locator("hui-error-card:visible")).to_have_count(0)
        picture(page, str(view))


@pytest.mark.only(NEWEST)
def test_add_dashboard(page: Page, picture: Picture) -> None:
    """The dashboard is offered among the new dashboards, and created."""
    go(page, "/config/lovelace/dashboards")
    page.get_by_text("Add dashboard").click()
    page.get_by_text("Community dashboards").wait_for()
    picture(page, "offered")
    page.locator("hui-dialog-new-dashboard, ha-dialog-new-dashboard").get_by_text(
        "Claude Pulse", exact=True
    ).click()
    address = page.locator("input[name=url_path]")
    expect(address).to_have_value(re.compile("claude-pulse"))
    picture(page, "form")
    path = address.input_value()
    page.get_by_role("button", name="Create", exact=True).click()
    page.locator(f"a[href='/{path}']").first.click()
    expect_drawn(page)
    picture(page, "dashboard")


def test_member(page: Page, member: Tokens, visit: Visit, picture: Picture) -> None:
    """A user who is no administrator sees the card."""
    path = make_dashboard(page, masonry(CARD))
    theirs = visit(member).open(path)
    expect_drawn(theirs)
    expect(theirs.locator("claude-pulse-card")).to_contain_text("Resets")
    picture(theirs, "card")


def test_cold_loads(page: Page, visit: Visit) -> None:
    """Ten new browsers show the card."""
    path = make_dashboard(page, masonry(CARD))
    for _ in range(10):
        visitor = visit()
        expect_drawn(visitor.open(path))
        visitor.context.close()


def test_warm_loads(page: Page) -> None:
    """A browser shows the card ten times."""
    go(page, make_dashboard(page, masonry(CARD)))
    for _ in range(10):
        expect_drawn(page)
        page.reload()
    expect_drawn(page)


def test_update(page: Page, visit: Visit) -> None:
    """After an update there is one resource, and an old browser loads the new module."""
    path = make_dashboard(page, masonry(CARD))
    (resource,) = ours(page)
    current = resource["url"]
    for url in ("0.0.1-old", "0.0.2-older"):
        call(
            page,
            "lovelace/resources/create",
            res_type="module",
            url=f"{ADDRESS}?v={url}",
        )
    call(page, "lovelace/resources/delete", resource_id=resource["id"])
    elsewhere = visit().open(path)
    expect_drawn(elsewhere)
    assert f"{ADDRESS}?v=0.0.1-old" in loaded(elsewhere)
    reload_entry(page)
    assert [resource["url"] for resource in ours(page)] == [current]
    elsewhere.reload()
    expect_drawn(elsewhere)
    assert loaded(elsewhere) == [current]


def test_yaml_resources(visit: Visit, yaml_resources: HomeAssistant) -> None:
    """If YAML names no resource, every page loads the module."""
    for _ in range(10):
        visitor = visit(at=yaml_resources)
        page = visitor.open("/claude-pulse")
        expect_drawn(page)
        assert not ours(page)
        visitor.context.close()


def ours(page: Page) -> list[dict[str, Any]]:
    """Return the resources of the card."""
    found = call(page, "lovelace/resources")
    return [item for item in found if item["url"].startswith(ADDRESS)]


def loaded(page: Page) -> list[str]:
    """Return the URLs from which a page has loaded the card."""
    names: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    found = (re.sub(r"^https?://[^/]+", "", name) for name in names)
    return [name for name in found if name.startswith(ADDRESS)]


def reload_entry(page: Page) -> None:
    """Reload the config entry."""
    page.evaluate(
        """async () => {
          const { hass } = document.querySelector("home-assistant");
          const [{ entry_id }] = await hass.callWS(
            { type: "config_entries/get", domain: "claude_pulse" });
          await hass.callApi("POST", `config/config_entries/entry/${entry_id}/reload`);
        }"""
    )
