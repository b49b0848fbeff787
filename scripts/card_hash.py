"""Check that the built card is from the current sources in `frontend/`, without Node."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
import re

ROOT = Path(__file__).parents[1]
FRONTEND = ROOT / "frontend"
MODULE = ROOT / "custom_components" / "claude_pulse" / "frontend" / "claude-pulse.js"
OTHERS = ("build.mjs", "package-lock.json", "tsconfig.json")


def hash_of_sources(frontend: Path = FRONTEND) -> str:
    """Return the hash that `frontend/build.mjs` writes into the module."""
    sources = (path for path in (frontend / "src").rglob("*") if path.is_file())
    names = [path.relative_to(frontend).as_posix() for path in sources]
    lines = (
        f"{name} {sha256((frontend / name).read_bytes()).hexdigest()}\n"
        for name in sorted([*names, *OTHERS])
    )
    return sha256("".join(lines).encode()).hexdigest()[:16]


def main() -> None:
    """Compare the hash in the module with that of the sources."""
    with MODULE.open(encoding="utf-8") as file:
        found = re.search(r"Sources: (\w+)", file.readline())
    if not found or found[1] != hash_of_sources():
        raise SystemExit(
            "The card is not built from the current sources. Run scripts/card"
        )


if __name__ == "__main__":
    main()
