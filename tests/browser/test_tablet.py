"""A dashboard that is open for days, as on a tablet at a wall.

By default it draws as often as in a day. `DRAWS=10080` makes it a week on one page.
"""

from __future__ import annotations

import os

from playwright.sync_api import Page
import pytest

from .home_assistant import NEWEST
from .test_home_assistant import CARD, expect_drawn, make_dashboard, masonry
from .visitor import go

DRAWS = int(os.environ.get("DRAWS", "0"))

# Draws all cards as often as told, each time with another percentage.
DRAW = """
async (draws) => {
  const find = (root) => [...root.querySelectorAll("*")].flatMap((element) =>
    element.localName === "claude-pulse-card" ? [element]
      : element.shadowRoot ? find(element.shadowRoot) : []);
  const cards = find(document);
  const { entities, states } = cards[0]._hass;
  const { entity_id: id } = Object.values(entities).find(
    (entity) => entity.translation_key === "weekly_usage");
  for (let draw = 0; draw < draws; draw++) {
    const state = { ...states[id], state: String(20 + draw % 50) };
    for (const card of cards)
      card.hass = { ...card._hass, states: { ...card._hass.states, [id]: state } };
    await new Promise(requestAnimationFrame);
  }
  return cards.map((card) => card.shadowRoot.textContent.includes(`${20 + (draws - 1) % 50}%`));
}
"""


@pytest.mark.only(NEWEST)
@pytest.mark.timeout(3600)
def test_memory(page: Page) -> None:
    """Draws of three cards leave neither nodes nor memory behind.

    Home Assistant 2026.11 keeps each element without attributes that its document created
    while it was loading, as in most loads from the cache. So the page is loaded repeatedly.
    """
    cards = ({**CARD, "layout": layout} for layout in ("full", "rows", "auto"))
    go(page, make_dashboard(page, masonry(*cards)))
    expect_drawn(page)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def measured() -> tuple[float, float]:
        """Return the number of nodes, and the megabytes of the heap."""
        page.wait_for_timeout(500)
        for _ in range(3):
            devtools.send("HeapProfiler.collectGarbage")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        found = {metric["name"]: metric["value"] for metric in metrics}
        return found["Nodes"], found["JSHeapUsedSize"] / 2**20

    grown = []
    for draws in [DRAWS] if DRAWS else [180] * 8:
        page.reload()
        expect_drawn(page)
        # Until caches are full.
        page.evaluate(DRAW, 20)
        before = measured()
        assert page.evaluate(DRAW, draws) == [True] * 3
        after = measured()
        grown.append((after[0] - before[0], after[1] - before[1]))
    assert max(nodes for nodes, _ in grown) < 200, grown
    assert max(megabytes for _, megabytes in grown) < 2, grown
