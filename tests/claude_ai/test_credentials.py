"""Cleaning and checking of what people paste."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.credentials import (
    Credentials,
    is_org_id,
    is_session_key,
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


UPPER = ORG_ID.upper()


@pytest.mark.parametrize(
    ("text", "org_id"),
    [
        # Also in upper case, and broken over lines.
        (f"https://claude.ai/api/ORGANIZATIONS/{UPPER}/usage?x={UUID(int=7)}", ORG_ID),
        (f"{UUID(int=7)} Organizations/{UPPER}", ORG_ID),
        (f"{ORG_ID[:20]}\n{ORG_ID[20:]}", ORG_ID),
        (f"{ORG_ID[:20]}\u200b {ORG_ID[20:]}", ORG_ID),
        # The first of several, where nothing tells them apart.
        (f"{ORG_ID}, {UUID(int=7)}", ORG_ID),
        (f"x{ORG_ID}", ORG_ID),
        (f"{ORG_ID}x", ORG_ID),
    ],
)
def test_organization_id_in_other_words(text: str, org_id: str) -> None:
    """The UUID comes out of it all the same."""
    assert parse_org_id(text) == org_id


@pytest.mark.parametrize("text", [f"a{ORG_ID}", f"{ORG_ID}a", f"0{UPPER}", f"{UPPER}F"])
def test_longer_than_an_organization_id(text: str) -> None:
    """A UUID within more hexadecimal digits is none."""
    with pytest.raises(InvalidOrganizationIdError):
        parse_org_id(text)


def test_what_is_plausible() -> None:
    """Forty characters of a session key, and a whole UUID."""
    key = "sk-ant-sid01-".ljust(40, "x")
    assert is_session_key(key)
    assert not is_session_key(key[:-1])
    assert not is_session_key(f"x{key}")
    assert not is_session_key(f"{key}.")
    assert is_session_key("sk-ant-sid" + "Az09_-" * 5)
    assert is_org_id(ORG_ID)
    assert is_org_id(UPPER)
    assert is_org_id(ORG_ID.replace("-", ""))
    assert not is_org_id(f"{ORG_ID} ")
    assert not is_org_id(ORG_ID.replace("-", "--"))


def test_first_plausible_cookie() -> None:
    """Of several cookies of the name the first that holds a key counts."""
    other = "sk-ant-sid02-".ljust(60, "o")
    text = f"sessionKey=; sessionKey={KEY}; sessionKey={other}"
    assert parse_session_key(text).session_key == KEY
    # One of another name is not of the header's, though a key is a key.
    text = f"xsessionKey={other}; sessionKey={KEY}"
    assert parse_session_key(text).session_key == KEY
    assert parse_session_key(f"xsessionKey={other}").session_key == other


@pytest.mark.parametrize(
    ("text", "org_id"),
    [
        (f"LASTACTIVEORG={UPPER}; sessionKey={KEY}", ORG_ID),
        (f"sessionKey={KEY}; lastActiveOrg=none", None),
        (f"sessionKey={KEY}; activeOrg={ORG_ID}", None),
        (f"{KEY} lastActiveOrg%3D{ORG_ID}", ORG_ID),
    ],
)
def test_last_active_organization(text: str, org_id: str | None) -> None:
    """It is a cookie of its own."""
    found = parse_session_key(text)
    assert (found.session_key, found.org_id) == (KEY, org_id)
    assert found == Credentials(KEY, org_id)


@pytest.mark.parametrize("quote_", "\"'`“”„‘’‚«»;,")
def test_quoted_over_lines(quote_: str) -> None:
    """Whatever it was quoted with."""
    text = f"{quote_}{KEY[:50]}\n{KEY[50:]}{quote_}"
    assert parse_session_key(text).session_key == KEY


@pytest.mark.parametrize("invisible", "\u00ad\u200b\u200f\u2060\ufeff\u00a0\t\r")
def test_invisible(invisible: str) -> None:
    """What nobody sees is not of the key."""
    text = f"{KEY[:50]}{invisible * 3}{KEY[50:]}"
    assert parse_session_key(text).session_key == KEY


@pytest.mark.parametrize("before", [" ", "\t", ";", ":", '"', "'", "\n"])
def test_before_the_cookie(before: str) -> None:
    """A key that was wrapped is put together where a cookie begins."""
    text = f"x{before}sessionKey={KEY[:50]}\n{KEY[50:]}; more=x"
    assert parse_session_key(text).session_key == KEY
