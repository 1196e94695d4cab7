"""Strictness: a request that says what nobody would heed is refused, before anything of it is done.

To pass over a condition or a parameter would be to do something else than what was asked for, and to answer that it
was done.
"""

from collections.abc import Collection

from rest_framework.request import Request

from kit.exceptions import InvalidParameter
from kit.rest.query import NoQuery, Query

# Conditions (RFC 9110, section 13), and what makes a repetition harmless. Of reads they would only save work.
HEEDED_OR_REFUSED = (
    *("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"),
    "Idempotency-Key",
)
READS = frozenset({"GET", "HEAD"})


def refuse_unheeded(request: Request, *, query: type[Query], headers: Collection[str]) -> None:
    """Raise `InvalidParameter` for a condition that is none of `headers`, and for any parameter where there is none.

    Operations that have parameters read them themselves, and refuse others there.
    """
    if query is NoQuery:
        NoQuery.of(request)
    if request.method not in READS:
        for name in HEEDED_OR_REFUSED:
            if name not in headers and name in request.headers:
                raise InvalidParameter(name, "is not understood here; leave it out, nothing was done")
