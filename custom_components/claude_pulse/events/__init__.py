"""Events of an account: a limit is reached, a reset is granted, the session key expires.

`comparison` decides how an answer of claude.ai relates to the progress so far, `detection`
which events follow. `saved_resets` does both for saved resets, and `answer` combines them.
`account` detects events that are not in an answer. `dispatcher` sends the events to the event
entities and to automations, and on the bus with the data of `bus`. It stores the progress
with `storage`, and with `sent` it remembers the sent events that are still true. `model`
defines events and progress. All but `dispatcher` are pure.

This package imports `claude_ai`, `forecast`, `polling` and the modules about a config
entry.
"""
