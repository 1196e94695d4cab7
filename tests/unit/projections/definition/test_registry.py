"""Projections are known by their names."""

import pytest

from projections.definition import registry
from projections.definition.projection import Projection
from projections.definition.registry import projection_named, register_projections, registered_projections
from projections.exceptions import UnknownProjection


class First(Projection):
    name = "first"


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(registry, "_projections", {})


def test_a_registered_projection_is_found():
    first = First()
    register_projections(first)
    register_projections(first)
    assert projection_named("first") is first
    assert registered_projections() == (first,)


def test_a_name_cannot_be_taken_twice():
    register_projections(First())
    with pytest.raises(ValueError, match="first"):
        register_projections(First())


def test_an_unknown_name_is_an_error():
    with pytest.raises(UnknownProjection):
        projection_named("second")
