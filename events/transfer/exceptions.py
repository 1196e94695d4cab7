"""Exceptions of bringing events in and out.

TransferError
├── InvalidMap      the map file cannot be understood
├── UnreadableFile  the data file cannot be read as what it is said to be
└── BadRow          one row cannot become an event; the others can
"""


class TransferError(Exception):
    """Root of what importing and exporting raise."""


class InvalidMap(TransferError):
    """The map file cannot be understood."""


class UnreadableFile(TransferError):
    """The data file cannot be read as what it is said to be."""


class BadRow(TransferError):
    """One row cannot become an event."""
