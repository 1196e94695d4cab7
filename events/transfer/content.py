"""Gzip content: what a gzip file holds, of one member or several (RFC 1952), as far as it is sound.

Python's own reader loses what it has read when something else than gzip stands behind the data, and here that must
cost nothing but itself.
"""

import io
import zlib
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

MAGIC = b"\x1f\x8b"
CHUNK = 64 * 1024
# Most bytes that are unpacked at once.
MAX_UNPACKED = 1024 * 1024
# To zlib, a gzip header and trailer with its checksum.
_GZIP = 31


class GzipContent(io.RawIOBase):
    """The unpacked bytes. All that stands before a fault is read before the fault is raised.

    Raises `EOFError` where the file breaks off, and `zlib.error` where it is damaged or no gzip file at all.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.has_more = False
        """Whether something else than gzip stands behind the data; known when all of it has been read."""
        self._file = file
        self._chunks = self._members()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with the next bytes; how many there were, 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        length = min(len(buffer), len(self._rest))
        buffer[:length], self._rest = self._rest[:length], self._rest[length:]
        return length

    def _members(self) -> Iterator[bytes]:
        packed = self._file.read(CHUNK)
        if not packed:
            raise EOFError("it is empty")
        while True:
            packed = yield from self._member(packed)
            # Some writers fill their last block up with zeros.
            while not (packed := packed.lstrip(b"\0")):
                packed = self._file.read(CHUNK)
                if not packed:
                    return
            packed += self._file.read(len(MAGIC))
            if not packed.startswith(MAGIC):
                self.has_more = True
                return

    def _member(self, packed: bytes) -> Generator[bytes, None, bytes]:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            if not packed and not (packed := self._file.read(CHUNK)):
                yield member.flush()
                raise EOFError("it breaks off")
            before = member.copy()
            try:
                chunk = member.decompress(packed, MAX_UNPACKED)
            except zlib.error:
                yield from _up_to_the_fault(before, packed)
                raise
            packed = member.unconsumed_tail
            yield chunk
        return member.unused_data


def _up_to_the_fault(member: Any, packed: bytes) -> Iterator[bytes]:
    try:
        for place in range(len(packed)):
            yield member.decompress(packed[place : place + 1])
    except zlib.error:
        return
