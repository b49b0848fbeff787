"""Print the usage limits of a claude.ai subscription as JSON or as a table.

This script needs Python 3.11 or later and no other packages. Create the file
claude_config.json in the folder of this script:

    {"session_key": "sk-ant-sid...", "org_id": ""}

The session key is the value of the cookie "sessionKey" of https://claude.ai in
your browser. "org_id" is optional. By default, the first organization with
usage is shown. The session key is only sent to claude.ai and never printed.

A proxy of the environment or the system is only used with --environment-proxy.
The proxies of some companies decrypt the traffic and can read the session key.

Exit status: 0 success, 1 the output cannot be written, 2 invalid configuration
or command line, 3 the session key has expired, 4 no access to the organization,
5 blocked, rate limited or unreachable (try again later). If the status is not
0, the only output is one line on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
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
from typing import Any, NoReturn, TextIO, TypeVar
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
    is_refused,
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
    NoSessionKeyError,
    OrganizationAccessError,
    RateLimitedError,
    RegionBlockedError,
    UnavailableError,
)
from custom_components.claude_pulse.claude_ai.money import CreditPool, Money, Spend
from custom_components.claude_pulse.claude_ai.organization import (
    Organization,
    parse_organization,
    parse_organizations,
)
from custom_components.claude_pulse.claude_ai.usage import Usage, parse_usage
from custom_components.claude_pulse.claude_ai.values import number_of, text_of
from custom_components.claude_pulse.claude_ai.windows import UsageWindow

T = TypeVar("T")

BASE_URL = "https://claude.ai"
# The maximum number of seconds for a request.
TIMEOUT = 15
# Without this parameter, claude.ai sends no saved resets.
WITH_RESETS = "?cedar_ember=1"
# The number of seconds before an expired session key is checked again.
CONFIRM_PAUSE = 2
# The proxies by scheme. There are none without --environment-proxy.
PROXIES: dict[str, str] = {}
# How long the organization and the plan are cached.
CACHE_SECONDS = 6 * 60 * 60


class ConfigurationError(ClaudeAiError):
    """The configuration is invalid."""

    key = "configuration"

    def __init__(self, message: str) -> None:
        """Set the message, which includes what to do."""
        self.message = message
        super().__init__()


class NoUsageError(ClaudeAiError):
    """None of the organizations has usage."""

    key = "no_usage"
    message = "This account has no organization with claude.ai usage, only API access"


# The exit status of each error, and what to do.
NO_OUTPUT, CONFIGURATION, EXPIRED_KEY, WRONG_ORGANIZATION, TRY_LATER = range(1, 6)
_CORRECT_ORGANIZATION = "correct org_id in the configuration, or remove it"
OUTCOMES: dict[type[ClaudeAiError], tuple[int, str]] = {
    InvalidSessionError: (
        EXPIRED_KEY,
        "log in to claude.ai and copy the new value of the cookie sessionKey to the "
        "configuration",
    ),
    InvalidOrganizationIdError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    OrganizationAccessError: (WRONG_ORGANIZATION, _CORRECT_ORGANIZATION),
    NoUsageError: (
        WRONG_ORGANIZATION,
        "use the session key of an account with a subscription",
    ),
    BlockedError: (TRY_LATER, "your session key is still valid, try again later"),
    RegionBlockedError: (TRY_LATER, "use an internet connection in a supported region"),
    RateLimitedError: (TRY_LATER, "run this script less often"),
    ForbiddenError: (
        TRY_LATER,
        "try again later, or with a new session key if the problem persists",
    ),
    ClaudeAiError: (TRY_LATER, "try again later"),
}


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def plain(text: str) -> str:
    """Return a text with spaces instead of line breaks and control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def write(text: str, stream: TextIO | None) -> None:
    """Write a line, with `?` for characters that the stream cannot encode.

    Raises OSError if the stream is closed or cannot be written.
    """
    # Python has no stream for a file descriptor that was closed from the start.
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    encoding = stream.encoding or "utf-8"
    try:
        print(
            text.encode(encoding, "replace").decode(encoding), file=stream, flush=True
        )
    except OSError:
        # Otherwise Python fails again when it flushes the buffer at exit.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def show(text: str) -> None:
    """Print the output. Exit if it cannot be written."""
    try:
        write(text, sys.stdout)
    except OSError as err:
        fail(NO_OUTPUT, f"the output cannot be written ({err.strerror})")


