"""Forecasts of usage limits.

`habit` learns how much a person usually uses in each hour of a week, and `projection`
computes from it whether a limit lasts until its reset. Both are pure. `history` reads the
past from Home Assistant's recorder, and `readings` holds what the entities show now.

This package imports `claude_ai` and the modules about a config entry's data and names.
"""
