"""Let the tests import the integration the way Home Assistant does."""
