"""Clients that append beside the followers of the log."""

from tests.support.followers import writers

__all__ = ["writers"]
