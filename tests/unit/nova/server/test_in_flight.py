"""Large bodies and answers of one process have a bounded room, and large ones leave some to smaller ones."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from nova.server.in_flight import SMALL, InFlight, InFlightMiddleware

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def room(settings):
    settings.NOVA_MAX_BYTES_IN_FLIGHT = 64 * MIB


def shares_of(whole, size):
    """As many shares of this size as there is room for."""
    taken = []
    while (share := whole.share()).hold(size):
        taken.append(share)
    return taken


def answered(size, method="GET", whole=None):
    asked = RequestFactory().generic(method, "/api/v1/events")
    with (whole or InFlight()).share():
        return InFlightMiddleware(lambda _: HttpResponse(b"x" * size))(asked)


def test_all_together_stay_within_the_bound_and_large_ones_leave_room_for_smaller_ones():
    whole = InFlight()
    large = shares_of(whole, 13 * MIB)
    assert len(large) == 3
    smaller = shares_of(whole, MIB)
    assert len(smaller) > 10
    assert 13 * len(large) + len(smaller) <= 64


def test_the_room_is_given_back_when_a_request_is_over():
    whole = InFlight()
    for _ in range(100):
        with whole.share() as share:
            assert share.hold(20 * MIB)


def test_what_grows_is_counted_as_a_whole():
    share = InFlight().share()
    assert all(share.hold(8 * MIB) for _ in range(4))
    assert not share.hold(8 * MIB)


def test_small_ones_are_not_counted():
    whole = InFlight()
    shares_of(whole, 13 * MIB)
    shares_of(whole, MIB)
    shares_of(whole, SMALL + 1)
    assert all(whole.share().hold(SMALL) for _ in range(1_000))


def test_an_answer_without_room_is_refused_and_the_client_comes_back():
    refused = answered(40 * MIB)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert b"urn:nova:problem:overloaded" in refused.content
    assert answered(20 * MIB).status_code == 200


def test_whose_request_has_taken_effect_is_told_so():
    assert answered(40 * MIB, "POST").status_code == 200


def test_what_is_sent_piece_by_piece_takes_no_room():
    with InFlight().share():
        streamed = InFlightMiddleware(lambda _: StreamingHttpResponse([b"x"]))(RequestFactory().get("/"))
    assert streamed.status_code == 200
