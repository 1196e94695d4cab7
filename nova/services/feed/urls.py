"""Addresses of the feed service, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from nova.services.feed import rest
from nova.services.feed.content_calls.switch import ACTIONS


class ContentCallVerb(StringConverter):
    """What an operator can decide about direct calls."""

    regex = "|".join(ACTIONS)


register_converter(ContentCallVerb, "content_call_verb")

urlpatterns = [
    path("feeds/<path:user_id>", rest.FeedView.as_view(), name="feed"),
    path("direct-call", rest.ContentCallView.as_view(), name="direct-call"),
    path("direct-call/<content_call_verb:verb>", rest.ContentCallVerbView.as_view(), name="direct-call-decision"),
    path("posts/<path:post_id>", rest.PostDetailView.as_view(), name="post"),
]
