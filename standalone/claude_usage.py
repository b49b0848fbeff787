#!/usr/bin/env python3
"""Print the usage limits of a claude.ai subscription, as JSON or for a person.

Needs Python 3.9 or later and nothing else. Put your session key into
claude_config.json beside this file:

    {"session_key": "sk-ant-sid...", "org_id": ""}

The session key is the value of the cookie "sessionKey" of https://claude.ai in
your browser. "org_id" can be left out: then the first organization that has
usage is shown. The key is sent to claude.ai only, and never printed.

Exit status: 0 all is well, 2 configuration, 3 the session key has ended,
4 the organization cannot be read, 5 blocked, limited or unreachable (try
later). Unless it is 0, nothing is printed but one line on stderr.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import datetime, timezone
import hashlib
from http.client import HTTPException
import json
import math
import os
from pathlib import Path
import re
import stat
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import HTTPErrorProcessor, Request, build_opener
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_URL = "https://claude.ai"
HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    # A browser's own words: anything else is challenged by Cloudflare.
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    "anthropic-client-platform": "web_claude_ai",
}
TIMEOUT = 15
MAX_BODY = 1024 * 1024
# Before a dead key is asked about once more.
CONFIRM_PAUSE = 2
# The plan and the organization do not change from one call to the next.
CACHE_SECONDS = 6 * 60 * 60

CONFIGURATION, DEAD_KEY, WRONG_ORGANIZATION, TRY_LATER = 2, 3, 4, 5

WEEKDAYS = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
]


class UsageError(Exception):
    """What keeps the usage from being shown, and the exit status that says so."""

    def __init__(self, status: int, message: str) -> None:
        """Remember the status; the message says what to do."""
        super().__init__(message)
        self.status = status


class DeadKeyError(UsageError):
    """claude.ai has refused the session key."""

    def __init__(self) -> None:
        """Say where a new one comes from."""
        super().__init__(
            DEAD_KEY,
            "claude.ai no longer accepts the session key: log in to claude.ai and "
            "put the new value of the cookie sessionKey into the configuration",
        )


class WrongOrganizationError(UsageError):
    """claude.ai does not show the organization to this key."""

    def __init__(self) -> None:
        """Say what to check."""
        super().__init__(
            WRONG_ORGANIZATION,
            "the session key cannot read this organization: correct org_id in the "
            "configuration, or leave it out",
        )


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(timezone.utc)


# --- Configuration


def read_config(path: Path) -> tuple[str, str | None]:
    """Return the session key and the organization ID of the configuration."""
    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            warn(f"others can read {path}: chmod 600 keeps your session key to you")
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as err:
        raise UsageError(
            CONFIGURATION, f"{path} cannot be read: {err.strerror}"
        ) from None
    except ValueError:
        raise UsageError(CONFIGURATION, f"{path} is not valid JSON") from None
    if not isinstance(config, dict):
        raise UsageError(CONFIGURATION, f'{path} must hold {{"session_key": "..."}}')
    key, org_id = config.get("session_key"), config.get("org_id")
    return session_key(key, path), organization_id(org_id, path)


def session_key(value: Any, path: Path) -> str:
    """Take the session key out of what was pasted."""
    pasted = unquote(value) if isinstance(value, str) else ""
    key = re.compile(r"sk-ant-sid[A-Za-z0-9_-]{30,}")
    for candidate in (*re.findall(r"sessionKey=([^;]*)", pasted), pasted):
        compact = re.sub(r"[\s\u200b-\u200f\u2060\ufeff]+", "", candidate)
        if match := key.fullmatch(compact.strip("\"'`“”„‘’;,")):
            return match[0]
    if match := key.search(pasted):
        return match[0]
    kinds = {"sk-ant-api": "an API key", "sk-ant-oat": "an OAuth token"}
    what = next((kinds[start] for start in kinds if start in pasted), "no session key")
    raise UsageError(
        CONFIGURATION,
        f"session_key in {path} is {what}: copy the value of the cookie sessionKey "
        "of claude.ai, it starts with sk-ant-sid",
    )


def organization_id(value: Any, path: Path) -> str | None:
    """Take the organization's UUID out of what was pasted; None for nothing."""
    if value is None or value == "":
        return None
    digits = "[0-9a-f]"
    uuid = f"{digits}{{8}}-?{digits}{{4}}-?{digits}{{4}}-?{digits}{{4}}-?{digits}{{12}}"
    pasted = str(value).lower()
    for pattern in (f"organizations/({uuid})", f"(?<!{digits})({uuid})(?!{digits})"):
        if match := re.search(pattern, pasted):
            return str(UUID(match[1]))
    message = f"org_id in {path} is not an organization ID: correct it, or leave it out"
    raise UsageError(CONFIGURATION, message)


