"""What can go wrong with claude.ai, one class per thing a person has to do differently.

No exception here carries a session key, an e-mail address, an organization id
or anything of an answer's body: their texts may be logged as they are.
"""

from __future__ import annotations


class ClaudeAiError(Exception):
    """Base of everything this package raises on purpose.

    `key` names the kind of error in one word that does not change, for a
    program to look up its own text; `message` says it in English.
    """

    key = "unknown"
    message = "claude.ai could not be used"

    def __init__(self, detail: str | None = None) -> None:
        """Say what happened, with a detail that holds nothing personal."""
        super().__init__(f"{self.message} ({detail})" if detail else self.message)


class InvalidSessionKeyError(ClaudeAiError):
    """The text holds nothing that looks like a session key."""

    key = "invalid_key_format"
    message = "This is not a claude.ai session key"


class ApiKeyError(InvalidSessionKeyError):
    """The text is an API key (sk-ant-api…), which has no subscription usage."""

    key = "api_key"
    message = "This is an API key, not a claude.ai session key"


class OAuthTokenError(InvalidSessionKeyError):
    """The text is an OAuth token (sk-ant-oat…), which claude.ai does not accept."""

    key = "oauth_token"
    message = "This is an OAuth token, not a claude.ai session key"


class InvalidOrganizationIdError(ClaudeAiError):
    """The text holds no organization UUID, or claude.ai calls it malformed (400)."""

    key = "invalid_org_id"
    message = "This is not an organization ID of claude.ai"


class BlockedError(ClaudeAiError):
    """Cloudflare or something in between answered; the key is fine."""

    key = "blocked"
    message = "Blocked by Cloudflare or a login page between here and claude.ai"


class InvalidSessionError(ClaudeAiError):
    """claude.ai says that the session key has ended."""

    key = "invalid_auth"
    message = "claude.ai no longer accepts the session key"


class OrganizationAccessError(ClaudeAiError):
    """The key cannot read the organization, or there is no such one."""

    key = "org_not_found"
    message = "claude.ai does not show this organization to the session key"


class RegionBlockedError(ClaudeAiError):
    """claude.ai is not offered where this network leaves to the internet."""

    key = "region_blocked"
    message = "claude.ai is not available in the region of this network"


class RateLimitedError(ClaudeAiError):
    """claude.ai asks for fewer requests (429).

    `retry_after` is the wait it asked for in seconds, as it was sent (it can be
    absurd), or None when it sent none.
    """

    key = "rate_limited"
    message = "claude.ai asks for fewer requests"

    def __init__(self, retry_after: float | None = None) -> None:
        """Remember the wait that claude.ai asked for."""
        super().__init__()
        self.retry_after = retry_after


class ForbiddenError(ClaudeAiError):
    """A refusal (403) that does not say whether key or organization is meant."""

    key = "forbidden"
    message = "claude.ai refused the request without saying why"


class UnavailableError(ClaudeAiError):
    """claude.ai cannot be reached, or answers with an error or with no JSON object."""

    key = "cannot_connect"
    message = "claude.ai cannot be reached or does not answer properly"


class UnreachableError(UnavailableError):
    """No connection to claude.ai came about, so it was not asked anything."""
