"""The public status page of Claude. It is requested without a session key."""

from __future__ import annotations

from aiohttp import ClientError, ClientSession

from .answer import json_of
from .client import ENCODINGS, TIMEOUT, read_text
from .errors import UnavailableError

STATUS_URL = "https://status.claude.com/api/v2/status.json"

OPERATIONAL = "operational"

# The status for each indicator of the page.
_STATUS_OF = {
    "none": OPERATIONAL,
    "minor": "minor",
    "major": "major",
    "critical": "critical",
    "maintenance": "maintenance",
}
STATUSES = tuple(_STATUS_OF.values())


async def service_status(session: ClientSession) -> str | None:
    """Return one of STATUSES, or None for an unknown indicator.

    The session must meet the requirements of `ClaudeAiClient`. Raises UnavailableError
    if the page cannot be read.
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
            return _STATUS_OF.get(body["status"]["indicator"])
    except (ClientError, LookupError, OSError, TypeError, ValueError) as err:
        raise UnavailableError(f"status page: {type(err).__name__}") from None
