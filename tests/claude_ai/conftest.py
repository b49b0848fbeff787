"""A server that answers as a test wishes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.claude_pulse.claude_ai import client
from custom_components.claude_pulse.claude_ai.client import ClaudeAiClient

KEY = "sk-ant-sid01-".ljust(60, "x")
ORG_ID = "1a2b3c4d-0000-4000-8000-123456789abc"


@asynccontextmanager
async def open_session() -> AsyncGenerator[ClientSession]:
    """Return a session as the client asks for."""
    async with ClientSession(
        auto_decompress=False, cookie_jar=DummyCookieJar()
    ) as session:
        yield session


@asynccontextmanager
async def open_client(session_key: str) -> AsyncGenerator[ClaudeAiClient]:
    """Return a client with a session of its own."""
    async with open_session() as session:
        yield ClaudeAiClient(session, session_key)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> AsyncGenerator[Serve, None]:
    """Return what starts a server, points the client at it, and returns its URL."""
    async with AsyncExitStack() as stack:

        async def start(answer: Answer) -> str:
            app = web.Application()
            app.router.add_get("/{path:.*}", answer)
            server = await stack.enter_async_context(TestServer(app))
            url = str(server.make_url("")).rstrip("/")
            monkeypatch.setattr(client, "BASE_URL", url)
            return url

        yield start
