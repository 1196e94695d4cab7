"""Errors of the demonstration."""


class DemoError(Exception):
    """The day did not go as planned; the message says what was expected and what came."""
