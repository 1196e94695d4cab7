"""Idempotency key: a header by which a client makes the repetition of a request harmless."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter

from kit.exceptions import InvalidParameter

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", UUID, OpenApiParameter.HEADER, description="Makes a repetition harmless; chosen by the client"
)


def idempotency_key(headers: Mapping[str, str]) -> UUID | None:
    """What makes a repetition harmless. Raises `InvalidParameter` for what is no UUID."""
    text = headers.get("Idempotency-Key")
    try:
        return None if text is None else msgspec.convert(text, UUID)
    except msgspec.ValidationError:
        raise InvalidParameter("Idempotency-Key", "must be a UUID") from None
