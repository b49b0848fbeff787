"""Builds spoken and structured answers for voice assistants.

| Question | The answer has | It starts with |
| --- | --- | --- |
| `LEFT` | how much is left | |
| `USED` | how much is used | |
| `REACHED` | how much is left | yes if any limit is reached |
| `OUT` | how much is left | yes if a limit is reached that blocks |
| `AVAILABLE` | how much is left | no if a limit is reached that blocks |
| `LASTS` | the forecasts | yes if all limits that have a forecast last |
| `RUNS_OUT` | the forecasts | no if all limits that have a forecast last |
| `RESETS` | the reset times | |
| `STATUS` | whether Claude works | yes if it does not |
| `CONTINUE` | when Claude can be used | |
| `SESSIONS` | how many full sessions fit into the week | |
| `TODAY` | how much of the week can be used today | |

Without yes or no, something that it depends on is unknown or not exposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..claude_ai.money import Money
from ..language.texts import Texts
from .exposed import SPEND, ExposedAccount, Service, Window
from .questions import (
    AVAILABLE,
    CONTINUE,
    LASTS,
    OUT,
    REACHED,
    RESETS,
    RUNS_OUT,
    SESSIONS,
    STATUS,
    TODAY,
    USED,
    Question,
    resolve,
)

# The reasons for an answer without limits.
NOTHING_EXPOSED = "nothing_exposed"
NO_SUCH_LIMIT = "no_such_limit"
UNKNOWN_ACCOUNT = "unknown_account"
WINDOW_NOT_EXPOSED = "window_not_exposed"

# The part of the texts.
_ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """An answer in words, the accounts in it, and the problem if there are none."""

    text: str
    accounts: Sequence[ExposedAccount] = ()
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "answer": self.text,
            "accounts": [account.as_dict() for account in self.accounts],
            "problem": self.problem,
        }


def answer(
    question: Question,
    accounts: Sequence[ExposedAccount],
    service: Service,
    texts: Texts,
) -> SpokenAnswer:
    """Answer a question. Pure."""
    words = _Words(texts)
    if question.kind == STATUS and (accounts or service.status):
        return SpokenAnswer(words.of_service(service), accounts)
    if not accounts:
        return SpokenAnswer(words.say("not_exposed"), (), NOTHING_EXPOSED)
    question, chosen = resolve(question, accounts)
    if not chosen:
        titles = texts.join((account.title for account in accounts), "and")
        text = words.say("unknown_account", account=question.account, accounts=titles)
        return SpokenAnswer(text, (), UNKNOWN_ACCOUNT)
    if question.is_about_one:
        all_chosen, chosen = chosen, [*_with_limit(question, chosen)]
        if not chosen:
            return words.without_limit(question, all_chosen)
    titled = len(accounts) > 1
    sentences = (
        words.say("account", account=item.title, answer=text) if titled else text
        for item in chosen
        if (text := words.of_account(question, item))
    )
    return SpokenAnswer(texts.join(sentences), chosen)


def _with_limit(
    question: Question, accounts: Iterable[ExposedAccount]
) -> Iterable[ExposedAccount]:
    """Yield the accounts that have the limit in question, with only this limit."""
    for account in accounts:
        if windows := tuple(filter(question.is_about, account.windows)):
            yield replace(account, windows=windows, hidden=())


def _verdict(question: Question, account: ExposedAccount) -> bool | None:
    """Return yes or no, or None if that is unknown or not asked."""
    kind, windows = question.kind, account.windows
    is_complete = not any(window.blocks for window in account.hidden)
    if kind in (LASTS, RUNS_OUT):
        known = [
            not window.is_used_up and window.lasts
            for window in windows
            if window.is_used_up or window.lasts is not None
        ]
        if not known or (all(known) and not is_complete):
            return None
        return all(known) == (kind == LASTS)
    if kind not in (REACHED, OUT, AVAILABLE, CONTINUE):
        return None
    if kind != REACHED:
        windows = _blocking(windows)
    used_up = [window.is_used_up for window in windows]
    if True not in used_up and (None in used_up or not is_complete):
        return None
    return (True in used_up) != (kind in (AVAILABLE, CONTINUE))


def _blocking(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Return the limits that block, or all if the question is about another one."""
    return tuple(item for item in windows if item.blocks) or windows


