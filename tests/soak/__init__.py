"""Weeks of faults in accelerated time: what the entities show is true, or unavailable."""
