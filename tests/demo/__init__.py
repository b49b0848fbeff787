"""A real Home Assistant with Claude Pulse in it, to look at and to try."""
