"""`python -m tests.demo`: a Home Assistant that polls a simulator."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
import json
import os
from pathlib import Path
import shlex
import shutil
import signal
import socket
import sys
from typing import Any
from zoneinfo import ZoneInfo

# First, because Home Assistant replaces some libraries.
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, __version__

# ruff: isort: split
from aiohttp import ClientError, ClientSession

from tests.demo import past
from tests.simulator import Simulator
from tests.simulator.server import CONTROL

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
HOST = "127.0.0.1"
USER = PASSWORD = "demo"
# The plans of the accounts. The first account has a history.
PLANS = {
    "ada": "Max",
    "ben": "Team",
    "cora": "Team",
    "eve": "Free",
    "fay": "Ultra, without a session limit",
    "gus": "Enterprise seat that is billed by usage",
    "hal": "Max, with saved resets",
    "ivy": "Pro, with a credit pool that expires",
}
ACCOUNT = "ada"
# The path of the dashboard.
PANEL = "claude-pulse"

LANGUAGES = sorted(
    path.stem
    for path in (ROOT / "custom_components" / "claude_pulse" / "language").glob(
        "*.json"
    )
)

# The title of the dashboard of Home Assistant's own cards.
BUILT_IN_CARDS = {
    "cs": "Vestavěné karty",
    "de": "Eingebaute Karten",
    "en": "Built-in cards",
    "es": "Tarjetas integradas",
    "fr": "Cartes intégrées",
    "it": "Schede integrate",
    "ja": "標準のカード",
    "ko": "기본 카드",
    "nl": "Ingebouwde kaarten",
    "pl": "Wbudowane karty",
    "pt-BR": "Cartões integrados",
    "sv": "Inbyggda kort",
    "tr": "Yerleşik kartlar",
    "uk": "Вбудовані картки",
    "zh-Hans": "内置卡片",
}

CONFIGURATION = """\
homeassistant:
  name: Claude Pulse demo
  country: DE
  currency: EUR
  language: {language}
  elevation: 30
  latitude: 52.52
  longitude: 13.40
  time_zone: {time_zone}
  unit_system: metric
  internal_url: {url}
  external_url: {url}
  auth_providers:
    - type: homeassistant
    # Not the first, so that the login page shows its name.
    - type: trusted_networks
      name: {login}
      trusted_networks: {host}
      allow_bypass_login: true

# Instead of default_config, which searches the network for devices.
automation: !include automations.yaml
config:
diagnostics:
frontend:
history:
logbook:
my:
notify:
  # The `notify.notify` of documented automations sends to the sidebar.
  - platform: group
    services:
      - service: persistent_notification
recorder:
  commit_interval: 1
repairs:
scene: !include scenes.yaml
script: !include scripts.yaml
system_health:

logger:
  default: warning
  logs:
    custom_components.claude_pulse: debug
    # Libraries that the demo does not use.
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical

# In storage mode, the integration adds the resource of its card.
lovelace:
  dashboards:
    claude-pulse:
      filename: strategy.yaml
      icon: mdi:heart-pulse
      mode: yaml
      title: Claude Pulse
    claude-pulse-plain:
      filename: overview.yaml
      icon: mdi:gauge
      mode: yaml
      title: {built_in_cards}
"""


def say(text: str) -> None:
    """Print a text."""
    print(text, flush=True)


def show(text: str) -> None:
    """Print a part of a line."""
    print(text, end="", flush=True)


def check_loopback() -> None:
    """Exit if this machine cannot connect to itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((HOST, 9))
        except OSError as err:
            sys.exit(f"The demo needs the loopback interface ({err.strerror}).")


def free_port(wanted: int) -> int:
    """Return the wanted port, or the next free one."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    sys.exit(f"No free port from {wanted} on; choose another one with --port.")


def local_time_zone() -> str:
    """Return the name of the time zone of this machine."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name if found else "UTC"


def store(config: Path, key: str, version: int, data: Mapping[str, Any]) -> None:
    """Write a storage file of Home Assistant."""
    path = config / ".storage" / key
    path.parent.mkdir(exist_ok=True)
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    path.write_text(json.dumps(content))


