"""The payment service: what it owns. It is asked by events of whoever asks, in streams of theirs."""

from outbox.api import Service, register_services

SERVICE = Service(name="payment-service", owns=frozenset({"payment"}))
register_services([SERVICE])
