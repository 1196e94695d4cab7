"""Aggregates of the inventory service."""

from nova.services.inventory.aggregates import reservation, stock

__all__ = ["reservation", "stock"]
