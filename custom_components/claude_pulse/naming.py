"""Keys and names for what only the server knows: it can take no key of ours, nor another's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
import unicodedata

from homeassistant.util import slugify

from .claude_ai.usage import (
    KIND_WEEKLY_SCOPED,
    SESSION,
    WEEKLY,
    CreditPool,
    Identity,
    UsageWindow,
)

# The key of what tells of a window, after that of the window.
EVENTS = "events"

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
        "session_events",
        "session_limit",
        "session_pace",
        "session_projected_usage",
        "session_reset_countdown",
        "session_reset_time",
        "session_resets_at",
        "session_runs_out_at",
        "session_usage",
        "session_used",
        "weekly_events",
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

# What starts one of these keys.
_OUR_WORDS = frozenset(
    "_".join(words[:count])
    for words in (key.split("_") for key in OUR_KEYS)
    for count in range(1, len(words) + 1)
)

_LONGEST_KEY = 100
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


def subject_of(window: UsageWindow) -> WindowSubject:
    """Return what the entities of a window are about."""
    ours = {SESSION: SESSION_WINDOW, WEEKLY: WEEKLY_WINDOW}
    return ours.get(window.identity) or name_window(window)


def name_window(window: UsageWindow) -> WindowSubject:
    """Name a window that only the server knows, in its own words."""
    kind, words, number = window.identity
    name = window.name or ""
    model = kind == KIND_WEEKLY_SCOPED and bool(name)
    if model:
        texts, shown = "model", name
        spelled = f"weekly_{words.replace(' ', '_')}"
        clear = spelled != KIND_WEEKLY_SCOPED
    else:
        texts, shown = "window", f"{kind.replace('_', ' ').capitalize()} {name}".strip()
        spelled = f"{kind}_{words}" if words else kind
        # Models have the names that begin like a week's.
        clear = not words and (
            kind == KIND_WEEKLY_SCOPED or not kind.startswith("weekly_")
        )
    key = _key(spelled, ("window", *map(str, window.identity)), clear and number == 1)
    shown = _short(shown) + (f" ({number})" if number > 1 else "")
    if not model and kind in _OUR_WORDS:
        # The plain name is another one's.
        shown = f"{shown} ({kind})"
    return WindowSubject(key, texts, {texts: shown}, identity=window.identity)


def window_of_usage(key: str) -> str | None:
    """Return the key of the window whose use an entity shows, None for other entities."""
    window = key.removesuffix("_usage")
    other = window in (key, "extra") or window.endswith("_projected")
    return None if other else window


def name_pool(pool: CreditPool) -> Subject:
    """Name a credit pool, which has only a code name."""
    key = _key(pool.label, ("pool", pool.label), clear=True)
    shown = _short(pool.label.replace("_", " ").capitalize())
    return Subject(key, "pool", {"pool": shown})


def _key(spelled: str, identity: tuple[str, ...], clear: bool) -> str:
    """Return the key that starts with the words of a thing and is of no other one.

    It is the words alone where nothing else could be called so: they are `clear`, in
    plain letters, and none of ours. Otherwise a digest tells them apart, so that a key is
    the same at any time, in whatever order things come.
    """
    base = _slug(spelled)
    # `…_projected_usage` would be a projection of something else's.
    if (
        clear
        and base == spelled
        and base not in _OUR_WORDS
        and not base.endswith("_projected")
    ):
        return base
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:4]
    return f"{base}_{digest}"


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
