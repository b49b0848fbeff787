"""A real Home Assistant with Claude Pulse, to try out."""
