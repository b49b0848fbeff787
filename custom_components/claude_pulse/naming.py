"""Keys and names for what only the server knows: it can take no key of ours, nor another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
from typing import TYPE_CHECKING
import unicodedata

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import slugify

from .claude_ai.usage import (
    KIND_WEEKLY_SCOPED,
    SESSION,
    WEEKLY,
    CreditPool,
    Identity,
    UsageWindow,
)

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# The keys of the entities that every entry has, or that money has.
OUR_KEYS = frozenset(
    {
        "connection",
        "extra_usage",
        "extra_usage_limit",
        "extra_usage_spent",
        "limit_reached",
        "plan",
        "prepaid_balance",
        "service_status",
        "session_limit",
        "session_pace",
        "session_projected_usage",
        "session_reset_countdown",
        "session_reset_time",
        "session_resets_at",
        "session_runs_out_at",
        "session_usage",
        "session_used",
        "weekly_lasts",
        "weekly_pace",
        "weekly_projected_usage",
        "weekly_reset",
        "weekly_reset_time",
        "weekly_reset_weekday",
        "weekly_resets_at",
        "weekly_runs_out_at",
        "weekly_usage",
    }
)

_LONGEST_KEY = 50
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Subject:
    """What entities are about, and how they are called.

    `key` starts their keys, `texts` the keys of their names and icons, which hold
    the `placeholders`.
    """

    key: str
    texts: str
    placeholders: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class WindowSubject(Subject):
    """A window."""

    identity: Identity = field(kw_only=True)


SESSION_WINDOW = WindowSubject("session", "session", identity=SESSION)
WEEKLY_WINDOW = WindowSubject("weekly", "weekly", identity=WEEKLY)


class Names:
    """The keys that one entry has given, each to one thing for good."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with what the entity registry remembers."""
        registry = er.async_get(hass)
        prefix = f"{entry.entry_id}_"
        self._registered = {
            entity.unique_id.removeprefix(prefix)
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        }
        self._given: dict[str, tuple[str, ...]] = {}

    def of_window(self, window: UsageWindow) -> WindowSubject:
        """Name a window that only the server knows, in its own words."""
        identity, name = window.identity, window.name or ""
        if identity.kind == KIND_WEEKLY_SCOPED and name:
            words, texts, placeholder = ("weekly", name), "model", "model"
            shown = name
        else:
            words, texts, placeholder = (identity.kind, name), "window", "window"
            kind = identity.kind.replace("_", " ").capitalize()
            shown = " ".join(filter(None, (kind, name)))
        number = "" if identity.number == 1 else str(identity.number)
        base = "_".join(_slug(word) for word in (*words, number) if word)
        key = self._key(base, ("window", identity.kind, identity.name, number))
        shown = _short(shown) + (f" ({number})" if number else "")
        if texts == "window" and key != base:
            # Something else has the plain name.
            shown = f"{shown} ({identity.kind})"
        return WindowSubject(key, texts, {placeholder: shown}, identity=identity)

    def of_pool(self, pool: CreditPool) -> Subject:
        """Name a credit pool, which has only a code name."""
        key = self._key(_slug(pool.label), ("pool", pool.label))
        shown = _short(pool.label.replace("_", " ").capitalize())
        return Subject(key, "pool", {"pool": shown})

    def _key(self, base: str, identity: tuple[str, ...]) -> str:
        """Return the key that starts with the words of a thing and is of no other one."""
        if any(key == base or key.startswith(f"{base}_") for key in OUR_KEYS):
            base = f"other_{base}"
        digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:4]
        apart = f"{base}_{digest}"
        if any(key.startswith(f"{apart}_") for key in self._registered):
            return apart
        if base.endswith("_projected"):
            # `…_projected_usage` would be a projection of something else's.
            return apart
        # A window and a pool can have the same words: their entities differ.
        owner = self._given.setdefault(f"{identity[0]} {base}", identity)
        return base if owner == identity else apart


def _slug(word: str) -> str:
    """Return a word as it can stand in an id; signs are spelled where there is nothing else."""
    if not any(character.isalnum() for character in word):
        word = " ".join(unicodedata.name(character, "") for character in word)
    return slugify(word)[:_LONGEST_KEY].strip("_") or "unnamed"


def _short(name: str) -> str:
    """Return a name of a length that can be read."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 3 :]}"
