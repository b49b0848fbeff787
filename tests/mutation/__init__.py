"""Mutation tests: does a test fail when a line is another one? Run by `scripts/mutate`."""
