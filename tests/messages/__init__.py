"""Tests of messages: their sentences, and how phones get them."""
