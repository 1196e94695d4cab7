"""Aggregates of the social service."""

from nova.services.social.aggregates import follow, like, share

__all__ = ["follow", "like", "share"]
