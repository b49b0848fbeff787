"""The checks before a release, and the files that run commands automatically."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
import json
import os
from pathlib import Path, PurePath
import re
import subprocess
import tarfile

import pytest
import yaml

from scripts.release import MANIFEST, ROOT, main, notes, problems

CHANGELOG = """# Changelog

## [2.1.0] - 2026-11-27

### Added

- A thing.

## [2.0.0] - 2026-11-20

- Everything.

[2.1.0]: https://example.org/home/releases/tag/2.1.0
[2.0.0]: https://example.org/home/releases/tag/2.0.0
"""
Edit = Callable[[str, str, str], None]


def git(root: Path, *arguments: str) -> bytes:
    """Return the output of git."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True).stdout  # noqa: S603


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository that can be released."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")
    root = tmp_path / "repository"
    files = {
        MANIFEST: '{"documentation": "https://example.org/home", "version": "2.1.0"}',
        "CHANGELOG.md": CHANGELOG,
        "hacs.json": '{"name": "Claude Pulse"}',
        ".ci/run": "#!/bin/sh\ntouch ../tested",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".ci" / "run").chmod(0o755)
    git(root, "init", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--message", "Everything")
    return root


@pytest.fixture
def edit(root: Path) -> Edit:
    """Return a function that replaces a text in a file of the repository."""

    def replace(name: str, old: str, new: str) -> None:
        """Replace a text that is there."""
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return replace


def test_this_repository() -> None:
    """The manifest, the changelog and hacs.json agree."""
    assert list(problems(ROOT)) == []
    assert notes(ROOT)


def test_release(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tests run, the tag is created, and its notes are those of its version."""
    main(root, [])
    assert (root.parent / "tested").exists()
    assert git(root, "tag") == b"2.1.0\n"
    assert "git push origin main 2.1.0" in capsys.readouterr().out
    main(root, ["--notes", "2.1.0"])
    assert capsys.readouterr().out == "### Added\n\n- A thing.\n"


def test_tested_commit(root: Path) -> None:
    """The tests do not run again, and a tag is created once."""
    main(root, ["--tested"])
    assert not (root.parent / "tested").exists()
    with pytest.raises(SystemExit, match=r"The tag 2\.1\.0 exists"):
        main(root, ["--tested"])


def test_failed_tests(root: Path, edit: Edit) -> None:
    """There is no tag if a test fails."""
    edit(".ci/run", "touch ../tested", "exit 1")
    git(root, "commit", "--all", "--message", "Break it")
    with pytest.raises(SystemExit, match="The tests failed"):
        main(root, [])
    assert git(root, "tag") == b""


def test_state_of_git(root: Path) -> None:
    """A release is made from a clean main."""
    git(root, "switch", "--create", "other")
    (root / "new").touch()
    with pytest.raises(SystemExit) as error:
        main(root, [])
    assert str(error.value) == (
        "The working tree has changes: commit them first\nThe branch is other, not main"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        (MANIFEST, "2.1.0", "2.1", "not three numbers"),
        (MANIFEST, "2.1.0", "2.2.0", r"does not begin with a section ## \[2\.2\.0\]"),
        (MANIFEST, "/home", "/new", "does not end with .*/new/releases/tag/2.1.0"),
        ("CHANGELOG.md", "### Added\n\n- A thing.\n", "", "is empty"),
        ("CHANGELOG.md", "2026-11-27", "soon", "soon in CHANGELOG.md is no date"),
        ("CHANGELOG.md", "2026-11-27", "9999-01-01", "is in the future"),
        ("hacs.json", '"name"', '"zip_release": true, "name"', "has zip_release"),
    ],
)
def test_problems(
    root: Path, edit: Edit, name: str, old: str, new: str, problem: str
) -> None:
    """Each problem stops the check in CI, too."""
    edit(name, old, new)
    with pytest.raises(SystemExit, match=problem):
        main(root, ["--check"])


def test_unreleased(root: Path, edit: Edit) -> None:
    """A version in the making has no date. Its tag needs one."""
    edit("CHANGELOG.md", "2026-11-27", "Unreleased")
    main(root, ["--check"])
    with pytest.raises(SystemExit, match="Replace Unreleased"):
        main(root, ["--notes", "2.1.0"])


def test_other_tag(root: Path) -> None:
    """The workflow publishes no tag that differs from the version."""
    with pytest.raises(SystemExit, match=r"The tag is v2\.1\.0, but the version"):
        main(root, ["--notes", "v2.1.0"])


def test_archive() -> None:
    """The archive that HACS and the Marketplace install has one integration."""
    content = BytesIO(git(ROOT, "archive", "--format=tar", "HEAD"))
    with tarfile.open(fileobj=content) as archive:
        files = set(archive.getnames())
    assert {MANIFEST, "hacs.json", "README.md", "LICENSE"} <= files
    inside = {PurePath(name).parts[1:2] for name in files if "components/" in name}
    assert inside == {("claude_pulse",)}
    assert not any(name.startswith(("tests/", "scripts/")) for name in files)


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}


def test_workflow_runs_everything() -> None:
    """The workflow Test runs the commands of .ci/run."""
    local = re.findall(r"^scripts/.+$", (ROOT / ".ci" / "run").read_text(), re.M)
    both = ["scripts/test 2024.1.2", "scripts/test 2026.11.0"]
    expected = [both if name == "scripts/test --all" else [name] for name in local]
    matrix = WORKFLOWS["test"]["jobs"]["run"]["strategy"]["matrix"]
    assert matrix["command"] == [name for names in expected for name in names]


def test_only_publishing_may_write() -> None:
    """A tag is published after the tests, by the only job that may write contents."""
    publish = WORKFLOWS["release"]["jobs"]["publish"]
    assert publish["needs"] == "test"
    writers = {
        (workflow, job)
        for workflow, content in WORKFLOWS.items()
        for job, settings in content["jobs"].items()
        if settings["permissions"].get("contents") == "write"
    }
    assert writers == {("release", "publish")}
    assert all(content["permissions"] == {} for content in WORKFLOWS.values())


def test_devcontainer() -> None:
    """The container has a fixed image, and forwards the port of the demo."""
    path = ROOT / ".devcontainer" / "devcontainer.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert re.search(r":[\d.]+-\d+\.\d+-\w+$", config["image"])
    demo = (ROOT / "tests" / "demo" / "__main__.py").read_text(encoding="utf-8")
    (port,) = config["forwardPorts"]
    assert f"default={port}" in demo
    assert config["portsAttributes"].keys() == {str(port)}
    commands = [value for key, value in config.items() if key.endswith("Command")]
    assert len(commands) == 2
    for command in commands:
        assert os.access(ROOT / command.split()[0], os.X_OK), command


def test_pre_commit() -> None:
    """The hook runs scripts/lint on all files."""
    path = ROOT / ".pre-commit-config.yaml"
    (repository,) = yaml.safe_load(path.read_text(encoding="utf-8"))["repos"]
    (hook,) = repository["hooks"]
    assert (repository["repo"], hook["language"]) == ("local", "system")
    assert os.access(ROOT / hook["entry"], os.X_OK)
    assert hook["always_run"]
    assert not hook["pass_filenames"]
