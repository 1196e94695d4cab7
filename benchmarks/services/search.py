"""Searches over 100 000 users, 100 000 posts and a conversation of 100 000 messages: how long 95 of 100 take at most.

Each kind of search is measured beside the time that it is allowed: words that all documents have, half, few, one or
none, words that only the oldest have, parts of names and e-mails that all, few or no users have; the first page and
later ones, and a page of each for words that fit best. What is looked for changes from call to call where it can.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from django.db import connection

from benchmarks.harness import Measure, Pair
from nova.services.identity.queries import list_users
from nova.services.search.queries import search, search_messages

ROWS = 100_000
CALLS = 40
"""Of each kind of search in a round."""
ALLOWED = 50.0
"""Milliseconds."""
CONVERSATION = "conversation-0"

# Every document has "the" and a word of its own, every other one "half", one of a hundred "some", the oldest "old".
TEXT = """
concat_ws(' ', 'the', CASE WHEN n % 2 = 0 THEN 'half' END, CASE WHEN n % 100 = 0 THEN 'some' END,
    CASE WHEN n <= 5000 THEN 'old' END, 'only' || n, md5(n::text), md5((n % 5000)::text), md5((n % 300)::text))
"""
FILL = (
    "TRUNCATE search_documents, search_messages, search_conversations, users_read",
    f"""
    INSERT INTO search_documents (kind, document_id, text, folded, is_hidden, text_at)
    SELECT kind, kind || n, {TEXT}, {TEXT}, false, timestamptz '2025-01-01 00:00Z' + n * interval '1 minute'
    FROM generate_series(1, {ROWS}) AS n, unnest(ARRAY['post', 'user']) AS kind ORDER BY n
    """,
    f"INSERT INTO search_conversations VALUES ('{CONVERSATION}', false, true, now(), now())",
    f"""
    INSERT INTO search_messages (
        conversation_id, message_id, sender_id, created_at, sent_at, text, folded, is_indexed
    )
    SELECT
        'conversation-' || (n % 2) * (n % 1000), 'm' || n, 's' || n % 50,
        timestamptz '2025-01-01 00:00Z' + n * interval '1 minute', now(), {TEXT}, {TEXT}, true
    FROM generate_series(1, 2 * {ROWS}) AS n
    """,
    f"""
    INSERT INTO users_read (
        user_id, username, display_name, email, avatar_url, is_verified, follower_count, roles, status, is_erased,
        updated_at, folded
    )
    SELECT
        md5('user' || n), 'u', 'd', 'e', '', false, 0, ARRAY[]::text[], 'active', false, now(),
        concat_ws(E'\\n', 'name ' || n, md5(n::text), 'user' || n || '@example.org')
    FROM generate_series(1, {ROWS}) AS n
    """,
    "VACUUM ANALYZE search_documents",
    "VACUUM ANALYZE search_messages",
    "VACUUM ANALYZE users_read",
)
Search = Callable[[int], object]


def measures() -> list[Measure]:
    """All measures of searches."""
    return [measure for name, searches in KINDS.items() for measure in _measures(name, searches)]


def _measures(name: str, searches: Sequence[Search]) -> list[Measure]:
    pair = Pair(partial(_latencies, searches))
    return [
        Measure(name=f"search_{name}_p50", unit="ms", goal=1.0, raw=lambda: ALLOWED, nova=pair.first),
        Measure(name=f"search_{name}_p95", unit="ms", goal=1.0, raw=lambda: ALLOWED, nova=pair.second),
    ]


def _latencies(searches: Sequence[Search]) -> tuple[float, float]:
    """The median and the 95th percentile of the searches' times in milliseconds."""
    _fill()
    times = []
    for number in range(CALLS):
        for one in searches:
            began = time.perf_counter()
            one(number)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=100)[94]


def _fill() -> None:
    """What is looked through, once for all measures."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users_read")
        if cursor.fetchall() == [(ROWS,)]:
            return
        for statement in FILL:
            cursor.execute(statement)


def _documents(words: str, **options: object) -> Search:
    return lambda number: search(words.format(n=number * 997 + 1), **options)  # type: ignore[arg-type]


def _messages(words: str) -> Search:
    return lambda number: search_messages(words.format(n=number * 2 + 2), conversation_id=CONVERSATION)


def _users(text: str) -> Search:
    return lambda number: list_users(search=text.format(n=number * 997 + 1))


def _later_page(words: str, **options: object) -> Search:
    def later(number: int) -> None:
        after = None
        for _ in range(2 + number % 2):
            after = search(words, after=after, **options).next  # type: ignore[arg-type]

    return later


KINDS: dict[str, Sequence[Search]] = {
    "common": [
        *(_documents(words, order=order) for words in ("the", "half", "the half") for order in ("best", "newest")),
        *(_documents("the", kind=kind) for kind in ("post", "user")),
    ],
    "rare": [
        *(
            _documents(words, order=order)
            for words in ("only{n}", "the only{n}", "none")
            for order in ("best", "newest")
        ),
        _documents("the some half", kind="post"),
    ],
    "two_or_three_pages": [
        _later_page(words, order=order) for words in ("the", "some") for order in ("best", "newest")
    ],
    "old": [_documents("old", order=order) for order in ("best", "newest")],
    "messages": [_messages(words) for words in ("the", "half", "the some", "only{n}", "old", "none")],
    "names": [_users(text) for text in ("example.org", "name {n}", "user{n}@", "e1", "nobody")],
    # Trigrams do not help, and nobody has it: all users are looked at.
    "letter": [_users("q")],
}
