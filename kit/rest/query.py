"""Query string: the parameters of a view as one typed struct; what is wrong, missing or unknown is named."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self

import msgspec
from django.http import QueryDict
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields, replace
from rest_framework.request import Request

from kit.arguments import MAX_BIGINT
from kit.exceptions import InvalidParameter
from kit.json.pointer import explain

Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]
"""What PostgreSQL can compare with: no NUL."""
Timestamp = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with an offset; read as UTC."""
BigInt = Annotated[int, Meta(ge=0, le=MAX_BIGINT)]

_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)


class Query(Struct, frozen=True, kw_only=True):
    """The parameters of a view: one subclass each, which also describes them in OpenAPI."""

    @classmethod
    def of(cls, request: Request) -> Self:
        """The parameters of a request. Raises `InvalidParameter`."""
        query: QueryDict = request.query_params
        found = cls.read(query.dict())
        for name, texts in query.lists():
            if len(texts) > 1:
                raise InvalidParameter(name, "must be given once")
        return found

    @classmethod
    def read(cls, texts: dict[str, Any]) -> Self:
        """The parameters from their texts. Raises `InvalidParameter`."""
        known = _fields(cls)
        for name in texts:
            if name not in known:
                raise InvalidParameter(name, f"is not known here; known are {', '.join(known) or 'none'}")
        for name, field in known.items():
            if field.required and name not in texts:
                raise InvalidParameter(name, "is needed")
        try:
            found = msgspec.convert(texts, cls, strict=False)
        except msgspec.ValidationError as error:
            reason, pointer = explain(error)
            raise InvalidParameter(pointer.removeprefix("/"), reason) from error
        exact = {known[name].name: _exact(name, text, getattr(found, known[name].name)) for name, text in texts.items()}
        return replace(found, **exact) if exact else found


class NoQuery(Query, frozen=True, kw_only=True):
    """A view without parameters."""


@cache
def _fields(kind: type[Query]) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in fields(kind)}


def _exact(name: str, text: str, value: Any) -> Any:
    """The value, unless msgspec has been lenient: with `1e3` as an integer, seconds as a time, `null` as nothing."""
    match value:
        case None:
            raise InvalidParameter(name, "cannot be null; leave it out")
        case bool() if text not in {"true", "false"}:
            raise InvalidParameter(name, "must be true or false")
        case int() if not isinstance(value, bool) and not _WHOLE_NUMBER.fullmatch(text):
            raise InvalidParameter(name, "must be a whole number")
        case datetime():
            try:
                return msgspec.convert(text, Timestamp).astimezone(UTC)
            except (msgspec.ValidationError, OverflowError):
                raise InvalidParameter(name, "must be a time with an offset, such as 2025-01-15T10:30:00Z") from None
        case _:
            return value
