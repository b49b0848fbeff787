"""Simulated days with faults; what Home Assistant shows meets a list of expectations."""
