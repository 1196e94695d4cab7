"""Views that could not be refreshed while they are read, or that nobody keeps, are refused at start."""

import pytest
from msgspec.structs import replace

from nova.services.analytics.materialised_views import DAILY_TOTALS, USER_ACTIVITY
from projections.api import FullView, IncrementalView, registered_views
from projections.views import registry
from projections.views.checks import views_are_sound
from projections.views.registry import register_views


def test_the_shipped_views_are_sound() -> None:
    assert {DAILY_TOTALS, USER_ACTIVITY} <= set(registered_views())
    assert views_are_sound() == []


@pytest.mark.parametrize(
    ("view", "wrong"),
    [
        (replace(DAILY_TOTALS, unique=()), "has no unique columns"),
        (replace(DAILY_TOTALS, name="daily totals"), "cannot be called so"),
        (replace(DAILY_TOTALS, interval=0), "is refreshed without an end"),
        (replace(USER_ACTIVITY, projection="users"), "is no table of a projection 'users'"),
        (replace(USER_ACTIVITY, projection="nobody"), "is no table of a projection 'nobody'"),
        (replace(USER_ACTIVITY, key="events"), "has rows that 'events' does not name"),
    ],
)
def test_others_are_refused(view: FullView | IncrementalView, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_views", {view.name: view})
    (found,) = views_are_sound()
    assert found.id == "projections.E010"
    assert wrong in found.msg


def test_a_name_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_views", {})
    register_views(DAILY_TOTALS, DAILY_TOTALS)
    with pytest.raises(ValueError, match="registered twice"):
        register_views(replace(DAILY_TOTALS, interval=1))
