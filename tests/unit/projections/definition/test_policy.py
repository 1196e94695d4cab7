"""A policy says what becomes of an event that fails, and settings may say it otherwise."""

import pytest
from msgspec import ValidationError

from projections.checks import policies_are_sound, settings_are_sound
from projections.definition import registry
from projections.definition.policy import OnError, Policy
from projections.definition.projection import Projection
from projections.definition.registry import policy_of, register_projections


class First(Projection):
    name = "first"
    policy = Policy(on_error=OnError.PARK, retries=1, max_parked=2)


@pytest.fixture(autouse=True)
def first(monkeypatch):
    monkeypatch.setattr(registry, "_projections", {})
    projection = First()
    register_projections(projection)
    return projection


@pytest.mark.parametrize("on_error", [OnError.PARK, OnError.SKIP])
def test_an_event_is_tried_again_before_it_is_given_up(on_error):
    policy = Policy(on_error=on_error, retries=2)
    assert [policy.after_failure(attempts, parked=0) for attempts in (1, 2, 3)] == [
        OnError.PAUSE,
        OnError.PAUSE,
        on_error,
    ]


def test_whoever_pauses_never_gives_up():
    assert Policy(retries=0).after_failure(1_000, parked=0) == OnError.PAUSE


def test_at_the_bound_of_parked_aggregates_the_projection_pauses():
    policy = Policy(on_error=OnError.PARK, retries=0, max_parked=2)
    assert [policy.after_failure(1, parked=parked) for parked in (1, 2, 3)] == [
        OnError.PARK,
        OnError.PAUSE,
        OnError.PAUSE,
    ]


def test_pauses_double_up_to_a_bound():
    policy = Policy(retry_base=0.5, retry_cap=3.0)
    assert [policy.retry_delay(attempts) for attempts in (1, 2, 3, 4, 50)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_settings_say_otherwise_what_they_name_and_nothing_else(settings, first):
    settings.NOVA_PROJECTIONS = {"first": {"max_parked": 7, "sync_interval": 0.5, "conflicts": "version wins"}}
    policy = policy_of(first)
    assert (policy.on_error, policy.retries, policy.max_parked, policy.sync_interval, policy.conflicts) == (
        "park",
        1,
        7,
        0.5,
        "version wins",
    )
    assert policies_are_sound() == []


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"second": {}}, "second"),
        ({"first": {"on_error": "shrug"}}, "shrug"),
        ({"first": {"retry": 1}}, "retry"),
        ({"first": {"max_parked": 0}}, "max_parked"),
        ({"first": {"sync_interval": 60}}, "sync_interval"),
        ({"first": {"mode": "inline"}}, "per_aggregate"),
    ],
)
def test_what_no_projection_can_have_is_refused_at_start(settings, overrides, named):
    settings.NOVA_PROJECTIONS = overrides
    (problem,) = policies_are_sound()
    assert problem.id == "projections.E004"
    assert named in problem.msg


def test_a_class_with_an_impossible_policy_is_refused_as_well(monkeypatch):
    monkeypatch.setattr(First, "policy", Policy(retries=-1))
    assert [problem.id for problem in policies_are_sound()] == ["projections.E004"]


def test_settings_that_are_no_policies_are_refused(settings):
    settings.NOVA_PROJECTIONS = ["first"]
    assert [problem.id for problem in settings_are_sound()] == ["projections.E001"]


def test_an_impossible_override_is_no_policy(settings, first):
    settings.NOVA_PROJECTIONS = {"first": {"retries": -1}}
    with pytest.raises(ValidationError, match="retries"):
        policy_of(first)
