"""The card and the dashboard in a real Home Assistant."""

from __future__ import annotations

from itertools import count
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
import pytest

from .home_assistant import NEWEST, HomeAssistant, Tokens
from .test_card import CONTRAST
from .visitor import (
    HASS,
    Picture,
    Use,
    Visit,
    call,
    enter,
    go,
    usage_of,
)

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


@pytest.mark.only(NEWEST)
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_one_line_in_sections(page: Page, width: int, picture: Picture) -> None:
    """One line has space for all its parts in the size that it proposes."""
    page.set_viewport_size({"width": width, "height": 700})
    cards = [{**CARD, "layout": "micro"}]
    sections = [{"cards": cards, "type": "grid"}]
    view = {"sections": sections, "title": "Home", "type": "sections"}
    go(page, make_dashboard(page, {"views": [view]}))
    expect_drawn(page)
    picture(page, "line")
    outside = page.locator("claude-pulse-card").evaluate(
        """card => {
          const box = card.getBoundingClientRect();
          return [...card.shadowRoot.querySelectorAll(".middle, .top, .name, .bar, .words")]
            .filter(element => {
              const { top, bottom } = element.getBoundingClientRect();
              const isCut = element.scrollWidth > element.clientWidth + 1;
              return top < box.top || bottom > box.bottom || isCut;
            })
            .map(element => `${element.className}: ${element.textContent.trim()}`);
        }"""
    )
    assert outside == []


def test_invalid_option(visit: Visit, picture: Picture) -> None:
    """An invalid option has Home Assistant's own error card, and runs nothing."""
    visitor = visit()
    page = visitor.open()
    title = {"onmouseover": "window.hacked = true", "autofocus": True}
    go(page, make_dashboard(page, masonry({**CARD, "title": title})))
    error = page.locator("hui-error-card")
    error.wait_for()
    picture(page, "error")
    assert "title has to be a text" in error.evaluate(
        "card => card.shadowRoot.textContent + JSON.stringify(card._config ?? {})"
    )
    assert page.locator("claude-pulse-card").count() == 0
    assert page.evaluate("window.hacked") is None
    # Old versions, such as 2024.1, also log it.
    visitor.errors[:] = [one for one in visitor.errors if "title has to be" not in one]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: Page, use: Use, scheme: str, picture: Picture) -> None:
    """In the default themes, a fill has three times the luminance of its track."""
    use(100, 30)
    page.emulate_media(color_scheme=scheme)
    go(page, make_dashboard(page, masonry(CARD)))
    expect_drawn(page)
    expect(page.locator(".sentence")).not_to_have_text("Loading …")
    picture(page, "card")
    page.locator("claude-pulse-card").evaluate("card => { window.card = card; }")
    levels = set()
    for row in page.locator(".row").all():
        row.evaluate("row => row.toggleAttribute('measured', true)")
        levels.add(row.get_attribute("data-level"))
        parts = ["[measured] .fill", "[measured] .track"]
        assert page.evaluate(CONTRAST, parts) >= 3
        row.evaluate("row => row.toggleAttribute('measured', false)")
    assert levels == {"good", "spent"}


def test_picture_elements(page: Page, picture: Picture) -> None:
    """A card on a picture has a width."""
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    element = {**CARD, "layout": "rows", "style": {"left": "50%", "top": "50%"}}
    card = {"type": "picture-elements", "image": pixel, "elements": [element]}
    go(page, make_dashboard(page, masonry(card)))
    expect_drawn(page)
    picture(page, "card")
    assert page.locator("claude-pulse-card").bounding_box()["width"] > 100


def test_levels_of_the_action(page: Page, use: Use, picture: Picture) -> None:
    """The card and the action for automations judge limits in the same way."""
    path = make_dashboard(page, masonry(CARD))
    device = page.evaluate(
        f"""Object.values({HASS}.entities).find(
          ({{ platform }}) => platform === "claude_pulse").device_id"""
    )
    seen = set()
    for used in (None, (100, 30), (97, 100)):
        if used:
            use(*used)
        go(page, path)
        expect_drawn(page)
        expect(page.locator(".sentence")).not_to_have_text("Loading …")
        answer = call(
            page,
            "call_service",
            domain="claude_pulse",
            service="get_limits",
            service_data={"device_id": device},
            return_response=True,
        )["response"]
        told = {(round(limit["percent"]), limit["level"]) for limit in answer["limits"]}
        shown = page.locator(".row").evaluate_all(
            """rows => rows.map(row => [
              Number(row.querySelector("[role=meter]").ariaValueNow), row.dataset.level])"""
        )
        # The action has no word for a session that has not started.
        assert {
            (percent, "good" if level == "idle" else level) for percent, level in shown
        } == told
        seen |= {level for _, level in told}
        picture(page, f"used-{used}")
    assert seen == {"good", "risk", "spent"}


