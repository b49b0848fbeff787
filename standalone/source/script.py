"""Print the usage limits of a claude.ai subscription, as JSON or for a person.

Needs Python 3.11 or later and nothing else. Put your session key into
claude_config.json beside this file:

    {"session_key": "sk-ant-sid...", "org_id": ""}

The session key is the value of the cookie "sessionKey" of https://claude.ai in
your browser. "org_id" can be left out: then the first organization that has
usage is shown. The key is sent to claude.ai only, and never printed.

A proxy that the environment or the system names is used with --environment-proxy
only. Some companies' proxies open encrypted traffic and can read the key.

Exit status: 0 all is well, 1 the output cannot be written, 2 configuration or
command line, 3 the session key has ended, 4 the organization cannot be read,
5 blocked, limited or unreachable (try later). Unless it is 0, nothing is
printed but one line on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
import errno
import hashlib
from http.client import HTTPException
import json
import math
import os
from pathlib import Path
from queue import Empty, SimpleQueue
import stat
import sys
import tempfile
from threading import Thread
import time
from typing import Any, NoReturn, TextIO
from urllib.request import (
    HTTPErrorProcessor,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
)

from custom_components.claude_pulse.claude_ai.answer import (
    HEADERS,
    MAX_BODY,
    SESSION_COOKIE,
    Answer,
    good_body,
    json_of,
)
from custom_components.claude_pulse.claude_ai.credentials import (
    is_org_id,
    parse_org_id,
    parse_session_key,
)
from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    InvalidSessionKeyError,
    OrganizationAccessError,
    RateLimitedError,
    RegionBlockedError,
    UnavailableError,
)
from custom_components.claude_pulse.claude_ai.organization import (
    parse_organization,
    parse_organizations,
)
from custom_components.claude_pulse.claude_ai.usage import (
    Usage,
    UsageWindow,
    parse_usage,
)
from custom_components.claude_pulse.claude_ai.values import number_of, text_of

BASE_URL = "https://claude.ai"
# For one request, however its answer trickles in.
TIMEOUT = 15
# Before a dead key is asked about once more.
CONFIRM_PAUSE = 2
# The proxies to use, by scheme: none, unless the command line asks for them.
PROXIES: dict[str, str] = {}
# The plan and the organization do not change from one call to the next.
CACHE_SECONDS = 6 * 60 * 60


class ConfigurationError(ClaudeAiError):
    """The configuration cannot be used as it is."""

    key = "configuration"

    def __init__(self, message: str) -> None:
        """Remember what is wrong with it, and what to do."""
        self.message = message
        super().__init__()


class NoUsageError(ClaudeAiError):
    """None of the organizations has usage."""

    key = "no_usage"
    message = "This account has no organization with claude.ai usage, only API access"


# The exit status for each thing that can go wrong, and what to do about it.
NO_OUTPUT, CONFIGURATION, DEAD_KEY, WRONG_ORGANIZATION, TRY_LATER = range(1, 6)
_CORRECT_ORGANIZATION = "correct org_id in the configuration, or leave it out"
OUTCOMES: dict[type[ClaudeAiError], tuple[int, str]] = {
    InvalidSessionError: (
        DEAD_KEY,
        "log in to claude.ai and put the new value of the cookie sessionKey into the "
        "configuration",
    ),
    InvalidOrganizationIdError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    OrganizationAccessError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    NoUsageError: (WRONG_ORGANIZATION, "use the key of one with a subscription"),
    BlockedError: (TRY_LATER, "your session key is fine, try again later"),
    RegionBlockedError: (TRY_LATER, "run this where claude.ai is offered"),
    RateLimitedError: (TRY_LATER, "run this less often"),
    ForbiddenError: (
        TRY_LATER,
        "try again later, and if that does not help, with a new session key",
    ),
    ClaudeAiError: (TRY_LATER, "try again later"),
}


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def plain(text: str) -> str:
    """Return a text in one line without anything that a terminal could obey.

    Control characters, changes of direction and the like become spaces.
    """
    return "".join(mark if mark.isprintable() else " " for mark in text)


def write(text: str, stream: TextIO | None) -> None:
    """Write a line, with a `?` for each character that the stream cannot encode.

    Raises OSError where the stream is closed or does not take it.
    """
    # Python has none where it was closed from the start.
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    encoding = stream.encoding or "utf-8"
    try:
        print(
            text.encode(encoding, "replace").decode(encoding), file=stream, flush=True
        )
    except OSError:
        # What it still holds would fail once more when Python ends.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def show(text: str) -> None:
    """Print the output, or end."""
    try:
        write(text, sys.stdout)
    except OSError as err:
        fail(NO_OUTPUT, f"the output cannot be written ({err.strerror})")


def warn(message: str) -> None:
    """Say something beside the output, but no key that was pasted as an argument."""
    shown, key, _ = plain(message).partition("sk-ant-")
    with suppress(OSError):
        write(f"claude_usage: {shown}{key and '(a key)'}", sys.stderr)


def fail(status: int, message: str) -> NoReturn:
    """Say why there is no output, and end."""
    warn(message)
    sys.exit(status)


class CommandLine(argparse.ArgumentParser):
    """A command line that is explained and refused like everything else."""

    def error(self, message: str) -> NoReturn:
        """Refuse it in one line, without the arguments: one of them may be a key."""
        fail(
            CONFIGURATION, "arguments cannot be understood: --help says which there are"
        )

    def print_help(self, file: Any = None) -> None:
        """Explain it."""
        show(self.format_help().rstrip())


def read_json(path: Path) -> Any:
    """Return the JSON of a file that is not too large, or None. Raises OSError."""
    with path.open("rb") as file:
        content = file.read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        return None
    return json_of(content.decode("utf-8-sig", errors="replace"))


def others_can_read(path: Path) -> bool:
    """Return whether a file is open to other users of the machine."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def read_config(path: Path) -> tuple[str, str | None]:
    """Return the session key and the organization ID of the configuration."""
    try:
        config = read_json(path)
    except OSError as err:
        raise ConfigurationError(
            f"{path} cannot be read ({err.strerror}): --help says what it must hold"
        ) from None
    if config is None:
        raise ConfigurationError(
            f"{path} is not valid JSON: --help says what it must hold"
        )
    if not isinstance(config, dict):
        raise ConfigurationError(f'{path} must hold {{"session_key": "..."}}')
    key, org_id = config.get("session_key"), config.get("org_id")
    try:
        key = parse_session_key(key if isinstance(key, str) else "").session_key
    except InvalidSessionKeyError as err:
        raise ConfigurationError(
            f"session_key in {path}: {err}; copy the value of the cookie sessionKey "
            "of claude.ai, it starts with sk-ant-sid"
        ) from None
    if org_id in (None, ""):
        return key, None
    try:
        return key, parse_org_id(org_id if isinstance(org_id, str) else "")
    except InvalidOrganizationIdError as err:
        raise ConfigurationError(
            f"org_id in {path}: {err}; correct it, or leave it out"
        ) from None


