"""Problem responses: what may be raised leads through the rules to what is described."""

import pytest

from events.exceptions import EventIdConflict, InvalidEvent, StreamTombstoned
from kit.rest.description.openapi import Raised
from nova.rest.problem_responses import problem_responses


def described(*errors, body=False, parameters=False):
    """Component name by status."""
    raised = Raised(body=body, errors=errors)
    return {status: name for status, name, _ in problem_responses(raised, parameters=parameters)}


def test_any_operation_may_be_refused():
    assert described() == {status: f"Problem{status}" for status in (400, 401, 403, 405, 406, 429, 503)}


def test_bodies_and_addresses_may_be_wrong():
    assert (
        described(body=True).items()
        >= {
            400: "Problem400.invalid-json",
            413: "Problem413.body-too-large",
            415: "Problem415.unsupported-media-type",
        }.items()
    )
    assert described(parameters=True)[404] == "Problem404.not-found"


def test_a_component_is_named_for_all_that_an_operation_adds():
    assert described(StreamTombstoned, EventIdConflict)[409] == "Problem409.event-id-conflict.stream-tombstoned"
    assert described(EventIdConflict)[409] == "Problem409.event-id-conflict"


def test_a_response_names_types_and_status():
    raised = Raised(body=False, errors=(InvalidEvent,))
    response = {status: one for status, _, one in problem_responses(raised, parameters=False)}[422]

    assert response["content"]["application/problem+json"]["schema"] == {
        "$ref": "#/components/schemas/Problem",
        "properties": {"type": {"enum": ["urn:nova:problem:invalid-event"]}, "status": {"const": 422}},
    }
    assert response["description"] == "Unprocessable Entity. `invalid-event`: This cannot be an event."


def test_an_error_that_no_rule_knows_cannot_be_described():
    with pytest.raises(LookupError, match="ZeroDivisionError"):
        described(ZeroDivisionError)
