"""Metrics of the query cache: how often an answer was there, and whether changes could be told."""

from prometheus_client import Counter

ANSWERS = Counter(
    "nova_query_cache_answers_total",
    "Answers by where they came from: `hit` from the cache, `waited` from the cache after another one had computed it, "
    "`miss` from the database.",
    ["query", "outcome"],
)
INVALIDATIONS = Counter(
    "nova_query_cache_invalidations_total",
    "Changes of rows that Redis was told of (`sent`), or could not be (`unsent`): then answers are stale for their "
    "lifetime at most.",
    ["outcome"],
)
