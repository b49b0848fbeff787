"""Whether what happens to an entry's windows is told, each thing once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy

from homeassistant.core import Event, State, callback

from .events import FORECAST, FORESEEN, Answer, Foreseen, Happening

# What is due is told within so many moments at which the entry shows its values: what
# comes of one window at once is told one after the other.
_PATIENCE = 10

_COUNTED = (
    "due",
    "told",
    "doubled",
    "lost",
    "repeated by a crash",
    *FORESEEN,
    FORECAST,
)


class Heard:
    """What the event entities of one entry tell, next to what they should."""

    def __init__(self, slug: str, windows: Iterable[str]) -> None:
        """Begin before the first answer."""
        self.counts = Counter(dict.fromkeys(_COUNTED, 0))
        self._answers: list[Answer] = []
        # What was foreseen before the answers of this moment, and what came of them.
        self._before: Foreseen | None = None
        # What is due, and how many moments have passed since.
        self._due: list[tuple[Happening, int]] = []
        self._due_now: list[Happening] = []
        self._entities = {f"event.{slug}_{name}_events": name for name in windows}
        self._foreseen = Foreseen()
        self._heard: list[Happening] = []
        # When it was; what is restored after a restart is not told by it.
        self._seen: set[tuple[str, Happening]] = set()
        self._told_now: list[Happening] = []

    @property
    def waiting(self) -> bool:
        """Tell whether something is due yet."""
        return bool(self._due)

    @property
    def is_half_told(self) -> bool:
        """Tell whether something was told now that is to be followed, or has followed."""
        self._look()
        return bool(self._told_now and (self._due or not self._due_now))

    @property
    def unsure(self) -> bool:
        """Tell whether what was answered is to be answered again to be believed."""
        self._look()
        return self._foreseen.unsure

    def begin_moment(self) -> None:
        """Note that time passes: what has happened until now is remembered."""
        self._look()
        self._before = None
        self._due_now.clear()
        self._told_now.clear()

    def begin_anew(self) -> None:
        """Note that the entry is about another organization: its first answer comes."""
        self._foreseen = Foreseen()

    def answered(self, answer: Answer) -> None:
        """Note what claude.ai answers to a poll."""
        self._answers.append(answer)

    @callback
    def hear(self, event: Event) -> None:
        """Hear a change of a state, if something is told by it."""
        window = self._entities.get(event.data["entity_id"])
        state: State | None = event.data["new_state"]
        if window is None or state is None or "percent" not in state.attributes:
            return
        told = state.attributes
        happening = Happening(
            window,
            told["event_type"],
            told.get("threshold"),
            told["percent"],
            told["resets_at"],
        )
        if (state.state, happening) not in self._seen:
            self._seen.add((state.state, happening))
            self._heard.append(happening)

    def stopped(self, *, forgets: bool, in_a_poll: bool) -> None:
        """Note that Home Assistant ends, maybe in the middle of a poll.

        It is to tell again what it forgets. An answer in the middle of another entry's
        poll that nothing was told of has perhaps not been read: the next one counts.
        """
        self._look()
        if forgets:
            self.counts["repeated by a crash"] += len(self._told_now)
            self.counts.subtract(["told"] * len(self._told_now))
            self.counts.subtract(happening.type for happening in self._told_now)
            again = [told for told in self._told_now if told not in self._due_now]
            self._due += [(happening, 0) for happening in again]
        if forgets or (in_a_poll and not set(self._due_now) & set(self._told_now)):
            self._foreseen = self._before or self._foreseen
            self._due = [due for due in self._due if due[0] not in self._due_now]
            self.counts.subtract(["due"] * len(self._due_now))
        self.begin_moment()

    def check_held(self) -> None:
        """See that nothing is told while Home Assistant starts, as nobody would listen."""
        assert not self._heard, f"told too soon: {self._heard}"

    def check(self, *, showing: bool) -> None:
        """See that what is due is told, and nothing else."""
        self._look()
        if showing:
            self._due = [(due, moments + 1) for due, moments in self._due]
        lost = [due for due, moments in self._due if moments > _PATIENCE]
        self.counts["lost"] += len(lost)
        assert not lost, f"has not been told: {lost}"

    def _look(self) -> None:
        """Compare what has been heard with what is due."""
        for answer in self._answers:
            self._before = self._before or deepcopy(self._foreseen)
            due = self._foreseen.follow(answer)
            self.counts["due"] += len(due)
            self._due_now += due
            self._due += [(happening, 0) for happening in due]
        self._answers.clear()
        for happening in self._heard:
            self._take(happening)
        self._heard.clear()

    def _take(self, happening: Happening) -> None:
        """Look for what is told among what is due."""
        self.counts[happening.type] += 1
        if happening.type == FORECAST:
            return
        for place, (due, _) in enumerate(self._due):
            if due == happening:
                del self._due[place]
                self._told_now.append(happening)
                self.counts["told"] += 1
                return
        self.counts["doubled"] += 1
        raise AssertionError(f"told: {happening}, due: {self._due}")
