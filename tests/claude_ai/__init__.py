"""Tests of the claude.ai client without Home Assistant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

KEY = "sk-ant-sid01-".ljust(60, "x")
ORG_ID = "1a2b3c4d-0000-4000-8000-123456789abc"

BODIES = {
    path.stem: json.loads(path.read_text())["body"]
    for path in (Path(__file__).parents[1] / "fixtures" / "usage").glob("*.json")
}

# All types of JSON values.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-05-04T14:30:00Z", "session", "weekly_all", 1e300, 2**70]),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def spoiled_bodies(draw: st.DrawFn) -> Any:
    """Draw a usage body in which one value is replaced by another JSON value."""
    body = json.loads(json.dumps(draw(st.sampled_from([*BODIES.values()]))))
    place = body
    while place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], (dict, list)) and draw(st.booleans()):
            place = place[key]
        else:
            place[key] = draw(json_values)
            break
    return body
