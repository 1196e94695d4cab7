"""The limit never stands in the way of a platform whose Redis is away."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from rest_framework.request import Request

from nova.rest.auth import Grant
from nova.rest.throttling import TokenThrottle, parse_rate


def request(grant):
    made = Request(RequestFactory().get("/"))
    made.user, made.auth = AnonymousUser(), grant
    return made


@pytest.fixture(autouse=True)
def redis_is_looked_for(monkeypatch):
    monkeypatch.setattr(TokenThrottle, "away_until", 0.0)


@pytest.mark.parametrize(("rate", "meaning"), [("600/s", (600, 1)), ("5/min", (5, 60)), ("1/hour", (1, 3600))])
def test_a_rate_is_calls_a_period(rate, meaning):
    assert parse_rate(rate) == meaning


def test_everybody_passes_while_redis_is_away_and_redis_is_left_alone_for_a_while(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.NOVA_API_RATE = "1/s"
    asked = request(Grant(token_id=1, scopes=frozenset(), expires_at=None))
    assert all(TokenThrottle().allow_request(asked, None) for _ in range(5))
    assert TokenThrottle.away_until > 0