# --- claude.ai


class Answers(HTTPErrorProcessor):
    """Hand out every answer as it is: a redirect would carry the cookie along."""

    def http_response(self, request: Any, response: Any) -> Any:
        """Return the answer."""
        return response

    https_response = http_response


def get(key: str, *path: str, root: type = dict) -> Any:
    """Ask claude.ai once, and return the JSON body of a good answer."""
    url = "/".join((BASE_URL, "api", *(quote(part, safe="") for part in path)))
    headers = {**HEADERS, "Cookie": f"sessionKey={key}"}
    request = Request(url, headers=headers)  # noqa: S310
    try:
        with build_opener(Answers).open(request, timeout=TIMEOUT) as response:
            answer = read(response)
    except (HTTPException, OSError, ValueError) as err:
        raise unreachable(type(err).__name__) from None
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        body = None
    check(url, response.status, response.headers, answer, body)
    if not isinstance(body, root):
        raise unreachable("unexpected answer")
    return body


def read(response: Any) -> str:
    """Read a body, but not for ever."""
    body, end = b"", time.monotonic() + TIMEOUT
    while chunk := response.read1(65536):
        body += chunk
        if len(body) > MAX_BODY or time.monotonic() > end:
            raise unreachable("answer too large or too slow")
    return body.decode("utf-8-sig", errors="replace")


def refused() -> UsageError:
    """Return the problem of a refusal that means neither key nor organization."""
    return UsageError(TRY_LATER, "claude.ai refused the request without saying why")


def unreachable(detail: str) -> UsageError:
    """Return the problem of an answer that says nothing."""
    return UsageError(
        TRY_LATER,
        f"claude.ai cannot be reached or does not answer properly ({detail})",
    )


def check(url: str, status: int, headers: Any, answer: str, body: Any) -> None:
    """Raise what an answer means, unless it is a good one. The order matters."""
    location = headers.get("Location", "")
    blocked = UsageError(
        TRY_LATER,
        "Cloudflare or a log-in page of your network answered instead of claude.ai; "
        "your session key is fine, try again later",
    )
    region = UsageError(
        TRY_LATER, "claude.ai is not available in the region of this network"
    )
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    message = str(error.get("message", ""))
    if "cf-mitigated" in headers:
        raise blocked
    if "app-unavailable-in-region" in location:
        raise region
    if answer.lstrip().startswith("<"):
        raise blocked
    if code == "account_session_invalid" or (status == 401 and body is not None):
        raise DeadKeyError
    if status == 404 or (status == 403 and "authorization for organization" in message):
        raise WrongOrganizationError
    if status == 400:
        raise UsageError(WRONG_ORGANIZATION, str(WrongOrganizationError()))
    if status == 451:
        raise region
    if 300 <= status < 400:
        try:
            target = urlsplit(urljoin(url, location))
        except ValueError:
            raise unreachable(f"HTTP status {status}") from None
        if target[:2] != urlsplit(url)[:2]:
            raise blocked
        if target.path.startswith("/login"):
            raise DeadKeyError
    if status == 429:
        raise UsageError(TRY_LATER, "claude.ai asks for fewer requests: ask less often")
    if status == 403 and body is not None:
        raise refused()
    if status != 200 or message:
        raise unreachable(f"HTTP status {status}")


def get_confirmed(key: str, *path: str, root: type = dict) -> Any:
    """Ask, and ask again before a key is called dead or an organization wrong."""
    try:
        return get(key, *path, root=root)
    except DeadKeyError:
        time.sleep(CONFIRM_PAUSE)
        return get(key, *path, root=root)
    except WrongOrganizationError:
        # A dead key is refused here as well, and then that is the reason.
        for item in get(key, "organizations", root=list):
            if has_usage(item) and item["uuid"].lower() in path:
                raise refused() from None
        raise


def has_usage(item: Any) -> bool:
    """Tell whether an item of the list is an organization with more than API access."""
    if not isinstance(item, dict) or not isinstance(item.get("uuid"), str):
        return False
    return not capabilities(item) or "chat" in capabilities(item)


def find_organization(key: str) -> dict[str, Any]:
    """Return the first organization that has usage; API-only ones have none."""
    for item in get_confirmed(key, "organizations", root=list):
        if has_usage(item):
            found: dict[str, Any] = item
            return found
    raise UsageError(
        WRONG_ORGANIZATION,
        "this account has no organization with claude.ai usage, only API access",
    )


