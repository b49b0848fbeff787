"""The address of the project's home, in scripts/home.py."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shutil
import subprocess

import pytest

from custom_components.claude_pulse.const import README_URL
from scripts.card_hash import hash_of_sources
from scripts.home import CARD, MANIFEST, OWNERS, ROOT, home_of, move, texts_of

HOME = home_of(ROOT)
NEW = "/".join(("some-one", "some.thing"))
ADDRESS = re.compile(
    r"github(?:usercontent)?\.com(?:/|%2F)([\w.-]+)(?:/|%2F)([\w-]+(?:\.\w+)*)"
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the repository, with the changes that are not committed."""
    root = tmp_path / "copy"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)  # noqa: S607
    for path, _ in texts_of(ROOT):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return root


def contents(root: Path) -> dict[str, str]:
    """Return the texts of a repository by path."""
    return {path.relative_to(root).as_posix(): text for path, text in texts_of(root)}


def test_one_home() -> None:
    """The manifest states the home, and nothing has an address of another one."""
    manifest = json.loads((ROOT / MANIFEST).read_text())
    assert manifest["documentation"] == README_URL == f"https://github.com/{HOME}"
    assert manifest["issue_tracker"] == f"{README_URL}/issues"
    for name in OWNERS:
        assert f"@{HOME.split('/')[0]}" in (ROOT / name).read_text()


def test_no_other_home() -> None:
    """No file has another address of this project."""
    found = {
        f"{owner}/{repository.removesuffix('.git')}"
        for text in contents(ROOT).values()
        for owner, repository in ADDRESS.findall(text)
    }
    ours = {address for address in found if re.search("claude.?pulse", address, re.I)}
    assert ours == {HOME}


def test_moving_and_back(copy: Path) -> None:
    """The address is replaced everywhere, and moving back leaves no difference."""
    before = contents(copy)
    changed = {path.relative_to(copy).as_posix() for path in move(copy, NEW)}
    assert home_of(copy) == NEW
    assert {"README.md", ".github/ISSUE_TEMPLATE/config.yml", *OWNERS, CARD} <= changed
    assert any(name.startswith("blueprints/") for name in changed)
    after = contents(copy)
    owner, repository = HOME.split("/")
    for text in after.values():
        assert not re.search(rf"{owner}(/|%2F){repository}", text)
        assert f"owner={owner}&" not in text
    assert hash_of_sources(copy / "frontend") in after[CARD].partition("\n")[0]
    assert move(copy, HOME)
    assert contents(copy) == before


def test_parts_of_names_stay(copy: Path) -> None:
    """A name that only contains the address is another one."""
    path = copy / "note.md"
    text = f"my-{HOME} {HOME}-card {HOME}.js {HOME}. ({HOME}) {HOME}.git"
    path.write_text(text)
    move(copy, NEW)
    assert path.read_text() == (
        f"my-{HOME} {HOME}-card {HOME}.js {NEW}. ({NEW}) {NEW}.git"
    )


@pytest.mark.parametrize(
    "name", ["one", "one/two/three", "https://example.org/a", "a/b c"]
)
def test_invalid_name(copy: Path, name: str) -> None:
    """Only an owner and a repository are accepted."""
    with pytest.raises(SystemExit, match="is not OWNER/REPOSITORY"):
        move(copy, name)


def test_address_that_occurs_already(copy: Path) -> None:
    """Another project's address is refused, because it could not be replaced again."""
    (copy / "note.md").write_text("https://github.com/home-assistant/core")
    with pytest.raises(SystemExit, match=r"note\.md contains home-assistant/core"):
        move(copy, "home-assistant/core")
