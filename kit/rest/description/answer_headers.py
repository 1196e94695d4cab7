"""Answer headers: what the headers of an answer mean, for the description of the API."""

from drf_spectacular.utils import OpenApiParameter

from kit.rest.conditions import ETAG_SCHEMA

POSITION = "Nova-Position"
"""The header that names a place in the log of events."""
POSITION_SCHEMA = {"type": "string", "pattern": "^[0-9]{1,19}$"}

AS_OF = "Nova-As-Of"
"""The header that says as of when an answer is."""


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


def position_header(*statuses: int) -> OpenApiParameter:
    """The position of the last event that was appended; answers with these statuses have it."""
    description = "Position in the log of the last event that was appended: for `Prefer: wait` of queries."
    return _header(POSITION, description, statuses, POSITION_SCHEMA)


def seen_position_header(*statuses: int) -> OpenApiParameter:
    """The position that a query's answer has seen; answers with these statuses have it."""
    description = (
        "Every event of the log up to this position is in the answer, but for those that an operator can see as parked "
        "or skipped."
    )
    return _header(POSITION, description, statuses, POSITION_SCHEMA)


def as_of_header(*statuses: int) -> OpenApiParameter:
    """As of when an answer from a materialised view is; answers with these statuses have it once it was refreshed."""
    description = "When the materialised view was last computed: what was committed before is in the answer."
    schema = {"type": "string", "format": "date-time"}
    return _header(AS_OF, description, statuses, schema, always=False)


def preference_applied_header(*statuses: int) -> OpenApiParameter:
    """That a wait has had its end; answers with these statuses may have it."""
    description = "`wait=<position>`: the answer knows the event that was waited for."
    schema = {"type": "string", "pattern": "^wait=[0-9]{1,18}$"}
    return _header("Preference-Applied", description, statuses, schema, always=False)


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