def warn(message: str) -> None:
    """Print a message on stderr. A session key and the text after it are removed."""
    shown, key, _ = plain(message).partition("sk-ant-")
    with suppress(OSError):
        write(f"claude_usage: {shown}{key and '(a key)'}", sys.stderr)


def fail(status: int, message: str) -> NoReturn:
    """Print why there is no output, and exit."""
    warn(message)
    sys.exit(status)


class CommandLine(argparse.ArgumentParser):
    """A command line whose help and errors are printed like other output."""

    def error(self, message: str) -> NoReturn:
        """Exit without printing the arguments, which can contain a session key."""
        fail(CONFIGURATION, "invalid arguments: see --help")

    def print_help(self, file: Any = None) -> None:
        """Print the help."""
        show(self.format_help().rstrip())


def read_json(path: Path) -> Any:
    """Return the JSON of a file, or None if it is invalid or too large.

    Raises OSError.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        return None
    return json_of(content.decode("utf-8-sig", errors="replace"))


def others_can_read(path: Path) -> bool:
    """Return whether other users of the computer can read a file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def read_config(path: Path) -> tuple[tuple[str, ...], str | None]:
    """Return the session keys and the organization ID, or None, of a configuration."""
    try:
        config = read_json(path)
    except OSError as err:
        raise ConfigurationError(
            f"{path} cannot be read ({err.strerror}): see --help"
        ) from None
    if config is None:
        raise ConfigurationError(f"{path} is not valid JSON: see --help")
    if not isinstance(config, dict):
        raise ConfigurationError(f'{path} must contain {{"session_key": "..."}}')
    key, org_id = config.get("session_key"), config.get("org_id")
    try:
        keys = parse_session_key(key if isinstance(key, str) else "").session_keys
    except NoSessionKeyError as err:
        raise ConfigurationError(
            f"session_key in {path}: {err}; copy the value of the cookie sessionKey "
            "of claude.ai, which starts with sk-ant-sid"
        ) from None
    if org_id in (None, ""):
        return keys, None
    try:
        return keys, parse_org_id(org_id if isinstance(org_id, str) else "")
    except InvalidOrganizationIdError as err:
        raise ConfigurationError(
            f"org_id in {path}: {err}; correct it, or remove it"
        ) from None


class Unprocessed(HTTPErrorProcessor):
    """Do not follow redirects, which would send the cookie to another URL."""

    def http_response(self, request: Any, response: Any) -> Any:
        """Return the answer."""
        return response

    https_response = http_response


def fetch(url: str, key: str) -> Answer | UnavailableError:
    """Send a request, and return any answer, or the error if there is none."""
    headers = {**HEADERS, "Cookie": f"{SESSION_COOKIE}={key}"}
    request = Request(url, headers=headers)  # noqa: S310
    try:
        opener = build_opener(ProxyHandler(PROXIES), Unprocessed)
        with opener.open(request, timeout=TIMEOUT) as response:
            received = {
                name.lower(): response.headers.get_all(name)
                for name in response.headers
            }
            # The body of a challenge can be of any size.
            is_challenge = "cf-mitigated" in received
            body = b"" if is_challenge else response.read(MAX_BODY + 1)
    except (HTTPException, OSError, ValueError) as err:
        # The message of the error can contain the URL.
        return UnavailableError(type(err).__name__)
    if len(body) > MAX_BODY:
        return UnavailableError("answer too large")
    text = body.decode("utf-8-sig", errors="replace")
    return Answer(url, response.status, received, text, json_of(text))


