"""Random responses of claude.ai: types, sizes, texts, headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
import gzip
import json
from pathlib import Path
from random import Random
from typing import Any
import zlib

from tests.simulator.world import make_world

FIXTURES = Path(__file__).parents[1] / "fixtures" / "usage"
MIB = 1024 * 1024

# A session key in `Set-Cookie`; it must never appear in logs or states.
OFFERED_KEY = "sk-ant-sid02-offered" + "k" * 80

# Texts that are hard to store, log or show.
TEXTS = [
    "",
    " ",
    "X\ud83d",
    "\udfff",
    "\ud83d\ude00",
    "a\nb\r\nc",
    "\x00\x07\x1b[31m\x7f\x9b",
    "\u202eevil\u2066",
    "\u200b\ufeff\u2028",
    "e\u0301" * 60,
    "\ufdfa" * 100,
    "🏳️‍🌈",
    "{name} {0} %s %(x)s {{ states }}",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "session",
    "weekly_all",
    "_",
    "plan",
    "Usage",
    "2026-10-02T19:19:59.512808+00:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "x" * 5000,
    "ß" * 101,
]
GRANT = {"label": "Two resets", "resets_left": 2, "ends_at": "2026-06-01T00:00:00Z"}
NUMBERS = [0, -1, 1, 1.0, 99.95, 100, 108, 1e15, -1e300, 10**400, 2**63, 1e-320]
ODD = [None, True, False, [], {}, [[]], {"": None}, float("nan"), float("inf")]


def any_text(random: Random) -> str:
    """Return a text from `TEXTS`, or one of random characters."""
    if random.random() < 0.7:
        return random.choice(TEXTS)
    size = random.choice((1, 3, 30, 300))
    return "".join(chr(random.randrange(0x110000)) for _ in range(size))


def any_value(random: Random, depth: int = 0) -> Any:
    """Return a value of any type."""
    kind = random.randrange(7 if depth < 3 else 4)
    if kind == 0:
        return random.choice(NUMBERS)
    if kind == 1:
        return deepcopy(random.choice(ODD))
    if kind in (2, 3):
        return any_text(random)
    if kind == 4:
        return [any_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {
        any_text(random): any_value(random, depth + 1)
        for _ in range(random.randrange(4))
    }


def bodies() -> list[Any]:
    """Return valid bodies to mutate: of the fixtures, and of the simulator's accounts."""
    known = [json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json"))]
    accounts = make_world(datetime(2026, 5, 4, 14, 0, tzinfo=UTC)).accounts.values()
    return [fixture["body"] for fixture in known] + [
        account.seats[-1].body(datetime(2026, 5, 4, 14, 30, tzinfo=UTC), timedelta)
        for account in accounts
    ]


def changed(random: Random, body: Any) -> Any:
    """Return a body with some places replaced, at any depth."""
    body = deepcopy(body)
    for _ in range(random.choice((1, 1, 2, 5))):
        place, parent, key = body, None, None
        while isinstance(place, (dict, list)) and place and random.random() < 0.8:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            parent, key = place, random.choice(list(keys))
            place = parent[key]
        if parent is None:
            continue
        if isinstance(parent, dict) and random.random() < 0.2:
            parent[any_text(random)] = parent.pop(key)
        else:
            parent[key] = any_value(random)
    return body


def row(name: str, percent: float = 5, **members: Any) -> dict[str, Any]:
    """Return a model's limit."""
    scope = {"model": {"id": None, "display_name": name}, "surface": None}
    return {"kind": "weekly_scoped", "percent": percent, "scope": scope, **members}


def many(random: Random) -> Any:
    """Return a body with very many items."""
    count = random.choice((30, 300, 2000, 9000))
    tag = random.randrange(10**6)
    return random.choice(
        (
            lambda: {"limits": [row(f"m{tag}-{i}", i % 100) for i in range(count)]},
            lambda: {"limits": [row("Same", i % 100) for i in range(count)]},
            lambda: {"limits": [{"kind": f"k{i}", "percent": 1} for i in range(count)]},
            lambda: {"limits": [{"kind": "session", "percent": 1}] * count},
            lambda: {f"p{tag}_{i}": {"limit_dollars": 5} for i in range(count)},
            lambda: {f"seven_day_{tag}_{i}": {"utilization": 5} for i in range(count)},
            lambda: {f"x{i}": i for i in range(count)},
            lambda: {"limits": [[]] * count, "spend": [{}] * count},
            lambda: {"limits": [row("x" * 100, 5)] * count},
            lambda: {"limits": [row(f"m{tag} {i}", i % 100) for i in range(count)]},
            lambda: {
                "limits": [row("Fable", i % 100) for i in range(count)]
                + [row("Overage included", i % 100) for i in range(count)]
            },
            lambda: {"cedar_ember": {"eligible": True, "grants": [GRANT] * count}},
            lambda: {
                "cedar_ember": {
                    "eligible": True,
                    "grants": [{**GRANT, "label": f"g{tag}-{i}"} for i in range(count)],
                }
            },
            lambda: {
                "cedar_ember": {
                    "eligible": True,
                    "grants": [{**GRANT, "clears": [f"c{i}" for i in range(count)]}],
                }
            },
        )
    )()


def huge(random: Random) -> str:
    """Return up to 1 MiB of mostly valid JSON."""
    item, end = random.choice(
        (
            ("[],", "0]"),
            ("{},", "0]"),
            ('{"":[]},', "0]"),
            ('{"kind":"k","percent":1},', "0]"),
            ("1e9,", "0]"),
            ('"\\ud83d",', "0]"),
            ('"é",', "0]"),
            ("[", ""),
            ('{"a":', ""),
            ("9" * 4200 + ",", "0]"),
            ("9", ""),
            (" ", "]"),
        )
    )
    start = random.choice(("[", '{"limits":[', '{"spend":['))
    close = "}" if start[0] == "{" else ""
    size = len(item.encode())
    return start + item * ((MIB - 200) // size) + end + close


def chunked(random: Random, body: bytes) -> bytes:
    """Return a body in chunks of one size."""
    size = random.choice((1, 7, 1000, 65536))
    parts = (body[i : i + size] for i in range(0, len(body), size))
    lines = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    trailers = random.choice((b"", b"X: y\r\n", b"X: y\r\n" * 20))
    return lines + b"0\r\n" + trailers + b"\r\n"


def http(random: Random, status: int, body: bytes, headers: list[str]) -> bytes:
    """Return a raw HTTP response."""
    encoding = random.random()
    if encoding < 0.05:
        body, headers = gzip.compress(body), [*headers, "Content-Encoding: gzip"]
    elif encoding < 0.08:
        body, headers = zlib.compress(body), [*headers, "Content-Encoding: deflate"]
    elif encoding < 0.1:
        headers = [*headers, "Content-Encoding: br"]
    if random.random() < 0.2:
        headers = [*headers, "Transfer-Encoding: chunked"]
        body = chunked(random, body)
    else:
        headers = [*headers, f"Content-Length: {len(body)}"]
    lines = "\r\n".join((f"HTTP/1.1 {status} X", "Connection: close", *headers))
    return lines.encode() + b"\r\n\r\n" + body


def any_headers(random: Random) -> list[str]:
    """Return header lines, few enough for every version of aiohttp."""
    lines = [
        f"Set-Cookie: sessionKey={OFFERED_KEY}; Path=/; Max-Age=9999",
        'Set-Cookie: sessionKey=""; Max-Age=0',
        f"Set-Cookie: sessionKey={OFFERED_KEY}; Domain=example.org; Path=/elsewhere",
        "Set-Cookie: a=b; expires=" + "x" * 500,
        "Retry-After: " + random.choice(("1", "9" * 400, "-5", "Fri, 99 Zzz", "٣")),
        "Location: " + random.choice(("/login", "//[", "https://x.example/", "")),
        "X-Long: " + "y" * 8000,
        "Content-Type: " + random.choice(("text/html", "x", "application/json")),
    ]
    return random.sample(lines, random.choice((0, 0, 1, 3)))


def answers(random: Random, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield random `/usage` responses, each with its kind."""
    good = bodies()
    statuses = (200,) * 12 + (
        201,
        204,
        302,
        400,
        403,
        404,
        418,
        429,
        451,
        500,
        502,
        529,
    )

    def text(value: Any) -> str:
        """Return a body as JSON, with or without escaping non-ASCII characters."""
        return json.dumps(value, ensure_ascii=random.random() < 0.8)

    kinds: list[tuple[str, Callable[[], str]]] = [
        ("good", lambda: text(random.choice(good))),
        ("changed", lambda: text(changed(random, random.choice(good)))),
        ("any", lambda: text(any_value(random))),
        ("many", lambda: text(many(random))),
        ("huge", lambda: huge(random)),
        ("cut", lambda: text(random.choice(good))[: random.randrange(400)]),
        ("error", lambda: text({"error": any_value(random)})),
        ("page", lambda: f"<html>{any_text(random)}</html>"),
        ("refusal", lambda: f"error code: {random.randrange(2000)}"),
    ]
    weights = [4 if kind == "changed" else 1 for kind, _ in kinds]
    for kind, make in random.choices(kinds, weights, k=number):
        body = make().encode("utf-8", "surrogatepass")
        # Corrupt some bodies.
        if random.random() < 0.02:
            body = body.translate(bytes(reversed(range(256))))
        yield kind, http(random, random.choice(statuses), body, any_headers(random))


def organizations(random: Random) -> Any:
    """Return a random list of organizations, valid or not."""
    good = [
        {
            "uuid": f"6f7f2d4e-0000-4000-8000-00000000000{number}",
            "name": any_text(random),
            "capabilities": ["chat", f"claude_{any_text(random)}", any_text(random)],
            "plan_display_name": any_text(random),
            "rate_limit_tier": random.choice(
                ("default_claude_max_5x", any_text(random))
            ),
        }
        for number in range(random.choice((1, 2, 3)))
    ]
    if random.random() < 0.1:
        return good * 3000
    return changed(random, good) if random.random() < 0.6 else good
