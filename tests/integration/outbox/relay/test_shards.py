"""Shard ownership: relays share the shards, and none has two owners (I11)."""

from contextlib import ExitStack

import pytest

from outbox.api import own_connection
from outbox.recorder import SHARDS
from outbox.relay.shards import ShardOwner
from tests.support.outbox import eventually

pytestmark = pytest.mark.usefixtures("committed_db")


def test_relays_share_the_shards_and_none_has_two_owners() -> None:
    with ExitStack() as stack:
        owners = [ShardOwner(stack.enter_context(own_connection())) for _ in range(3)]
        owners[0].join()
        owners[0].rebalance()
        assert owners[0].owned == list(range(SHARDS))

        for owner in owners[1:]:
            owner.join()
        for _ in range(3):
            for owner in owners:
                owner.rebalance()

        owned = [owner.owned for owner in owners]
        assert sorted(shard for shards in owned for shard in shards) == list(range(SHARDS))
        assert max(len(shards) for shards in owned) <= 22


def test_the_shards_of_a_dead_relay_are_free_at_once() -> None:
    with own_connection() as living:
        survivor = ShardOwner(living)
        survivor.join()
        with own_connection() as dying:
            victim = ShardOwner(dying)
            victim.join()
            victim.rebalance()
            survivor.rebalance()
            assert len(victim.owned) == len(survivor.owned) == SHARDS // 2

        def takes_over() -> bool:
            survivor.rebalance()
            return survivor.owned == list(range(SHARDS))

        # The server ends a session a moment after its client has gone.
        eventually(takes_over, within=5)


def test_one_who_only_helps_takes_what_is_free_and_nothing_else() -> None:
    with own_connection() as first, own_connection() as second:
        relay, helper = ShardOwner(first), ShardOwner(second)
        relay.join()
        relay.take_free(40)

        helper.take_free()

        assert len(helper.owned) == SHARDS - 40
        assert not set(helper.owned) & set(relay.owned)
