"""The dashboard card: its module, and what it gets from Home Assistant.

`delivery` serves the modules and their texts, and adds the card to the dashboards. `websocket`
answers its request for data that it cannot read from enabled entities. `claude-pulse.js` is
the card and `dashboard.js` the dashboard, both built from `frontend/` of the repository.

This package imports `runtime` and lower layers.
"""