def ask(key: str, *path: str, query: str = "") -> Answer:
    """Send a request, and return any answer.

    The request runs in a thread, so that the time limit includes name resolution, the
    proxy and slow answers.
    """
    url = "/".join((BASE_URL, "api", *path)) + query
    answers: SimpleQueue[Answer | UnavailableError] = SimpleQueue()
    Thread(target=lambda: answers.put(fetch(url, key)), daemon=True).start()
    try:
        answer = answers.get(timeout=TIMEOUT)
    except Empty:
        raise UnavailableError("no answer in time") from None
    if isinstance(answer, UnavailableError):
        raise answer
    return answer


def list_organizations(key: str) -> tuple[Organization, ...]:
    """Return the organizations of a session key."""
    return parse_organizations(good_body(ask(key, "organizations"), list))


def request_usage(key: str, org_id: str) -> Usage:
    """Return the usage, with saved resets unless claude.ai refuses the parameter."""
    path = (*organization_path(org_id), "usage")
    answer = ask(key, *path, query=WITH_RESETS)
    if is_refused(answer):
        answer = ask(key, *path)
    return parse_usage(good_body(answer, dict))


def confirmed(request: Callable[[], T]) -> T:
    """Return the result of a request. Repeat it if the session key has expired."""
    try:
        return request()
    except InvalidSessionError:
        time.sleep(CONFIRM_PAUSE)
        return request()


def get_usage(key: str, org_id: str) -> Usage:
    """Return the usage. If the organization is refused, its list shows the reason."""
    try:
        return confirmed(lambda: request_usage(key, org_id))
    except OrganizationAccessError:
        # This raises InvalidSessionError if the session key has expired.
        listed = list_organizations(key)
        if any(item.has_usage and item.org_id == org_id for item in listed):
            raise ForbiddenError from None
        raise


def organization_path(org_id: str) -> tuple[str, str]:
    """Return the path of an organization. Raises InvalidOrganizationIdError."""
    if not is_org_id(org_id):
        raise InvalidOrganizationIdError
    return ("organizations", org_id)


def organization_and_plan(
    key: str, org_id: str | None, cache: Path
) -> tuple[str, str | None]:
    """Return the organization ID and the plan, from the cache if possible."""
    about = hashlib.sha256(f"{key} {org_id}".encode()).hexdigest()
    if cached := read_cache(cache, about):
        return cached
    if org_id is None:
        listed = confirmed(lambda: list_organizations(key))
        organization = next((item for item in listed if item.has_usage), None)
        if organization is None:
            raise NoUsageError
        org_id = organization.org_id
    else:
        try:
            answer = ask(key, *organization_path(org_id))
            organization = parse_organization(good_body(answer, dict))
        except ClaudeAiError:
            # The plan is optional. The request for the usage reports the error.
            return org_id, None
    plan = organization.plan if organization else None
    write_cache(
        cache,
        {"about": about, "org_id": org_id, "plan": plan, "time": now().timestamp()},
    )
    return org_id, plan


def read_cache(cache: Path, about: str) -> tuple[str, str | None] | None:
    """Return organization ID and plan from the cache, or None if it is invalid or old.

    `about` is a digest of the configuration that the cached values are for.
    """
    try:
        # Do not follow a link, and do not wait for a pipe.
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


