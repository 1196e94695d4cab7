"""System checks of the feed service."""

from kit.settings import settings_check
from nova.services.feed.conf import FeedConf

settings_are_sound = settings_check(FeedConf, check="nova_feed.E001")