class Unprocessed(HTTPErrorProcessor):
    """Hand out every answer as it is: a redirect would carry the cookie along."""

    def http_response(self, request: Any, response: Any) -> Any:
        """Return the answer."""
        return response

    https_response = http_response


def fetch(url: str, key: str) -> Answer | UnavailableError:
    """Return the answer to a request, good or not, or what kept it from coming."""
    headers = {**HEADERS, "Cookie": f"{SESSION_COOKIE}={key}"}
    request = Request(url, headers=headers)  # noqa: S310
    try:
        opener = build_opener(ProxyHandler(PROXIES), Unprocessed)
        with opener.open(request, timeout=TIMEOUT) as response:
            received = {
                name.lower(): response.headers.get_all(name)
                for name in response.headers
            }
            # With that header the body may be anything.
            is_read = "cf-mitigated" not in received
            body = response.read(MAX_BODY + 1) if is_read else b""
    except (HTTPException, OSError, ValueError) as err:
        # No more than its kind: the text can hold the address.
        return UnavailableError(type(err).__name__)
    if len(body) > MAX_BODY:
        return UnavailableError("answer too large")
    text = body.decode("utf-8-sig", errors="replace")
    return Answer(url, response.status, received, text, json_of(text))


def get(key: str, *path: str, expect: type = dict) -> Any:
    """Ask claude.ai once, and return the JSON of a good answer.

    The request has a thread of its own, as only that can be left alone whatever it
    waits for: a name server, a proxy, or the next byte.
    """
    url = "/".join((BASE_URL, "api", *path))
    answers: SimpleQueue[Answer | UnavailableError] = SimpleQueue()
    Thread(target=lambda: answers.put(fetch(url, key)), daemon=True).start()
    try:
        answer = answers.get(timeout=TIMEOUT)
    except Empty:
        raise UnavailableError("no answer in time") from None
    if isinstance(answer, UnavailableError):
        raise answer
    return good_body(answer, expect)


