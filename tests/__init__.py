"""Tests of Claude Pulse, through Home Assistant's own surfaces."""
