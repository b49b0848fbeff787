"""A running Home Assistant with Claude Pulse, which polls the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
import re
import socket
import subprocess
import time
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

ROOT = Path(__file__).parents[2]
# The account of the demo.
ACCOUNT = "ada"
OLDEST = "2024.1.2"
NEWEST = "2026.11.0"
# The time zone of Home Assistant and of the browser.
TIME_ZONE = "Europe/Berlin"

Tokens = dict[str, Any]

# Without a proxy.
OPENER = build_opener(ProxyHandler({}))


def ask(url: str, *, method: str = "GET", data: bytes | None = None) -> Any:
    """Send a request, and return the response. A body that begins with { is JSON."""
    kind = (
        "json" if data and data.startswith((b"{", b"null")) else "x-www-form-urlencoded"
    )
    headers = {"Content-Type": f"application/{kind}"}
    request = Request(url, data=data, headers=headers, method=method)
    with OPENER.open(request, timeout=20) as response:
        return json.load(response)


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Simulator:
    """The control of a simulator in another process."""

    url: str

    def post(self, path: str) -> Any:
        """Post to the control."""
        return ask(f"{self.url}/{path}", method="POST")

    def clear_faults(self) -> None:
        """End all faults."""
        ask(f"{self.url}/fault", method="DELETE")

    def serve_usage(self, body: dict[str, Any] | None) -> None:
        """Serve a body as the usage, or with None the meters."""
        url = f"{self.url}/accounts/{ACCOUNT}/usage"
        ask(url, method="PUT", data=json.dumps(body).encode())


@dataclass
class HomeAssistant:
    """A running instance and its login."""

    version: str
    url: str
    simulator: Simulator
    config: Path
    tokens: Tokens = field(default_factory=dict)

    @property
    def is_newest(self) -> bool:
        """Return whether it is the newest version."""
        return self.version == NEWEST

    def log_in(self, name: str, password: str) -> Tokens:
        """Log in as a browser does, and return the tokens."""
        client = f"{self.url}/"
        flow = self._post(
            "/auth/login_flow",
            client_id=client,
            handler=["homeassistant", None],
            redirect_uri=client,
        )
        done = self._post(
            f"/auth/login_flow/{flow['flow_id']}",
            client_id=client,
            password=password,
            username=name,
        )
        form = {
            "client_id": client,
            "code": done["result"],
            "grant_type": "authorization_code",
        }
        tokens: Tokens = ask(
            f"{self.url}/auth/token", method="POST", data=urlencode(form).encode()
        )
        expires = int((time.time() + tokens["expires_in"]) * 1000)
        return {**tokens, "clientId": client, "expires": expires, "hassUrl": self.url}

    def _post(self, path: str, **data: Any) -> Any:
        """Post JSON."""
        return ask(self.url + path, method="POST", data=json.dumps(data).encode())


@contextmanager
def running(version: str, directory: Path, *options: str) -> Iterator[HomeAssistant]:
    """Start the demo on a version of Home Assistant, and stop it."""
    config = directory / version
    output = directory / f"{version}.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [
                ROOT / ".venv" / version / "bin" / "python",
                *("-u", "-m", "tests.demo"),
                *("--config", config, "--port", str(free_port())),
                *("--time-zone", TIME_ZONE),
                *options,
            ],
            cwd=ROOT,
            stderr=subprocess.STDOUT,
            stdout=log,
        )
        try:
            yield _wait_for(process, version, config, output)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(
    process: subprocess.Popen[bytes], version: str, config: Path, output: Path
) -> HomeAssistant:
    """Wait until the demo has started."""
    end = time.monotonic() + 90
    while "Ctrl-C" not in (text := output.read_text()):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the demo of {version} did not start: {text}")
        time.sleep(0.1)
    found = re.search(r"Dashboard +(http://[^/]+)", text)
    control = re.search(r"Stand-in +(\S+)", text)
    assert found, text
    assert control, text
    instance = HomeAssistant(version, found[1], Simulator(control[1]), config)
    instance.tokens = instance.log_in("demo", "demo")
    return instance
