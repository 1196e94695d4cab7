"""Rules of Nova's API for schemathesis, which loads this module into its own process (`SCHEMATHESIS_HOOKS`).

The description cannot say everything: that two parameters exclude each other, that a cursor is one that a page has
given out, what the domain refuses. All else that is valid by the description must be accepted.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import CheckContext, HookContext, Response

# Parameters of which a request has one at most.
EXCLUSIVE = (("If-Match", "If-None-Match"), ("version", "at"), ("correlation_id", "causation_id"))
# What the state or a rule of the domain may have against a request that is described as valid.
DOMAIN = {401, 403, 404, 409, 412, 428, 429}
RULES = {
    # The aggregate's rules.
    ("command-refused", None),
    # An append that names the same stream or the same event id twice.
    ("invalid-event", ""),
    # First day and last day of counts in the wrong order.
    ("invalid-parameter", "from"),
    # A position beyond the end of the log.
    ("invalid-parameter", "Prefer"),
    # A group's topics, of which the description does not know which it consumes, and their partitions.
    ("invalid-request", "/topic"),
    ("invalid-request", "/partition"),
    # An aggregate takes events from the service that owns it.
    ("source-not-owner", None),
    # Each saga has data of a shape of its own.
    ("invalid-saga-data", None),
    # The body that is edited is a text of JSON of another type.
    ("invalid-edit", "/body"),
}

statuses: Counter[int] = Counter()

# What a pattern says of quotes, schemathesis passes over in headers.
schemathesis.openapi.format("entity-tag", strategies.integers(0, 3).map('"{}"'.format))


@schemathesis.hook
def filter_case(context: HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out requests with parameters that exclude each other."""
    given = {name.lower() for name in (*(case.query or {}), *(case.headers or {}))}
    return not any(one.lower() in given and other.lower() in given for one, other in EXCLUSIVE)


@schemathesis.hook
def after_call(context: HookContext, case: schemathesis.Case[Any], response: Response) -> None:
    """Count."""
    statuses[response.status_code] += 1


@schemathesis.check
def valid_data_is_refused_by_rules_only(ctx: CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    """What is valid by the description is refused for its shape by nothing."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    if response.status_code in DOMAIN:
        return
    problem = response.json()
    slug = problem["type"].removeprefix("urn:nova:problem:")
    places = [error.get("pointer", error.get("parameter")) for error in problem.get("errors", [{}])]
    cursors = {p.name for p in case.operation.query if p.definition["schema"].get("format") == "cursor"}
    for place in places:
        is_rule = {(slug, place), (slug, None)} & RULES or (slug == "invalid-parameter" and place in cursors)
        assert is_rule, f"refused, though valid by the description: {problem}"


def _write() -> None:
    if path := os.environ.get("API_STATUSES"):
        Path(path).write_text(json.dumps(dict(sorted(statuses.items()))))


atexit.register(_write)