def write_cache(cache: Path, known: dict[str, Any]) -> None:
    """Replace the cache file, which only its owner can read. Ignore errors."""
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
    """Return the remaining time, such as 2h 30m, rounded up to a minute."""
    if at is None:
        return None
    left = max(0, math.ceil((at - present).total_seconds() / 60))
    hours, minutes = divmod(left, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def iso(at: datetime | None) -> str | None:
    """Return a time in ISO 8601."""
    return at.isoformat() if at else None


def reading(
    window: UsageWindow | None, present: datetime
) -> tuple[int | float | None, datetime | None]:
    """Return percentage and reset of a window, or None if it is missing or over."""
    if window is None or window.is_over(present):
        return None, None
    return window.percent, window.resets_at


def named(windows: tuple[UsageWindow, ...]) -> Iterator[tuple[str, UsageWindow]]:
    """Yield the windows with a name. Repeated names are numbered."""
    for window in windows:
        if window.name:
            same = [other for other in windows if other.name == window.name]
            before = sum(other.identity < window.identity for other in same)
            yield f"{window.name} ({before + 1})" if before else window.name, window


def saved_resets(usage: Usage, present: datetime) -> tuple[int, datetime | None] | None:
    """Return how many saved resets are left, and when the first expires.

    None means that the account is not eligible, or that it is unknown.
    """
    if usage.saved_resets is None or not usage.saved_resets.is_eligible:
        return None
    grants = [grant for grant in usage.saved_resets.grants if grant.is_valid(present)]
    ends = [grant.ends_at for grant in grants if grant.ends_at]
    return sum(grant.left for grant in grants), min(ends, default=None)


def current_pools(usage: Usage, present: datetime) -> list[CreditPool]:
    """Return the credit pools that have not expired."""
    return [
        pool
        for pool in usage.pools
        if pool.expires_at is None or present < pool.expires_at
    ]


def amount(money: Money | None) -> float | None:
    """Return an amount for JSON."""
    return money.amount if money else None


def money_report(usage: Usage, present: datetime) -> dict[str, Any]:
    """Return the saved resets, the paid usage and the credit pools for templates."""
    resets, spend = saved_resets(usage, present), usage.spend
    pools = {
        pool.label: {
            "spent": amount(pool.spent),
            "limit": amount(pool.limit),
            "remaining": amount(pool.remaining),
            "currency": pool.limit.currency,
            "expires_at": iso(pool.expires_at),
        }
        for pool in current_pools(usage, present)
    }
    money = (spend.spent or spend.limit) if spend else None
    return {
        "saved_resets": resets and resets[0],
        "saved_resets_expire_at": iso(resets[1]) if resets else None,
        "spend": spend
        and {
            "spent": amount(spend.spent),
            "limit": amount(spend.limit),
            "currency": money.currency if money else None,
            "percent": spend.percent if spend.limit else None,
            "enabled": spend.enabled,
            "used_up": spend.is_used_up,
            "disabled_reason": spend.disabled_reason,
        },
        "pools": pools or None,
    }


def report(usage: Usage, plan: str | None, present: datetime) -> dict[str, Any]:
    """Return the output for templates. A missing value is None."""
    percent, reset = reading(usage.session, present)
    week_percent, week_reset = reading(usage.weekly, present)
    models = {}
    for name, window in named(usage.windows):
        model_percent, model_reset = reading(window, present)
        models[name] = {"percent": model_percent, "resets_at": iso(model_reset)}
    return {
        "session_pct": percent,
        "session_used": percent,
        # A limit is 100, because claude.ai sends percentages only.
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
        **money_report(usage, present),
        "plan": plan,
        "fetched_at": present.isoformat(timespec="seconds"),
    }


def spend_state(spend: Spend) -> str:
    """Return why nothing more can be spent, or an empty text."""
    if spend.disabled_reason == "out_of_credits":
        return "out of credits"
    if spend.is_used_up:
        return "used up"
    return "" if spend.enabled else "disabled"


def spent_of(spent: Money | None, limit: Money | None) -> str:
    """Return the spent amount and the limit in words, or an empty text."""
    shown = [
        f"{money.amount:,.{0 if money.amount == int(money.amount) else money.decimals}f}"
        for money in (spent, limit)
        # A limit of zero is none.
        if money and (money is spent or money.amount > 0)
    ]
    if spent is None:
        return ""
    return f"{' of '.join(shown)} {plain(spent.currency or '')}".rstrip() + " spent"


def further_lines(usage: Usage, present: datetime) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of the lines without a bar."""
    spend = usage.spend
    if spend and not usage.all_windows:
        yield "Spend", joined(spent_of(spend.spent, spend.limit), spend_state(spend))
    if resets := saved_resets(usage, present):
        left, expires_at = resets
        yield "Saved resets", joined(f"{left} left", expiry(expires_at))
    for pool in current_pools(usage, present):
        name = plain(pool.label.replace("_", " ").capitalize())
        spent = spent_of(pool.spent, pool.limit)
        yield name, joined(spent, expiry(pool.expires_at))


def expiry(at: datetime | None) -> str:
    """Return the local date of an expiry, or an empty text."""
    return f"expires {at.astimezone().date().isoformat()}" if at else ""


def joined(*parts: str) -> str:
    """Join the texts that are not empty."""
    return "; ".join(filter(None, parts))


def limit_lines(
    usage: Usage, present: datetime
) -> Iterator[tuple[str, UsageWindow, str]]:
    """Yield the name of each limit, the limit, and what stands after its bar."""
    windows = {"Session": usage.session, "Week": usage.weekly}
    known = [(name, window) for name, window in windows.items() if window]
    for name, window in (*known, *named(usage.windows)):
        reset = reading(window, present)[1]
        until = f"resets {day_and_clock(reset)}" if reset else ""
        if reset and window is usage.session:
            until = f"resets in {countdown(reset, present)}, at {clock(reset)}"
        yield plain(name), window, until
    if usage.spend_limit and (spend := usage.spend):
        spent = spent_of(spend.spent, spend.limit)
        yield "Spend", usage.spend_limit, joined(spent, spend_state(spend))


def table(
    usage: Usage, plan: str | None, present: datetime, *, color: bool, blocks: bool
) -> str:
    """Return a table with bars, with the limits that the account has."""
    full, empty = ("█", "░") if blocks else ("#", ".")
    limits = [*limit_lines(usage, present)]
    further = [*further_lines(usage, present)]
    names = [name for name, *_ in limits] + [name for name, _ in further]
    width = max(map(len, names), default=0)
    shown = [plain(f"Claude {plan or ''}").strip(), ""]
    for name, window, text in limits:
        percent, _ = reading(window, present)
        if percent is None:
            shown.append(f"{name:{width}}  has reset, no new value yet")
            continue
        filled = min(20, max(0, round(percent / 5)))
        bar = full * filled + empty * (20 - filled)
        if color:
            tone = 31 if percent >= 85 else 33 if percent >= 60 else 32
            bar = f"\033[{tone}m{bar}\033[0m"
        shown.append(f"{name:{width}}  {bar}  {percent:>5} %  {text}".rstrip())
    shown += [f"{name:{width}}  {text}".rstrip() for name, text in further]
    if not names:
        shown.append("claude.ai shows no limits for this account.")
    return "\n".join(shown)


def read_usage(
    keys: tuple[str, ...], configured: str | None, cache: Path
) -> tuple[Usage, str | None]:
    """Return the usage and the plan with the first session key that claude.ai accepts."""
    *others, last = keys
    for key in others:
        with suppress(InvalidSessionError):
            return read_usage((key,), configured, cache)
    org_id, plan = organization_and_plan(last, configured, cache)
    return get_usage(last, org_id), plan


def main() -> None:
    """Run the command line."""
    description, _, epilog = (__doc__ or "").partition("\n\n")
    parser = CommandLine(
        prog="claude_usage.py",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path(__file__).resolve().with_name("claude_config.json")
    parser.add_argument("--config", type=Path, default=default, metavar="FILE")
    parser.add_argument("--human", action="store_true", help="print a table with bars")
    parser.add_argument(
        "--environment-proxy",
        action="store_true",
        help="use the proxy of HTTPS_PROXY or of the system",
    )
    arguments = parser.parse_args()
    if arguments.environment_proxy:
        PROXIES.update(getproxies())
    cache = arguments.config.parent / "claude_usage_cache.json"
    try:
        keys, configured = read_config(arguments.config)
        usage, plan = read_usage(keys, configured, cache)
    except ConfigurationError as err:
        fail(CONFIGURATION, str(err))
    except ClaudeAiError as err:
        kind = next(kind for kind in type(err).__mro__ if kind in OUTCOMES)
        status, advice = OUTCOMES[kind]
        if status in (EXPIRED_KEY, WRONG_ORGANIZATION):
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
            f"other users can read {arguments.config} and your session key: run "
            "chmod 600 on it"
        )


if __name__ == "__main__":
    main()
