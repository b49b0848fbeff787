"""Fixtures of the browser tests: the browser, both versions of Home Assistant, users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import re
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
import pytest

from .home_assistant import NEWEST, OLDEST, HomeAssistant, Tokens, running
from .visitor import (
    Picture,
    Use,
    Visit,
    Visitor,
    act,
    call,
    usage_of,
    wait_for_state,
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "only(version): on this Home Assistant only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of Home Assistant on both versions, each version in one process."""
    if "home_assistant" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only")
        versions = [
            pytest.param(version, marks=pytest.mark.xdist_group(version))
            for version in (only.args if only else (NEWEST, OLDEST))
        ]
        metafunc.parametrize("home_assistant", versions, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a version together, those that take longest first."""
    items.sort(key=lambda item: (NEWEST not in item.nodeid, OLDEST not in item.nodeid))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"),
            # Root cannot have a sandbox, and all pages are our own.
            args=[
                "--disable-gpu",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--no-proxy-server",
                "--no-sandbox",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def home_assistant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HomeAssistant]:
    """Start a version of Home Assistant."""
    with running(request.param, tmp_path_factory.mktemp("demo")) as instance:
        yield instance


@pytest.fixture
def visit(chromium: Browser, home_assistant: HomeAssistant) -> Iterator[Visit]:
    """Return a function that opens a browser. Fail on an error in any of them."""
    visitors: list[Visitor] = []
    with ExitStack() as stack:

        def visit(
            tokens: Tokens | None = None, at: HomeAssistant = home_assistant
        ) -> Visitor:
            """Open a browser, as the administrator by default."""
            visitor = Visitor(chromium, at, tokens or at.tokens)
            stack.callback(visitor.context.close)
            visitors.append(visitor)
            return visitor

        yield visit
    errors = [error for visitor in visitors for error in visitor.errors]
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="session")
def yaml_resources(
    home_assistant: HomeAssistant, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HomeAssistant]:
    """Start another one of the same version, with resources in YAML."""
    directory = tmp_path_factory.mktemp("demo")
    with running(home_assistant.version, directory, "--yaml-resources") as instance:
        yield instance


@pytest.fixture
def page(visit: Visit) -> Page:
    """Return a page of the administrator."""
    return visit().open()


@pytest.fixture
def use(home_assistant: HomeAssistant, page: Page) -> Iterator[Use]:
    """Return a function that sets the usage of session and week, and polls it.

    Afterwards, the demo has its own usage again.
    """
    now = datetime.now(UTC)
    # Another reset would have to be confirmed by a second answer.
    session_ends, week_ends = (
        shown if shown[0].isdigit() else (now + length).isoformat()
        for key, length in (
            ("session_resets_at", timedelta(hours=5)),
            ("weekly_resets_at", timedelta(days=3)),
        )
        for shown in [wait_for_state(page, usage_of(page, key))["state"]]
    )
    usage = {key: usage_of(page, f"{key}_usage") for key in ("session", "weekly")}

    def poll(body: dict[str, Any] | None) -> None:
        """Serve a body as the usage, and let Home Assistant request it."""
        home_assistant.simulator.serve_usage(body)
        act(page, "homeassistant", "update_entity", entity_id=usage["session"])

    def use(session: int, week: int = 40) -> None:
        """Set the percentages, and wait until Home Assistant shows them."""
        poll(
            {
                "five_hour": {"utilization": session, "resets_at": session_ends},
                "seven_day": {"utilization": week, "resets_at": week_ends},
            }
        )
        for key, percent in (("session", session), ("weekly", week)):
            wait_for_state(page, usage[key], f"Number(state.state) === {percent}")

    yield use
    poll(None)
    # Only the demo's own usage has this limit.
    wait_for_state(page, usage_of(page, "model_usage"), "!isNaN(state.state)", 30)


@pytest.fixture(scope="session")
def member(chromium: Browser, home_assistant: HomeAssistant) -> Tokens:
    """Add a user who is no administrator, and return their tokens."""
    visitor = Visitor(chromium, home_assistant, home_assistant.tokens)
    page = visitor.open()
    user = call(page, "config/auth/create", name="Member", group_ids=["system-users"])
    call(
        page,
        "config/auth_provider/homeassistant/create",
        user_id=user["user"]["id"],
        username="member",
        password="member",
    )
    visitor.context.close()
    return home_assistant.log_in("member", "member")


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """Return a function that takes a picture for the directory $SCREENSHOTS."""
    directory = os.environ.get("SCREENSHOTS")
    taken: list[str] = []

    def take(page: Page, name: str) -> None:
        """Take a numbered picture."""
        taken.append(name)
        if directory:
            test = re.sub(r"\W+", "-", request.node.name).strip("-")
            path = Path(directory) / test / f"{len(taken)}-{name}.png"
            page.screenshot(path=path, animations="disabled")

    return take
