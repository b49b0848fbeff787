"""What frozen time hides: waits, resets, the tick and stopping, with timers that really run."""
