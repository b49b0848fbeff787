"""The public status page of Claude, which needs and gets no session key."""

from __future__ import annotations

from aiohttp import ClientError, ClientSession

from .answer import json_of
from .client import ENCODINGS, TIMEOUT, read_text
from .errors import UnavailableError

STATUS_URL = "https://status.claude.com/api/v2/status.json"

# What the page's indicator means (Statuspage's own words but for "none").
_INDICATORS = {
    "critical": "critical",
    "maintenance": "maintenance",
    "major": "major",
    "minor": "minor",
    "none": "operational",
}
STATUSES = ("operational", "minor", "major", "critical", "maintenance")


async def service_status(session: ClientSession) -> str | None:
    """Return one of STATUSES, or None for an indicator that is not known.

    The session must be as the client's. Raises UnavailableError when the page
    cannot be read.
    """
    try:
        async with session.get(
            STATUS_URL,
            allow_redirects=False,
            headers={"Accept-Encoding": ENCODINGS},
            timeout=TIMEOUT,
        ) as response:
            response.raise_for_status()
            body = json_of(await read_text(response))
            return _INDICATORS.get(body["status"]["indicator"])
    except (
        ClientError,
        OSError,
        LookupError,
        TypeError,
        ValueError,
    ) as err:
        raise UnavailableError(f"status page: {type(err).__name__}") from None
