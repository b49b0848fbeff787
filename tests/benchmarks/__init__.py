"""What Claude Pulse costs, counted and measured against budgets. Run by `scripts/bench`."""