class _Words:
    """The sentences of a language."""

    def __init__(self, texts: Texts) -> None:
        """Initialize with the texts of the language."""
        self._texts = texts

    def say(self, key: str, window: Window | None = None, **values: str | None) -> str:
        """Return a sentence, with the names of a limit."""
        if window:
            values = {**self._values(window), **values}
        return self._texts.get(_ANSWER, key, **values) or ""

    def _values(self, window: Window) -> dict[str, str | None]:
        """Return the names of a limit, and its reset."""
        texts, reset = self._texts, window.resets_at
        names = texts.names(_ANSWER, "names", window.kind, name=window.name)
        return {
            **names,
            "resets_at": texts.at(reset),
            "until": texts.at(reset, "until"),
        }

    def without_limit(
        self, question: Question, accounts: Sequence[ExposedAccount]
    ) -> SpokenAnswer:
        """Return the answer about a limit that no account shows."""
        hidden = (item for account in accounts for item in account.hidden)
        if found := next(filter(question.is_about, hidden), None):
            text = self.say("limit_not_exposed", found)
            return SpokenAnswer(text, (), WINDOW_NOT_EXPOSED)
        if not all(account.readable for account in accounts):
            return SpokenAnswer(self.say("not_read"), accounts)
        key = "no_model" if question.model else f"no_{question.window}"
        text = self._texts.count(
            _ANSWER, key, number=len(accounts), name=question.model
        )
        return SpokenAnswer(text, (), NO_SUCH_LIMIT)

    def of_service(self, service: Service) -> str:
        """Return sentences about claude.ai as a whole."""
        not_read = () if service.answers else (self.say("not_read"),)
        if service.status:
            status = self._texts.get(_ANSWER, "status", service.status) or ""
            return self._texts.join((status, *not_read))
        if not_read:
            guess = self.say("perhaps" if service.fails else "do_not_know")
            return self._texts.join((guess, *not_read))
        return self.say("answers")

    def of_account(self, question: Question, account: ExposedAccount) -> str:
        """Return sentences about the limits of an account."""
        if not account.readable:
            return self.say("not_read")
        if not account.windows:
            return self.say("not_exposed" if account.hidden else "no_limits")
        windows: Iterable[Window] = account.windows
        verdict = _verdict(question, account)
        if question.kind == CONTINUE and verdict is not None:
            if not verdict:
                return self._back(account.windows)
            left = map(self._left, windows)
            return self._texts.join((self.say("continue_now"), *left))
        if question.kind == REACHED and verdict:
            windows = [item for item in windows if item.is_used_up]
        sentence = _SENTENCES.get(question.kind, _Words._left)
        sentences = [text for item in windows if (text := sentence(self, item))]
        if not sentences:
            names = self._texts.join(map(self._name, windows), "and")
            sentences = [self.say("no_forecast", limits=names)]
        start = [] if verdict is None else [self.say("yes" if verdict else "no")]
        return self._texts.join((*start, *sentences))

    def _name(self, window: Window) -> str:
        """Return the name of a limit in the middle of a sentence."""
        return self._values(window)["limit"] or ""

    def _back(self, windows: tuple[Window, ...]) -> str:
        """Return when Claude can be used again: after the last reset of the reached limits."""
        reached = [item for item in _blocking(windows) if item.is_used_up]
        resets = [(item.resets_at, item) for item in reached if item.resets_at]
        if len(resets) < len(reached):
            return self._texts.join(map(self._left, reached))
        time, last = max(resets, key=lambda reset: reset[0])
        return self.say("continue_at", last, resets_at=self._texts.at(time))

    def _if_extreme(self, window: Window) -> str | None:
        """Return the sentence about a limit that is unknown, unused or used up, or None."""
        if window.used is None:
            return self.say("unknown", window)
        if window.is_used_up:
            return self.say("used_up", window)
        if window.used == 0 and window.resets_at is None and not window.spent:
            return self.say("unused", window)
        return None

    def _left(self, window: Window) -> str:
        """Return how much of a limit is left."""
        if extreme := self._if_extreme(window):
            return extreme
        percent = self._texts.percent(window.left)
        if window.spent:
            spent, limit = window.spent
            remaining = replace(limit, amount=max(0, limit.amount - spent.amount))
            return self._money("left_money", window, remaining, percent)
        return self.say("left", window, percent=percent)

    def _used(self, window: Window) -> str:
        """Return how much of a limit is used."""
        if extreme := self._if_extreme(window):
            return extreme
        percent = self._texts.percent(window.used)
        if window.spent:
            return self._money("used_money", window, window.spent[0], percent)
        return self.say("used", window, percent=percent)

    def _money(
        self, key: str, window: Window, amount: Money, percent: str | None
    ) -> str:
        """Return a sentence about an amount of the spend limit."""
        assert window.spent
        limit = window.spent[1]
        total, currency = self._amount(limit), limit.currency or ""
        in_words = self._texts.get(_ANSWER, "currency", currency) or currency
        if in_words:
            total = self.say("money", amount=total, currency=in_words)
        return self.say(
            key, window, percent=percent, amount=self._amount(amount), total=total
        )

    def _amount(self, money: Money) -> str:
        """Return an amount without its currency."""
        return self._texts.decimal(f"{money.amount:.{money.decimals}f}")

    def _lasts(self, window: Window) -> str | None:
        """Return the forecast of a limit, or None if there is none."""
        if window.used is None or window.is_used_up:
            return self._if_extreme(window)
        if window.lasts is None or window.resets_at is None:
            return None
        verdict = "runs_out" if window.certain else "may_run_out"
        return self.say(
            "lasts" if window.lasts else verdict,
            window,
            runs_out_at=self._texts.at(window.runs_out_at),
        )

    def _resets(self, window: Window) -> str:
        """Return when a limit resets."""
        if window.resets_at:
            return self.say(
                "resets",
                window,
                duration=self._texts.duration(window.resets_at),
            )
        if window.used == 0 and window.kind != SPEND:
            return self.say("unused", window)
        return self.say("reset_unknown", window)

    def _today(self, window: Window) -> str:
        """Return how much of the week can be used today."""
        if extreme := self._if_extreme(window):
            return extreme
        used, budget = window.used_today, window.budget_today
        if used is None or budget is None:
            return self.say("today_unknown", window)
        return self.say(
            "today_over" if used >= budget else "today",
            window,
            used=self._texts.percent(used),
            budget=self._texts.percent(budget),
            left=self._texts.percent(budget - used),
        )

    def _sessions(self, window: Window) -> str:
        """Return how many full sessions fit into the rest of the week."""
        if window.used is None or window.is_used_up:
            return self._left(window)
        if window.sessions_left is None:
            return self.say("sessions_unknown")
        if window.sessions_left == 0:
            return self.say("no_sessions", window)
        return self._texts.count(
            _ANSWER,
            "sessions",
            number=window.sessions_left,
            **self._values(window),
        )


_SENTENCES: dict[str, Callable[[_Words, Window], str | None]] = {
    USED: _Words._used,
    LASTS: _Words._lasts,
    RUNS_OUT: _Words._lasts,
    RESETS: _Words._resets,
    SESSIONS: _Words._sessions,
    TODAY: _Words._today,
}