def test_no_wrong_verdict(page: Page) -> None:
    """No load shows another verdict before the right one."""
    path = make_dashboard(page, masonry(CARD))
    page.add_init_script(
        """
        window.seen = new Set();
        const find = (root) => {
          for (const element of root?.querySelectorAll("*") ?? []) {
            if (element.className === "sentence") seen.add(element.textContent.trim());
            find(element.shadowRoot);
          }
        };
        const record = () => {
          find(document);
          setTimeout(record, 30);
        };
        record();
        """
    )
    for _ in range(3):
        go(page, path)
        expect_drawn(page)
        expect(page.locator(".sentence")).not_to_have_text("Loading …")
        page.wait_for_timeout(300)
        seen = set(page.evaluate("[...seen]")) - {"Loading …"}
        assert seen == {page.locator(".sentence").inner_text()}


@pytest.mark.only(NEWEST)
def test_regeneration(page: Page) -> None:
    """Changes of other entities do not generate the dashboard again."""
    go(page, make_dashboard(page, STRATEGY))
    expect_drawn(page)
    page.evaluate(
        """() => {
          const strategy = customElements.get("ll-strategy-dashboard-claude-pulse");
          const { generate } = strategy;
          window.generated = 0;
          strategy.generate = function (...values) {
            generated += 1;
            return generate.apply(this, values);
          };
        }"""
    )

    def update(registry: str, **data: Any) -> None:
        """Change a registry, and wait until the page has noticed."""
        call(page, f"config/{registry}_registry/update", **data)
        page.wait_for_timeout(1500)

    other, device = page.evaluate(
        f"""() => {{
          const entities = Object.values({HASS}.entities);
          const [ours, others] = [true, false].map((is) =>
            entities.filter(({{ platform }}) => (platform === "claude_pulse") === is));
          return [others[0].entity_id, ours[0].device_id];
        }}"""
    )
    update("entity", entity_id=other, name="Another name")
    assert page.evaluate("generated") == 0
    update("device", device_id=device, name_by_user="Mine")
    assert page.evaluate("generated") > 0
    update("device", device_id=device, name_by_user=None)


def test_recent_events(page: Page, picture: Picture) -> None:
    """The view lists the events that have happened, and no unknown ones."""
    path = make_dashboard(page, STRATEGY)
    go(page, f"{path}/health")
    page.get_by_text("Connection").first.wait_for()
    page.evaluate(
        f"""async () => {{
          const hass = {HASS};
          const {{ entity_id: id }} = Object.values(hass.entities).find(
            ({{ translation_key: key }}) => key === "weekly_events");
          const {{ attributes }} = hass.states[id];
          await hass.callApi("POST", `states/${{id}}`, {{
            state: new Date().toISOString(),
            attributes: {{ ...attributes, event_type: "reset" }},
          }});
        }}"""
    )
    events = page.locator("hui-entity-filter-card")
    expect(events.get_by_text("Recent events")).to_have_count(1)
    expect(events.get_by_text("Weekly events", exact=True)).to_have_count(1)
    expect(events.get_by_text("Unknown")).to_have_count(0)
    picture(page, "events")


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
    expect(editor.locator("claude-pulse-card")).to_contain_text("Fable")
    title = editor.locator("ha-form input").first
    title.wait_for()
    picture(page, "editor")
    offered = page.evaluate(
        """customElements.get("claude-pulse-card").getConfigForm().schema
          .find(({ name }) => name === "limits").selector.select.options"""
    )
    assert [limit["label"] for limit in offered] == ["Session", "Week", "Fable"]
    # Old versions, such as 2024.1, offer the limits in another field.
    if home_assistant.is_newest:
        editor.get_by_text("Add", exact=True).click()
        page.get_by_text("Fable", exact=True).locator("visible=true").first.click()
        row = editor.locator("claude-pulse-card .row")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("Fable")
        picture(page, "limits")
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