def make_config(
    config: Path,
    url: str,
    port: int,
    zone: str,
    yaml_resources: bool,
    language: str = "en",
) -> None:
    """Create a new configuration with the integration of this checkout.

    From now on, only the user can read files of this process and of Home Assistant, because
    they store a session key.
    """
    os.umask(0o077)
    shutil.rmtree(config, ignore_errors=True)
    config.mkdir(parents=True, exist_ok=True)
    config.chmod(0o700)
    (config / "custom_components").mkdir()
    (config / "custom_components" / "claude_pulse").symlink_to(
        ROOT / "custom_components" / "claude_pulse"
    )
    # Without their modes in this checkout.
    for dashboard in (HERE / "strategy.yaml", ROOT / "dashboards" / "overview.yaml"):
        shutil.copyfile(dashboard, config / dashboard.name)
    for name in ("automations", "scenes", "scripts"):
        (config / f"{name}.yaml").touch()
    text = CONFIGURATION.format(
        built_in_cards=BUILT_IN_CARDS[language],
        host=HOST,
        language=language,
        login=f"user {USER}, password {PASSWORD}, or just click here",
        time_zone=zone,
        url=url,
    )
    if yaml_resources:
        # `lovelace` is the last part.
        text += f"  {'resource_mode' if MAJOR_VERSION >= 2026 else 'mode'}: yaml\n"
    http = {
        "server_host": [HOST],
        "server_port": port,
        # A codespace forwards the port with a proxy.
        "use_x_forwarded_for": True,
        "trusted_proxies": [HOST],
    }
    if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11):
        # In YAML, they would start a trial with a dialog. They do so since 2026.8 already,
        # which has another format of storage.
        store(
            config,
            "http",
            3,
            {
                "stable": {
                    **http,
                    "cors_allowed_origins": [],
                    "created_at": "2026-01-01T00:00:00+00:00",
                    "error": None,
                    "error_message": None,
                    "ip_ban_enabled": True,
                    "login_attempts_threshold": -1,
                    "ssl_profile": "intermediate_v6",
                    "use_x_frame_options": True,
                },
                "pending": None,
                "yaml_migration_done": True,
            },
        )
    else:
        text += f"\nhttp: {json.dumps(http)}\n"
    (config / "configuration.yaml").write_text(text, encoding="utf-8")
    # All steps except the first user, which `onboard` creates.
    steps = ["core_config", "analytics", "integration"]
    store(config, "onboarding", 4, {"done": steps})
    # The first page since Home Assistant 2025.12.
    store(config, "frontend.system_data", 1, {"core": {"default_panel": PANEL}})


class HomeAssistant:
    """The API of a running Home Assistant."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Initialize with the URL."""
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def call(self, path: str, *, form: bool = False, **data: Any) -> Any:
        """Post to the API, and return the response."""
        async with self._session.post(
            self._url + path,
            headers=self._headers,
            **{"data" if form else "json": data},
        ) as response:
            response.raise_for_status()
            return await response.json()

    async def is_up(self) -> bool:
        """Return whether it responds."""
        try:
            async with self._session.get(f"{self._url}/api/onboarding") as response:
                return response.status == 200
        except ClientError:
            return False

    async def onboard(self, language: str) -> None:
        """Create the first user, who reads a language, and log in."""
        client_id = f"{self._url}/"
        created = await self.call(
            "/api/onboarding/users",
            client_id=client_id,
            language=language,
            name="Demo",
            password=PASSWORD,
            username=USER,
        )
        token = await self.call(
            "/auth/token",
            form=True,
            client_id=client_id,
            code=created["auth_code"],
            grant_type="authorization_code",
        )
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}
        await self._set_language(language, token["access_token"])

    async def _set_language(self, language: str, token: str) -> None:
        """Store the language of the user's profile, which counts more than the browser's."""
        formats = ("number_format", "time_format", "date_format", "first_weekday")
        profile = {"language": language, **dict.fromkeys(formats, "language")}
        async with self._session.ws_connect(f"{self._url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            await socket.send_json(
                {
                    "id": 1,
                    "type": "frontend/set_user_data",
                    "key": "language",
                    "value": profile,
                }
            )
            await socket.receive_json()

    async def add_integration(self, session_key: str, org_id: str) -> None:
        """Add the integration with the config flow."""
        flows = "/api/config/config_entries/flow"
        flow = await self.call(flows, handler="claude_pulse")
        result = await self.call(
            f"{flows}/{flow['flow_id']}", session_key=session_key, org_id=org_id
        )
        if result["type"] != "create_entry":
            raise RuntimeError(f"the integration could not be set up: {result}")


