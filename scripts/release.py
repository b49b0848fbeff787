"""Check a release, print its notes, or create its tag.

The help is in scripts/release.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime
import json
from pathlib import Path
import re
import subprocess

ROOT = Path(__file__).parents[1]
MANIFEST = "custom_components/claude_pulse/manifest.json"

# With these keys in hacs.json, HACS and the Marketplace look for the integration elsewhere
# than in custom_components/ of the tag.
REJECTED = ("content_in_root", "filename", "zip_release")
UNRELEASED = "Unreleased"
_SECTION = re.compile(r"^## \[(\S+)\] - (\S+)\n(.*?)(?=^## |^\[|\Z)", re.M | re.S)


def problems(root: Path, tag: str | None = None) -> Iterator[str]:
    """Yield what has to be fixed before a release; with a tag, also before that tag."""
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    version = manifest["version"]
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield f"The version in the manifest is {version}, not three numbers"
    if tag not in (None, version):
        yield f"The tag is {tag}, but the version in the manifest is {version}"
    section = _SECTION.search(changelog)
    if section is None or section[1] != version:
        yield f"CHANGELOG.md does not begin with a section ## [{version}]"
    else:
        if not section[3].strip():
            yield f"The section [{version}] in CHANGELOG.md is empty"
        yield from _problems_of_date(section[2], tag is not None)
    link = f"[{version}]: {manifest['documentation']}/releases/tag/{version}\n"
    if link not in changelog:
        yield f"CHANGELOG.md does not end with {link.strip()}"
    hacs = json.loads((root / "hacs.json").read_text(encoding="utf-8"))
    for key in sorted(hacs.keys() & set(REJECTED)):
        yield f"hacs.json has {key}"


def _problems_of_date(text: str, has_tag: bool) -> Iterator[str]:
    """Yield what is wrong with the date of a section."""
    if text == UNRELEASED:
        if has_tag:
            yield f"Replace {UNRELEASED} in CHANGELOG.md with today's date"
        return
    try:
        day = date.fromisoformat(text)
    except ValueError:
        yield f"{text} in CHANGELOG.md is no date such as 2026-11-27"
        return
    if day > datetime.now(UTC).date():
        yield f"{text} in CHANGELOG.md is in the future"


def notes(root: Path) -> str:
    """Return the text of the first section of the changelog, for the release."""
    section = _SECTION.search((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    return section[3].strip() if section else ""


def create_tag(root: Path, tested: bool) -> str:
    """Check everything, run all tests, create the tag, and return it.

    Raises SystemExit with the reason if something is wrong.
    """
    version = str(json.loads((root / MANIFEST).read_text())["version"])
    _exit_if([*problems(root, version), *_problems_of_git(root, version)])
    if not tested and subprocess.run([".ci/run"], cwd=root, check=False).returncode:
        raise SystemExit("The tests failed")
    _git(root, "tag", "--annotate", version, "--message", f"Claude Pulse {version}")
    return version


def _problems_of_git(root: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with the working tree and its tags."""
    if _git(root, "status", "--porcelain"):
        yield "The working tree has changes: commit them first"
    if (branch := _git(root, "branch", "--show-current")) != "main":
        yield f"The branch is {branch or 'none'}, not main"
    if _git(root, "tag", "--list", version):
        yield f"The tag {version} exists"


def _git(root: Path, *arguments: str) -> str:
    """Return the output of git. Raises CalledProcessError."""
    return subprocess.run(  # noqa: S603
        ["git", *arguments],  # noqa: S607
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()


def _exit_if(found: list[str]) -> None:
    """Exit with the problems if there are any."""
    if found:
        raise SystemExit("\n".join(found))


def main(root: Path = ROOT, arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = ArgumentParser(prog="scripts/release")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--notes", metavar="TAG")
    parser.add_argument("--tested", action="store_true")
    options = parser.parse_args(arguments)
    if options.check:
        _exit_if(list(problems(root)))
        print("release: the manifest, the changelog and hacs.json agree")
    elif options.notes:
        _exit_if(list(problems(root, options.notes)))
        print(notes(root))
    else:
        tag = create_tag(root, options.tested)
        print(
            f"Created the tag {tag}. To publish it:\n\n  git push origin main {tag}\n"
        )


if __name__ == "__main__":
    main()
