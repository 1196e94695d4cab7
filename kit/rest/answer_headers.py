"""Answer headers: what the headers of an answer mean, for the description of the API."""

from drf_spectacular.utils import OpenApiParameter

from kit.rest.conditions import ETAG_SCHEMA


def etag_header(*statuses: int) -> OpenApiParameter:
    """The version of what is answered; answers with these statuses have it."""
    return _header("ETag", "The version, in quotes.", statuses, ETAG_SCHEMA)


def location_header(*statuses: int) -> OpenApiParameter:
    """Where to see what has come of the request; answers with these statuses have it."""
    return _header("Location", "Where to see it.", statuses, {"type": "string", "pattern": "^/"})


def replayed_header(*statuses: int) -> OpenApiParameter:
    """That it is the first answer again; answers with these statuses may have it."""
    description = "`true`: the request took effect before, and this is the first answer again."
    return _header("Idempotency-Replayed", description, statuses, {"type": "string", "const": "true"}, always=False)


def _header(
    name: str, description: str, statuses: tuple[int, ...], schema: dict[str, str], *, always: bool = True
) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        schema,
        OpenApiParameter.HEADER,
        description=description,
        required=always,
        response=list(statuses),
    )
