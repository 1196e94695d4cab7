"""JSON pointer (RFC 6901): where in a document something is wrong."""

import re

import msgspec

_PLACE = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")


def escape(key: str) -> str:
    """A key as a token of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec complains about, and a pointer to it; the place is only to be had from its message."""
    match = _PLACE.fullmatch(str(error))
    if match is None or match["path"] is None:
        return str(error), ""
    steps = (step["key"] or step["index"] for step in _STEP.finditer(match["path"]))
    return match["reason"], "".join(f"/{escape(step)}" for step in steps)
