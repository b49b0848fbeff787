"""Build the translation files of the integration from the texts in this directory.

    python texts/build.py [--check]

A text can contain references such as `[%key:component::claude_pulse::common::yes%]`, as
in Home Assistant's own `strings.json`. Home Assistant resolves them only for its own
integrations, so the built files contain none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
import sys
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "texts"
TARGET = ROOT / "custom_components" / "claude_pulse" / "translations"

# The prefix of texts that only serve as targets of references.
COMMON = "common::"

_PREFIX = "component::claude_pulse::"
_REFERENCE = re.compile(rf"\[%key:{_PREFIX}([a-z0-9_:-]+)%\]")


class TextError(Exception):
    """A mistake in the source."""


def build(source: Mapping[str, Any], *, unique: bool = True) -> dict[str, Any]:
    """Return the content of a translation file.

    Raises TextError if a common text is unused, a reference is wrong, or a text that has
    to be `unique` occurs twice. Different texts can be the same in another language.
    """
    texts = dict(leaves(source))
    check(texts, unique=unique)
    built: dict[str, Any] = {}
    for key, text in texts.items():
        if key.startswith(COMMON):
            continue
        *sections, last = key.split("::")
        section = built
        for name in sections:
            section = section.setdefault(name, {})
        section[last] = resolve(text, texts, (key,))
    return built


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its key, such as `config::error::unknown`."""
    for name, value in tree.items():
        if isinstance(value, str):
            yield prefix + name, value
        else:
            yield from leaves(value, f"{prefix}{name}::")


def check(texts: Mapping[str, str], *, unique: bool = True) -> None:
    """Raise TextError if a common text is unused, or a text occurs twice."""
    first: dict[str, str] = {}
    for key, text in texts.items() if unique else ():
        other = first.setdefault(text, key)
        if other != key and not _REFERENCE.fullmatch(text):
            raise TextError(
                f'"{text}" occurs twice. Replace the text of {key} with '
                f"[%key:{_PREFIX}{other}%]"
            )
    used = {key for text in texts.values() for key in _REFERENCE.findall(text)}
    for key in texts:
        if key.startswith(COMMON) and key not in used:
            raise TextError(f"{key} is not used. Remove it")


def resolve(text: str, texts: Mapping[str, str], path: tuple[str, ...]) -> str:
    """Return a text with its references replaced; `path` contains the keys so far."""

    def replace(reference: re.Match[str]) -> str:
        """Return the text that a reference names."""
        key = reference[1]
        if key in path:
            raise TextError(f"{path[0]} refers to itself")
        if key not in texts:
            raise TextError(f"{path[-1]} refers to {key}, which does not exist")
        return resolve(texts[key], texts, (*path, key))

    resolved = _REFERENCE.sub(replace, text)
    if "[%" in resolved:
        raise TextError(f"{path[-1]} contains an invalid reference")
    return resolved


def main(arguments: list[str]) -> str | None:
    """Write the translation files, or compare them; return an error message."""
    for path in sorted(SOURCE.glob("*.json")):
        target = TARGET / path.name
        try:
            source = json.loads(path.read_text(encoding="utf-8"))
            built = build(source, unique=path.stem == "en")
        except TextError as err:
            return f"{path.relative_to(ROOT)}: {err}"
        text = json.dumps(built, ensure_ascii=False, indent=2) + "\n"
        if arguments != ["--check"]:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or text != target.read_text(encoding="utf-8"):
            return f"{target.relative_to(ROOT)} is out of date: run scripts/texts"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
