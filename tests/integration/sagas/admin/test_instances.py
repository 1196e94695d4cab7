"""An operator finds a saga that is stuck, sees why, and sets it right."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.auth.models import User as Account
from django.test import Client
from django.urls import reverse

from outbox.models import DeadLetter
from sagas.models import SagaState, SagaTransition
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import HotelBooked, TripRequested

pytestmark = pytest.mark.django_db
LIST = "/admin/sagas/sagastate/"


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(Account.objects.create_superuser("operator"))
    return client


def page(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def operate(client, saga_id, verb, **sent):
    url = reverse(f"admin:sagas_sagastate_{verb}_saga", args=[saga_id])
    return client.post(url, {"_form_submitted": "on", "reason": "a try"} | sent)


def test_those_that_are_stuck_come_first(operator, trips):
    live(trips, "running-one", TripRequested)
    stuck_trip(trips, "stuck-one")

    shown = page(operator, LIST)
    assert shown.index("stuck-one") < shown.index("running-one")
    narrowed = page(operator, LIST, status="stuck")
    assert "stuck-one" in narrowed
    assert "running-one" not in narrowed


def test_an_instance_says_what_it_waits_for_and_how_it_came_there(operator, trips):
    saga_id = live(trips, "t", TripRequested, HotelBooked)

    shown = page(operator, f"{LIST}{saga_id}/change/")

    assert "a reply to flight since" in shown
    assert 'data-status="done"' in shown
    assert "hotel.booking_requested" in shown
    assert "/room" in shown


def test_its_steps_are_drawn_and_listed(operator, trips):
    saga_id = live(trips, "t", TripRequested, HotelBooked)

    shown = page(operator, f"{LIST}{saga_id}/change/")

    assert "flowchart LR" in shown
    assert "s1[&quot;hotel&lt;br/&gt;done&quot;]:::done" in shown
    assert "sagas/mermaid/mermaid.min.js" in shown
    assert "mermaid.min.js" not in page(operator, LIST)
    assert 'data-status="running"' in shown


def test_what_was_asked_for_leads_to_its_event_its_row_and_its_dead_letter(operator, trips):
    saga_id = live(trips, "t", TripRequested)
    (hotel, flight) = SagaTransition.objects.get().requests
    dead_lettered(fussy_group(Fussy()), 1)
    DeadLetter.objects.update(event_id=hotel["event_id"])

    shown = page(operator, f"{LIST}{saga_id}/change/")

    for request in (hotel, flight):
        assert f"/admin/events/domainevent/?q={request['event_id']}" in shown
        assert f"/admin/outbox/outboxevent/?q={request['event_id']}" in shown
    assert f"/admin/outbox/deadletter/?archived=any&amp;q={hotel['event_id']}" in shown
    assert f"/admin/outbox/deadletter/?archived=any&amp;q={flight['event_id']}" not in shown


def difference(client, saga_id, data):
    url = reverse("admin:sagas_sagastate_difference", args=[saga_id])
    return client.post(url, {"_form_submitted": "on", "data": data})


def test_what_an_edit_would_change_is_shown_before_it_takes_effect(operator, trips):
    saga_id = stuck_trip(trips)

    changed = difference(operator, saga_id, '{"trip_id": "t", "people": 3, "room": "12"}').content.decode()
    assert "<code>/people</code>: 1 → 3" in changed
    assert "/room" not in changed
    assert (
        "change nothing"
        in difference(operator, saga_id, '{"trip_id": "t", "people": 1, "room": "12"}').content.decode()
    )
    assert "/people: " in difference(operator, saga_id, '{"trip_id": "t", "people": "two"}').content.decode()
    assert "This is not JSON" in difference(operator, saga_id, "{").content.decode()
    assert SagaState.objects.get().state["data"]["people"] == 1
    dialog = operator.get(reverse("admin:sagas_sagastate_edit_saga", args=[saga_id])).content.decode()
    assert reverse("admin:sagas_sagastate_difference", args=[saga_id]) in dialog
    assert 'id="saga-difference"' in dialog


def test_it_is_found_by_key_and_by_correlation(operator, trips):
    live(trips, "t1", TripRequested)
    live(trips, "t2", TripRequested)
    correlation = SagaState.objects.get(key="t2").correlation_id

    assert "t2" not in page(operator, LIST, q="t1").partition("result_list")[2]
    assert "t2" in page(operator, LIST, q=str(correlation)).partition("result_list")[2]


def test_a_stuck_one_is_edited_and_tried_again(operator, trips):
    saga_id = stuck_trip(trips)

    operate(operator, saga_id, "edit", data='{"trip_id": "t", "people": 3}')
    operate(operator, saga_id, "retry", step="tickets")

    state = SagaState.objects.get()
    assert (state.status, state.state["data"]["people"]) == ("running", 3)
    assert list(SagaTransition.objects.filter(cause="operator").values_list("actor", "reason").order_by("number")) == [
        ("operator", "a try"),
        ("operator", "a try"),
    ]
    assert LogEntry.objects.filter(object_id=str(saga_id)).count() == 2


def test_data_that_cannot_be_are_refused_in_the_dialog_and_kept_there(operator, trips):
    saga_id = stuck_trip(trips)

    for typed, why in (("{", "This is not JSON"), ("[1]", "This is not a JSON object"), ('{"people": 3}', "trip_id")):
        answer = operate(operator, saga_id, "edit", data=typed).content.decode()
        assert why in answer
    assert not SagaTransition.objects.filter(cause="operator").exists()


@pytest.mark.parametrize(
    ("verb", "sent", "status"),
    [
        ("skip", {"step": "tickets"}, "completed"),
        ("compensate", {}, "compensating"),
        ("resume", {}, "running"),
        ("cancel", {}, "failed"),
    ],
)
def test_every_verb_takes_effect(operator, trips, verb, sent, status):
    operate(operator, stuck_trip(trips), verb, **sent)

    assert SagaState.objects.get().status == status


def colleague(*permissions: str) -> Client:
    account = Account.objects.create_user("colleague", is_staff=True)
    account.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(account)
    return client


def test_who_may_only_look_cannot_act(trips):
    saga_id = stuck_trip(trips)
    onlooker = colleague("view_sagastate")

    shown = page(onlooker, f"{LIST}{saga_id}/change/")
    assert "awaiting_operator" in shown
    assert "Give up" not in shown
    assert operate(onlooker, saga_id, "resume").status_code == 403
    assert difference(onlooker, saga_id, "{}").status_code == 403
    assert SagaState.objects.get().status == "awaiting_operator"


def test_who_may_operate_can(trips):
    saga_id = stuck_trip(trips)
    allowed = colleague("view_sagastate", "operate_sagastate")

    assert "Give up" in page(allowed, f"{LIST}{saga_id}/change/")
    operate(allowed, saga_id, "resume")
    assert SagaState.objects.get().status == "running"


def test_an_instance_whose_definition_is_gone_is_shown(operator, trips):
    saga_id = live(trips, "t", TripRequested)
    SagaState.objects.update(shape="0" * 16)

    assert "no code here has" in page(operator, f"{LIST}{saga_id}/change/")
