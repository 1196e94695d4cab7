"""What can be read of a gzip file that is not whole, or more than gzip."""

import gzip
import io
import random
import zlib

import pytest

from events.transfer.content import CHUNK, GzipContent

TEXT = random.Random(1).randbytes(5 * CHUNK)
PACKED = gzip.compress(TEXT, mtime=0)


def read(packed: bytes, size: int = 10_000) -> tuple[bytes, GzipContent, Exception | None]:
    content, parts = GzipContent(io.BytesIO(packed)), []
    try:
        while part := content.read(size):
            parts.append(part)
    except (EOFError, zlib.error) as error:
        return b"".join(parts), content, error
    return b"".join(parts), content, None


@pytest.mark.parametrize("size", [1_000, 100_000, 10_000_000])
def test_members_are_read_as_one(size: int) -> None:
    text, content, error = read(PACKED + gzip.compress(b"") + PACKED, size)

    assert (text, content.has_more, error) == (TEXT * 2, False, None)


@pytest.mark.parametrize("behind", [b"x", b"\x1f", b"\x1f\x00\x8b", b"\0\0x", b"x" * 3 * CHUNK])
def test_what_stands_behind_costs_nothing_but_itself(behind: bytes) -> None:
    text, content, error = read(PACKED + behind)

    assert (text, content.has_more, error) == (TEXT, True, None)


def test_all_is_read_up_to_where_it_breaks_off() -> None:
    text, _, error = read(PACKED[: 2 * CHUNK])

    assert isinstance(error, EOFError)
    assert TEXT.startswith(text)
    assert len(text) > 2 * CHUNK - 1_000


def test_all_is_read_up_to_the_damage() -> None:
    text, _, error = read(PACKED[:-8] + b"12345678")

    assert isinstance(error, zlib.error)
    assert text == TEXT


def test_very_much_is_unpacked_part_by_part() -> None:
    content = GzipContent(io.BytesIO(gzip.compress(b"a" * 20_000_000)))

    assert sum(len(content.read(1_000_000) or b"") for _ in range(40)) == 20_000_000
    assert content.read(1) == b""