def test_tile(page: Page, picture: Picture) -> None:
    """The bar is drawn below Home Assistant's own tile, with its marker."""
    features = [{"type": "custom:claude-pulse-bar"}]
    cards = [
        {"type": "tile", "entity": usage_of(page, key), "features": features}
        for key in ("session_usage", "weekly_usage")
    ]
    go(page, make_dashboard(page, masonry(*cards)))
    bars = page.locator("claude-pulse-bar")
    expect(bars.locator("[role=meter]")).to_have_count(2)
    expect(bars.locator(".marker").first).to_be_visible()
    picture(page, "tile")
    meter = bars.locator("[role=meter]").last
    assert meter.get_attribute("aria-valuetext").startswith("Week: ")
    tile, bar = page.locator("hui-tile-card").last.bounding_box(), meter.bounding_box()
    assert bar["height"] > 35
    # It has the same space at both sides, and below.
    left = bar["x"] - tile["x"]
    right = tile["x"] + tile["width"] - bar["x"] - bar["width"]
    below = tile["y"] + tile["height"] - bar["y"] - bar["height"]
    assert left == pytest.approx(right, abs=1)
    assert (left, below) == (pytest.approx(12, abs=2), pytest.approx(12, abs=2))


def edit_tile(page: Page, key: str) -> Locator:
    """Open the features of a tile with a sensor in its editor."""
    tile = {"type": "tile", "entity": usage_of(page, key)}
    go(page, f"{make_dashboard(page, masonry(tile))}?edit=1")
    options = page.locator("hui-card-options")
    # On 2024.1, the button stays without a label if it is drawn before the texts
    # have arrived.
    button = options.get_by_text("Edit", exact=True).or_(options.locator("mwc-button"))
    button.first.click()
    editor = page.locator("hui-dialog-edit-card")
    editor.get_by_text("Features", exact=True).last.click()
    return editor


ITEMS = "ha-dropdown-item, ha-list-item, mwc-list-item"


def test_tile_editor(
    home_assistant: HomeAssistant, page: Page, picture: Picture
) -> None:
    """The bar is offered for a usage sensor, and can be changed."""
    editor = edit_tile(page, "weekly_usage")
    editor.get_by_text("Add feature").click()
    editor.locator(ITEMS).filter(has_text="Claude Pulse").click()
    expect(editor.locator("claude-pulse-bar [role=meter]")).to_be_visible()
    picture(page, "added")
    # Old versions, such as 2024.1, edit features as YAML.
    if home_assistant.is_newest:
        editor.locator("hui-card-features-editor .edit-icon").click()
        expect(editor.get_by_text("Percentage").first).to_be_visible()
        picture(page, "options")


def test_tile_editor_of_other_sensors(
    home_assistant: HomeAssistant, page: Page
) -> None:
    """The bar is not offered for sensors that are no usage."""
    editor = edit_tile(page, "weekly_pace")
    if home_assistant.is_newest:
        editor.get_by_text("Add feature").click()
        expect(editor.get_by_text("Bar gauge", exact=True)).to_be_visible()
        offered = editor.locator(ITEMS).filter(has_text="Claude Pulse")
        expect(offered).to_have_count(0)
    else:
        expect(editor.get_by_text("No compatible features")).to_be_visible()


@pytest.mark.only(NEWEST)
def test_badge_in_a_heading(page: Page, picture: Picture) -> None:
    """The badge looks like Home Assistant's own ones in the heading of a section."""
    entity = {"type": "entity", "entity": usage_of(page)}
    heading = {"type": "heading", "heading": "Claude", "badges": [entity, BADGE]}
    sections = [{"cards": [heading, CARD], "type": "grid"}]
    view = {"sections": sections, "title": "Home", "type": "sections"}
    go(page, make_dashboard(page, {"views": [view]}))
    expect_drawn(page, "claude-pulse-badge")
    picture(page, "heading")
    own = page.locator("ha-heading-badge .heading-badge")
    ours = page.locator("claude-pulse-badge button")
    style = """element => {
      const { color, fontSize, fontWeight, lineHeight } = getComputedStyle(element);
      return { color, fontSize, fontWeight, lineHeight };
    }"""
    assert ours.evaluate(style) == own.evaluate(style)
    assert ours.bounding_box()["height"] == own.bounding_box()["height"]


@pytest.mark.only(NEWEST)
def test_suggested_badge(page: Page, picture: Picture) -> None:
    """The badge is suggested for an entity of Claude Pulse."""
    view = {"sections": [], "title": "Home", "type": "sections"}
    go(page, f"{make_dashboard(page, {'views': [view]})}?edit=1")
    page.get_by_text(re.compile("Add (a )?badge")).last.click()
    page.get_by_placeholder("Search").last.fill("Weekly usage")
    page.get_by_text("Weekly usage", exact=True).last.click()
    expect_drawn(page, "claude-pulse-badge")
    expect(page.get_by_text("Claude Pulse - All limits")).to_be_visible()
    picture(page, "suggestions")
    page.get_by_text("Claude Pulse - This limit").last.click()
    badge = page.locator("hui-view claude-pulse-badge")
    expect(badge).to_contain_text("Week")
    expect(badge.locator("button")).to_have_attribute("data-level", "good")
    picture(page, "picked")


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
