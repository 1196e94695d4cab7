"""Conditional requests (RFC 9110, section 13): a version is an entity tag, in quotes."""

import re

from kit.exceptions import InvalidParameter

ETAG = re.compile(r'"([0-9]{1,18})"')
"""The strong entity tag of a version."""
ETAG_SCHEMA = {"type": "string", "format": "entity-tag", "pattern": f"^{ETAG.pattern}$"}
"""Describes it."""


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def version_in(header: str, *, name: str) -> int:
    """The version that a header's one strong tag names. Raises `InvalidParameter` for anything else."""
    tag = ETAG.fullmatch(header.strip())
    if tag is None:
        raise InvalidParameter(name, 'must be one version in quotes, such as "3"')
    return int(tag[1])
