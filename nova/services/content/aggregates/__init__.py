"""Aggregates of the content service."""

from nova.services.content.aggregates import comment, post

__all__ = ["comment", "post"]
