"""Session keys and organization IDs in pasted text."""

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
    KeyCutError,
    NoSessionKeyError,
    OAuthTokenError,
)

from . import ORG_ID

KEY = "sk-ant-sid02-" + "Ab3_-" * 23
OTHER_KEY = "sk-ant-sid02-".ljust(60, "o")
UPPER = ORG_ID.upper()
OTHER_UUID = UUID(int=7)

keys = st.text("ABCXYZabcxyz0189_-", min_size=30, max_size=130).map(
    lambda tail: f"sk-ant-sid01-{tail}"
)


@pytest.mark.parametrize(
    "wrapping",
    [
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
    ],
)
@given(key=keys, encoded=st.booleans())
@settings(max_examples=20, deadline=None)
def test_wrapped_key(wrapping: str, key: str, encoded: bool) -> None:
    """The key is found in any text, URL-encoded or not."""
    text = wrapping.format(key=key)
    assert parse_session_key(quote(text) if encoded else text).session_key == key


@pytest.mark.parametrize(
    "text",
    [
        # Wrapped over lines at any place, and quoted.
        *(f"{KEY[:cut]}\n{KEY[cut:]}" for cut in range(11, 40)),
        *(f"{quote}{KEY[:50]}\n{KEY[50:]}{quote}" for quote in "\"'`“”„‘’‚«»;,"),
        # With invisible characters.
        *(
            f"{KEY[:50]}{invisible * 3}{KEY[50:]}"
            for invisible in "\u00ad\u200b\u200f\u2060\ufeff\u00a0\t\r"
        ),
        # Wrapped over lines in a cookie.
        *(
            f"x{before}sessionKey={KEY[:50]}\n{KEY[50:]}; more=x"
            for before in " \t;:\"'\n"
        ),
        f"sessionKey=; sessionKey={KEY}; sessionKey={KEY}",
        f"xsessionKey={KEY}",
        # With another key, of which only a part was copied.
        f"sessionKey={KEY[:60]}…; sessionKey={KEY}",
    ],
)
def test_key_in_pieces(text: str) -> None:
    """A key is joined if quotes, line breaks or invisible characters interrupt it."""
    assert parse_session_key(text) == Credentials(KEY)


@pytest.mark.parametrize(
    "text",
    [
        f"sessionKey={KEY}; sessionKey={OTHER_KEY}",
        # The cookies come first.
        f"xsessionKey={OTHER_KEY}; sessionKey={KEY}",
        f"sessionKey={KEY[:50]}\n{KEY[50:]}; sessionKey={OTHER_KEY}; sessionKey={KEY}",
        f"{KEY}\n{OTHER_KEY}",
        f"{KEY}, {OTHER_KEY}",
    ],
)
def test_two_keys(text: str) -> None:
    """Different keys are all returned, in the order in which to try them."""
    found = parse_session_key(text)
    assert found == Credentials(KEY, None, (OTHER_KEY,))
    assert found.session_keys == (KEY, OTHER_KEY)
    assert OTHER_KEY not in repr(found)


def test_many_keys() -> None:
    """Three keys are tried at most."""
    keys = [f"{KEY}{number}" for number in range(9)]
    assert parse_session_key(" ".join(keys)).session_keys == (*keys[:3],)


@pytest.mark.parametrize("key", [KEY, "sk-ant-sid01-abc", "sk-ant-sid", "sk-ant-"])
@pytest.mark.parametrize("ellipsis", ["…", "...", "..", "‥", "⋯", "[…]", "(...)"])
@pytest.mark.parametrize("end", ["", "xyz", KEY[20:]])
@pytest.mark.parametrize(
    "wrapping", ["{key}", "'{key}'", "a=b; sessionKey={key}; c=d", "key:\n{key}\n"]
)
def test_cut_key(wrapping: str, key: str, ellipsis: str, end: str) -> None:
    """An ellipsis in a key means that it is incomplete, URL-encoded or not."""
    text = wrapping.format(key=f"{key}{ellipsis}{end}")
    for shown in (text, quote(text)):
        with pytest.raises(KeyCutError):
            parse_session_key(shown)


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    """Any text contains a key or raises the error."""
    try:
        key = parse_session_key(text).session_key
    except NoSessionKeyError:
        return
    assert key.startswith("sk-ant-sid")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", NoSessionKeyError),
        ("sk-ant-sid01-tooshort", NoSessionKeyError),
        ("sk-ant-admin01-" + "x" * 90, NoSessionKeyError),
        ("sessionKey=", NoSessionKeyError),
        ("sk-ant-api03-" + "x" * 90, ApiKeyError),
        ('x-api-key: "sk-ant-api03-x"', ApiKeyError),
        ("sk-ant-oat01-" + "x" * 90, OAuthTokenError),
        ("sk-ant-api03-abc…xyz", ApiKeyError),
        ("sk-ant-oat01-abc...", OAuthTokenError),
        ("Wait…", NoSessionKeyError),
        (f"sk-ant-sid01-{'x' * 10}\r\nHost: evil{'é' * 40}", NoSessionKeyError),
    ],
)
def test_no_session_key(text: str, error: type[Exception]) -> None:
    """An API key and an OAuth token have their own errors."""
    with pytest.raises(error) as raised:
        parse_session_key(text)
    assert raised.type is error


