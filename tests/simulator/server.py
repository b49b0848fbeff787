"""The HTTP server of the simulator: the endpoints of claude.ai, and its own control."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import random
from typing import Any, cast
from uuid import UUID

from aiohttp import web

from .faults import (
    ALL_FAULTS,
    FAULTS,
    NOT_FOUND,
    ORGANIZATION_REFUSED,
    SESSION_INVALID,
    Fault,
    error_body,
)
from .world import Account, Seat, World, amount, jitter, make_world

CONTROL = "/_simulator"
STATUS = "/api/v2/status.json"

# The headers of a browser. A request with other headers is challenged.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://claude.ai/settings/usage",
    "anthropic-client-platform": "web_claude_ai",
}
_OTHER_HEADERS = {"host", "cookie", "user-agent", "accept-encoding", "connection"}


@dataclass(frozen=True)
class Request:
    """A received request."""

    path: str
    session_key: str | None
    time: datetime
    query: str = ""


class Simulator:
    """A server that behaves like claude.ai."""

    def __init__(self) -> None:
        """Initialize the accounts, without faults."""
        self.advance = timedelta()
        self.restart()
        self.requests: list[Request] = []
        # The status page: its indicator, its fault and the headers of its requests.
        self.indicator = "none"
        self.status_fault: str | None = None
        self.status_requests: list[dict[str, str]] = []
        # The faults by account. The key None is for all accounts.
        self.faults: dict[str | None, Fault] = {}
        # The fault of the list of organizations.
        self.list_fault: str | None = None
        # The fault of the account.
        self.account_fault: Fault | None = None
        # Whether the endpoints for account and organization are missing.
        self.silent_account = False
        self.silent_organization = False
        # Whether the connection is closed after each answer.
        self.closes = False
        # Called when a slow answer starts, for example to move a frozen clock.
        self.on_slow_answer: Callable[[], object] = lambda: None
        # Awaited before a request is answered.
        self.on_request: Callable[[Request], Awaitable[object]] = _answer_at_once
        self._random = random.Random(19)
        self._port = 0
        self._runner: web.AppRunner | None = None
        self.url = ""

    def restart(self) -> None:
        """Create the accounts again, at the current time."""
        self.world: World = make_world(self.now)

    @property
    def now(self) -> datetime:
        """Return the simulator's time, which can be ahead of the clock."""
        return datetime.now(UTC) + self.advance

    @property
    def listening(self) -> bool:
        """Return whether the server is running."""
        return self._runner is not None

    @property
    def connections(self) -> int:
        """Return the number of open connections."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    @property
    def status_url(self) -> str:
        """Return the URL of the status page."""
        return self.url + STATUS

    async def start(self, port: int = 0) -> None:
        """Listen on a port of loopback. The default is the last port, or any free one."""
        app = web.Application(middlewares=[self._intercept])
        app.add_routes(
            [
                web.get("/api/account", self._account),
                web.get("/api/organizations", self._organizations),
                web.get("/api/organizations/{org_id}", self._organization),
                web.get("/api/organizations/{org_id}/usage", self._usage),
                web.get("/api/organizations/{org_id}/prepaid/credits", self._prepaid),
                web.get(STATUS, self._status),
                web.get(CONTROL, self._show),
                web.post(CONTROL + "/status/{indicator}", self._set_status),
                web.post(CONTROL + "/fault/{fault}", self._set_fault),
                web.delete(CONTROL + "/fault", self._clear_faults),
                web.post(CONTROL + "/accounts/{account}/{action}", self._change),
                web.put(CONTROL + "/accounts/{account}/usage", self._set_usage),
                web.post(CONTROL + "/advance", self._advance),
            ]
        )
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self._port)
        await site.start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{self._port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def set_fault(
        self,
        name: str,
        account: str | None = None,
        *,
        retry_after: str | None = None,
    ) -> None:
        """Set a fault for one account or for all."""
        fault = ALL_FAULTS[name]
        if retry_after is not None:
            fault = replace(fault, headers={"Retry-After": retry_after})
        self.faults[account] = fault

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    @web.middleware
    async def _intercept(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Store a request, check its headers and key, and apply the faults."""
        if request.path.startswith((CONTROL, STATUS)):
            return await handler(request)
        key = _session_key(request)
        self.requests.append(Request(request.path, key, self.now, request.query_string))
        await self.on_request(self.requests[-1])
        if not _like_a_browser(request):
            return await FAULTS["challenge"](request)
        account = self.world.by_key(key) if key else None
        fault = self.fault_of(account)
        if fault and _has(request, fault):
            if fault.slow:
                self.on_slow_answer()
            return await fault(request)
        if account is None:
            return web.json_response(SESSION_INVALID, status=403)
        request["account"] = account
        response = await handler(request)
        # A cookie renews the lifetime of the key. Cloudflare sets another cookie.
        lasting = f"{account.session_key}; Max-Age={28 * 86400}; Path=/; HttpOnly"
        cookie = f"sessionKey={account.cookie or lasting}"
        response.headers.add("Set-Cookie", cookie)
        response.headers.add("Set-Cookie", f"__cf_bm={self._random.random()}; Path=/")
        response.enable_compression()
        if self.closes:
            response.force_close()
        return response

    def fault_of(self, account: Account | None) -> Fault | None:
        """Return the fault of an account, or None."""
        name = account.name if account else None
        return self.faults.get(name) or self.faults.get(None)

    async def _account(self, request: web.Request) -> web.StreamResponse:
        """Send the account."""
        if self.account_fault:
            return await self.account_fault(request)
        if self.silent_account:
            return web.json_response(NOT_FOUND, status=404)
        return web.json_response(_of(request).body())

    async def _organizations(self, request: web.Request) -> web.StreamResponse:
        """Send the organizations of the account."""
        if self.list_fault:
            return await FAULTS[self.list_fault](request)
        organizations = [seat.organization for seat in _of(request).seats]
        if (fault := self.fault_of(_of(request))) and fault.unlisted:
            organizations = [item for item in organizations if not item.has_usage]
        return web.json_response([item.body() for item in organizations])

    async def _organization(self, request: web.Request) -> web.Response:
        """Send one organization."""
        seat = self._seat(request)
        if self.silent_organization:
            return web.json_response(NOT_FOUND, status=404)
        if isinstance(seat, web.Response):
            return seat
        return web.json_response(seat.organization.body())

    async def _usage(self, request: web.Request) -> web.Response:
        """Send the usage of a seat."""
        seat = self._seat(request)
        if isinstance(seat, web.Response):
            return seat
        if not seat.organization.has_usage:
            return web.json_response(ORGANIZATION_REFUSED, status=403)
        body = seat.body(self.now, lambda: jitter(self._random))
        if not _asks_for_resets(request) and isinstance(body, dict):
            body = {**body, "cedar_ember": None}
        return web.json_response(body)

    async def _prepaid(self, request: web.Request) -> web.Response:
        """Send the prepaid balance."""
        seat = self._seat(request)
        if isinstance(seat, web.Response):
            return seat
        if seat.prepaid_cents is None:
            return web.json_response(NOT_FOUND, status=404)
        balance = {
            "credits": None,
            "money": amount(seat.prepaid_cents, seat.currency),
        }
        return web.json_response(
            {
                "amount": seat.prepaid_cents,
                "balance": balance,
                "currency": seat.currency,
            }
        )

    def _seat(self, request: web.Request) -> Seat | web.Response:
        """Return the seat of a request, or the refusal."""
        org_id = request.match_info["org_id"]
        if seat := _of(request).seat(org_id):
            return seat
        try:
            UUID(org_id)
        except ValueError:
            body = error_body("invalid_request_error", "Input should be a valid UUID")
            return web.json_response(body, status=400)
        if self.world.has_organization(org_id):
            return web.json_response(ORGANIZATION_REFUSED, status=403)
        return web.json_response(NOT_FOUND, status=404)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        """Send the status page."""
        self.status_requests.append(dict(request.headers))
        if self.status_fault:
            return await FAULTS[self.status_fault](request)
        status = {"indicator": self.indicator, "description": "As it is"}
        return web.json_response({"page": {"name": "Claude"}, "status": status})

    async def _set_status(self, request: web.Request) -> web.Response:
        """Set the indicator of the status page."""
        self.indicator = request.match_info["indicator"]
        return web.json_response({"indicator": self.indicator})

    async def _show(self, _: web.Request) -> web.Response:
        """Send the accounts with their keys, the faults and the number of requests."""
        accounts = self.world.accounts.values()
        return web.json_response(
            {
                "accounts": {account.name: account.summary() for account in accounts},
                "faults": {name: fault.row for name, fault in ALL_FAULTS.items()},
                "requests": len(self.requests),
                "time": self.now.isoformat(),
            }
        )

    async def _set_fault(self, request: web.Request) -> web.Response:
        """Set a fault: `?account=` for one account, `?retry_after=` for a 429."""
        name = request.match_info["fault"]
        if name not in ALL_FAULTS:
            return web.json_response({"faults": list(ALL_FAULTS)}, status=404)
        query = request.query
        self.set_fault(name, query.get("account"), retry_after=query.get("retry_after"))
        return web.json_response({"fault": name})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        """Remove all faults."""
        self.clear_faults()
        return web.json_response({"fault": None})

    async def _change(self, request: web.Request) -> web.Response:
        """Log an account out or in, renew its key (`?refused=1`: invalid), or move it."""
        account = self._named(request)
        match request.match_info["action"]:
            case "log-out":
                account.log_out()
            case "log-in":
                account.log_in()
            case "renew":
                account.renew()
                if "refused" in request.query:
                    account.refuse_new_key()
            case "move":
                account.move()
            case _:
                raise web.HTTPNotFound(text="actions: log-out, log-in, renew, move\n")
        return web.json_response(account.summary())

    async def _set_usage(self, request: web.Request) -> web.Response:
        """Serve a fixed usage body for an account. `null` removes it."""
        body: Any = await request.json()
        for seat in self._named(request).seats:
            seat.fixed_body = body
        return web.json_response({"usage": body})

    async def _advance(self, request: web.Request) -> web.Response:
        """Move the simulator's time forward by `?hours=`."""
        self.advance += timedelta(hours=float(request.query["hours"]))
        return web.json_response({"time": self.now.isoformat()})

    def _named(self, request: web.Request) -> Account:
        """Return the account in the URL of a control request."""
        if account := self.world.accounts.get(request.match_info["account"]):
            return account
        raise web.HTTPNotFound(text=f"accounts: {', '.join(self.world.accounts)}\n")


async def _answer_at_once(_: Request) -> None:
    """Answer without waiting."""


def _of(request: web.Request) -> Account:
    """Return the account of a request's session key."""
    return cast("Account", request["account"])


def _asks_for_resets(request: web.Request) -> bool:
    """Return whether a request asks for the saved resets."""
    return request.query.get("cedar_ember") == "1"


def _has(request: web.Request, fault: Fault) -> bool:
    """Return whether a request has a fault."""
    return (not fault.organization_only or "org_id" in request.match_info) and (
        not fault.saved_resets_only or _asks_for_resets(request)
    )


def _session_key(request: web.Request) -> str | None:
    """Return the session key of a request's cookie."""
    name, _, key = request.headers.get("Cookie", "").partition("=")
    return key if name == "sessionKey" else None


def _like_a_browser(request: web.Request) -> bool:
    """Return whether the headers are exactly those of the usage page."""
    names = {name.lower() for name in request.headers}
    return (
        all(request.headers.get(name) == value for name, value in _HEADERS.items())
        and names <= _OTHER_HEADERS | {name.lower() for name in _HEADERS}
        and "Chrome/" in request.headers.get("User-Agent", "")
    )
