"""Whoever tries tokens, passwords, methods or paths has to wait; whoever has a token goes on being served."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from nova.rest.failures import network_of
from tests.support.callers import bearer
from tests.support.problems import assert_problem

LOG = "/api/v1/events"
STREAM = "/api/v1/streams/user/1/events"
MAX_FAILURES = 5

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings):
    settings.NOVA_API_FAILURE_RATE = f"{MAX_FAILURES}/h"


def without_token(number):
    return Client().get(LOG)


def guessed_token(number):
    return bearer(f"nova_{number:043d}").get(LOG)


def made_up_method(number):
    return Client().generic(f"METHOD{number}", LOG)


def made_up_path(number):
    return Client().get(f"/api/v1/path-{number}")


def made_up_page(number):
    return Client().get(f"/page-{number}.php")


def guessed_password(number):
    return Client().post("/admin/login/", {"username": "operator", "password": f"guess {number}"})


TRIES = [without_token, guessed_token, made_up_method, made_up_path, made_up_page, guessed_password]


@pytest.mark.parametrize("attempt", TRIES)
def test_beyond_the_rate_an_address_has_to_wait(attempt):
    assert 429 not in [attempt(number).status_code for number in range(MAX_FAILURES)]
    answer = attempt(MAX_FAILURES)
    assert_problem(answer, 429, "too-many-requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3_600


def test_nobody_looks_a_token_up_in_vain_then(django_assert_num_queries):
    for number in range(MAX_FAILURES):
        guessed_token(number)
    with django_assert_num_queries(0):
        assert guessed_token(MAX_FAILURES).status_code == 429


def test_what_a_token_may_not_do_counts_too(caller_with):
    reader = caller_with("events:read")
    for _ in range(MAX_FAILURES):
        assert reader.post(STREAM, [], content_type="application/json").status_code == 403
    assert without_token(0).status_code == 429


def test_a_token_in_use_goes_on_being_served(caller):
    assert caller.get(LOG).status_code == 200
    for number in range(MAX_FAILURES):
        without_token(number)
    assert caller.get(LOG).status_code == 200
    assert without_token(MAX_FAILURES).status_code == 429


def test_a_person_who_is_logged_in_goes_on_being_served():
    person = Client()
    person.force_login(User.objects.create_superuser("operator"))
    for number in range(MAX_FAILURES + 1):
        guessed_password(number)
    assert person.get("/admin/").status_code == 200
    # Nor does a cookie open the login again.
    answer = person.post("/admin/login/", {"username": "operator", "password": "guess"})
    assert answer.status_code == 429


def test_other_addresses_are_not_concerned():
    for number in range(MAX_FAILURES):
        without_token(number)
    assert Client(REMOTE_ADDR="192.0.2.7").get(LOG).status_code == 401


def test_probes_and_success_are_not_counted(caller):
    for _ in range(MAX_FAILURES + 1):
        assert caller.get(LOG).status_code == 200
        assert Client().get("/health/live").status_code == 200
        assert caller.get(STREAM).status_code == 404
    assert without_token(0).status_code == 401


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_who_has_an_ipv6_network_is_one_client(address, network):
    assert network_of(address) == network
