"""What Claude Pulse costs: counted, and timed as ratios. Run by `scripts/bench`."""
