"""Callers of the API, with and without rights."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from nova.rest.auth import Caller, Grant
from nova.rest.known_tokens import forget_tokens
from nova.rest.throttling import calls
from nova.rest.tokens import SCOPES, create_token


@pytest.fixture(autouse=True)
def nothing_is_remembered(redis_url):
    """Each test begins with an empty Redis, which is not thought to be away, and without knowledge of tokens."""
    calls.forget()
    forget_tokens()
    yield
    forget_tokens()


def bearer(token):
    """A client that sends the token."""
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def caller(db):
    """A client whose token has all scopes."""
    return bearer(create_token("caller", scopes=SCOPES)[0])


@pytest.fixture
def caller_with(db):
    """Makes clients whose tokens have the given scopes."""
    return lambda *scopes: bearer(create_token("caller", scopes=scopes)[0])


def client_with(*scopes: str) -> APIClient:
    """A client that is known to have these scopes, without a token."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(Caller(name="test"), Grant(scopes=frozenset(scopes), expires_at=None))  # type: ignore[arg-type]
    return client