@pytest.mark.parametrize(
    ("text", "org_id"),
    [
        (f"a=b; lastActiveOrg={ORG_ID}; sessionKey={KEY}", ORG_ID),
        (f"a=b; lastActiveOrg={ORG_ID.replace('-', '')}; sessionKey={KEY}", ORG_ID),
        (f"LASTACTIVEORG={UPPER}; sessionKey={KEY}", ORG_ID),
        (f"sessionKey={KEY}; lastActiveOrg=none", None),
        (f"sessionKey={KEY}; activeOrg={ORG_ID}", None),
        (f"{KEY} lastActiveOrg%3D{ORG_ID}", ORG_ID),
    ],
)
def test_last_active_organization(text: str, org_id: str | None) -> None:
    """The organization of a header is read, too. The repr contains neither."""
    found = parse_session_key(text)
    assert found == Credentials(KEY, org_id)
    assert KEY not in repr(found)
    assert ORG_ID not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        ORG_ID,
        f" {UPPER}\n",
        f'"{ORG_ID}"',
        ORG_ID.replace("-", ""),
        f"{ORG_ID[:20]}\n{ORG_ID[20:]}",
        f"{ORG_ID[:20]}\u200b {ORG_ID[20:]}",
        f"x{ORG_ID}",
        f"{ORG_ID}x",
        f"lastActiveOrg={ORG_ID}",
        f"https://claude.ai/api/organizations/{ORG_ID}/usage",
        f"https%3A%2F%2Fclaude.ai%2Fapi%2Forganizations%2F{ORG_ID}",
        f"https://claude.ai/api/organizations/{ORG_ID}/chat_conversations/{OTHER_UUID}",
        f"https://claude.ai/api/ORGANIZATIONS/{UPPER}/usage?x={OTHER_UUID}",
        f"{OTHER_UUID} organizations/{ORG_ID}",
        f"{OTHER_UUID} Organizations/{UPPER}",
        # Otherwise the first UUID wins.
        f"{ORG_ID}, {OTHER_UUID}",
    ],
)
def test_organization_id(text: str) -> None:
    """The ID is found in any text, and returned in lower case."""
    assert parse_org_id(text) == ORG_ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Analytical Engines",
        "../../etc/passwd",
        "💥",
        ORG_ID[:-1],
        # These are parts of a longer hexadecimal number.
        f"{ORG_ID}0",
        f"{ORG_ID}a",
        f"a{ORG_ID}",
        f"0{UPPER}",
        f"{UPPER}F",
    ],
)
def test_no_organization_id(text: str) -> None:
    """A text without a UUID raises the error."""
    with pytest.raises(InvalidOrganizationIdError):
        parse_org_id(text)


def test_is_session_key() -> None:
    """A session key has a prefix and at least 40 valid characters."""
    key = "sk-ant-sid01-".ljust(40, "x")
    assert is_session_key(key)
    assert is_session_key("sk-ant-sid" + "Az09_-" * 5)
    for text in (key[:-1], f"x{key}", f"{key}."):
        assert not is_session_key(text)


def test_is_org_id() -> None:
    """An organization ID is a UUID."""
    for text in (ORG_ID, UPPER, ORG_ID.replace("-", "")):
        assert is_org_id(text)
    for text in (f"{ORG_ID} ", ORG_ID.replace("-", "--")):
        assert not is_org_id(text)
