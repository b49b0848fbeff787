"""`python -m tests.browser.pictures`: take the pictures of the README and the documents."""

from __future__ import annotations

from datetime import UTC, datetime
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserType, sync_playwright

from .home_assistant import (
    NEWEST,
    OPENER,
    ROOT,
    HomeAssistant,
    free_port,
    running,
)

IMAGES = ROOT / "docs" / "images"

# A time zone in which it is the middle of a working day.
OFFSET = (15 - datetime.now(UTC).hour + 11) % 24 - 11
TIME_ZONE = f"Etc/GMT{-OFFSET:+}"

# The scheme, width, height and scale by name.
PICTURES = {
    "dashboard-light": ("light", 1280, 680, 1),
    "dashboard-dark": ("dark", 1280, 680, 1),
    "dashboard-phone": ("light", 390, 742, 2),
}


def take(browser: Browser, instance: HomeAssistant, name: str) -> None:
    """Take a picture of the dashboard."""
    scheme, width, height, scale = PICTURES[name]
    stored = {
        "hassTokens": json.dumps(instance.tokens),
        "dockedSidebar": json.dumps("always_hidden"),
    }
    local = [{"name": key, "value": value} for key, value in stored.items()]
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=scale,
        reduced_motion="reduce",
        storage_state={"origins": [{"origin": instance.url, "localStorage": local}]},
        timezone_id=TIME_ZONE,
        viewport={"width": width, "height": height},
    )
    page = context.new_page()
    page.goto(f"{instance.url}/claude-pulse")
    for drawn in (".history", ".use"):
        page.locator(f"claude-pulse-card {drawn}").first.wait_for(state="attached")
    # The fonts, and the bar at the top.
    page.wait_for_timeout(2000)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


def take_cookies(chromium: BrowserType) -> None:
    """Take a picture of the developer tools with the cookies of claude.ai, all invented."""
    cookies = {
        "activitySessionId": "5b0d1f0e",
        "lastActiveOrg": "11111111-2222-…",
        "sessionKey": f"sk-ant-sid01-{'EXAMPLE-' * 5}AA",
    }
    port = free_port()
    browser = chromium.launch(
        executable_path=os.environ.get("CHROMIUM") or None,
        args=[
            "--no-sandbox",
            f"--remote-debugging-port={port}",
            "--remote-allow-origins=*",
        ],
    )
    context = browser.new_context()
    context.route(
        "https://claude.ai/**",
        lambda route: route.fulfill(body="<p>", content_type="text/html"),
    )
    context.add_cookies(
        [
            {"name": name, "value": value, "url": "https://claude.ai/", "secure": True}
            for name, value in cookies.items()
        ]
    )
    context.new_page().goto("https://claude.ai/")
    with OPENER.open(f"http://127.0.0.1:{port}/json") as response:
        targets = json.load(response)
    (target,) = (one["id"] for one in targets if "claude.ai" in one["url"])
    tools = browser.new_page(
        device_scale_factor=1.5, viewport={"width": 900, "height": 400}
    )
    tools.goto(
        "devtools://devtools/bundled/devtools_app.html"
        f"?ws=127.0.0.1:{port}/devtools/page/{target}&panel=resources"
    )
    tools.get_by_role("treeitem", name="Cookies").click()
    tools.keyboard.press("ArrowRight")
    for text in ("https://claude.ai", "sk-ant-sid01"):
        tools.get_by_text(text).locator("visible=true").first.click()
    tools.wait_for_timeout(1000)
    tools.screenshot(path=IMAGES / "session-key.png")
    browser.close()


def main() -> None:
    """Start the demo, and take all pictures."""
    with (
        TemporaryDirectory() as directory,
        running(NEWEST, Path(directory), "--time-zone", TIME_ZONE) as instance,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=["--no-sandbox"]
        )
        for name in PICTURES:
            take(browser, instance, name)
        browser.close()
        take_cookies(playwright.chromium)


if __name__ == "__main__":
    main()