def organization_and_plan(
    key: str, org_id: str | None, cache: Path
) -> tuple[str, str | None]:
    """Return the organization to ask about and its plan, from the cache if it is fresh."""
    about = hashlib.sha256(f"{key} {org_id}".encode()).hexdigest()
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
        age = now().timestamp() - known["time"]
        if known["about"] == about and 0 <= age < CACHE_SECONDS:
            return known["org_id"], known["plan"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if org_id is None:
        organization = find_organization(key)
        found = organization["uuid"]
    else:
        found = org_id
        try:
            organization = get(key, "organizations", org_id)
        except UsageError:
            # The usage tells what is wrong; without a plan it is still the usage.
            return found, None
    known = {"about": about, "org_id": found, "plan": plan(organization)}
    with suppress(OSError):
        cache.touch(mode=0o600)
        cache.write_text(json.dumps({**known, "time": now().timestamp()}))
    return found, known["plan"]


# --- What the answers say


def capabilities(organization: dict[str, Any]) -> list[Any]:
    """Return what an organization can do."""
    listed = organization.get("capabilities")
    return listed if isinstance(listed, list) else []


def plan(organization: dict[str, Any]) -> str | None:
    """Name the plan; the order matters, and the tier alone misleads."""
    can = capabilities(organization)
    tier = text(organization.get("rate_limit_tier")) or ""
    raven = text(organization.get("raven_type"))
    zero = tier in ("default_claude_zero", "default_raven_enterprise")
    if raven == "enterprise" or "raven_enterprise" in can or zero:
        return "Enterprise"
    if raven or "raven" in can or tier.startswith("default_raven"):
        return "Team"
    if "claude_max" in can:
        multiplier = re.search(r"_(\d+x)$", tier)
        return f"Max {multiplier[1]}" if multiplier else "Max"
    if "claude_pro" in can:
        return "Pro"
    name = text(organization.get("plan_display_name"))
    return name or ("Free" if "chat" in can else None)


def windows(body: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all limits by kind and name: the rows, and named members without a row."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key, window in rows(body.get("limits")):
        found.setdefault(key, window)
    for key, window in named(body):
        row = found.setdefault(key, window)
        difference = abs(window["percent"] - row["percent"])
        # Elsewhere than in the decimals, which a row may lack, the two agree.
        if isinstance(row["percent"], int) and 0 < difference < 1:
            row["percent"] = window["percent"]
    return found


def rows(limits: Any) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Read the modern form."""
    for row in limits if isinstance(limits, list) else []:
        if not isinstance(row, dict) or not text(row.get("kind")):
            continue
        kind = text(row["kind"]) or ""
        name = "" if kind in ("session", "weekly_all") else scope(row.get("scope"))
        if name.casefold() == "all models":
            kind, name = "weekly_all", ""
        if (percent := rounded(row.get("percent"))) is not None:
            resets_at = moment(row.get("resets_at"))
            window = {"name": name, "percent": percent, "resets_at": resets_at}
            yield (kind, name.casefold()), window


def named(body: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Read the older form."""
    prefix = "seven_day_"
    for key, value in body.items():
        if not isinstance(value, dict):
            continue
        if key in ("five_hour", "seven_day"):
            kind, name = ("session" if key == "five_hour" else "weekly_all"), ""
        elif key.startswith(prefix):
            kind = "weekly_scoped"
            name = key[len(prefix) :].replace("_", " ").capitalize()
        else:
            continue
        if (percent := rounded(value.get("utilization"))) is not None:
            resets_at = moment(value.get("resets_at"))
            window = {"name": name, "percent": percent, "resets_at": resets_at}
            yield (kind, name.casefold()), window


def scope(value: Any) -> str:
    """Name the model or surface that a row is about."""
    if not isinstance(value, dict):
        return text(value) or ""
    for part in (value.get("model"), value.get("surface")):
        name = text(part.get("display_name") if isinstance(part, dict) else part)
        if name:
            return name
    return ""


def text(value: Any) -> str | None:
    """Return a text with something in it, or None."""
    return value.strip() or None if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Return a finite number; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < 1e15 else None


def rounded(value: Any) -> float | None:
    """Return a percentage as a person reads it: whole, or with one decimal."""
    percent = number(value)
    if percent is None:
        return None
    percent = round(float(percent), 1)
    return int(percent) if percent.is_integer() else percent


def moment(value: Any) -> datetime | None:
    """Read a time, ISO 8601 or epoch, and round it to the minute: claude.ai's jitter."""
    if isinstance(value, str):
        # datetime.fromisoformat reads neither "Z" nor all fractions before Python 3.11.
        match = re.fullmatch(
            r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(\.\d+)?"
            r"(?:Z|([+-]\d\d):?(\d\d)?)?",
            value.strip(),
        )
        if match is None:
            return None
        zone = f"{match[3]}:{match[4] or '00'}" if match[3] else "+00:00"
        try:
            seconds = datetime.fromisoformat(match[1] + zone).timestamp()
        except ValueError:
            return None
        seconds += float(match[2] or 0)
    else:
        count = number(value)
        if count is None:
            return None
        seconds = count / 1000 if count > 1e10 else count
    if not 0 < seconds < 1e10:
        return None
    return datetime.fromtimestamp(round(seconds / 60) * 60, timezone.utc)


def clock(at: datetime | None) -> str | None:
    """Return the local time, such as 03:45 AM."""
    if at is None:
        return None
    local = at.astimezone()
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12:02}:{local.minute:02} {half}"


def weekday(at: datetime | None) -> str | None:
    """Return the local day, such as Friday."""
    return WEEKDAYS[at.astimezone().weekday()] if at else None


def countdown(at: datetime | None) -> str | None:
    """Return the time that is left, such as 2h 30m."""
    if at is None:
        return None
    left = max(0, math.ceil((at - now()).total_seconds() / 60))
    hours, minutes = divmod(left, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def iso(at: datetime | None) -> str | None:
    """Return a time for a program."""
    return at.isoformat() if at else None


def report(body: dict[str, Any], plan_name: str | None) -> dict[str, Any]:
    """Return all values under the names that templates use; what is not told is None."""
    found = windows(body)
    nothing = {"percent": None, "resets_at": None}
    session = found.pop(("session", ""), nothing)
    weekly = found.pop(("weekly_all", ""), nothing)
    resets, week = session["resets_at"], weekly["resets_at"]
    return {
        "session_pct": session["percent"],
        "session_used": session["percent"],
        "session_limit": None if session["percent"] is None else 100,
        "session_reset_time": clock(resets),
        "session_reset_countdown": countdown(resets),
        "session_resets_at": iso(resets),
        "weekly_pct": weekly["percent"],
        "weekly_reset": f"{weekday(week)} @ {clock(week)}" if week else None,
        "weekly_reset_date": week.astimezone().date().isoformat() if week else None,
        "weekly_reset_time": clock(week),
        "weekly_reset_weekday": weekday(week),
        "weekly_resets_at": iso(week),
        "models": {
            window["name"]: {
                "percent": window["percent"],
                "resets_at": iso(window["resets_at"]),
            }
            for window in found.values()
            if window["name"]
        },
        "plan": plan_name,
        "fetched_at": now().isoformat(timespec="seconds"),
    }


# --- What is printed


def table(values: dict[str, Any], color: bool, blocks: bool) -> str:
    """Return a table with bars for a person."""
    full, empty = ("█", "░") if blocks else ("#", ".")
    left = values["session_reset_countdown"]
    session = f"resets in {left}, at {values['session_reset_time']}" if left else ""
    week = f"resets {values['weekly_reset']}" if values["weekly_reset"] else ""
    lines = [
        ("Session", values["session_pct"], session),
        ("Week", values["weekly_pct"], week),
    ]
    for name, model in values["models"].items():
        at = moment(model["resets_at"])
        reset = f"resets {weekday(at)} @ {clock(at)}" if at else ""
        lines.append((name, model["percent"], reset))
    width = max(len(name) for name, _, _ in lines)
    shown = [f"Claude {values['plan'] or ''}".strip(), ""]
    for name, percent, reset in lines:
        if percent is None:
            shown.append(f"{name:{width}}  no such limit")
            continue
        filled = min(20, max(0, round(percent / 5)))
        bar = full * filled + empty * (20 - filled)
        if color:
            tone = 31 if percent >= 85 else 33 if percent >= 60 else 32
            bar = f"\033[{tone}m{bar}\033[0m"
        shown.append(f"{name:{width}}  {bar}  {percent:>5} %  {reset}".rstrip())
    return "\n".join(shown)


def warn(message: str) -> None:
    """Say something beside the output."""
    print(f"claude_usage: {message}", file=sys.stderr)


def main() -> None:
    """Read the command line, ask, and print."""
    introduction, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=introduction,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path(__file__).resolve().with_name("claude_config.json")
    parser.add_argument("--config", type=Path, default=default, metavar="FILE")
    parser.add_argument("--human", action="store_true", help="a table with bars")
    arguments = parser.parse_args()
    cache = arguments.config.with_name("claude_usage_cache.json")
    try:
        key, configured = read_config(arguments.config)
        org_id, plan_name = organization_and_plan(key, configured, cache)
        body = get_confirmed(key, "organizations", org_id, "usage")
        values = report(body, plan_name)
    except UsageError as problem:
        if problem.status in (DEAD_KEY, WRONG_ORGANIZATION):
            with suppress(OSError):
                cache.unlink()
        warn(str(problem))
        sys.exit(problem.status)
    if arguments.human:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        blocks = "utf" in (sys.stdout.encoding or "").lower()
        print(table(values, color, blocks))
    else:
        print(json.dumps(values))


if __name__ == "__main__":
    main()