def get_confirmed(key: str, *path: str, expect: type = dict) -> Any:
    """Ask, and ask again before a key is called dead."""
    try:
        return get(key, *path, expect=expect)
    except InvalidSessionError:
        time.sleep(CONFIRM_PAUSE)
        return get(key, *path, expect=expect)


def get_usage(key: str, org_id: str) -> Usage:
    """Ask for the usage; where the organization is refused, its list tells why."""
    try:
        return parse_usage(get_confirmed(key, *organization_path(org_id), "usage"))
    except OrganizationAccessError:
        # A dead key is refused here as well, and then that is the reason.
        listed = parse_organizations(get(key, "organizations", expect=list))
        if any(item.has_usage and item.org_id == org_id for item in listed):
            raise ForbiddenError from None
        raise


def organization_path(org_id: str) -> tuple[str, str]:
    """Return the path of an organization, into which nothing else is ever put."""
    if not is_org_id(org_id):
        raise InvalidOrganizationIdError
    return ("organizations", org_id)


def organization_and_plan(
    key: str, org_id: str | None, cache: Path
) -> tuple[str, str | None]:
    """Return the organization to ask about and its plan, from the cache if it is fresh."""
    about = hashlib.sha256(f"{key} {org_id}".encode()).hexdigest()
    if known := remembered(cache, about):
        return known
    if org_id is None:
        listed = parse_organizations(get_confirmed(key, "organizations", expect=list))
        organization = next((item for item in listed if item.has_usage), None)
        if organization is None:
            raise NoUsageError
        org_id = organization.org_id
    else:
        try:
            organization = parse_organization(get(key, *organization_path(org_id)))
        except ClaudeAiError:
            # The usage tells what is wrong; without a plan it is still the usage.
            return org_id, None
    plan = organization.plan if organization else None
    remember(
        cache,
        {"about": about, "org_id": org_id, "plan": plan, "time": now().timestamp()},
    )
    return org_id, plan


def remembered(cache: Path, about: str) -> tuple[str, str | None] | None:
    """Return organization and plan from the cache, or None unless they can be used."""
    try:
        # A link, a pipe or a device is none of ours.
        is_file = stat.S_ISREG(cache.lstat().st_mode)
        known = read_json(cache) if is_file else None
    except OSError:
        return None
    if not isinstance(known, dict) or known.get("about") != about:
        return None
    since, org_id = number_of(known.get("time")), text_of(known.get("org_id")) or ""
    if since is None or not 0 <= now().timestamp() - since < CACHE_SECONDS:
        return None
    return (org_id, text_of(known.get("plan"))) if is_org_id(org_id) else None


