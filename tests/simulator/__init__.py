"""A simulator of claude.ai, which serves HTTP on loopback. See README.md."""

from __future__ import annotations

from .server import Simulator

__all__ = ["Simulator"]
