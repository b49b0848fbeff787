"""Fuzz tests with invalid responses."""
