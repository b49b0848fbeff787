"""The messages of four weeks: `scripts/alerts` lets simulated people use Claude."""
