"""Seeded people, and how far forecasts are from what they go on to use."""
