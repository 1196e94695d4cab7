"""Input validation in the console: no address or form that is nonsense ends in an error of the server."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from outbox.models import DeadLetter
from tests.support.console import operator_client
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group

pytestmark = pytest.mark.django_db

DEAD_LETTERS = "admin:outbox_deadletter_changelist"
ROWS = "admin:outbox_outboxevent_changelist"
OPERATIONS = "admin:outbox_deadletteroperation_changelist"
ACTIONS = (
    *(
        "deadletter_retry_dead_letter",
        "deadletter_edit_dead_letter",
        "deadletter_discard_dead_letter",
        "deadletter_archive_dead_letter",
    ),
    *("outboxevent_retry_row", "outboxevent_reroute_row", "outboxevent_discard_row", "deadletteroperation_cancel"),
)


@pytest.fixture
def operator(db: None, redis_url: str) -> Client:
    client = operator_client()
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_on_what_is_not_there_is_not_found(operator: Client, name: str) -> None:
    said = {"_form_submitted": "on", "reason": "r", "topic": "x", "body": "{}"}

    for number in ("abc", "999999", "9" * 25, "1\0", "-1"):
        url = reverse(f"admin:outbox_{name}", args=[number])
        assert (number, operator.get(url).status_code) == (number, 404)
        assert (number, operator.post(url, said).status_code) == (number, 404)


@pytest.mark.parametrize("name", ["deadletter", "outboxevent", "deadletteroperation"])
def test_the_page_of_a_row_that_is_not_there_leads_elsewhere(operator: Client, name: str) -> None:
    assert operator.get(reverse(f"admin:outbox_{name}_change", args=["abc"])).status_code == 302


@pytest.mark.parametrize(
    ("url", "query"),
    [
        *((DEAD_LETTERS, {name: "\0"}) for name in ("consumer", "status", "event_type", "topic", "operation", "q")),
        (DEAD_LETTERS, {"failure_group": "a\0b", "operation": "1-\0"}),
        *((ROWS, {name: "\0"}) for name in ("topic", "event_type", "state", "q")),
        *((OPERATIONS, {name: "\0"}) for name in ("state", "verb")),
        *((DEAD_LETTERS, {name: "\0"}) for name in ("o", "p", "e")),
    ],
)
def test_a_list_takes_a_nul_for_nothing(operator: Client, url: str, query: dict[str, Any]) -> None:
    assert operator.get(reverse(url), query).status_code in {200, 302}


@pytest.mark.parametrize("url", [DEAD_LETTERS, ROWS])
@pytest.mark.parametrize("selected", ["abc", "9" * 25, "\0"])
def test_a_selection_of_what_is_no_row_selects_nothing(operator: Client, url: str, selected: str) -> None:
    dead_lettered(fussy_group(Fussy()), 1)
    body = {"action": "discard", "index": "0", "_selected_action": [selected], "reason": "r"}

    assert operator.post(reverse(url), body).status_code == 302
    assert DeadLetter.objects.get().status == "open"


@pytest.mark.parametrize(
    ("url", "lookup"),
    [
        *(
            (DEAD_LETTERS, lookup)
            for lookup in ("event_type__regex", "last_failed_at__hour", "key", "body", "pk__regex")
        ),
        *((ROWS, lookup) for lookup in ("topic__iregex", "payload__x", "id__in")),
    ],
)
def test_a_list_takes_no_other_question_than_its_filters_ask(operator: Client, url: str, lookup: str) -> None:
    assert operator.get(reverse(url), {lookup: "("}).status_code == 400