async def run(arguments: Namespace) -> int:
    """Start everything, and stop it when the person or Home Assistant stops."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    check_loopback()
    port = free_port(arguments.port)
    url = f"http://{HOST}:{port}"
    config = (arguments.config or ROOT / ".cache" / "demo" / __version__).absolute()
    make_config(
        *(config, url, port, arguments.time_zone, arguments.yaml_resources),
        language=arguments.language,
    )
    log = config / "output.log"
    async with AsyncExitStack() as stack:
        simulator = None if arguments.live else Simulator()
        command = [sys.executable, str(HERE / "launch.py"), str(config)]
        if simulator:
            account = simulator.world.accounts[arguments.account]
            seat = account.seats[-1]
            if arguments.account == ACCOUNT:
                # A plan with a session limit that claude.ai still sells.
                seat.organization.plan_display_name = "Max"
                zone = ZoneInfo(arguments.time_zone)
                past.write(config, past.live(seat, simulator.now, zone))
            await simulator.start()
            stack.push_async_callback(simulator.stop)
            command += [simulator.url, simulator.status_url]
            command += ["hurry"] * arguments.hurry
        show(f"Starting Home Assistant {__version__} ")
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=config,
            start_new_session=True,
            stderr=asyncio.subprocess.STDOUT,
            stdout=stack.enter_context(log.open("wb")),
        )
        stopped = asyncio.ensure_future(process.wait())
        stopped.add_done_callback(lambda _: stop.set())
        try:
            session = await stack.enter_async_context(ClientSession())
            instance = HomeAssistant(session, url)
            while not (stop.is_set() or await instance.is_up()):
                show(".")
                await asyncio.sleep(0.5)
            say("")
            if not stop.is_set():
                await instance.onboard(arguments.language)
                if simulator and not arguments.empty:
                    await instance.add_integration(
                        account.session_key, seat.organization.uuid
                    )
                explain(url, config, simulator, arguments.empty, arguments.account)
            await stop.wait()
        finally:
            if by_itself := stopped.done():
                say(f"Home Assistant stopped unexpectedly. The reason is in {log}.")
            else:
                say("\nStopping ...")
                process.terminate()
                await stopped
            if arguments.live:
                say(
                    "The session key that you entered is still stored. To remove it: "
                    f"{remove_command(config)}"
                )
    return int(by_itself)


def explain(
    url: str,
    config: Path,
    simulator: Simulator | None,
    empty: bool,
    name: str = ACCOUNT,
) -> None:
    """Print the URLs, the login, and what to try."""
    add = f"{url}/config/integrations/dashboard/add?domain=claude_pulse"
    say(
        f"""
  Dashboard     {url}/{PANEL}
  Plain cards   {url}/{PANEL}-plain
  Integration   {url}/config/integrations/integration/claude_pulse
  Log in as     {USER}, password {PASSWORD}"""
    )
    if simulator is None:
        say(
            f"""\
  Add it        {add}
                with the session key of your account
  Careful       this stores a real session key, unencrypted, in
                {config}
                To remove it, stop the demo and run: {remove_command(config)}"""
        )
    else:
        account = simulator.world.accounts[name]
        if empty:
            say(
                f"  Add it        {add}\n"
                f"  Session key   {account.session_key}\n"
                f"  Or a header   Cookie: a=b; sessionKey={account.session_key}; c=d"
            )
        say(
            f"""\
  Stand-in      {simulator.url}{CONTROL}  lists its accounts, keys and faults
  Try           curl -X POST {simulator.url}{CONTROL}/accounts/{name}/log-out
                curl -X POST {simulator.url}{CONTROL}/accounts/{name}/log-in
                curl -X POST {simulator.url}{CONTROL}/fault/challenge
                curl -X DELETE {simulator.url}{CONTROL}/fault
                curl -X POST '{simulator.url}{CONTROL}/advance?hours=1'
                tests/simulator/README.md describes the faults"""
        )
    say("\nPress Ctrl-C to stop.")


def remove_command(config: Path) -> str:
    """Return the command that removes a configuration."""
    return f"rm -r {shlex.quote(str(config))}"


def main() -> int:
    """Parse the command line, and run."""
    parser = ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--account",
        choices=PLANS,
        default=ACCOUNT,
        help="; ".join(f"{name}: {plan}" for name, plan in PLANS.items()),
    )
    parser.add_argument(
        "--config", type=Path, help="its directory, which is created again"
    )
    parser.add_argument(
        "--empty", action="store_true", help="leave out the integration"
    )
    parser.add_argument(
        "--hurry", action="store_true", help="shorten hours and days to minutes"
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, default="en", metavar="NAME", help="such as de"
    )
    parser.add_argument("--live", action="store_true", help="poll the real claude.ai")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--time-zone", default=local_time_zone(), metavar="NAME")
    parser.add_argument(
        "--yaml-resources",
        action="store_true",
        help="keep the resources of dashboards in YAML, without any",
    )
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
