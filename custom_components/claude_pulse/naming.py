"""Unique IDs and names of limits and credit pools. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from homeassistant.util import slugify

from .claude_ai.money import CreditPool
from .claude_ai.windows import (
    ACCOUNT,
    KIND_WEEKLY_SCOPED,
    SAVED_RESETS,
    SESSION,
    SPEND,
    WEEKLY,
    Identity,
)

# The key of event entities.
EVENTS = "events"

_MAX_NAME = 40
_MAX_SLUG = 100
_USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of an entity: a limit or a credit pool.

    `key` identifies it within its config entry. `slug` is its part of suggested entity
    IDs. `translation_prefix` is the first part of the translation keys. The `placeholders`
    are inserted into the translated names.
    """

    key: str
    slug: str = field(compare=False)
    translation_prefix: str = field(compare=False)
    placeholders: Mapping[str, str] = field(default_factory=dict, compare=False)

    def unique_key(self, key: str) -> str:
        """Return the end of an entity's unique ID.

        Only keys of limits and pools that the server defines contain a colon. So they
        never collide with other keys.
        """
        return f"{self.key}:{key}" if ":" in self.key else f"{self.key}_{key}"


@dataclass(frozen=True, slots=True)
class WindowSubject(Subject):
    """A limit, or the saved resets, or the account itself."""

    identity: Identity = field(kw_only=True)


SESSION_WINDOW = WindowSubject("session", "session", "session", identity=SESSION)
WEEKLY_WINDOW = WindowSubject("weekly", "weekly", "weekly", identity=WEEKLY)
# The spend limit of a seat that has no other limit. Its usage is the sensor `extra_usage`.
SPEND_WINDOW = WindowSubject("extra", "extra", "extra", identity=SPEND)
SAVED_RESETS_SUBJECT = WindowSubject(
    "saved_resets", "saved_resets", "saved_resets", identity=SAVED_RESETS
)
ACCOUNT_SUBJECT = WindowSubject("account", "account", "account", identity=ACCOUNT)
_FIXED_KEYS = (SESSION_WINDOW.key, WEEKLY_WINDOW.key)
FIXED_WINDOWS = {SESSION: SESSION_WINDOW, WEEKLY: WEEKLY_WINDOW}
SUBJECTS = {
    **FIXED_WINDOWS,
    SPEND: SPEND_WINDOW,
    SAVED_RESETS: SAVED_RESETS_SUBJECT,
    ACCOUNT: ACCOUNT_SUBJECT,
}


class Named(Protocol):
    """A limit, or an event of one."""

    @property
    def identity(self) -> Identity:
        """Return the identity of the limit."""

    @property
    def name(self) -> str | None:
        """Return the name of the limited model or surface."""


def subject_of(window: Named) -> WindowSubject:
    """Return the subject of a limit or an event. Names of models come from claude.ai."""
    identity = window.identity
    if known := SUBJECTS.get(identity):
        return known
    kind, words, number = identity
    numbers = [str(number)] if number > 1 else []
    name = window.name or ""
    if kind == KIND_WEEKLY_SCOPED and name:
        translation_prefix, shown, spelled = "model", name, f"weekly {words}"
    else:
        translation_prefix, shown = (
            "window",
            f"{kind.replace('_', ' ').capitalize()} {name}".strip(),
        )
        if kind in _FIXED_KEYS:
            # Otherwise, "Weekly Opus" could also be the name of a model's limit.
            shown = f"{_short(shown)} ({kind})"
        spelled = f"{kind} {words}"
    return WindowSubject(
        _key(kind, words, *numbers),
        _slug(" ".join((spelled, *numbers))),
        translation_prefix,
        {
            translation_prefix: " ".join(
                (_short(shown), *(f"({number})" for number in numbers))
            )
        },
        identity=identity,
    )


def pool_subject(pool: CreditPool) -> Subject:
    """Return the subject of a credit pool, which only has a code name."""
    shown = _short(pool.label.replace("_", " ").capitalize())
    return Subject(_key("pool", pool.label), _slug(pool.label), "pool", {"pool": shown})


def window_of_usage(unique_key: str) -> str | None:
    """Return the key of the window whose usage an entity shows, or None."""
    for window in FIXED_WINDOWS.values():
        if unique_key == window.unique_key(_USAGE):
            return window.key
    key, _, end = unique_key.rpartition(":")
    return key if end == _USAGE else None


def _key(*parts: str) -> str:
    """Join parts so that different parts never give the same key."""
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def _slug(words: str) -> str:
    """Return words as a part of an entity ID."""
    return slugify(words)[:_MAX_SLUG].strip("_")


def _short(name: str) -> str:
    """Return a name of readable length."""
    if len(name) <= _MAX_NAME:
        return name
    return f"{name[: _MAX_NAME // 2]}…{name[-_MAX_NAME // 3 :]}"
