"""Requests to claude.ai: what is requested, when, and what happens after a failure.

`coordinator` polls the usage of one entry. It gets the time of the next poll from
`schedule`, the wait after a failure from `back_off`, and a working key from `session_key`.
`account` requests the plan and the balance, `status` the public status page. `issues`
creates repair issues, `http` HTTP sessions, and `minute` is a timer. `renames` keeps the
identities of renamed models.

This package imports `claude_ai` and the modules about a config entry, but no entities,
events or forms.
"""
