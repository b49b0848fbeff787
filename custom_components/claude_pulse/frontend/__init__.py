"""The dashboard card: its module, and what it gets from Home Assistant.

`delivery` serves the module and its texts, and adds it to the dashboards. `websocket` answers its request
for data that it cannot read from enabled entities. `claude-pulse.js` is the card, built from `frontend/` of the repository.

This package imports `runtime` and lower layers.
"""
