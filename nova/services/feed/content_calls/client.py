"""Content client: how feeds ask the content side for posts, in this process or over HTTP.

The composition says who answers in process (`nova/wiring.py`); by `NOVA_FEED_CONTENT_URL` another process is asked
instead. Over HTTP the whole answer has so many seconds, however slowly it comes; what is not an answer in time is
`ContentAway`.
"""

import http.client
import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from nova.services.feed.conf import FeedConf, feed_conf
from nova.services.feed.exceptions import ContentAway

AnswerT = TypeVar("AnswerT")
CHUNK = 65_536
MAX_ANSWER = 64 * 1_024 * 1_024
"""Bytes; more is no answer."""


class PostAnswer(Protocol):
    """What feeds show of a post, as the content side has it."""

    @property
    def post_id(self) -> str: ...
    @property
    def author_id(self) -> str: ...
    @property
    def caption(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def created_at(self) -> datetime | None: ...


class ContentPosts(Protocol):
    """The content side."""

    def newest(
        self, author_ids: Sequence[str], *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[PostAnswer]:
        """The newest published posts of these authors, after a place (time of creation and id)."""

    def post(self, post_id: str) -> PostAnswer | None:
        """The post of that id, whatever its status; None for one that is not there."""


class ReceivedPost(Struct, frozen=True, kw_only=True):
    """A post in an answer, of which the rest is not heeded."""

    post_id: str
    author_id: str
    caption: str
    media_type: str
    status: str
    created_at: datetime | None


class ReceivedPosts(Struct, frozen=True, kw_only=True):
    """Posts in an answer."""

    items: list[ReceivedPost]


class HttpContentPosts:
    """The content side in another process. Every method raises `ContentAway`."""

    def __init__(self, url: str, *, token: str, timeout: float) -> None:
        self._url = urlsplit(url)
        self._token = token
        self._timeout = timeout

    def newest(
        self, author_ids: Sequence[str], *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[ReceivedPost]:
        """See `ContentPosts`."""
        body = {"author_ids": list(author_ids), "limit": limit}
        if before is not None:
            body["before"] = {"created_at": before[0].isoformat(), "post_id": before[1]}
        status, answer = self._ask("POST", "/api/v1/content/newest-posts", json.dumps(body).encode())
        if status != http.client.OK:
            raise ContentAway(f"answered {status}")
        return _decoded(answer, ReceivedPosts).items

    def post(self, post_id: str) -> ReceivedPost | None:
        """See `ContentPosts`."""
        status, answer = self._ask("GET", f"/api/v1/content/posts/{quote(post_id, safe='')}")
        if status == http.client.NOT_FOUND:
            return None
        if status != http.client.OK:
            raise ContentAway(f"answered {status}")
        return _decoded(answer, ReceivedPost)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        ends = time.monotonic() + self._timeout
        https = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=self._timeout)
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            connection.request(method, self._url.path.rstrip("/") + path, body=body, headers=headers)
            _allow(connection, ends)
            response = connection.getresponse()
            return response.status, _read(connection, response, ends)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise ContentAway(str(error) or type(error).__name__) from error
        finally:
            connection.close()


def content_posts() -> ContentPosts:
    """Whom the settings name. Raises `LookupError` when nobody answers in process."""
    conf = feed_conf()
    if conf.content_url:
        return _over_http(conf)
    if _in_process is None:
        raise LookupError("no content side is connected: see nova/wiring.py")
    return _in_process


def set_content_posts(posts: ContentPosts) -> None:
    """Let these answer in process; the composition does so at start."""
    global _in_process  # noqa: PLW0603 - set once, at start
    _in_process = posts


_in_process: ContentPosts | None = None


def _over_http(conf: FeedConf) -> HttpContentPosts:
    return HttpContentPosts(conf.content_url, token=conf.content_token, timeout=conf.content_timeout)


def _read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, ends: float) -> bytes:
    """The body; its parts share what is left of the time."""
    parts: list[bytes] = []
    size = 0
    while size <= MAX_ANSWER:
        _allow(connection, ends)
        part = response.read1(CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise ContentAway(f"answered with more than {MAX_ANSWER} bytes")


def _allow(connection: http.client.HTTPConnection, ends: float) -> None:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _decoded(answer: bytes, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.MsgspecError as error:
        raise ContentAway(f"answered what cannot be read: {error}") from error
