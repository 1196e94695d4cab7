"""Compression: large payloads become small by zstandard, which keeps both time and place low for JSON."""

import threading

import zstandard

# A thread's own, because neither may be used by two at once and both are costly to make.
_own = threading.local()


def compress(body: bytes) -> bytes:
    """The bytes as one frame, which says its own length."""
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(write_checksum=True)
    compressed: bytes = _own.compressor.compress(body)
    return compressed


def length(frame: bytes) -> int:
    """How many bytes `decompress` makes of a frame, as the frame itself says; its own size if it does not."""
    try:
        size: int = zstandard.frame_content_size(frame)
    except zstandard.ZstdError:
        return len(frame)
    return max(size, len(frame))


def decompress(frame: bytes) -> bytes:
    """The bytes of a frame. Raises `ValueError` when it is none or was damaged."""
    if not hasattr(_own, "decompressor"):
        _own.decompressor = zstandard.ZstdDecompressor()
    try:
        body: bytes = _own.decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
    return body
