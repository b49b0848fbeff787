"""Forecasts of usage limits.

`habit` learns how much a person usually uses in each hour of a week. `profile` applies it
to a window, `weeks` and `sessions` compare the window with earlier ones, `remaining` has the
distributions of the remaining usage, and `projection` computes whether the limit lasts until
its reset. `today` has the usage and the budget of the day, and `capacity` the number of full
sessions. These are pure. `history` reads past usage from Home Assistant's recorder,
`readings` holds the values that the entities show, and `export` returns hourly usage.

This package imports `claude_ai` and the modules about a config entry's data and names.
"""
