"""Cleaning and checking of what people paste."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.credentials import (
    parse_org_id,
    parse_session_key,
)
from custom_components.claude_pulse.claude_ai.errors import (
    ApiKeyError,
    InvalidOrganizationIdError,
    InvalidSessionKeyError,
    OAuthTokenError,
)

KEY = "sk-ant-sid02-" + "Ab3_-" * 23
ORG_ID = "1a2b3c4d-0000-4000-8000-123456789abc"

keys = st.text("ABCXYZabcxyz0189_-", min_size=30, max_size=130).map(
    lambda tail: f"sk-ant-sid01-{tail}"
)

WRAPPINGS = (
    "{key}",
    "  {key}\n",
    '"{key}"',
    "'{key}';",
    "“{key}”",
    "\ufeff{key}\u200b",
    "sessionKey={key}",
    "Cookie: sessionKey={key}",
    "cookie: a=b; sessionKey={key}; c=d",
    'curl -H "Cookie: a=b; sessionKey={key}" https://claude.ai/',
    "sessionKey\t{key}\t.claude.ai\t/\t2026-12-01\t130\tLax",
    '{{"name": "sessionKey", "value": "{key}", "domain": "claude.ai"}}',
    "sessionKey={key}\nlastActiveOrg=x",
    "my key is {key}, thanks",
)


@given(key=keys, wrapping=st.sampled_from(WRAPPINGS), encoded=st.booleans())
@settings(max_examples=300, deadline=None)
def test_every_wrapping_comes_out_the_same(
    key: str, wrapping: str, encoded: bool
) -> None:
    """Whatever stands around a key, the key is taken."""
    text = wrapping.format(key=key)
    assert parse_session_key(quote(text) if encoded else text).session_key == key


@given(key=keys, cut=st.integers(11, 40), line_break=st.sampled_from("\n\r\t "))
@settings(max_examples=100, deadline=None)
def test_wrapped_over_lines(key: str, cut: int, line_break: str) -> None:
    """A key that was wrapped over lines is one again, also in a header."""
    text = f"{key[:cut]}{line_break}{key[cut:]}"
    assert parse_session_key(text).session_key == key
    header = f"Cookie: a=b; sessionKey={text}; c=d"
    assert parse_session_key(header).session_key == key


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_key_or_an_error(text: str) -> None:
    """Nothing else comes out."""
    try:
        key = parse_session_key(text).session_key
    except InvalidSessionKeyError:
        return
    assert key.startswith("sk-ant-sid")


@pytest.mark.parametrize("org_id", [ORG_ID, ORG_ID.upper(), ORG_ID.replace("-", "")])
def test_organization_of_a_cookie_header(org_id: str) -> None:
    """The organization that was used last is taken from the header too."""
    found = parse_session_key(f"a=b; lastActiveOrg={org_id}; sessionKey={KEY}")
    assert (found.session_key, found.org_id) == (KEY, ORG_ID)
    assert parse_session_key(KEY).org_id is None


def test_credentials_do_not_show_themselves() -> None:
    """A key that is printed by mistake stays secret."""
    found = parse_session_key(f"sessionKey={KEY}; lastActiveOrg={ORG_ID}")
    assert KEY not in repr(found)
    assert ORG_ID not in repr(found)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", InvalidSessionKeyError),
        ("sk-ant-sid01-tooshort", InvalidSessionKeyError),
        ("sk-ant-admin01-" + "x" * 90, InvalidSessionKeyError),
        ("sessionKey=", InvalidSessionKeyError),
        ("sk-ant-api03-" + "x" * 90, ApiKeyError),
        ('x-api-key: "sk-ant-api03-x"', ApiKeyError),
        ("sk-ant-oat01-" + "x" * 90, OAuthTokenError),
        # As it cannot be typed, but pasted.
        (
            "sk-ant-sid01-" + "x" * 10 + "\r\nHost: evil" + "é" * 40,
            InvalidSessionKeyError,
        ),
    ],
)
def test_no_session_key(text: str, error: type[Exception]) -> None:
    """An API key and an OAuth token are told from garbage."""
    with pytest.raises(error) as raised:
        parse_session_key(text)
    assert raised.type is error


@pytest.mark.parametrize(
    "text",
    [
        ORG_ID,
        f" {ORG_ID.upper()}\n",
        f'"{ORG_ID}"',
        ORG_ID.replace("-", ""),
        f"https://claude.ai/api/organizations/{ORG_ID}/usage",
        f"https%3A%2F%2Fclaude.ai%2Fapi%2Forganizations%2F{ORG_ID}",
        f"https://claude.ai/api/organizations/{ORG_ID}/chat_conversations/{UUID(int=7)}",
        f"{UUID(int=7)} organizations/{ORG_ID}",
        f"lastActiveOrg={ORG_ID}",
    ],
)
def test_organization_id(text: str) -> None:
    """The UUID comes out of whatever was pasted, in lower case."""
    assert parse_org_id(text) == ORG_ID


@pytest.mark.parametrize(
    "text",
    ["", "Analytical Engines", ORG_ID[:-1], f"{ORG_ID}0", "../../etc/passwd", "💥"],
)
def test_no_organization_id(text: str) -> None:
    """What holds no UUID is none."""
    with pytest.raises(InvalidOrganizationIdError):
        parse_org_id(text)
