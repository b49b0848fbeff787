"""Triggers and conditions of automations.

`support` keeps Home Assistant's automations working where a version lacks something that
these triggers and conditions need. `matching` finds the events of a trigger and the
readings of a condition. `usage_triggers`, `usage_conditions` and `target` need newer
versions. `trigger.py`, `condition.py` and `device_trigger.py`, where Home Assistant looks,
import from here.

This package imports `runtime` and the rows above it in AGENTS.md.
"""
