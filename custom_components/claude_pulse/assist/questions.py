"""The questions that voice assistants can ask, and what they are about. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import re

from .exposed import MODEL, OTHER, SESSION, WEEK, ExposedAccount, Window

# The limits that a question can be about, apart from those with names.
WINDOWS = (SESSION, WEEK)

LEFT, USED = "left", "used"
REACHED, OUT, AVAILABLE = "reached", "out", "available"
LASTS, RUNS_OUT, RESETS, STATUS = "lasts", "runs_out", "resets", "status"
CONTINUE, SESSIONS, TODAY = "continue", "sessions", "today"
QUESTIONS = (
    *(LEFT, USED, REACHED, OUT, AVAILABLE, LASTS, RUNS_OUT, RESETS, STATUS),
    *(CONTINUE, SESSIONS, TODAY),
)

# These questions are about the week.
_ABOUT_WEEK = (SESSIONS, TODAY)

# The name of an account is the rest of a sentence, which can be "me", "today" or "Ada this
# week". These words are no part of it, unless an account is called so.
_WINDOW_WORDS = {"session": SESSION, "week": WEEK, "weekly": WEEK}
_WORD = re.compile(r"\w+")
_FILL_WORDS = frozenset(
    _WORD.findall(
        """
        a account afternoon again all an and anymore anyone at current currently day evening for he
        her here him hour i in it just left limit me mine moment month more morning my
        myself night now of on one our ours please rest right same she still that the their
        them there these they this time today tomorrow tonight up us usage we window you your
        """
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about all limits, or about one window, model or account."""

    kind: str = LEFT
    window: str | None = None
    model: str | None = None
    account: str | None = None

    @property
    def is_about_one(self) -> bool:
        """Return whether it is about one limit."""
        return bool(self.window or self.model)

    def is_about(self, window: Window) -> bool:
        """Return whether it is about a limit."""
        if self.model:
            return window.kind in (MODEL, OTHER) and _contains(window.name, self.model)
        return self.window in (None, window.kind)


def resolve(
    question: Question, accounts: Sequence[ExposedAccount]
) -> tuple[Question, Sequence[ExposedAccount]]:
    """Return the question with the window or model in its account, and the accounts."""
    if question.kind in _ABOUT_WEEK:
        question = replace(question, window=WEEK, model=None)
    asked = " ".join((question.account or "").split())
    if not asked:
        return question, accounts
    question = replace(question, account=asked)
    if chosen := _with_title(asked, accounts):
        return question, chosen
    words = _words(asked).split()
    name = " ".join(
        word for word in words if word not in _FILL_WORDS and word not in _WINDOW_WORDS
    )
    windows = [_WINDOW_WORDS[word] for word in words if word in _WINDOW_WORDS]
    if windows and not question.is_about_one:
        question = replace(question, window=windows[0])
    if not name:
        return question, accounts
    if chosen := _with_title(name, accounts):
        return question, chosen
    about_model = replace(question, model=name)
    known = (
        item for account in accounts for item in (*account.windows, *account.hidden)
    )
    return (
        (about_model, accounts)
        if any(map(about_model.is_about, known))
        else (question, ())
    )


def _with_title(
    name: str, accounts: Sequence[ExposedAccount]
) -> Sequence[ExposedAccount]:
    """Return the accounts with this title, or else with these words in it."""
    return [item for item in accounts if _words(item.title) == _words(name)] or [
        item for item in accounts if _contains(item.title, name)
    ]


def _contains(text: str, words: str) -> bool:
    """Return whether a text contains words."""
    return f" {_words(words)} " in f" {_words(text)} "


def _words(text: str) -> str:
    """Return the words of a text in lower case."""
    return " ".join(_WORD.findall(text.casefold()))
