"""Move the home of the project: replace its address in all files.

The help is in scripts/home.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
import subprocess
import sys

from scripts.card_hash import hash_of_sources

ROOT = Path(__file__).parents[1]
MANIFEST = "custom_components/claude_pulse/manifest.json"
CARD = "custom_components/claude_pulse/frontend/claude-pulse.js"
# The files that name the owner alone.
OWNERS = (".github/CODEOWNERS", MANIFEST)
_ADDRESS = "https://github.com/"
_NAME = r"[A-Za-z0-9][\w.-]*"


def home_of(root: Path) -> str:
    """Return the home as OWNER/REPOSITORY. The manifest states it."""
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return str(manifest["documentation"]).removeprefix(_ADDRESS)


def texts_of(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of the repository that are texts."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = root / name
        try:
            yield path, path.read_bytes().decode()
        except (FileNotFoundError, UnicodeDecodeError):
            continue


def forms_of(home: str) -> dict[str, re.Pattern[str]]:
    """Return the forms in which files have an address, with their patterns."""
    owner, repository = home.split("/")
    forms = (
        home,
        home.replace("/", "%2F"),
        f"owner={owner}&repository={repository}",
    )
    return {
        form: re.compile(
            rf"((?<=%2F)|(?<![\w.-])){re.escape(form)}(?![\w-]|\.(?!git\b)\w)"
        )
        for form in forms
    }


def move(root: Path, new: str) -> list[Path]:
    """Replace the address of the home, and return the changed files.

    Raises SystemExit if the new one is not OWNER/REPOSITORY, or occurs already, because
    it could not be replaced again.
    """
    if not re.fullmatch(f"{_NAME}/{_NAME}", new):
        raise SystemExit(f"{new} is not OWNER/REPOSITORY")
    old = home_of(root)
    if new == old:
        return []
    texts = list(texts_of(root))
    for path, text in texts:
        if any(pattern.search(text) for pattern in forms_of(new).values()):
            raise SystemExit(f"{path.relative_to(root)} contains {new} already")
    changed = []
    for path, text in texts:
        moved = _moved(path.relative_to(root).as_posix(), text, old, new)
        if moved != text:
            path.write_bytes(moved.encode())
            changed.append(path)
    _seal(root)
    return changed


def _moved(name: str, text: str, old: str, new: str) -> str:
    """Return the text of a file with the new address."""
    for pattern, form in zip(forms_of(old).values(), forms_of(new), strict=True):
        text = pattern.sub(form, text)
    if name in OWNERS:
        owners = (home.split("/")[0] for home in (old, new))
        text = re.sub(rf"@{re.escape(next(owners))}(?![\w-])", f"@{next(owners)}", text)
    return text


def _seal(root: Path) -> None:
    """Write the hash of the card's changed sources into the built card."""
    path = root / CARD
    text = path.read_bytes().decode()
    line = f"Sources: {hash_of_sources(root / 'frontend')}"
    path.write_bytes(re.sub(r"Sources: \w+", line, text, count=1).encode())


def main(arguments: list[str]) -> None:
    """Print the home, or move it."""
    if not arguments:
        print(home_of(ROOT))
    else:
        changed = move(ROOT, *arguments)
        print(
            f"{home_of(ROOT)}: changed {len(changed)} files. Check git diff, and commit"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
