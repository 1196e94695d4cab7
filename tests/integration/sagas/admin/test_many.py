"""Many sagas in the console: what the list is narrowed to is counted, operated, and followed."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from sagas.api import work_off_operations
from sagas.models import SagaOperation, SagaState
from tests.support.console import client_of
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import TripRequested

pytestmark = pytest.mark.django_db
LIST = "/admin/sagas/sagastate/"
MANY = f"{LIST}operate/"


@pytest.fixture
def operator() -> Client:
    return client_of("view_sagastate", "operate_sagastate")


def send(client, button, **said):
    """Press a button of the page for many, as it was shown after the last one."""
    said = {name: value for name, value in said.items() if value is not None}
    counted = client.post(MANY, said | {"count": ""}).context["fingerprint"]
    return client.post(MANY, said | {"counted": counted, button: ""}, follow=True)


def page(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_narrows_the_list_is_taken_over(operator, trips):
    shown = page(operator, LIST, status="stuck", saga="trip", unmoved="5m")

    (href,) = set(re.findall(rf'href="({MANY}[^"]*)"', shown))
    form = operator.get(href.replace("&amp;", "&")).context["form"]
    assert {name: form[name].value() for name in ("status", "saga", "unmoved")} == {
        "status": "stuck",
        "saga": "trip",
        "unmoved": "5m",
    }


def test_a_term_that_was_searched_for_is_taken_over(operator, trips):
    live(trips, "t", TripRequested)
    correlation = SagaState.objects.get().correlation_id

    assert operator.get(MANY, {"q": "t"}).context["form"]["key"].value() == "t"
    assert operator.get(MANY, {"q": correlation}).context["form"]["correlation_id"].value() == str(correlation)


def test_they_are_counted_and_shown_before_anything_is_done(operator, trips):
    stuck_trip(trips, "a-stuck-one")
    live(trips, "running-one", TripRequested)

    shown = operator.post(MANY, {"verb": "resume", "saga": "trip", "count": ""})

    assert shown.context["counted"] == 1
    assert "a-stuck-one" in shown.content.decode()
    assert "running-one" not in shown.content.decode()
    assert not SagaOperation.objects.exists()


def test_an_operation_is_begun_and_its_page_says_how_far_it_is(operator, trips):
    for number in range(3):
        stuck_trip(trips, f"t{number}")

    begun = send(operator, "start", verb="resume", status="stuck", rate="1000", reason="the printer works")

    operation = SagaOperation.objects.get()
    assert begun.redirect_chain == [(reverse("admin:sagas_sagaoperation_change", args=[operation.pk]), 302)]
    assert "3 to come" in begun.content.decode()
    assert (operation.actor, operation.reason, operation.rate) == ("someone", "the printer works", 1000)
    assert LogEntry.objects.get(object_id=str(operation.pk)).change_message.startswith("Begun with 3 sagas")
    work_off_operations(seconds=5)
    shown = page(operator, begun.redirect_chain[0][0])
    assert "3 done" in shown
    assert "hx-get" not in shown.partition("operation-progress")[2].partition("</div>")[0]
    assert "3 of 3" in page(operator, "/admin/sagas/sagaoperation/")


def test_what_was_refused_is_shown_with_its_reason_and_set_off(operator, trips):
    live(trips, "t", TripRequested)

    begun = send(operator, "start", verb="retry", step="tickets", saga="trip", rate="1000", reason="again")
    work_off_operations(seconds=5)

    assert "cannot retry: step tickets is pending" in page(operator, begun.redirect_chain[0][0])
    assert "nothing done" in page(operator, "/admin/sagas/sagaoperation/")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"verb": "retry", "saga": "trip"}, "Say which."),
        ({"verb": "resume", "saga": "trip", "step": "tickets"}, "Resume has none."),
        ({"verb": "resume"}, "Narrow it down, or tick this."),
        ({"verb": "resume", "saga": "trip", "everything": "on"}, "Not beside a filter."),
    ],
)
def test_a_form_that_makes_no_sense_says_why(operator, trips, said, why):
    assert why in operator.post(MANY, said | {"count": ""}).content.decode()


def test_a_running_one_is_cancelled(operator, trips):
    stuck_trip(trips)
    send(operator, "start", verb="resume", everything="on", reason="all of them")
    operation = SagaOperation.objects.get()

    url = reverse("admin:sagas_sagaoperation_cancel", args=[operation.pk])
    operator.post(url, {"_form_submitted": "on", "reason": "enough"})

    operation.refresh_from_db()
    assert (operation.state, operation.cancelled_by, operation.cancel_reason) == ("cancelled", "someone", "enough")


def test_who_may_only_look_can_begin_nothing(trips):
    stuck_trip(trips)
    onlooker = client_of("view_sagastate")

    assert "Act on many" not in page(onlooker, LIST)
    assert onlooker.post(MANY, {"verb": "resume", "saga": "trip", "count": ""}).status_code == 403
    assert page(onlooker, "/admin/sagas/sagaoperation/")


def test_the_list_is_narrowed_by_age_and_step(operator, trips):
    stuck_trip(trips, "old-one")
    live(trips, "new-one", TripRequested)
    SagaState.objects.filter(key="old-one").update(updated_at="2020-01-01T00:00:00Z")

    for query in ({"unmoved": "1d"}, {"saga": "trip", "current_step": "tickets"}):
        shown = page(operator, LIST, **query)
        assert "old-one" in shown
        assert "new-one" not in shown
    assert "old-one" not in page(operator, LIST, unmoved="for ever")
