"""A threaded server that sends raw responses."""

from __future__ import annotations

from contextlib import suppress
import json
import socket
from threading import Thread

ORG_ID = "6f7f2d4e-0000-4000-8000-000000000001"
ORGANIZATION = {
    "uuid": ORG_ID,
    "name": "Fuzz",
    "capabilities": ["chat", "claude_pro"],
}


def good(body: object) -> bytes:
    """Return a good answer with a JSON body."""
    text = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


class Server:
    """Answers `/usage` with `usage`, and other paths with `others` or a valid response."""

    def __init__(self) -> None:
        """Listen on a loopback port."""
        self.usage = good({})
        self.others: bytes | None = None
        self.organizations: object = [ORGANIZATION]
        # Requests for `/usage` so far.
        self.polls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Stop the server."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        """Answer one request after the other."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        """Read a request, and answer it."""
        with connection, suppress(OSError):
            connection.settimeout(20)
            request = b""
            while b"\r\n\r\n" not in request:
                if not (more := connection.recv(65536)):
                    return
                request += more
            path = request.split(b" ", 2)[1].decode()
            connection.sendall(self._find(path))

    def _find(self, path: str) -> bytes:
        """Return the response for a path."""
        if path.split("?", maxsplit=1)[0].endswith("/usage"):
            self.polls += 1
            return self.usage
        if self.others is not None:
            return self.others
        if path.endswith("/organizations"):
            return good(self.organizations)
        if path.endswith("/account"):
            return good({"uuid": "6f7f2d4e-0000-4000-8000-000000000002"})
        if path.endswith("/credits"):
            return good({"amount": 500, "currency": "EUR"})
        return good(ORGANIZATION)
