"""A stand-in for claude.ai, over real HTTP on loopback.

It knows accounts and organizations, usage that moves with the clock, and every
way in which claude.ai fails. `python -m tests.simulator` starts it by itself.
"""

from __future__ import annotations

from .server import Simulator

__all__ = ["Simulator"]
