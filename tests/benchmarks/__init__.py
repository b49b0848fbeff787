"""The costs of Claude Pulse and their budgets. Run by `scripts/bench`."""
