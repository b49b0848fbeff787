"""The documents: links, anchors, entities, texts on the screen, YAML and automations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import unquote

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import yaml

from custom_components.claude_pulse import const, copies
from custom_components.claude_pulse.events import model
from custom_components.claude_pulse.forecast.projection import CERTAIN
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .common import Claude, account_of, enable, pass_steps
from .events.common import START, begin, body, minutes, poll
from .test_saved_resets import grant, with_resets

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
# Scripts write these.
FIGURES = {"alerts.md", "forecast.md", "performance.md", "reliability.md"}
# Snippets for other programs, which another test runs.
SNIPPETS = {"other-displays.md"}
# Nobody reads these from the beginning to the end.
REFERENCE = {
    *("automations.md", "blueprints.md", "events.md", "more-entities.md"),
    "troubleshooting.md",
}
# Home Assistant's own cards in examples.
CORE = {"heading", "tile"}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
PAGES = sorted(
    path for path in DOCS.glob("*.md") if path.name not in FIGURES | SNIPPETS
)
FILES_URL = f"{const.README_URL}/blob/main/"
RAW_URL = FILES_URL.replace("github.com", "raw.githubusercontent.com").replace(
    "/blob/", "/"
)

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SINCE = re.compile(r"# Home Assistant (\d+)\.(\d+) or later\n")


def text_of(path: Path) -> str:
    """Return a document."""
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """Return a document without blocks of code."""
    return FENCE.sub("", text_of(path))


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(path), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def target_of(path: Path, link: str) -> Path | None:
    """Return the file in the repository that a link opens, or None."""
    for url in (FILES_URL, RAW_URL):
        if link.startswith(url):
            return ROOT / unquote(link.removeprefix(url))
    if re.match(r"\w+:", link):
        return None
    return (path.parent / unquote(link)).resolve() if link else path


def blocks(path: Path, language: str) -> Iterator[str]:
    """Yield the blocks of code in a language."""
    for indent, found, code in FENCE.findall(text_of(path)):
        if found == language:
            yield re.sub(f"^{indent}", "", code, flags=re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links(path: Path) -> None:
    """Each link into the repository opens a file and an anchor that exist."""
    dead = []
    for link in LINK.findall(prose_of(path)):
        address, _, anchor = link.partition("#")
        if (target := target_of(path, address)) is None:
            continue
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize(
    "url",
    sorted(
        unquote(url).removeprefix(const.IMPORT_URL)
        for name, url in vars(const).items()
        if name.endswith("_URL") and FILES_URL in unquote(url) and url != FILES_URL
    ),
)
def test_links_of_the_integration(url: str) -> None:
    """The integration links to files and headings that exist."""
    address, _, anchor = url.partition("#")
    target = target_of(ROOT, address)
    assert target
    assert target.is_file()
    assert not anchor or anchor in anchors_of(target)


def test_all_pages_are_listed() -> None:
    """The index of the documents has all pages."""
    listed = {
        link.partition("#")[0] for link in LINK.findall(text_of(DOCS / "README.md"))
    }
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert pages - listed == set()


def test_readme_is_short() -> None:
    """README answers the first questions in 900 words, in this order."""
    text = text_of(README)
    assert len(text.split()) <= 900
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Requirements",
        "Is it safe for my account?",
        "Install",
        "The session key",
        "Dashboard",
        "Alerts",
        "Try it and test it",
        "Everything else",
        "Removal",
        "Licence",
    ]


def test_readme_in_hacs_and_the_marketplace() -> None:
    """README has no HTML and no relative address, which these do not show.

    HACS and the Marketplace show text in angle brackets as text, remove relative addresses,
    and take a number after `#` for an issue.
    """
    text = prose_of(README)
    assert re.findall(r"<[^>]*>", text) == []
    links = LINK.findall(text)
    assert len(links) > 30
    assert [link for link in links if not link.startswith("https://")] == []
    assert re.findall(r"(?:^|\s)(?:[\w.-]+/[\w.-]+)?#[1-9]\d*\b", text) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_are_short(path: Path) -> None:
    """A page is read in two minutes, or is searched for one part of it."""
    words = len(prose_of(path).split())
    assert words <= (900 if path.name in REFERENCE else 600)


def test_triggers_and_conditions_are_listed() -> None:
    """Each trigger and condition is in the tables, by its key and its name."""
    page = text_of(DOCS / "automations.md")
    listed = re.findall(r"^\| `claude_pulse\.(\w+)` \| (.+?) \|", page, re.MULTILINE)
    texts = json.loads(
        (ROOT / "custom_components/claude_pulse/translations/en.json").read_text()
    )
    assert listed == [
        (key, item["name"])
        for part in ("triggers", "conditions")
        for key, item in texts[part].items()
    ]


def test_blueprints_are_offered() -> None:
    """Each blueprint has a link that imports it."""
    imported = re.findall(
        r"blueprints%2Fautomation%2Fclaude_pulse%2F(\w+)\.yaml",
        text_of(DOCS / "blueprints.md"),
    )
    assert sorted(imported) == sorted(copies.VERSIONS.keys() - {copies.SENTENCES})
    for path in DOCUMENTS:
        names = re.findall(r"claude_pulse%2F(\w+)\.yaml", text_of(path))
        assert set(names) <= set(imported)


def test_troubleshooting_quotes_the_screen() -> None:
    """The headings quote texts of the integration or of Home Assistant."""
    texts = (ROOT / "texts" / "en.json").read_text(encoding="utf-8")
    texts = re.sub(r"{\w+}", "…", texts)
    headings = re.findall(
        r"^### (.+)$", text_of(DOCS / "troubleshooting.md"), re.MULTILINE
    )
    quoted = [
        text for heading in headings for text in re.findall(r'"([^"]+)"', heading)
    ]
    assert len(quoted) > 8
    of_home_assistant = {
        "Authentication expired for …",
        "Custom element doesn't exist",
        "Integration requires reconfiguration",
        "The claude_pulse directory belongs to …",
    }
    assert {text for text in quoted if text not in texts} == of_home_assistant


def test_names_of_the_earlier_integration() -> None:
    """The page about moving here has the keys that the migration renames."""
    source = (ROOT / "custom_components" / "claude_pulse" / "migration.py").read_text()
    keys = set(re.findall(r'^    "(\w+)": "(\w+)",$', source, re.MULTILINE))
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", text_of(DOCS / "moving.md"), re.M)
    assert set(rows) == {(old, new) for old, new in keys if old != new}


def test_words_of_claude_ai() -> None:
    """Paid usage has one name. The page of questions explains the others."""
    for path in PAGES:
        if path.name != "faq.md":
            assert "paid usage" not in text_of(path).lower()
            assert "extra usage" not in re.sub(
                r"\*extra usage\*|\| Extra usage, usage credits \|", "", text_of(path)
            )


def test_events_and_actions_are_described() -> None:
    """The pages have all types of events, and all actions with their fields."""
    text = text_of(DOCS / "events.md") + text_of(DOCS / "actions.md")
    services = parse_yaml(
        (ROOT / "custom_components" / "claude_pulse" / "services.yaml").read_text()
    )
    fields = {
        name for action in services.values() if action for name in action["fields"]
    }
    types = {*model.TYPES, *model.ACCOUNT_TYPES, *model.SAVED_RESET_TYPES} - {
        model.ROSE
    }
    names = {*types, *fields, *(f"{const.DOMAIN}.{action}" for action in services)}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
    assert f"once this is {CERTAIN}% likely" in text


@pytest.mark.smoke
@pytest.mark.parametrize("account", ["ada", "gus", "hal", "ivy"])
async def test_entities_are_described(claude: Claude, account: str) -> None:
    """The pages describe all entities, and mention no others."""
    await claude.entry(account)
    await enable(claude)
    await claude.pass_time()
    await claude.pass_time()
    exist = {
        entity.entity_id
        for entity in er.async_get(claude.hass).entities.values()
        if entity.platform == const.DOMAIN
    }
    text = text_of(DOCS / "entities.md") + text_of(DOCS / "more-entities.md")
    described = re.compile(
        "|".join(
            re.escape(name).replace("<model>", r"\w+").replace("<pool>", r"\w+")
            for name in re.findall(
                r"(?:sensor|event|calendar)\.claude_pulse_[\w<>]+|(?<=`…)_\w+", text
            )
        )
        + "$"
    )
    assert [name for name in sorted(exist) if not described.search(name)] == []
    if account != "ada":
        return
    mentioned = {
        name
        for path in PAGES
        for name in re.findall(
            r"\b((?:binary_sensor|sensor|event|calendar)\.claude_pulse_\w+)(?![\w<])",
            text_of(path),
        )
    }
    of_others = r"_extra_|saved_reset|prepaid_balance"
    assert [
        name
        for name in sorted(mentioned - exist)
        if not re.search(of_others, name) and not name.endswith("_")
    ] == []


def automations() -> list[Any]:
    """Return the automations of the pages, with the version that each needs."""
    found = []
    for path in PAGES:
        for block in blocks(path, "yaml"):
            if "alias:" in block:
                since = SINCE.match(block)
                version = tuple(map(int, since.groups())) if since else (2024, 1)
                config = parse_yaml(block)
                found.append(pytest.param(version, config, id=config["alias"]))
    return found


@pytest.mark.smoke
@pytest.mark.parametrize(("since", "config"), automations())
async def test_automations(claude: Claude, since: tuple[int, int], config: Any) -> None:
    """An automation is accepted from the version on that it names, and sends its message."""
    calls = async_mock_service(claude.hass, "notify", "notify")
    answer = with_resets(body(60, week=60), grant("One", 1, 10))
    await begin(claude, answer)
    assert await async_setup_component(
        claude.hass, "automation", {"automation": [config]}
    )
    await claude.settle()
    states = claude.hass.states.async_all("automation")
    works = [state.state for state in states] == ["on"]
    assert works == (since <= (MAJOR_VERSION, MINOR_VERSION))
    if not works:
        return

    async def cross() -> str:
        """Use more of the week."""
        await poll(claude, body(60, week=85))
        return "85% of the Claude week is used."

    async def expire_grant() -> str:
        """Wait until a saved reset expires soon."""
        for _ in range(7):
            claude.clock.tick(timedelta(days=1))
            await poll(claude, with_resets(body(60, None), grant("One", 1, 10)))
        return f"1 saved resets expire at {(START + timedelta(days=10)).isoformat()}."

    async def expire_key() -> str:
        """Let the session key expire."""
        account_of(claude).log_out()
        await minutes(claude, 3)
        return "Claude: key_expired"

    async def expire_key_in_words() -> str:
        """Let the session key expire."""
        await expire_key()
        return "Your usage is not watched until you enter a new key."

    async def reset_session() -> str:
        """Wait until the session resets."""
        await claude.pass_time(4 * 3600 + 1)
        return "The Claude session resets now."

    async def night() -> str:
        """Wait a day, in which no session runs."""
        await poll(claude, body(0, None, week=60))
        await pass_steps(claude, 24, 3600)
        return "The night job starts."

    steps = {
        "Claude week is running out": cross,
        "Claude saved reset expires": expire_grant,
        "Claude events of the account": expire_key,
        "Claude sentences": expire_key_in_words,
        "Claude session resets": reset_session,
        "Start the night job if enough Claude is left": night,
        "Start the night job on every version": night,
    }
    expected = await steps[config["alias"]]()
    await claude.hass.services.async_call(
        "automation", "turn_off", {"entity_id": states[0].entity_id}, blocking=True
    )
    (call,) = calls
    assert expected in call.data["message"]


class _AnyTag(yaml.SafeLoader):
    """Reads tags such as !include as text."""


_AnyTag.add_multi_constructor("!", lambda loader, _, node: node.value)


@pytest.mark.smoke
async def test_other_yaml(claude: Claude) -> None:
    """Home Assistant accepts all other blocks of YAML."""
    card = (
        ROOT / "custom_components" / "claude_pulse" / "frontend" / "claude-pulse.js"
    ).read_text(encoding="utf-8")
    seen = set()
    for path in PAGES:
        for block in blocks(path, "yaml"):
            if "alias:" in block:
                continue
            assert not SINCE.match(block)
            config = yaml.load(block, _AnyTag)  # noqa: S506
            seen |= config.keys()
            if element := config.get("type") or config.get("strategy", {}).get("type"):
                assert element in CORE or element.removeprefix("custom:") in card
            for domain in {"recorder", "logbook", "lovelace"} & config.keys():
                assert await _is_valid(domain, config)
    assert seen == {
        "badges",
        "entity",
        "features",
        "heading",
        "homeassistant",
        "layout",
        "logbook",
        "lovelace",
        "recorder",
        "strategy",
        "type",
    }


async def _is_valid(domain: str, config: dict[str, Any]) -> bool:
    """Return whether the schema of an integration accepts a configuration."""
    from importlib import import_module

    module = import_module(f"homeassistant.components.{domain}")
    return bool(module.CONFIG_SCHEMA(config))


def test_json() -> None:
    """Blocks of JSON are valid."""
    found = [json.loads(block) for path in PAGES for block in blocks(path, "json")]
    assert [list(config) for config in found] == [["session_key"]]


def test_commands() -> None:
    """The commands in the documents exist."""
    names = {
        name
        for path in [*DOCUMENTS, ROOT / "tests" / "simulator" / "README.md"]
        for name in re.findall(r"(?<![\w/])scripts/([\w-]+(?:\.\w+)?)", text_of(path))
    }
    assert {"demo", "lint", "test"} <= names
    missing = {name for name in names if not (ROOT / "scripts" / name).exists()}
    assert missing == set()
