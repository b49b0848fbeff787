"""Tests with real timers: waits, resets, the countdown and stopping."""
