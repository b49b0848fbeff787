"""Events of usage limits and saved resets: a limit is reached, a reset is granted.

`comparison` decides how an answer of claude.ai relates to the progress so far, `detection`
which events follow. `saved_resets` does both for saved resets. `dispatcher` sends the events
to the event entities and to automations, and keeps the progress over a restart, with the
help of `storage`. `model` defines events and progress. All but `dispatcher` are pure.

This package imports `claude_ai`, `forecast`, `polling` and the modules about a config
entry.
"""
