"""A client, and a server with the answers of a test."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
import json
from ssl import SSLContext
from typing import Any, NamedTuple

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module
from custom_components.claude_pulse.claude_ai.client import ClaudeAiClient
from tests.simulator import Simulator
from tests.simulator.world import Account, Seat

from . import KEY


class Served(NamedTuple):
    """The URL of a server, and the requests that it received."""

    url: str
    requests: list[web.Request]


Serve = Callable[..., Awaitable[Served]]


def new_session() -> ClientSession:
    """Return a session that meets the requirements of the client."""
    return ClientSession(auto_decompress=False, cookie_jar=DummyCookieJar())


@asynccontextmanager
async def open_client(session_key: str) -> AsyncGenerator[ClaudeAiClient]:
    """Return a client with its own session."""
    async with new_session() as session:
        yield ClaudeAiClient(session, session_key)


@pytest.fixture
async def session() -> AsyncGenerator[ClientSession]:
    """Return a session for requests without a client."""
    async with new_session() as session:
        yield session


@pytest.fixture
def client(session: ClientSession) -> ClaudeAiClient:
    """Return a client with a valid session key."""
    return ClaudeAiClient(session, KEY)


class Ada(NamedTuple):
    """A client with the session key of the simulator's account ada."""

    client: ClaudeAiClient
    simulator: Simulator
    account: Account

    @property
    def seat(self) -> Seat:
        """Return the seat with usage."""
        return self.account.seats[-1]

    @property
    def org_id(self) -> str:
        """Return the ID of the organization with usage."""
        return self.seat.organization.uuid


@pytest.fixture
def ada(simulator: Simulator, client: ClaudeAiClient) -> Ada:
    """Return a client of the simulator."""
    account = simulator.world.accounts["ada"]
    client.session_key = account.session_key
    return Ada(client, simulator, account)


@pytest.fixture
async def serve(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> AsyncGenerator[Serve]:
    """Return a function that starts a server and sets the client's base URL to it.

    The server sends a body (JSON unless it is text or bytes), or calls a handler.
    """
    async with AsyncExitStack() as stack:

        async def start(
            answer: Any, *, ssl: SSLContext | None = None, **options: Any
        ) -> Served:
            requests: list[web.Request] = []

            async def handle(request: web.Request) -> web.StreamResponse:
                requests.append(request)
                if callable(answer):
                    return await answer(request)
                is_raw = isinstance(answer, (bytes, str))
                body = answer if is_raw else json.dumps(answer)
                return web.Response(body=body, **options)

            app = web.Application()
            app.router.add_get("/{path:.*}", handle)
            server = TestServer(app, scheme="https" if ssl else "http")
            await server.start_server(ssl=ssl)
            stack.push_async_callback(server.close)
            url = str(server.make_url("")).rstrip("/")
            monkeypatch.setattr(client_module, "BASE_URL", url)
            return Served(url, requests)

        yield start
