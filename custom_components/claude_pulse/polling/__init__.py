"""Requests to claude.ai: what is requested, when, and what happens after a failure.

`coordinator` polls the usage of one entry. It gets the time of the next poll from
`schedule`, the wait after a failure from `back_off`, a working key from `session_key`,
and the plan and balance from `account`. `status` polls the public status page.

This package imports `claude_ai` and the modules about a config entry. It does not know
entities, events or forms.
"""
