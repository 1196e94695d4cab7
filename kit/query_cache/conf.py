"""Settings of the query cache."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.settings import Setting, reader


class QueryCacheConf(Struct, frozen=True, kw_only=True):
    """Whether answers of queries are kept in Redis, and for how long."""

    enabled: Annotated[bool, Setting("NOVA_QUERY_CACHE")] = True
    """Whether answers of queries are kept in Redis until the rows that they are made of change."""
    lifetime: Annotated[int, Setting("NOVA_QUERY_CACHE_LIFETIME"), Meta(ge=1, le=86_400)] = 60
    """Seconds after which a kept answer is forgotten in any case: so long it can be stale where a change could not be
    told to Redis."""


query_cache_conf = reader(QueryCacheConf)
