"""Answers that no server should give: what they cost, and what they can break."""
