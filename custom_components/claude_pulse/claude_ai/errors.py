"""The errors of the client: one class for each kind of failure.

No message contains a session key, an e-mail address, an ID or a part of an answer, so
all messages can be logged.
"""

from __future__ import annotations


class ClaudeAiError(Exception):
    """Base class of all errors that this package raises.

    `key` identifies the kind of error, for example to look up a translation. `message`
    is its text in English.
    """

    key = "unknown"
    message = "The request to claude.ai failed"

    def __init__(self, detail: str | None = None) -> None:
        """Add a detail, which must not contain personal data, to the message."""
        super().__init__(f"{self.message} ({detail})" if detail else self.message)


class NoSessionKeyError(ClaudeAiError):
    """The text contains no session key."""

    key = "invalid_key_format"
    message = "This is not a claude.ai session key"


class KeyCutError(NoSessionKeyError):
    """The text is a session key in which an ellipsis stands for a part."""

    key = "key_cut"
    message = "This session key is incomplete"


class ApiKeyError(NoSessionKeyError):
    """The text is an API key (sk-ant-api…), which has no subscription usage."""

    key = "api_key"
    message = "This is an API key, not a claude.ai session key"


class OAuthTokenError(NoSessionKeyError):
    """The text is an OAuth token (sk-ant-oat…), which claude.ai does not accept."""

    key = "oauth_token"
    message = "This is an OAuth token, not a claude.ai session key"


class InvalidOrganizationIdError(ClaudeAiError):
    """The text contains no organization UUID, or claude.ai rejects the UUID (400)."""

    key = "invalid_org_id"
    message = "This is not a claude.ai organization ID"


class BlockedError(ClaudeAiError):
    """Cloudflare or a network login page answered.

    This says nothing about the session key.
    """

    key = "blocked"
    message = "Blocked by Cloudflare or by a network login page"


class InvalidSessionError(ClaudeAiError):
    """The session key has expired, or does not have the form of one."""

    key = "invalid_auth"
    message = "claude.ai no longer accepts the session key"


class OrganizationAccessError(ClaudeAiError):
    """The session key has no access to the organization, or the organization does not exist."""

    key = "org_not_found"
    message = "The session key has no access to this claude.ai organization"


class RegionBlockedError(ClaudeAiError):
    """claude.ai is not offered in the region of this internet connection."""

    key = "region_blocked"
    message = "claude.ai is not available in the region of this internet connection"


class RateLimitedError(ClaudeAiError):
    """claude.ai is rate limiting the requests (429).

    `retry_after` is the requested wait in seconds as it was sent, without bounds, or
    None.
    """

    key = "rate_limited"
    message = "claude.ai is rate limiting requests"

    def __init__(self, retry_after: float | None = None) -> None:
        """Store the requested wait."""
        super().__init__()
        self.retry_after = retry_after


class ForbiddenError(ClaudeAiError):
    """claude.ai refused the request (403) without a reason."""

    key = "forbidden"
    message = "claude.ai refused the request without giving a reason"


class UnavailableError(ClaudeAiError):
    """claude.ai cannot be reached, or its answer is an error or not the expected JSON."""

    key = "cannot_connect"
    message = "claude.ai cannot be reached or its answer is invalid"


class UnreachableError(UnavailableError):
    """There was no connection, so claude.ai did not receive the request."""
