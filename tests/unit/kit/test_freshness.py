"""A request says how old its answer may be."""

from typing import Any
from unittest.mock import Mock, call

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from kit.rest import replicas


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "no-transform"}, None),
        ({"Cache-Control": "max-age=2"}, 2),
        ({"Cache-Control": 'MAX-AGE="2", max-stale=9'}, 2),
        ({"Cache-Control": "max-age=7, no-cache"}, 0),
        ({"Cache-Control": "no-store"}, 0),
        ({"Cache-Control": "max-age=many"}, None),
        ({"Prefer": "wait=100"}, 0),
        ({"Prefer": "return=minimal, Wait=100"}, 0),
        ({"Prefer": "return=minimal; wait"}, 0),
        ({"Prefer": "respond-async"}, None),
        ({"Prefer": "waiting=1"}, None),
    ],
)
def test_headers_bound_the_age_of_an_answer(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, Any], seconds: float | None
) -> None:
    asked = Mock()
    monkeypatch.setattr(replicas, "from_replica", asked)
    query = Mock()

    replicas.read(Request(APIRequestFactory().get("/", headers=headers)), query, position=3)

    assert asked.call_args == call(query, max_staleness=seconds, position=3)
