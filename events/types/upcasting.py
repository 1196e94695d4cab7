"""Upcasting: a payload of one version is read as another, by small pure functions in a chain.

An upcaster brings the plain JSON value of an older payload nearer to the version that the code writes, a downcaster a
newer one nearer to what a consumer still understands. Both take a `dict` and return one, and know no clock and no
database: the same old event reads the same for ever. `problems` is what the system check asks at start, so that a
broken chain is found then and not when an old event is read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from events.exceptions import InvalidEvent, MissingCast

Cast = Callable[[dict[str, Any]], dict[str, Any]]


class Link(Struct, frozen=True, kw_only=True):
    """One function that leads from one version to another."""

    event_type: str
    from_version: int
    to_version: int
    """Higher than `from_version` for an upcaster, lower for a downcaster."""
    cast: Cast

    def __str__(self) -> str:
        kind = "upcaster" if self.to_version > self.from_version else "downcaster"
        return f"{kind} of {self.event_type} from version {self.from_version} to {self.to_version}"


class Casts:
    """All links between versions."""

    def __init__(self) -> None:
        self._links: list[Link] = []
        self._up: dict[tuple[str, int], Link] = {}
        self._down: dict[tuple[str, int], Link] = {}

    def add(self, link: Link) -> None:
        """Add a link. Raises `ValueError` for versions that no payload has; what is doubled, `problems` tells."""
        if min(link.from_version, link.to_version) < 1 or link.from_version == link.to_version:
            raise ValueError(f"there is no {link}")
        self._links.append(link)
        self._direction(link.from_version, link.to_version).setdefault((link.event_type, link.from_version), link)

    def chain(self, event_type: str, from_version: int, to_version: int) -> list[Link]:
        """The links from one version to another, in order. Raises `MissingCast` when one is missing."""
        direction = self._direction(from_version, to_version)
        links = []
        at = from_version
        while at != to_version:
            link = direction.get((event_type, at))
            if link is None or (to_version - link.to_version) * (to_version - from_version) < 0:
                raise MissingCast(event_type, at, to_version)
            links.append(link)
            at = link.to_version
        return links

    def apply(self, event_type: str, data: dict[str, Any], *, from_version: int, to_version: int) -> dict[str, Any]:
        """The value as the other version says it.

        Raises `MissingCast` when a link is missing, and `InvalidEvent` when the value is not what a link expects.
        """
        for link in self.chain(event_type, from_version, to_version):
            try:
                data = link.cast(data)
            except Exception as error:
                # A value from outside may be anything, and what a function says to it as well.
                raise InvalidEvent(f"the {link} does not understand it: {type(error).__name__}: {error}") from error
        return data

    def problems(self, versions: Mapping[str, int]) -> Iterator[str]:
        """What is wrong with the links for types whose code writes these versions.

        Every version below the written one needs one way up. Downcasters are by choice; those that there are must hang
        together down from the written version.
        """
        seen: set[tuple[str, int, bool]] = set()
        for link in self._links:
            written = versions.get(link.event_type)
            upwards = link.to_version > link.from_version
            if written is None:
                yield f"the {link} belongs to an event type that is not registered"
            elif max(link.from_version, link.to_version) > written:
                yield f"the {link} goes beyond version {written}, which the code writes"
            elif (link.event_type, link.from_version, upwards) in seen:
                yield f"the {link} is the second one from there"
            elif not upwards:
                yield from self._problem(link.event_type, written, link.to_version, "downcaster")
            seen.add((link.event_type, link.from_version, upwards))
        for event_type, written in versions.items():
            for version in range(1, written):
                yield from self._problem(event_type, version, written, "upcaster")

    def _problem(self, event_type: str, from_version: int, to_version: int, kind: str) -> Iterator[str]:
        try:
            self.chain(event_type, from_version, to_version)
        except MissingCast as missing:
            # Further up the same link is missing too; it is told once, where it is missing.
            if missing.from_version == from_version or kind == "downcaster":
                yield f"{event_type} has no {kind} from version {missing.from_version} towards {to_version}"

    def _direction(self, from_version: int, to_version: int) -> dict[tuple[str, int], Link]:
        return self._up if to_version > from_version else self._down


casts = Casts()


def upcaster(event_type: str, *, from_version: int, to_version: int | None = None) -> Callable[[Cast], Cast]:
    """Register the decorated function as the way up from a version, to the next one unless another is named."""
    return _registering(event_type, from_version, from_version + 1 if to_version is None else to_version)


def downcaster(event_type: str, *, from_version: int, to_version: int | None = None) -> Callable[[Cast], Cast]:
    """Register the decorated function as the way down from a version, to the one before unless another is named."""
    return _registering(event_type, from_version, from_version - 1 if to_version is None else to_version)


def _registering(event_type: str, from_version: int, to_version: int) -> Callable[[Cast], Cast]:
    def decorate(cast: Cast) -> Cast:
        casts.add(Link(event_type=event_type, from_version=from_version, to_version=to_version, cast=cast))
        return cast

    return decorate
