"""The console draws the events of the last two days by hour, and says the numbers as well."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from nova.services.analytics.models import HourlyEventCount, UserActivity
from tests.support.console import client_of

pytestmark = pytest.mark.django_db
PAGE = "admin:nova_analytics_useractivity_changelist"
RECT = re.compile(r'<rect data-colour="(\d)" x="\d+" y="(\d+)" width="\d+" height="(\d+)"')


def counted(hour: datetime, event_type: str, count: int) -> None:
    HourlyEventCount.objects.create(hour=hour, event_type=event_type, count=count)


def words_of(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


@pytest.fixture
def this_hour() -> datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def test_events_are_drawn_as_high_as_they_are_and_said_as_numbers(operator, this_hour):
    for number in range(7):
        counted(this_hour - timedelta(hours=2), f"type.of{number}", 1_000 - 100 * number)
    counted(this_hour - timedelta(hours=1), "type.of1", 2_450)
    counted(this_hour - timedelta(hours=48), "type.long_ago", 90_000)
    page = operator.get(reverse(PAGE))
    # Of seven types the five leading ones, that of the later hour first, and two together
    words = words_of(page)
    legend = "type.of1 3,350 type.of0 1,000 type.of2 800 type.of3 700 type.of4 600 other types 900"
    assert legend in words
    assert "type.long_ago" not in words
    rows = (
        f"{this_hour:%Y-%m-%d %H:%M} 0 0 0 0 0 0 0 "
        f"{this_hour - timedelta(hours=1):%Y-%m-%d %H:%M} 2,450 0 0 0 0 0 2,450 "
        f"{this_hour - timedelta(hours=2):%Y-%m-%d %H:%M} 900 1,000 800 700 600 900 4,900"
    )
    assert rows in words
    # 5,000 are 220 high
    drawn = [(int(colour), int(height)) for colour, _, height in RECT.findall(page.content.decode())]
    assert drawn == [(0, 40), (1, 44), (2, 35), (3, 31), (4, 26), (5, 40), (0, 108)]


def test_where_nothing_was_counted_words_say_so(operator, this_hour):
    counted(this_hour - timedelta(hours=48), "type.long_ago", 3)
    page = operator.get(reverse(PAGE))
    assert "No event was counted in these hours." in words_of(page)
    assert RECT.findall(page.content.decode()) == []


def test_a_type_may_be_named_as_a_tag_is(operator, this_hour):
    counted(this_hour, "<script>alert(1)</script>", 3)
    html = operator.get(reverse(PAGE)).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_users_are_listed_below_by_what_they_did(operator, this_hour):
    for user_id, events in (("ann", 1), ("bob", 3)):
        UserActivity.objects.create(
            user_id=user_id, events=events, active_days=1, first_day=this_hour.date(), last_day=this_hour.date()
        )
    page = operator.get(reverse(PAGE))
    assert [user.user_id for user in page.context["cl"].result_list] == ["bob", "ann"]
    assert "Analytics" in words_of(page)
    found = operator.get(reverse(PAGE), {"q": "ann"})
    assert [user.user_id for user in found.context["cl"].result_list] == ["ann"]


@pytest.mark.parametrize(("permission", "is_shown"), [("view_useractivity", True), ("view_domainevent", False)])
def test_who_may_see_it_finds_it_in_the_sidebar(permission, is_shown):
    client = client_of(permission)
    assert client.get(reverse(PAGE)).status_code == (200 if is_shown else 403)
    assert (reverse(PAGE) in client.get(reverse("admin:index")).content.decode()) is is_shown
