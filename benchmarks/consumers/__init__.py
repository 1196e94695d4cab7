"""Consumers: messages to effects, how many and how soon."""
