"""Old copies of blueprints and sentences in the user's configuration."""

from __future__ import annotations

from pathlib import Path
import re
import shutil

import pytest

from custom_components.claude_pulse import copies
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import Claude

pytestmark = pytest.mark.smoke

ROOT = Path(__file__).parents[1]
BLUEPRINTS = ROOT / "blueprints" / "automation" / "claude_pulse"
SENTENCES = ROOT / "custom_sentences" / "en" / "claude_pulse.yaml"


def version_of(path: Path) -> int:
    """Return the version in a file."""
    (version,) = re.findall(r"\bclaude_pulse_version: (\d+)", path.read_text())
    return int(version)


def issue_of(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue."""
    return ir.async_get(hass).async_get_issue("claude_pulse", "old_copies")


@pytest.fixture
def config(claude: Claude, tmp_path: Path) -> Path:
    """Return a configuration directory with a copy of every file."""
    claude.hass.config.config_dir = str(tmp_path)
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints" / "automation" / "somebody")
    (tmp_path / "custom_sentences" / "de").mkdir(parents=True)
    shutil.copy(SENTENCES, tmp_path / "custom_sentences" / "de" / "mine.yaml")
    return tmp_path


def test_every_file_has_its_version() -> None:
    """The integration knows the version of each blueprint and of the sentences."""
    versions = {path.stem: version_of(path) for path in BLUEPRINTS.glob("*.yaml")}
    versions[copies.SENTENCES] = version_of(SENTENCES)
    assert versions == copies.VERSIONS


async def test_current_copies_have_no_issue(claude: Claude, config: Path) -> None:
    """A copy of this version is fine, and so is a file of somebody else."""
    (config / "blueprints" / "other.yaml").write_text("claude_pulse: 0\nblueprint: {}")
    (config / "blueprints" / "folder.yaml").mkdir()
    await claude.entry()
    await claude.settle()
    assert issue_of(claude.hass) is None


async def test_old_copies(
    claude: Claude, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An issue names them, with addresses. It disappears when they have been replaced."""
    assert await async_setup_component(claude.hass, REPAIRS, {})
    newer = {**copies.VERSIONS, "claude_alerts": 2, copies.SENTENCES: 2}
    monkeypatch.setattr(copies, "VERSIONS", newer)
    await claude.entry()
    await claude.settle()
    issue = issue_of(claude.hass)
    assert issue
    placeholders = issue.translation_placeholders
    assert placeholders
    first, second = placeholders["copies"].splitlines()
    assert first.startswith(
        "- [blueprints/automation/somebody/claude_alerts.yaml](https://my."
    )
    assert first.endswith(
        "%2Fblueprints%2Fautomation%2Fclaude_pulse%2Fclaude_alerts.yaml)"
    )
    assert second.startswith("- [custom_sentences/de/mine.yaml](https://github.com/")
    for path in config.rglob("*.yaml"):
        text = path.read_text().replace("pulse_version: 1", "pulse_version: 2")
        path.write_text(text)
    claude.hass.bus.async_fire("automation_reloaded")
    await claude.settle()
    assert issue_of(claude.hass) is None


async def test_unreadable_configuration(claude: Claude, config: Path) -> None:
    """A file that cannot be read has no issue, and does not stop the start."""
    (config / "blueprints" / "broken.yaml").write_bytes(
        b"\xff\xfe claude_pulse_version: 0"
    )
    shutil.rmtree(config / "custom_sentences")
    entry = await claude.entry()
    await claude.settle()
    assert entry.state.value == "loaded"
    assert issue_of(claude.hass) is None
