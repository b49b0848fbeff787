"""Triggers and conditions of automations.

`support` keeps Home Assistant's automations working where a version lacks something that
these triggers and conditions need. `matching` finds the events of a trigger and the
readings of a condition. `usage_triggers`, `usage_conditions` and `target` need newer
versions. The modules in which Home Assistant looks for them import them from here.

This package imports `runtime` and the modules below it.
"""
