"""Operators see the platform's state, and what they are allowed to see."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.test import Client

from nova.console import figures
from nova.models import ApiToken
from nova.rest.tokens import create_token
from sagas.models import SagaState
from tests.support.callers import bearer


def guest(*permissions):
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_front_door_leads_to_the_console(db):
    response = Client().get("/", follow=True)
    assert response.redirect_chain[0][0] == "/admin/"
    assert "Nova" in response.content.decode()


def test_the_overview_has_the_real_numbers(committed_db):
    operator, caller = Client(), bearer(create_token("probe", scopes=["events:append"])[0])
    operator.force_login(User.objects.create_superuser("operator"))
    body = '[{"event_type":"user.followed","payload":{"follower_id":"a","followed_id":"b"}}]'
    assert caller.post("/api/v1/streams/user/7/events", body, content_type="application/json").status_code == 201

    response = operator.get("/admin/")

    assert response.context["log"].value.last_position >= 1
    assert response.context["delivery"].value.pending == 1
    assert response.context["delivery"].value.dead_letters == 0
    page = response.content.decode()
    assert "user.followed" in page
    assert "user/7" in page


def test_the_overview_shows_what_does_not_answer(operator, monkeypatch):
    def away():
        raise OperationalError

    monkeypatch.setattr(figures, "projection_statuses", away)
    response = operator.get("/admin/")
    assert response.status_code == 200
    assert "The projections do not answer" in response.content.decode()


def test_every_entry_of_the_sidebar_leads_somewhere(operator):
    page = operator.get("/admin/").content.decode()
    links = set(re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/)"', page))
    assert "/admin/nova/apitoken/" in links
    assert {link: operator.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_an_operator_sees_only_what_is_allowed(db):
    page = guest("view_outboxevent").get("/admin/").content.decode()
    assert "/admin/outbox/outboxevent/" in page
    assert "/admin/events/domainevent/" not in page
    assert "/admin/nova/apitoken/" not in page
    assert "Newest events" not in page


def test_a_token_is_shown_once_at_its_creation(operator):
    form = {"name": "probe", "scopes": ["events:read"], "expires_at_0": "", "expires_at_1": ""}
    response = operator.post("/admin/nova/apitoken/add/", form)
    (token,) = set(re.findall(r"nova_[A-Za-z0-9_-]{43}", response.content.decode()))
    assert "no-store" in response.headers["Cache-Control"]
    assert bearer(token).get("/api/v1/events").status_code == 200
    assert not any(token in cookie.value for cookie in response.cookies.values())
    assert token not in operator.get("/admin/nova/apitoken/").content.decode()
    assert ApiToken.objects.values_list("created_by__username", flat=True).get() == "admin"


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"scopes": []}, {"scopes": ["everything"]}, {"expires_at_0": "2001-01-01", "expires_at_1": "00:00"}],
)
def test_a_wrong_form_creates_nothing(operator, wrong):
    form = {"name": "probe", "scopes": ["events:read"], "expires_at_0": "", "expires_at_1": ""} | wrong
    assert operator.post("/admin/nova/apitoken/add/", form).status_code == 200
    assert not ApiToken.objects.exists()


def test_revoking_needs_its_own_permission(db, operator):
    _, row = create_token("probe", scopes=["operate"])
    act = {"action": "revoke", "_selected_action": [row.pk]}
    guest("view_apitoken").post("/admin/nova/apitoken/", act)
    assert ApiToken.objects.get().state == "live"
    operator.post("/admin/nova/apitoken/", act)
    assert ApiToken.objects.get().state == "revoked"


@pytest.mark.parametrize("page", ["auth/user/", "auth/user/add/", "auth/group/", "auth/group/add/", "password_change/"])
def test_accounts_and_groups_have_their_screens(operator, page):
    assert operator.get(f"/admin/{page}").status_code == 200


def test_whoever_logs_in_without_saying_where_to_comes_to_the_overview(db):
    User.objects.create_superuser("operator", password="of the night")
    answer = Client().post("/admin/login/", {"username": "operator", "password": "of the night"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_a_page_that_refreshes_itself_leads_to_the_login_when_its_session_has_ended(db):
    part = {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/outbox/outboxevent/?state=dead"}
    answer = Client().get("/admin/outbox/outboxevent/?state=dead", headers=part)
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/admin/login/?next=%2Fadmin%2Foutbox%2Foutboxevent%2F%3Fstate%3Ddead"
    # Whoever asks for the whole page is sent there by the browser.
    assert Client().get("/admin/").status_code == 302


def test_the_cards_lead_to_the_rows_that_they_count(operator):
    links = operator.get("/admin/").context["links"]
    assert links["pending"] == "/admin/outbox/outboxevent/?state=to_publish"
    assert links["dead"] == "/admin/outbox/outboxevent/?state=dead"
    assert links["dead_letters"] == "/admin/outbox/deadletter/?status__exact=open"
    assert {operator.get(links[card]).status_code for card in ("pending", "dead", "dead_letters")} == {200}


def test_sagas_that_have_not_ended_are_counted_and_lead_to_their_list(operator):
    for number, (saga, status) in enumerate([("tea", "running"), ("tea", "awaiting_operator"), ("tea", "completed")]):
        SagaState.objects.create(
            saga_id=uuid4(), saga_type=saga, key=f"cup-{number}", status=status, state={}, version=1
        )

    page = operator.get("/admin/")

    assert [(one.status, one.number) for one in page.context["sagas"].value] == [
        ("awaiting_operator", 1),
        ("running", 1),
    ]
    (link, *_) = re.findall(r'href="(/admin/sagas/sagastate/\?[^"]+)"', page.content.decode())
    listed = operator.get(unescape(link)).content.decode()
    assert "awaiting_operator" in link
    assert ("cup-1" in listed, "cup-0" in listed) == (True, False)


def test_whoever_may_not_see_sagas_is_shown_none_of_them(db):
    page = guest("view_domainevent").get("/admin/")

    assert page.context["sagas"] is None
