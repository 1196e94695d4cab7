"""Settings that feeds cannot work with are refused at start."""

import pytest

from nova.services.feed.checks import settings_are_sound


def test_the_settings_of_today_are_sound():
    assert settings_are_sound() == []


@pytest.mark.parametrize(
    ("name", "value"), [("NOVA_FEED_LENGTH", 0), ("NOVA_FEED_LIFETIME", 0), ("NOVA_FEED_REDIS_TIMEOUT", 60)]
)
def test_a_number_out_of_range_is_refused(settings, name, value):
    setattr(settings, name, value)
    assert [problem.id for problem in settings_are_sound()] == ["nova_feed.E001"]