def remember(cache: Path, known: dict[str, Any]) -> None:
    """Replace the cache as a whole, for its user only; without it all is asked again."""
    with suppress(OSError):
        number, name = tempfile.mkstemp(dir=cache.parent, prefix=f"{cache.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(known, file)
            os.replace(name, cache)
        except OSError:
            os.unlink(name)
            raise


def clock(at: datetime | None) -> str | None:
    """Return the local time, such as 03:45 AM."""
    return at.astimezone().strftime("%I:%M %p") if at else None


def weekday(at: datetime | None) -> str | None:
    """Return the local day, such as Friday."""
    return at.astimezone().strftime("%A") if at else None


def day_and_clock(at: datetime | None) -> str | None:
    """Return the local day and time, such as Friday @ 03:45 AM."""
    return f"{weekday(at)} @ {clock(at)}" if at else None


def countdown(at: datetime | None, present: datetime) -> str | None:
    """Return the time that is left, such as 2h 30m; a minute begun counts."""
    if at is None:
        return None
    left = max(0, math.ceil((at - present).total_seconds() / 60))
    hours, minutes = divmod(left, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def iso(at: datetime | None) -> str | None:
    """Return a time for a program."""
    return at.isoformat() if at else None


def reading(
    window: UsageWindow | None, present: datetime
) -> tuple[int | float | None, datetime | None]:
    """Return percentage and reset of a window; of one that is over nothing is known."""
    if window is None or window.is_over(present):
        return None, None
    return window.percent, window.resets_at


def named(windows: tuple[UsageWindow, ...]) -> Iterator[tuple[str, UsageWindow]]:
    """Yield the windows that have a name, with a number where others have the same."""
    for window in windows:
        if window.name:
            same = [other for other in windows if other.name == window.name]
            before = sum(other.identity < window.identity for other in same)
            yield f"{window.name} ({before + 1})" if before else window.name, window


def report(usage: Usage, plan: str | None, present: datetime) -> dict[str, Any]:
    """Return all values under the names that templates use; what is not told is None."""
    percent, reset = reading(usage.session, present)
    week_percent, week_reset = reading(usage.weekly, present)
    models = {}
    for name, window in named(usage.windows):
        model_percent, model_reset = reading(window, present)
        models[name] = {"percent": model_percent, "resets_at": iso(model_reset)}
    return {
        "session_pct": percent,
        "session_used": percent,
        # claude.ai counts in percent: where there is a limit, it is all of it.
        "session_limit": 100 if usage.session else None,
        "session_reset_time": clock(reset),
        "session_reset_countdown": countdown(reset, present),
        "session_resets_at": iso(reset),
        "weekly_pct": week_percent,
        "weekly_reset": day_and_clock(week_reset),
        "weekly_reset_date": (
            week_reset.astimezone().date().isoformat() if week_reset else None
        ),
        "weekly_reset_time": clock(week_reset),
        "weekly_reset_weekday": weekday(week_reset),
        "weekly_resets_at": iso(week_reset),
        "models": models,
        "plan": plan,
        "fetched_at": present.isoformat(timespec="seconds"),
    }


def table(
    usage: Usage, plan: str | None, present: datetime, *, color: bool, blocks: bool
) -> str:
    """Return a table with bars for a person."""
    full, empty = ("█", "░") if blocks else ("#", ".")
    lines = [
        ("Session", usage.session),
        ("Week", usage.weekly),
        *((plain(name), window) for name, window in named(usage.windows)),
    ]
    width = max(len(name) for name, _ in lines)
    shown = [plain(f"Claude {plan or ''}").strip(), ""]
    for name, window in lines:
        percent, reset = reading(window, present)
        if percent is None:
            why = "has reset, nothing newer is told" if window else "no such limit"
            shown.append(f"{name:{width}}  {why}")
            continue
        filled = min(20, max(0, round(percent / 5)))
        bar = full * filled + empty * (20 - filled)
        if color:
            tone = 31 if percent >= 85 else 33 if percent >= 60 else 32
            bar = f"\033[{tone}m{bar}\033[0m"
        until = f"resets {day_and_clock(reset)}" if reset else ""
        if reset and window is usage.session:
            until = f"resets in {countdown(reset, present)}, at {clock(reset)}"
        shown.append(f"{name:{width}}  {bar}  {percent:>5} %  {until}".rstrip())
    return "\n".join(shown)


def main() -> None:
    """Read the command line, ask, and print."""
    introduction, _, rest = (__doc__ or "").partition("\n\n")
    parser = CommandLine(
        prog="claude_usage.py",
        description=introduction,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path(__file__).resolve().with_name("claude_config.json")
    parser.add_argument("--config", type=Path, default=default, metavar="FILE")
    parser.add_argument("--human", action="store_true", help="a table with bars")
    parser.add_argument(
        "--environment-proxy",
        action="store_true",
        help="use the proxy that HTTPS_PROXY or the system names",
    )
    arguments = parser.parse_args()
    if arguments.environment_proxy:
        PROXIES.update(getproxies())
    cache = arguments.config.parent / "claude_usage_cache.json"
    try:
        key, configured = read_config(arguments.config)
        org_id, plan = organization_and_plan(key, configured, cache)
        usage = get_usage(key, org_id)
    except ConfigurationError as err:
        fail(CONFIGURATION, str(err))
    except ClaudeAiError as err:
        kind = next(kind for kind in type(err).__mro__ if kind in OUTCOMES)
        status, advice = OUTCOMES[kind]
        if status in (DEAD_KEY, WRONG_ORGANIZATION):
            with suppress(OSError):
                cache.unlink()
        fail(status, f"{err}: {advice}")
    if arguments.human:
        stream: TextIO | None = sys.stdout
        color = stream and stream.isatty() and not os.environ.get("NO_COLOR")
        blocks = "utf" in ((stream and stream.encoding) or "").lower()
        show(table(usage, plan, now(), color=bool(color), blocks=blocks))
    else:
        show(json.dumps(report(usage, plan, now())))
    if others_can_read(arguments.config):
        warn(
            f"others can read {arguments.config}: chmod 600 keeps your session key to you"
        )


if __name__ == "__main__":
    main()
