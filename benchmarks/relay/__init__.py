"""Relay: rows to the broker, how many and how soon."""
