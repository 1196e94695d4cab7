"""Encoding pipeline: a payload's canonical JSON is stored through small steps that can be undone.

The name of an encoding lists its steps in the order in which they were dumped, such as `msgpack+zstd`; loading undoes
them backwards. Every event carries the name of its own, so it stays readable when the choice for new ones changes, and
a step that comes later, such as encryption, is one more entry in `STEPS`. The content hash knows nothing of all this:
it is taken over the canonical JSON.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from events.codec import compression, packing
from events.exceptions import InvalidEvent
from events.types.registry import Codec

JSON = "json"
MSGPACK = "msgpack"
ZSTD = "zstd"


class Step(Struct, frozen=True, kw_only=True):
    """One way to change a payload's form, and the way back."""

    dump: Callable[[bytes], bytes]
    load: Callable[[bytes], bytes]


STEPS: Mapping[str, Step] = {
    MSGPACK: Step(dump=packing.pack, load=packing.unpack),
    ZSTD: Step(dump=compression.compress, load=compression.decompress),
}


class Stored(Struct, frozen=True):
    """A payload in the form in which it is stored."""

    encoding: str
    body: bytes | None
    """`None` when it is the canonical JSON itself."""


_AS_JSON = Stored(JSON, None)


def dump(text: bytes, *, codec: Codec, compress_above: int) -> Stored:
    """Canonical JSON in the form for the store: compressed where it is longer than so many bytes (0 for never)."""
    small = not compress_above or len(text) <= compress_above
    if small and codec == JSON:
        return _AS_JSON
    encoding, body = (MSGPACK, STEPS[MSGPACK].dump(text)) if codec == MSGPACK else (JSON, text)
    if not small:
        compressed = STEPS[ZSTD].dump(body)
        # What does not get smaller, such as random text, would only cost time at every reading.
        if len(compressed) < len(body):
            return Stored(f"{encoding}+{ZSTD}", compressed)
    return _AS_JSON if encoding == JSON else Stored(encoding, body)


def load(encoding: str, body: bytes) -> bytes:
    """The canonical JSON of a stored form. Raises `InvalidEvent` for one that it cannot be made of."""
    codec, text = unwrap(encoding, body)
    return text if codec == JSON else _undo(codec, text)


def unwrap(encoding: str, body: bytes) -> tuple[str, bytes]:
    """A stored form without what was done after the codec: the codec's name, `json` or `msgpack`, and its bytes.

    Raises `InvalidEvent` for a form that it cannot be made of.
    """
    codec, *steps = encoding.split("+")
    for step in reversed(steps):
        body = _undo(step, body)
    return codec, body


def length(encoding: str, body: bytes) -> int:
    """About how many bytes a stored form comes to when it is read."""
    return compression.length(body) if encoding.endswith(ZSTD) else len(body)


def _undo(step: str, body: bytes) -> bytes:
    try:
        return STEPS[step].load(body)
    except KeyError:
        raise InvalidEvent(f"nothing here knows how to undo {step!r}") from None
    except ValueError as error:
        raise InvalidEvent(f"cannot be undone by {step}: {error}") from error
