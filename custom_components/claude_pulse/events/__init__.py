"""Events of usage limits: a threshold is crossed, a limit is reached, a limit resets.

`detection` compares each answer of claude.ai with the progress so far, and is pure.
`dispatcher` sends the events to the event entities and to automations, and `storage` keeps
the progress over a restart. The other modules are triggers and conditions of automations.

This package imports `claude_ai`, `forecast`, `polling` and the modules about a config
entry.
"""
