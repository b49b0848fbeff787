"""Tests of the claude.ai client by itself, without Home Assistant."""

from __future__ import annotations

from hypothesis import strategies as st

# Anything that a JSON body can hold, in the shapes Python gives it.
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
