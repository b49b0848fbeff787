"""Events of usage limits: a threshold is crossed, a limit is reached, a limit resets.

`detection` compares each answer of claude.ai with the progress so far. `dispatcher` sends
the events to the event entities and to automations, and keeps the progress over a restart,
with the help of `storage`. `model` defines both. All but `dispatcher` are pure.

This package imports `claude_ai`, `forecast`, `polling` and the modules about a config
entry.
"""
