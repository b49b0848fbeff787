"""Tests and measurements of forecasts."""
