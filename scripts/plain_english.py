"""Find words and phrases that are not plain English.

    python scripts/plain_english.py FILE ...

Prints one line per finding. The exit status is 1 if there is any.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
import sys

# A regular expression and the suggestion for its matches. Upper and lower case are the
# same. A space also matches a line break and the `#` of a comment. The first and the last
# letter must not have another letter next to them, so names such as `async_tell` match.
PHRASES = {
    # Vague verbs
    r"tell whether": "Return whether",
    r"tell(?! whether)|tells|telling|teller|told": "report, send, show, detect",
    r"hear|hears|heard|hearing": "receive, handle",
    r"(a|each|every|another|one|next|last) look|(async_|second )look": "check",
    r"look(s|ed|ing)? at": "check, read, process",
    r"ended": "expired, stopped, finished",
    r"(keys?|cookies?) ((has|have|will) )?ends?": "expires",
    r"goe?s? on(?! and on)": "continues",
    r"comes? about": "happens",
    r"mended": "fixed",
    r"trembles?|trembling": "flickers",
    r"(is|are|was|were) let": "leave, allow",
    r"let be": "leave unchanged",
    r"stands? (in(?! for)|where|below|above)": "is, is defined",
    r"(is|are|was|were) to be": "must be",
    # Words that native speakers would not use here
    r"anew": "again",
    r"(?<!times\s)as long as": "while, until, if",
    r"beside": "next to, in addition to",
    r"but for": "except",
    r"by (itself|themselves)": "automatically, alone",
    r"by now": "so far, already",
    r"for ever": "forever",
    r"(if|where) need be": "if necessary",
    r"meanwhile": "since then, or leave it out",
    r"no more(?=[.,;:\"])": "no longer",
    r"notwithstanding": "despite, except",
    r"patience|fewer requests": "rate limit, timeout",
    r"so many": "this many, or the number",
    r"(does|do) as well": "also works",
    r"all is well": "passed, or there is no error",
    # Clauses in place of a noun
    r"(?<=\"\"\")(what|who|whose|whoever|whatever)": "start with a noun",
    r"returns? (what|who|whose)": "Return the ...",
    r"(about|after|by|for|from|in|of|on|than|to|with) what (is|was|has|can|only)": "use a noun",
    r"what only": "use a noun",
    r"whoever": "the caller, a user, anyone who",
    r"whose ([a-z]+ )?(it|they|this|that) (is|are|was)": "the owner, the account",
    # Names
    r"(?<!\.)(?<!of\s)(?<!in\sthe\s)courses?": "usage profile",
    r"keep_up|(?-i:Wanted)": "dynamic entities",
    r"(?-i:Mark)(?=[\](\[,:)]| \|)": "WindowProgress",
    r"(?<!\*)(?<!the\s)rest(?= [=<>]|: [a-z])|(?<=\.)rest": "remaining, others",
}

_SPACE = "[ \\n#]+"
_PATTERNS = [
    (
        re.compile(f"(?<![a-z])({phrase})(?![a-z])".replace(" ", _SPACE), re.I),
        suggestion,
    )
    for phrase, suggestion in PHRASES.items()
]


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, match and suggestion of each finding."""
    for pattern, suggestion in _PATTERNS:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield line, " ".join(match[0].replace("#", " ").split()), suggestion


def main(paths: list[str]) -> int:
    """Print the findings in files; return the exit status."""
    lines = [
        f'{path}:{line}: "{found}", write: {suggestion}'
        for path in paths
        for line, found, suggestion in sorted(
            findings(Path(path).read_text(encoding="utf-8"))
        )
    ]
    print(*lines, sep="\n", end="\n" if lines else "")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
